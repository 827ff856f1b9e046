"""No object needs a newer C library than the distribution is said to run on.

musl has no symbol versions, so nothing but such a table tells before a user's program ends with
`symbol not found` (bug museum 43 to 45).
"""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts
from everylinux.symbols import floors
from everylinux.symbols.floors import Floor

LOWER = "Build against the release that is promised, or promise the one that is needed."


def _found(artefact: Facts, expected: Expected) -> dict[str, Floor]:
    return floors.floors(artefact["elf.objects"], artefact["elf.search"], expected.arch)


def _shown(path: str, floor: Floor) -> dict[str, Any]:
    return {"file": path, "release": floor.release, "symbols": list(floor.symbols[:20])}


def _judge(artefact: Facts, expected: Expected, evidence: Evidence, libc: str) -> None:
    found = _found(artefact, expected)
    top = floors.highest(found, libc)
    if top is None:
        pytest.skip(f"no object asks for {libc}")
    evidence["floor"] = _shown(*top)
    evidence["said"] = {"release": artefact[f"says.{libc}"], "by": artefact["says.by"]}
    if not evidence["said"]["release"]:
        pytest.skip(f"it says of no release of {libc} that it is enough; it is {top[1].release}")
    wrong = floors.above(found, libc, evidence["said"]["release"])
    evidence["offenders"] = [_shown(path, floor) for path, floor in sorted(wrong.items())]

    assert [row["file"] for row in evidence["offenders"]] == []


@check(
    "SYM-001",
    source="bug museum 43 and 44; PEP 656; table: exports of musl 1.0.5 to 1.2.5",
    remedy=LOWER,
)
def test_musl_floor(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No object needs a symbol that musl got after the release that is said to be enough."""
    _judge(artefact, expected, evidence, "musl")


@check("SYM-002", source="bug museum 42; PEP 600", remedy=LOWER)
def test_glibc_floor(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No object needs a symbol version of glibc above the release that is said to be enough."""
    _judge(artefact, expected, evidence, "glibc")


@check(
    "SYM-003",
    source="PEP 600 and PEP 656: a tag is a promise of its own, also beside others",
    remedy="Take the tag out, or build for that C library as well.",
)
def test_said_libc_is_the_one(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """What is said to run on a C library asks for no other one."""
    said = {libc for libc in ("musl", "glibc") if artefact[f"says.{libc}"]}
    if not said:
        pytest.skip("it says of no C library that it runs on it")
    evidence["said"] = {"libc": sorted(said), "by": artefact["says.by"]}
    found = _found(artefact, expected)
    evidence["offenders"] = {
        libc: strangers[:20]
        for libc in sorted(said)
        if (strangers := sorted(path for path, floor in found.items() if floor.libc != libc))
    }

    assert evidence["offenders"] == {}


@check(
    "SYM-004",
    source="bug museum 45 (__cxa_thread_atexit_impl); table: exports of musl 1.0.5 to 1.2.5",
    remedy="Build with the tool chain of that C library, which would not have found the symbol.",
)
def test_musl_has_it(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No object for musl needs a symbol that no release of musl has and the tree does not bring."""
    objects, search = artefact["elf.objects"], artefact["elf.search"]
    lost = floors.unknown(objects, search, expected.arch)
    evidence["offenders"] = {path: names[:20] for path, names in lost.items()}

    assert evidence["offenders"] == {}
