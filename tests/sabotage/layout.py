"""Red samples of the claims on the layout, the texts and the manifest."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.sabotage import fault
from tests.sabotage.tree import (
    breaks,
    edit,
    edit_manifest,
    extension,
    library,
    stdlib,
    truthful,
    write,
)

MEGABYTE = 1_000_000


def _sparse(path: Path, size: int) -> None:
    """A file that is large and takes no room."""
    write(path, b"")
    os.truncate(path, size)


def _text(path: Path, old: str, new: str) -> None:
    """Replace text in a file of the tree."""
    content = path.read_text()
    if old not in content:
        raise LookupError(f"{old!r} is not in {path}")
    write(path, content.replace(old, new), path.stat().st_mode & 0o7777)


def _sysconfig(tree: Path, name: str, value: str) -> None:
    """Set a variable of sysconfig: the last of two equal keys counts."""
    path = next(stdlib(tree).glob("_sysconfigdata*.py"))
    body, end = path.read_text().rstrip().rsplit("}", 1)
    body = body.rstrip().rstrip(",")
    os.utime(_rewritten(path, f"{body}, {name!r}: {value!r}}}{end}\n"), None)


def _rewritten(path: Path, text: str) -> Path:
    """Replace a source and take its bytecode's time along, so that only the text is judged."""
    before = path.stat()
    write(path, text)
    for bytecode in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        _restamp(bytecode, path, before)
    return path


def _restamp(bytecode: Path, source: Path, before: os.stat_result) -> None:
    now = source.stat()
    stamp = int(now.st_mtime).to_bytes(4, "little") + now.st_size.to_bytes(4, "little")
    if before.st_size != now.st_size or before.st_mtime != now.st_mtime:
        edit(bytecode, lambda content: content.__setitem__(slice(8, 16), stamp))


def _add_source(path: Path, text: str) -> None:
    """Replace a source module by `text`, with its time and bytecode in step."""
    _rewritten(path, text)


@breaks("LAY-001")
def a_program_missing(tree: Path) -> None:
    """Pydoc was not installed."""
    next(tree.glob("bin/pydoc3.*")).unlink()


@breaks("LAY-002")
def a_name_that_is_a_copy(tree: Path) -> None:
    """python3 is a file of its own: the next update forgets it."""
    path = tree / "bin/python3"
    content = path.read_bytes()
    write(path, content, 0o755)


@breaks("LAY-003")
def a_package_missing(tree: Path) -> None:
    """Xml was trimmed away to save room."""
    shutil.rmtree(stdlib(tree) / "xml")


@breaks("LAY-004")
def a_library_missing(tree: Path) -> None:
    """A library nobody of the tree asks for by NEEDED was forgotten."""
    path = library(tree, "libreadline.so.8")
    path.rename(path.with_name("libhistory.so.8"))
    from tests.sabotage.elf import patchelf  # noqa: PLC0415 - one use

    patchelf(path.with_name("libhistory.so.8"), "--set-soname", "libhistory.so.8")


@breaks("LAY-005")
def a_library_of_the_host(tree: Path) -> None:
    """A library of the build machine was swept up."""
    path = library(tree)
    target = path.with_name("libdb-5.3.so")
    shutil.copy2(path, target)
    from tests.sabotage.elf import patchelf  # noqa: PLC0415 - one use

    patchelf(target, "--set-soname", target.name)


@breaks("LAY-006")
def an_extension_named_for_glibc(tree: Path) -> None:
    """The triplet was detected wrongly: the name says gnu."""
    path = extension(tree)
    path.rename(path.with_name(path.name.replace("-musl.", "-gnu.")))


@breaks("LAY-007")
def a_drawn_extension_missing(tree: Path) -> None:
    """Configure did not find SQLite, and said so in line 900 of the log."""
    extension(tree, "_sqlite3").unlink()


@breaks("LAY-008")
def a_header_missing(tree: Path) -> None:
    """Python.h was trimmed away."""
    next(tree.glob("include/python3.*/Python.h")).unlink()


@breaks("LAY-009", "ELF-030", "ELF-060")
def no_libpython(tree: Path) -> None:
    """Libpython was not copied."""
    next(tree.glob("lib/libpython3.*.so.1.0")).unlink()


