"""What should not be in the tree, and bytecode that is worth its place."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "permissions/expected.yaml"
OURS = ("standalone",)


def _bytecode(artefact: Facts) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, entry in artefact["files.entries"].items():
        if path.endswith(".pyc") and entry["kind"] == "file":
            yield path, entry


def _source(path: str) -> str:
    """lib/x/__pycache__/y.cpython-313.opt-1.pyc -> lib/x/y.py."""
    folder, name = posixpath.split(path)
    return posixpath.join(posixpath.dirname(folder), f"{name.split('.', 1)[0]}.py")


@check(
    "PRM-020",
    source="issue: the result; bug museum 55",
    remedy="Take it out when the tree is put together.",
)
def test_no_leftover(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No leftover of the build, of an editor or of a crash lies in the tree."""
    table = expected.table(TABLE)
    kept = table["not_leftovers"] + table["not_leftovers_of"].get(expected.profile, [])
    evidence["offenders"] = [
        path
        for path in artefact["files.entries"]
        if allowed(table["leftovers"], path) and not allowed(kept, path)
    ]

    assert evidence["offenders"] == []


@check(
    "PRM-021",
    source="spec: File Layout Reference (__pycache__)",
    remedy="Compile with the shipped interpreter only, after the last change of the sources.",
)
def test_bytecode_is_of_this_python(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """All bytecode is of this Python's version, by its name and by its magic number."""
    table = expected.table(TABLE)
    tag, magic = table["tag"][expected.python], table["magic"][expected.python]
    evidence["offenders"] = {
        path: entry.get("pyc", "no header")
        for path, entry in _bytecode(artefact)
        if f".{tag}." not in path or entry.get("pyc", [0])[0] != magic
        if "/test/" not in path
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-022",
    source="spec: File Layout Reference (__pycache__)",
    remedy="Remove the bytecode together with its source.",
)
def test_bytecode_has_its_source(artefact: Facts, evidence: Evidence) -> None:
    """Every bytecode file below __pycache__ has its source beside it."""
    entries = artefact["files.entries"]
    evidence["offenders"] = [
        path
        for path, _ in _bytecode(artefact)
        if "/__pycache__/" in path and _source(path) not in entries
    ]

    assert evidence["offenders"] == []


@check(
    "PRM-023",
    source="spec: Startup Performance; spec: Disk I/O (Bytecode cache)",
    remedy="Run compileall over the finished tree: a read-only tree cannot do it later.",
    profiles=OURS,
)
def test_modules_are_compiled(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every module of the standard library is shipped compiled."""
    table = expected.table(TABLE)
    tag = table["tag"][expected.python]
    entries = artefact["files.entries"]
    evidence["offenders"] = [
        path
        for path in entries
        if path.startswith(f"lib/python{expected.python}/") and path.endswith(".py")
        if not allowed(table["without_bytecode"], path) and _compiled(path, tag) not in entries
    ][:200]

    assert evidence["offenders"] == []


def _compiled(path: str, tag: str) -> str:
    folder, name = posixpath.split(path)
    return f"{folder}/__pycache__/{name.removesuffix('.py')}.{tag}.pyc"


@check(
    "PRM-024",
    source="spec: Startup Performance; PEP 552",
    remedy="Set the sources' times first and compile after, or compile with unchecked hashes.",
)
def test_bytecode_is_fresh(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """All bytecode is valid for the source beside it, so that no start compiles anything anew."""
    entries = artefact["files.entries"]
    magic = expected.table(TABLE)["magic"][expected.python]
    evidence["offenders"] = [
        path
        for path, entry in _bytecode(artefact)
        if (source := entries.get(_source(path))) and source["kind"] == "file"
        if _is_stale(entry, source, magic)
    ][:200]

    assert evidence["offenders"] == []


def _is_stale(entry: Mapping[str, Any], source: Mapping[str, Any], magic: int) -> bool:
    header = entry.get("pyc")
    if not header or header[0] != magic:
        return False  # judged by PRM-021; the source's hash is keyed by the magic number
    if header[1] & 1:  # PEP 552: compiled from a hash, which the loader may not even check
        return bool(entry["pyc_hash"] != entry["source_hash"])
    mtime, size = source["mtime"] & 0xFFFFFFFF, source["size"] & 0xFFFFFFFF
    return bool(header[2:4] != [mtime, size])


@check(
    "PRM-025",
    source="spec: File Sizes; bug museum 55",
    remedy="Compile one level only: -O and -OO users compile their own.",
    profiles=OURS,
)
def test_one_level_of_bytecode(artefact: Facts, evidence: Evidence) -> None:
    """Bytecode is shipped at one level, not three times."""
    evidence["offenders"] = [path for path, _ in _bytecode(artefact) if ".opt-" in path][:200]

    assert evidence["offenders"] == []
