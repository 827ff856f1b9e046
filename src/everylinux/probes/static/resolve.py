"""Where musl's loader would find libraries and symbols, worked out from the parsed objects.

musl looks for a NEEDED name along the RPATH (or RUNPATH, treated alike) of the object that asks,
then of whoever loaded that object, up to the program (ldso/dynlink.c, load_library).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

Objects = Mapping[str, Mapping[str, Any]]
ORIGIN = ("$ORIGIN", "${ORIGIN}")


def kind(path: str, facts: Mapping[str, Any]) -> str:
    """`program`, `extension` (a CPython extension module), `library`, `object` (.o) or `core`."""
    if facts["type"] in {"REL", "CORE"}:
        return "object" if facts["type"] == "REL" else "core"
    if path.startswith("bin/"):
        return "program"
    name = path.rsplit("/", 1)[-1]
    return "extension" if "/lib-dynload/" in path or ".cpython-" in name else "library"


def folders(path: str, facts: Mapping[str, Any]) -> list[str]:
    """The search path of an object as folders of the tree; elements that leave it are left out."""
    elements = ":".join([*facts["runpath"], *facts["rpath"]]).split(":")
    return [f for f in (folder(path, e) for e in elements) if f is not None]


def folder(path: str, element: str) -> str | None:
    """One element of a search path as a folder of the tree; None if it is not below the root."""
    start = next((o for o in ORIGIN if element == o or element.startswith(f"{o}/")), None)
    if start is None:
        return None
    rest = element[len(start) :].lstrip("/")
    joined = posixpath.normpath(posixpath.join(posixpath.dirname(path) or ".", rest))
    return None if joined.startswith("..") else joined


def search(objects: Objects, links: Mapping[str, str], main: str) -> dict[str, dict[str, Any]]:
    """Path -> NEEDED name -> `own` and `chain`: what is found there, "" if nothing is.

    `links` maps a symlink's path to the file it ends at; `main` is the real interpreter's path.
    """
    fallback = folders(main, objects[main]) if main in objects else []
    found: dict[str, dict[str, Any]] = {}
    for path, facts in objects.items():
        own = folders(path, facts)
        found[path] = {
            name: {
                "own": _first(name, own, objects, links),
                "chain": _first(name, [*own, *fallback], objects, links),
            }
            for name in facts["needed"]
            if "/" not in name
        }
    return found


def _first(name: str, where: list[str], objects: Objects, links: Mapping[str, str]) -> str:
    for candidate in (posixpath.normpath(f"{place}/{name}") for place in where):
        end = links.get(candidate, candidate)
        if end in objects:
            return end
    return ""


def unresolved(
    objects: Objects, found: Mapping[str, Mapping[str, Any]], main: str
) -> dict[str, list[str]]:
    """Path -> symbols nobody provides: not the object, what it loads, nor the program."""
    exports = {path: frozenset(facts["exports"]) for path, facts in objects.items()}
    everywhere = set(_scope(main, found)) if main in objects else set()
    missing: dict[str, list[str]] = {}
    for path, facts in objects.items():
        scope = {path, *_scope(path, found), *everywhere}
        provided = frozenset().union(*(exports[member] for member in scope))
        if absent := sorted(set(facts["undefined"]) - provided):
            missing[path] = absent
    return missing


def _scope(path: str, found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    seen, pending = set[str](), [path]
    while pending:
        current = pending.pop()
        if current in seen:
            continue
        seen.add(current)
        yield current
        pending += [hit["chain"] for hit in found.get(current, {}).values() if hit["chain"]]