@breaks("LAY-010")
def no_pkgconfig(tree: Path) -> None:
    """The file of this version is not there."""
    next(tree.glob("lib/pkgconfig/python-3.??.pc")).unlink()


@breaks("LAY-011")
def no_manual(tree: Path) -> None:
    """The manual page was not installed."""
    next(tree.glob("share/man/man1/python3.*.1")).unlink()


@breaks("LAY-012")
def no_pip(tree: Path) -> None:
    """bin/pip is there, pip is not."""
    shutil.rmtree(stdlib(tree) / "site-packages/pip")


@breaks("LAY-013")
def a_stray_file_at_the_top(tree: Path) -> None:
    """A log of the build was packed."""
    write(tree / "build.log", "")


@breaks("LAY-014")
def headers_of_another_release(tree: Path) -> None:
    """The headers are those of a candidate."""
    path = next(tree.glob("include/python3.*/patchlevel.h"))
    _text(path, "#define PY_VERSION ", '#define PY_VERSION "3.13.0rc1" //')


@breaks("LAY-015")
def configured_as_if_cross_compiled(tree: Path) -> None:
    """Configure could not run its test and guessed the worst."""
    path = next(tree.glob("include/python3.*/pyconfig.h"))
    write(path, path.read_text() + "\n#define HAVE_BROKEN_SEM_GETVALUE 1\n")


@breaks("LAY-016")
def a_folder_too_large(tree: Path) -> None:
    """Headers of everything that was built were installed."""
    _sparse(next(tree.glob("include/python3.*")) / "all.h", 5 * MEGABYTE)


@breaks("LAY-017")
def all_too_large(tree: Path) -> None:
    """Documentation in ten languages."""
    _sparse(tree / "share/doc.bin", 71 * MEGABYTE)


@breaks("LAY-201")
def a_build_path_in_a_text(tree: Path) -> None:
    """A script names the build's prefix."""
    write(tree / "share/readme.txt", "installed in /opt/shared_libraries/lib\n")


@breaks("LAY-201", "LAY-208")
def a_compiler_of_the_build(tree: Path) -> None:
    """Sysconfig names the compiler by its place in the sandbox."""
    _sysconfig(tree, "CC", "/opt/toolchain/bin/x86_64-linux-musl-gcc")


@breaks("LAY-202")
def a_build_path_in_a_library(tree: Path) -> None:
    """__FILE__ was compiled in."""
    edit(library(tree), lambda content: content.extend(b"\0/build/src/zlib/inflate.c\0"))


@breaks("LAY-203")
def a_build_path_in_bytecode(tree: Path) -> None:
    """Compiled where it was built: tracebacks name a file that nobody has."""
    path = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    edit(path, lambda content: content.extend(b"\x13/opt/python/lib/ssl.py"))


@breaks("LAY-204")
def a_program_that_needs_bash(tree: Path) -> None:
    """Debian has bash, Alpine has not."""
    _text(next(tree.glob("bin/idle3.*")), "#!/bin/sh", "#!/bin/bash")


@breaks("LAY-205")
def a_script_that_names_a_place(tree: Path) -> None:
    """A program of the library begins with a place that only some hosts have."""
    write(tree / "share/tool", "#!/usr/local/bin/python\n")


@breaks("LAY-206")
def a_fixed_prefix_for_pkgconfig(tree: Path) -> None:
    """The prefix is where a distribution of Linux would have it."""
    _text(
        next(tree.glob("lib/pkgconfig/python-3.??.pc")), "prefix=${pcfiledir}/../..", "prefix=/usr"
    )


@breaks("LAY-207")
def a_fixed_folder_for_pkgconfig(tree: Path) -> None:
    """A flag of the build was kept."""
    _text(next(tree.glob("lib/pkgconfig/python-3.??.pc")), "Libs: ", "Libs: -L/usr/local/lib ")


@breaks("LAY-208")
def a_linker_of_the_build(tree: Path) -> None:
    """Sysconfig names a cross compiler."""
    _sysconfig(tree, "LDSHARED", "x86_64-linux-musl-gcc -shared")


