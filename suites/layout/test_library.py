"""The standard library is CPython's own, and nothing runs at a start that nobody asked for."""

from __future__ import annotations

import re

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

HOOK = re.compile(
    r"(?:.*/)?(?:(?:sitecustomize|usercustomize)(?:\.py|\.so|/__init__\.py)|[^/]+\.pth)"
)
DIGITS = 16  # of each sha256 in the table


@check(
    "LAY-018",
    source="docs.python.org: site (.pth, sitecustomize); museum 62 (relenv 0.14.0)",
    remedy="Take it out: what each start must do belongs into the launcher, where it is seen.",
    profiles=("standalone", "relocatable"),
)
def test_no_hook_at_start(artefact: Facts, evidence: Evidence) -> None:
    """No .pth file, sitecustomize or usercustomize lies where each start would run it."""
    evidence["hooks"] = [
        path
        for path in artefact["files.entries"]
        if path.startswith("lib/") and "/test/" not in path and HOOK.fullmatch(path)
    ]

    assert evidence["hooks"] == []


@check(
    "LAY-019",
    source="build/lock.yaml: the archives of CPython; spec: Python 3.x",
    remedy="See what changed it. After a bump or a patch: python -m tests.sabotage.library.",
    profiles=("standalone",),
)
def test_sources_are_of_cpython(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every source of the standard library is CPython's, but for those that a patch changes."""
    version = expected.version("cpython")
    tables = expected.table("layout/library.yaml")
    if version not in tables:
        pytest.skip(f"suites/layout/library.yaml has no table of CPython {version}")
    sources, patched = tables[version]["sources"], set(tables[version]["patched"])
    found = _sources(artefact, f"lib/python{expected.python}/")
    evidence["changed"] = [p for p, d in found.items() if p in sources and d != sources[p]]
    evidence["changed"] = sorted(set(evidence["changed"]) - patched)
    evidence["strange"] = sorted(found.keys() - sources.keys())

    assert [evidence["changed"], evidence["strange"]] == [[], []]


def _sources(artefact: Facts, library: str) -> dict[str, str]:
    """Path in the library and digest of its sources, but for tests, packages, the configuration."""
    return {
        path.removeprefix(library): str(entry.get("sha256", ""))[:DIGITS]
        for path, entry in artefact["files.entries"].items()
        if path.startswith(library)
        and path.endswith(".py")
        and not path.removeprefix(library).startswith(
            ("test/", "site-packages/", "_sysconfigdata_", "config-")
        )
    }
