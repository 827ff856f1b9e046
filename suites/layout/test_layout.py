"""The specification's File Layout Reference: what is where, under which name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

TABLE = "layout/expected.yaml"
SPEC = "spec: Complete Directory Structure"
OURS = ("standalone",)
PORTABLE = ("standalone", "relocatable")
LIBRARIES = "shared_libraries/lib/"
MACHINE_DEFINED = ("HAVE_BROKEN_SEM_GETVALUE", "HAVE_ALIGNED_REQUIRED")


def _named(expected: Expected, text: str) -> str:
    machine = expected.table(TABLE)["triplet"][expected.arch]
    return text.format(v=expected.python, n=expected.python.replace(".", ""), machine=machine)


def _absent(artefact: Facts, paths: Iterable[str], kinds: tuple[str, ...]) -> list[str]:
    entries = artefact["files.entries"]
    return [path for path in paths if entries.get(path, {}).get("kind") not in kinds]


def _names_in(artefact: Facts, folder: str) -> dict[str, Mapping[str, Any]]:
    """Names right below a folder ("" for the root), with their entries."""
    return {
        path[len(folder) :]: entry
        for path, entry in artefact["files.entries"].items()
        if path and path.startswith(folder) and "/" not in path[len(folder) :]
    }


@check("LAY-001", source=SPEC, remedy="Ship the program under bin/.", profiles=OURS)
def test_programs(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every program of the layout is a file in bin/."""
    paths = [_named(expected, text) for text in expected.table(TABLE)["programs"]]
    evidence["missing"] = _absent(artefact, paths, ("file",))

    assert evidence["missing"] == []


