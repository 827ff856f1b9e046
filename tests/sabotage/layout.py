"""Red samples of the claims on the layout and on what texts say."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from tests.sabotage.elf_tools import patchelf
from tests.sabotage.tree import (
    breaks,
    edit,
    extension,
    library,
    remove,
    stdlib,
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
    """Give a variable of sysconfig another value."""
    path = next(stdlib(tree).glob("_sysconfigdata*.py"))
    text = path.read_text().replace(f"{name!r}: ", f"'{name}_BEFORE': ", 1)
    start = "build_time_vars = {"
    _rewritten(path, text.replace(start, f"{start}{name!r}: {value!r}, ", 1))


def _rewritten(path: Path, text: str) -> None:
    """Replace a source and take its bytecode's header along, so that only the text is judged."""
    write(path, text)
    now = path.stat()
    stamp = bytes(4) + int(now.st_mtime).to_bytes(4, "little") + now.st_size.to_bytes(4, "little")
    for bytecode in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
        edit(bytecode, lambda content: content.__setitem__(slice(4, 16), stamp))


@breaks("LAY-001")
def a_program_missing(tree: Path) -> None:
    """Pydoc was not installed."""
    remove(next(tree.glob("bin/pydoc3.??")))


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


@breaks("LAY-004", "ELF-030", "ELF-036", "ELF-060")
def a_library_missing(tree: Path) -> None:
    """One library was forgotten when the tree was put together."""
    library(tree, "libreadline.so.8").unlink()


@breaks("LAY-005")
def a_library_of_the_host(tree: Path) -> None:
    """A library of the build machine was swept up."""
    path = library(tree)
    target = path.with_name("libdb-5.3.so")
    shutil.copy2(path, target)
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


@breaks("LAY-009", "ELF-030", "ELF-036", "ELF-060")
def no_libpython(tree: Path) -> None:
    """Libpython was not copied."""
    remove(next(tree.glob("lib/libpython3.*.so.1.0")))


@breaks("LAY-010")
def no_pkgconfig(tree: Path) -> None:
    """The file of this version is not there."""
    remove(next(tree.glob("lib/pkgconfig/python-3.??.pc")))


@breaks("LAY-011")
def no_manual(tree: Path) -> None:
    """The manual page was not installed."""
    remove(next(tree.glob("share/man/man1/python3.*.1")))


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
    write(tree / "bin/tool", "#!/bin/bash\n", 0o755)


@breaks("LAY-205")
def a_script_that_names_a_place(tree: Path) -> None:
    """A program of the library begins with a place that only some hosts have."""
    write(tree / "share/tool", "#!/usr/local/bin/python\n")


@breaks("LAY-206")
def a_fixed_prefix_for_pkgconfig(tree: Path) -> None:
    """The prefix is where a distribution of Linux would have it."""
    path = next(tree.glob("lib/pkgconfig/python-3.??.pc"))
    write(path, re.sub(r"(?m)^prefix=.*$", "prefix=/usr", path.read_text()))


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


@breaks("LAY-018")
def a_hook_at_each_start(tree: Path) -> None:
    """A package left a .pth file that runs code."""
    write(stdlib(tree) / "site-packages/zz.pth", "import os\n")


@breaks("LAY-019")
def a_module_that_was_changed(tree: Path) -> None:
    """Somebody changed a module of the library, and its bytecode with it."""
    path = stdlib(tree) / "ssl.py"
    _rewritten(path, path.read_text() + "CERT_REQUIRED = 0\n")