@breaks("LAY-209")
def a_flag_of_the_build(tree: Path) -> None:
    """A folder of CPython's own build stands in LDFLAGS."""
    _sysconfig(tree, "LDFLAGS", "-LModules/_hacl -Wl,--as-needed")


@breaks("LAY-210")
def a_place_in_json(tree: Path) -> None:
    """build-details.json says where it was made."""
    write(stdlib(tree) / "build-details.json", '{"base_prefix": "/usr/lib/made/here"}')


@breaks("LAY-211")
def a_suffix_of_glibc(tree: Path) -> None:
    """Extensions that users build are named for glibc, and not loaded."""
    _sysconfig(tree, "EXT_SUFFIX", ".cpython-313-x86_64-linux-gnu.so")


@breaks("LAY-212")
def broken_json(tree: Path) -> None:
    """A file was cut off."""
    write(stdlib(tree) / "build-details.json", '{"base_prefix": ')


Change = Callable[[dict[str, Any]], object]


def lies(*kills: str) -> Callable[[Callable[[dict[str, Any]], object]], Change]:
    """Register a fault of the manifest alone: the function edits what it says."""

    def declare(change: Change) -> Change:
        def apply(tree: Path) -> None:
            edit_manifest(tree, change)

        apply.__doc__ = change.__doc__
        fault(kills=kills, name=change.__name__)(apply)
        return change

    return declare


@fault(kills={"LAY-101"})
def no_manifest(tree: Path) -> None:
    """It was not packed."""
    (tree / "manifest.json").unlink()


@fault(kills={"LAY-102"})
def a_file_not_listed(tree: Path) -> None:
    """A file was added after the manifest was written."""
    write(tree / "share/late.txt", "late\n")


@fault(kills={"LAY-103"})
def a_listed_file_gone(tree: Path) -> None:
    """A file was removed after the manifest was written."""
    write(tree / "share/early.txt", "early\n")
    truthful(tree)
    (tree / "share/early.txt").unlink()


def _first(manifest: dict[str, Any], kind: str = "file") -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in manifest["files"] if row["kind"] == kind)
    return row


@lies("LAY-104")
def a_mode_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A mode was changed after the manifest was written."""
    _first(manifest)["mode"] = "4755"


@lies("LAY-105")
def a_size_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A size is that of another build."""
    _first(manifest)["size"] += 1


@lies("LAY-106")
def a_digest_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A digest is that of another build."""
    _first(manifest)["sha256"] = "0" * 64


@lies("LAY-107")
def a_target_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A link was turned after the manifest was written."""
    _first(manifest, "link")["target"] = "elsewhere"


@lies("LAY-108", "LAY-112")
def a_component_without_version(manifest: dict[str, Any]) -> None:
    """A component does not say which release it is."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["version"] = ""
    row["sources"][0]["version"] = ""


@lies("LAY-109")
def a_component_without_origin(manifest: dict[str, Any]) -> None:
    """A source came from nowhere."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["origin"] = {}


@lies("LAY-110")
def a_component_without_digest(manifest: dict[str, Any]) -> None:
    """A source has no digest."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["sha256"] = ""


@lies("LAY-111")
def a_component_without_licence(manifest: dict[str, Any]) -> None:
    """Nobody looked at the licence."""
    manifest["components"][0].pop("licence")


@lies("LAY-112")
def another_release_than_locked(manifest: dict[str, Any]) -> None:
    """A source is another release than the lock pins."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["version"] = "0.0.1"


@lies("LAY-113")
def flags_not_recorded(manifest: dict[str, Any]) -> None:
    """How a component was compiled is lost."""
    manifest["components"][0]["flags"] = []


@lies("LAY-114")
def tool_chain_not_recorded(manifest: dict[str, Any]) -> None:
    """Which compiler it was is lost."""
    manifest["toolchain"] = {}


@lies("LAY-115")
def settings_that_are_not_true(manifest: dict[str, Any]) -> None:
    """The manifest is that of another architecture's build."""
    manifest["arch"] = "x86"


@lies("LAY-116")
def a_file_listed_twice(manifest: dict[str, Any]) -> None:
    """Two rows for one file: a reader takes one of them."""
    manifest["files"].append(dict(_first(manifest)))
