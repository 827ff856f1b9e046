"""Much used wheels with compiled code are installed by pip and by uv, and do their work.

The table packages.yaml says which, what is asked of each, and what it has to answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "packages/packages.yaml"
PROFILES = ("standalone",)
SOURCE = "issue 4: packages; PEP 656 (musllinux)"
LOAD = "Compare the symbols that the wheel asks of musl (everylinux floors) with those of the tree."


def had(facts: Facts, section: str) -> Mapping[str, Any]:
    """What an installer did by family; skipped where nobody asked, or where no index answered."""
    found: Mapping[str, Any] = facts[section]
    if "lacks" in found:
        pytest.skip(f"the area packages {found['lacks']}")
    return found


def table(expected: Expected) -> dict[str, dict[str, Any]]:
    """The table's rows for the architecture, by family."""
    rows = expected.table(TABLE)
    return {
        family: {name: row for name, row in found.items() if expected.arch in row["archs"]}
        for family, found in rows.items()
    }


def wrong(found: Mapping[str, Any], rows: Mapping[str, Any], family: str) -> dict[str, Any]:
    """Those packages of a family that answer something else: what they did, what is wanted."""
    uses = found[family]["uses"] if family in found else {}
    return {
        name: {"found": uses.get(name, "not tried"), "wanted": row["answer"]}
        for name, row in rows.items()
        if uses.get(name, {}).get("told") != row["answer"]
    }


def judge(facts: Facts, evidence: Evidence, expected: Expected, family: str) -> None:
    """Every package of a family, installed by pip, gives the table's answer."""
    found = had(facts, "packages_pip")
    rows = table(expected)[family]
    if not rows:
        pytest.skip(f"none of these packages has wheels for musl on {expected.arch}")
    evidence["packages"] = {name: row["version"] for name, row in rows.items()}
    evidence["wrong"] = wrong(found, rows, family)
    assert evidence["wrong"] == {}, f"do not work: {', '.join(evidence['wrong'])}"


@check("PKG-001", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_numbers(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages that compute (numpy, pandas, scipy ...) are installed by pip and give the answer."""
    judge(facts, evidence, expected, "numbers")


@check("PKG-002", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_secrets(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages of cryptography (cryptography, cffi, bcrypt ...) agree with published vectors."""
    judge(facts, evidence, expected, "secrets")


@check("PKG-003", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_text(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages that read text (lxml, pyyaml, regex ...) are installed by pip and read it."""
    judge(facts, evidence, expected, "text")


@check("PKG-004", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_serialising(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages that serialise (orjson, pydantic-core, msgpack ...) write and read as specified."""
    judge(facts, evidence, expected, "serialising")


@check("PKG-005", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_network(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages of the network (aiohttp, grpcio, uvloop ...) talk over loopback."""
    judge(facts, evidence, expected, "network")


@check("PKG-006", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_packing(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages of compression and of images (zstandard, brotli, pillow) give back what they got."""
    judge(facts, evidence, expected, "packing")


@check("PKG-007", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_system(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Packages that reach into the interpreter or the kernel (psutil, greenlet ...) do so."""
    judge(facts, evidence, expected, "system")


@check("PKG-008", source=SOURCE, remedy=LOAD, profiles=PROFILES)
def test_databases(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Drivers of databases (sqlalchemy, psycopg2, asyncpg) load and reach their server's port."""
    judge(facts, evidence, expected, "databases")


def _unsound(found: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
    """What is wrong with an installation as such, by family."""
    bad: dict[str, Any] = {}
    for family, rows in table(expected).items():
        if not rows:
            continue
        row = found.get(family, {})
        pinned = {name: package["version"] for name, package in rows.items()}
        versions = row.get("versions", {})
        other = {name: versions.get(name) for name, v in pinned.items() if versions.get(name) != v}
        steps = {step: row.get(step) for step in ("installed", "checked")}
        failed = {name: how for name, how in steps.items() if not how or how["status"] != 0}
        if failed or other:
            bad[family] = {"failed": failed, "versions": other}
    return bad


@check(
    "PKG-009",
    source="issue 4: packages; packaging.python.org: Binary distribution format",
    remedy="Let the tree's pip take musllinux wheels, and nothing be built where there is one.",
    profiles=PROFILES,
)
def test_pip_installs(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Pip installs every wheel of the table in its version, and finds nothing broken."""
    evidence["wrong"] = _unsound(had(facts, "packages_pip"), expected)
    assert evidence["wrong"] == {}, f"not as asked for: {', '.join(evidence['wrong'])}"


@check(
    "PKG-010",
    source="spec: Dynamic Linking Information; PEP 656",
    remedy="Let libc.musl-*.so.1 and what a wheel brings be found in the tree and the wheel alone.",
    profiles=PROFILES,
)
def test_nothing_of_the_userland(facts: Facts, evidence: Evidence) -> None:
    """No wheel makes the interpreter load code of the userland: neither a libc nor any other."""
    found = had(facts, "packages_pip")
    evidence["strangers"] = {
        name: use["strangers"]
        for row in found.values()
        for name, use in row["uses"].items()
        if use["strangers"]
    }
    assert evidence["strangers"] == {}


@check(
    "PKG-011",
    source="issue 4: packages; docs.astral.sh: uv pip install",
    remedy="Compare what uv finds (`uv python find`, its platform tags) with what pip does.",
    profiles=PROFILES,
)
def test_uv_installs(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Uv installs every wheel of the table in its version, and each gives the same answer."""
    found = had(facts, "packages_uv")
    evidence["wrong"] = _unsound(found, expected)
    answers = {
        name: row
        for family, rows in table(expected).items()
        for name, row in wrong(found, rows, family).items()
    }
    evidence["answers"] = answers
    assert (evidence["wrong"], answers) == ({}, {})
