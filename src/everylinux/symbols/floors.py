"""The lowest release of musl or glibc that has all that an object asks for.

glibc's symbols have versions, which say it (`GLIBC_2.34`). musl's have none: what an object asks
for and nothing that it loads in its own tree provides is looked up in the table of musl.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from everylinux.symbols import musl
from everylinux.symbols.musl import release

Objects = Mapping[str, Mapping[str, Any]]  # path -> facts of probes/static/elf_object.py
Search = Mapping[str, Mapping[str, Mapping[str, str]]]  # path -> needed -> where it is found

GLIBC = re.compile(r"GLIBC_(\d+(?:\.\d+)+)")
BEHAVIOURS = {"GLIBC_ABI_DT_RELR": "2.36"}  # a version node that stands for no symbol
MUSL_LIBRARIES = ("libc.so", "libc.musl-*.so.1", "ld-musl-*.so.1")
GLIBC_LIBRARIES = ("libc.so.6", "ld-linux*.so.*")
LOADED = {"program", "extension", "library"}


@dataclass(frozen=True, slots=True)
class Floor:
    """What one object needs of its C library."""

    libc: str  # musl | glibc
    release: str  # "1.2.5", "2.17"; "" if it asks for nothing that tells
    symbols: tuple[str, ...] = ()  # those that only this release and newer ones have

    @property
    def key(self) -> tuple[int, ...]:
        """For comparing floors of one C library."""
        return release(self.release) if self.release else ()


def libc_of(facts: Mapping[str, Any]) -> str:
    """The C library that an object was linked with: `musl`, `glibc`, or "" (static, or neither)."""
    if any(GLIBC.fullmatch(v) for vs in facts["verneed"].values() for v in vs):
        return "glibc"
    names = [*facts["needed"], facts["interpreter"].rsplit("/", 1)[-1]]
    for libc, patterns in (("glibc", GLIBC_LIBRARIES), ("musl", MUSL_LIBRARIES)):
        if any(fnmatchcase(name, p) for name in names for p in patterns):
            return libc
    return ""


def floors(objects: Objects, search: Search, arch: str) -> dict[str, Floor]:
    """Path -> floor, of every object that is loaded and asks for a C library.

    A musl that the tree carries does not count as provided: the floor is what it must be.
    """
    found = {}
    for path, facts in objects.items():
        libc = libc_of(facts) if facts["kind"] in LOADED else ""
        if libc == "glibc":
            found[path] = _glibc(facts)
        elif libc == "musl":
            found[path] = _musl(_asked(path, objects, search), arch)
    return found


def highest(found: Mapping[str, Floor], libc: str) -> tuple[str, Floor] | None:
    """The object that needs the newest release of `libc`, and its floor; None if nothing does."""
    rows = [(path, floor) for path, floor in sorted(found.items()) if floor.libc == libc]
    return max(rows, key=lambda row: row[1].key, default=None)


def above(found: Mapping[str, Floor], libc: str, said: str) -> dict[str, Floor]:
    """The objects that need a newer `libc` than `said`."""
    limit = release(said)
    return {path: f for path, f in found.items() if f.libc == libc and f.key > limit}


def unknown(objects: Objects, search: Search, arch: str) -> dict[str, list[str]]:
    """Path -> symbols that no release of musl has and nobody in the tree provides.

    Only of musl's objects whose other libraries are all in the tree: what a library of the host
    exports, nobody can tell. CPython's own names come from the program that loads the object.
    """
    known = musl.first(arch).keys()
    return {
        path: lost
        for path, facts in objects.items()
        if facts["kind"] in LOADED and libc_of(facts) == "musl" and _closed(path, facts, search)
        if (lost := sorted(n for n in _asked(path, objects, search) - known if not _pythons(n)))
    }


def _closed(path: str, facts: Mapping[str, Any], search: Search) -> bool:
    hits = search.get(path, {})
    return all(
        hits.get(name, {}).get("chain") or any(fnmatchcase(name, p) for p in MUSL_LIBRARIES)
        for name in facts["needed"]
    )


def _pythons(name: str) -> bool:
    return name.startswith(("Py", "_Py"))


def _glibc(facts: Mapping[str, Any]) -> Floor:
    versions = {v: _version(v) for vs in facts["verneed"].values() for v in vs}
    known = {name: text for name, text in versions.items() if text}
    if not known:
        return Floor("glibc", "")
    top = max(known.values(), key=release)
    nodes = {name for name, text in known.items() if text == top}
    symbols = sorted(s for s, version in facts.get("wanted", {}).items() if version in nodes)
    return Floor("glibc", top, tuple(symbols or sorted(nodes)))


def _version(name: str) -> str:
    match = GLIBC.fullmatch(name)
    return match[1] if match else BEHAVIOURS.get(name, "")


def _musl(asked: set[str], arch: str) -> Floor:
    since = {name: found for name in asked if (found := musl.first(arch).get(name))}
    if not since:
        return Floor("musl", "")
    top = max(since.values(), key=release)
    return Floor("musl", top, tuple(sorted(name for name, text in since.items() if text == top)))


def _asked(path: str, objects: Objects, search: Search) -> set[str]:
    """Strong symbols that neither the object nor what it loads from its tree provides."""
    provided = {
        name
        for member in _scope(path, search)
        if member in objects and not objects[member]["musl"]
        for name in objects[member]["exports"]
    }
    return set(objects[path]["undefined"]) - provided


def _scope(path: str, search: Search) -> Iterator[str]:
    seen, pending = set[str](), [path]
    while pending:
        current = pending.pop()
        if current not in seen:
            seen.add(current)
            yield current
            pending += [hit["chain"] for hit in search.get(current, {}).values() if hit["chain"]]