@check("LAY-002", source=SPEC, remedy="Make the name a symlink to the entry point.", profiles=OURS)
def test_names_of_programs(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """python3, python3.N, pip3 and pip3.N are symlinks that lead to python and pip."""
    links = expected.table(TABLE)["links"]
    wanted = {_named(expected, k): _named(expected, v) for k, v in links.items()}
    entries = artefact["files.entries"]
    evidence["offenders"] = {
        path: entries.get(path, {}).get("target", "no symlink")
        for path, target in wanted.items()
        if entries.get(path, {}).get("end") != target
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-003",
    source=SPEC,
    remedy="Install the whole standard library: make install, then leave its folders.",
    profiles=PORTABLE,
)
def test_standard_library(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The standard library's folders of the layout are in lib/python3.N."""
    folder, table = f"lib/python{expected.python}", expected.table(TABLE)
    optional = () if expected.profile == "standalone" else table["optional_folders"]
    folders = [f"{folder}/{name}" for name in table["stdlib_folders"] if name not in optional]
    files = [f"{folder}/{name}" for name in table["stdlib_files"]]
    evidence["missing"] = _absent(artefact, folders, ("dir",)) + _absent(artefact, files, ("file",))

    assert evidence["missing"] == []


@check("LAY-004", source=SPEC, remedy="Ship the library under its soname.", profiles=OURS)
def test_libraries(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every bundled library of the layout is in shared_libraries/lib under its soname."""
    names = _names_in(artefact, LIBRARIES)
    rows = expected.table(TABLE)["libraries"]
    evidence["missing"] = [row[0] for row in rows if not set(row) & set(names)]

    assert evidence["missing"] == []


@check(
    "LAY-005",
    source=SPEC,
    remedy="Find who needs it (patchelf --print-needed); give it a reason in the table or drop it.",
    profiles=OURS,
)
def test_no_other_library(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """shared_libraries/lib holds no library that nobody has a reason for."""
    table = expected.table(TABLE)
    known = {name for row in table["libraries"] for name in row}
    evidence["offenders"] = sorted(
        name
        for name in _names_in(artefact, LIBRARIES)
        if name not in known and not allowed(table["more_libraries"], name)
    )

    assert evidence["offenders"] == []


@check(
    "LAY-006",
    source="spec: Dynamic Linking Information; the file names of CPython's EXT_SUFFIX",
    remedy="Build with the musl tool chain for this version: the name decides who loads it.",
    profiles=OURS,
)
def test_extension_names(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every extension module is named for this version, machine and libc."""
    suffix = _named(expected, ".cpython-{n}-{machine}.so")
    folder = f"lib/python{expected.python}/lib-dynload/"
    evidence["suffix"] = suffix
    evidence["offenders"] = sorted(
        name for name in _names_in(artefact, folder) if not name.endswith(suffix)
    )

    assert evidence["offenders"] == []


@check("LAY-007", source=SPEC, remedy="See the build log: the module was not built.", profiles=OURS)
def test_drawn_extensions(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The extension modules that the layout draws are in lib-dynload."""
    folder = f"lib/python{expected.python}/lib-dynload/"
    found = {name.split(".", 1)[0] for name in _names_in(artefact, folder)}
    evidence["missing"] = sorted(set(expected.table(TABLE)["extensions"]) - found)

    assert evidence["missing"] == []


@check(
    "LAY-008",
    source=SPEC,
    remedy="Ship include/python3.N: extensions are built with it.",
    profiles=PORTABLE,
)
def test_headers(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The C headers are in include/python3.N, pyconfig.h among them."""
    folder = f"include/python{expected.python}"
    paths = [f"{folder}/{name}" for name in expected.table(TABLE)["headers"]]
    evidence["missing"] = _absent(artefact, paths, ("file",))

    assert evidence["missing"] == []


@check("LAY-009", source=SPEC, remedy="Configure with --enable-shared.", profiles=OURS)
def test_libpython(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The shared libpython is a file in lib/, under its soname."""
    path = _named(expected, expected.table(TABLE)["libpython"])
    evidence["missing"] = _absent(artefact, [path], ("file",))

    assert evidence["missing"] == []


@check(
    "LAY-010",
    source=SPEC,
    remedy="Keep lib/pkgconfig of CPython's own installation.",
    profiles=PORTABLE,
)
def test_pkgconfig(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The pkg-config file of this version is in lib/pkgconfig."""
    names = [_named(expected, text) for text in expected.table(TABLE)["pkgconfig"]]
    paths = [f"lib/pkgconfig/{name}" for name in names]
    evidence["missing"] = _absent(artefact, paths, ("file",))

    assert evidence["missing"] == []


@check(
    "LAY-011",
    source=SPEC,
    remedy="Keep share/man of CPython's own installation.",
    profiles=PORTABLE,
)
def test_manual(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The manual page of this version is in share/man/man1."""
    names = [_named(expected, text) for text in expected.table(TABLE)["manual"]]
    paths = [f"share/man/man1/{name}" for name in names]
    evidence["missing"] = _absent(artefact, paths, ("file",))

    assert evidence["missing"] == []


@check(
    "LAY-012",
    source="spec: Complete Directory Structure (pip)",
    remedy="Install pip with ensurepip's own wheel when the tree is put together.",
    profiles=OURS,
)
def test_pip(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The site-packages folder has pip itself, with its metadata."""
    folder = f"lib/python{expected.python}/site-packages/"
    paths = set(artefact["files.entries"])
    evidence["package"] = f"{folder}pip/__init__.py" in paths
    evidence["metadata"] = any(
        path.startswith(f"{folder}pip-") and path.endswith(".dist-info/METADATA") for path in paths
    )

    assert evidence["package"]
    assert evidence["metadata"]


@check("LAY-013", source=SPEC, remedy="Put it where the layout has a place for it.", profiles=OURS)
def test_top(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Nothing else lies at the top of the tree."""
    rows = expected.table(TABLE)["top"]
    evidence["offenders"] = sorted(n for n in _names_in(artefact, "") if not allowed(rows, n))

    assert evidence["offenders"] == []


@check(
    "LAY-014",
    source="spec: Python C API Compatibility; build/lock.yaml",
    remedy="Ship the headers of the release that was built.",
    profiles=OURS,
)
def test_release(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The headers are of the CPython release that the lock pins."""
    evidence["headers"] = _macros(artefact, expected, "patchlevel.h").get("PY_VERSION", "none")
    evidence["locked"] = expected.version("cpython")

    assert evidence["headers"] == evidence["locked"]


@check(
    "LAY-015",
    source="bug museum 32 and 33",
    remedy="configure guessed as if cross-compiling: build with a --build that equals --host.",
    profiles=PORTABLE,
)
def test_configuration(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """pyconfig.h does not claim that the machine lacks what every such machine has."""
    macros = _macros(artefact, expected, "pyconfig.h")
    evidence["offenders"] = sorted(name for name in MACHINE_DEFINED if name in macros)

    assert evidence["offenders"] == []


def _macros(artefact: Facts, expected: Expected, name: str) -> Mapping[str, str]:
    path = f"include/python{expected.python}/{name}"
    macros: Mapping[str, str] = artefact["text.headers"].get(path, {}).get("macros", {})
    if not macros:
        raise FactUnavailable(f"text.headers.{path}", "no such header, or nothing defined in it")
    return macros


def _megabytes(artefact: Facts, expected: Expected, folder: str) -> float:
    rows = expected.table(TABLE)["uncounted"]
    size: int = sum(
        entry["size"]
        for path, entry in artefact["files.entries"].items()
        if entry["kind"] == "file" and path.startswith(folder) and not allowed(rows, path)
    )
    return round(size / 1_000_000, 1)


@check(
    "LAY-016",
    source="spec: File Sizes",
    remedy="Strip, ship one level of bytecode, drop static libraries; see the largest files.",
    profiles=OURS,
)
def test_sizes_of_folders(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No folder is much larger than the specification says, test suite and packages apart."""
    table = expected.table(TABLE)
    budgets = {_named(expected, k): v * table["tolerance"] for k, v in table["sizes"].items()}
    evidence["megabytes"] = {f: _megabytes(artefact, expected, f"{f}/") for f in budgets}
    evidence["offenders"] = {
        folder: f"{size} MB, not {budgets[folder]}"
        for folder, size in evidence["megabytes"].items()
        if size > budgets[folder]
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-017",
    source="spec: File Sizes (Total)",
    remedy="See LAY-016; what is in no folder of the table counts here too.",
    profiles=OURS,
)
def test_size_of_all(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The distribution takes 70 MB at most, test suite and installed packages apart."""
    evidence["megabytes"] = _megabytes(artefact, expected, "")

    assert evidence["megabytes"] <= expected.table(TABLE)["total"]
