"""Virtual environments of the distribution work, however they were made (bug museum 13)."""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, check
from everylinux.facts import Facts
from everylinux.model import MOVED, SUBJECT

PORTABLE = ("standalone", "relocatable")


def _wrong(venv: dict[str, Any], base: str) -> list[str]:
    """What is wrong with an environment whose interpreter lies at `base`."""
    if "failed" in venv:
        return [str(venv["failed"])]
    wanted = {"prefix": venv["place"], "base_prefix": base}
    return [
        f"{who}: {name} is {report.get(name, report)}"
        for who in ("report", "child")
        for report in (venv[who],)
        for name, value in wanted.items()
        if report.get(name) != value
    ]


@check(
    "LCH-023",
    source="docs.python.org: venv",
    remedy="Let pyvenv.cfg be found beside the symlink that was called.",
    profiles=PORTABLE,
)
def test_venv(facts: Facts, evidence: Evidence) -> None:
    """A virtual environment has its own prefix, the tree as its base, and so have its children."""
    evidence["wrong"] = _wrong(facts["venvs.venv"], str(SUBJECT))
    assert evidence["wrong"] == []


@check(
    "LCH-024",
    source="bug museum 13 (python-build-standalone#380)",
    remedy="Write the tree's own bin/ into pyvenv.cfg, not the folder of the symlink.",
    profiles=PORTABLE,
)
def test_venv_of_a_symlinked_interpreter(facts: Facts, evidence: Evidence) -> None:
    """A virtual environment made by a symlinked interpreter works."""
    evidence["wrong"] = _wrong(facts["venvs"]["venv of a symlinked interpreter"], str(SUBJECT))
    assert evidence["wrong"] == []


@check(
    "LCH-025",
    source="docs.python.org: venv --copies",
    remedy="Let a copied launcher find its parts by `home` in pyvenv.cfg.",
    profiles=PORTABLE,
)
def test_venv_with_copies(facts: Facts, evidence: Evidence) -> None:
    """A virtual environment made with --copies works."""
    evidence["wrong"] = _wrong(facts["venvs"]["venv --copies"], str(SUBJECT))
    assert evidence["wrong"] == []


@check(
    "LCH-026",
    source="docs.python.org: venv; bug museum 48",
    remedy="Quote nothing and split nothing in pyvenv.cfg: paths may hold spaces.",
    profiles=PORTABLE,
)
def test_venv_of_a_moved_tree(facts: Facts, evidence: Evidence) -> None:
    """A virtual environment of a tree in a path with spaces works."""
    evidence["wrong"] = _wrong(facts["venvs"]["venv of a moved tree"], str(MOVED["space"]))
    assert evidence["wrong"] == []
