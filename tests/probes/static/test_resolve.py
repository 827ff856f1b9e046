"""Where musl would find libraries and symbols, on made-up objects."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.probes.static import resolve

EMPTY: dict[str, Any] = {"runpath": [], "rpath": [], "needed": [], "exports": [], "undefined": []}
MAIN = "bin/python3.13-real"


def objects(**more: dict[str, Any]) -> dict[str, Any]:
    """A program that needs liba, which needs libb through the program's path only."""
    found: dict[str, Any] = {
        MAIN: EMPTY | {"runpath": ["$ORIGIN/../lib"], "needed": ["liba.so"], "undefined": ["a"]},
        "lib/liba.so": EMPTY | {"needed": ["libb.so"], "exports": ["a"], "undefined": ["b"]},
        "lib/libb.so": EMPTY | {"exports": ["b"]},
    }
    return found | more


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("$ORIGIN", "bin"),
        ("${ORIGIN}/../lib", "lib"),
        ("$ORIGIN/..", "."),
        ("$ORIGIN/../../lib", None),
        ("/usr/lib", None),
        ("$ORIGINAL/lib", None),
        ("", None),
    ],
)
def test_elements_of_a_search_path(element: str, expected: str | None) -> None:
    """Only what is $ORIGIN-relative and within the tree is a folder of it."""
    assert resolve.folder(MAIN, element) == expected


def test_a_library_is_found_by_its_own_path_or_its_loaders() -> None:
    """`own` and `chain` differ where only the program's path leads there."""
    found = resolve.search(objects(), {}, MAIN)

    assert found[MAIN] == {"liba.so": {"own": "lib/liba.so", "chain": "lib/liba.so"}}
    assert found["lib/liba.so"] == {"libb.so": {"own": "", "chain": "lib/libb.so"}}


def test_links_to_libraries_count() -> None:
    """A name that is a symlink leads to the object at its end."""
    renamed = objects(**{"lib/libb.so.1": EMPTY | {"exports": ["b"]}})
    del renamed["lib/libb.so"]

    found = resolve.search(renamed, {"lib/libb.so": "lib/libb.so.1"}, MAIN)

    assert found["lib/liba.so"]["libb.so"]["chain"] == "lib/libb.so.1"


def test_symbols_come_from_what_is_loaded_along() -> None:
    """A symbol counts if the object, its needs or the program's needs have it."""
    lonely = EMPTY | {"undefined": ["a", "b", "c"]}
    everything = objects(**{"lib/other.so": lonely})

    missing = resolve.unresolved(everything, resolve.search(everything, {}, MAIN), MAIN)

    assert missing == {"lib/other.so": ["c"]}


def test_without_a_program_nothing_is_assumed() -> None:
    """A tree without an interpreter: only an object's own needs count."""
    everything = objects()
    del everything[MAIN]

    missing = resolve.unresolved(everything, resolve.search(everything, {}, MAIN), MAIN)

    assert missing == {"lib/liba.so": ["b"]}
