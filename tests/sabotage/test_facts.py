"""Every claim on a cell turns red for its faults and for nothing else, judged from recorded facts.

The recording (record.py) is of a tree that stood before the forge's first: what it lacked is
mended in mended.py, openly, until it is recorded anew.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from everylinux.checks import CHECKS, Check, Expected, evaluate
from everylinux.facts import Facts
from everylinux.model import Arch, Distribution, Outcome, Section
from tests.sabotage import FAULTS, Fault
from tests.sabotage.mended import mend

PROJECT = Path(__file__).parent.parent.parent
RECORDED = PROJECT / "tests/data/facts"
HERE = Path(__file__).parent
SUBJECT = Distribution(Path("/nowhere"), "3.13", Arch("x86_64"), "recorded")
GREEN = {Outcome.PASSED, Outcome.SKIPPED}


def _import_all() -> None:
    """Register every claim and every fault."""
    for path in sorted(PROJECT.glob("suites/*/test_*.py")):
        name = f"suite_{path.parent.name}_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec
        assert spec.loader
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    for path in sorted(HERE.glob("*.py")):
        if path.stem not in {"__init__", "record"} and not path.stem.startswith("test_"):
            importlib.import_module(f"tests.sabotage.{path.stem}")


_import_all()
CELL_CLAIMS = sorted(name for name, check in CHECKS.items() if "facts" in check.needs)
FACT_FAULTS = sorted(name for name, fault in FAULTS.items() if fault.kind == "facts")


@functools.cache
def _recorded() -> str:
    sections: dict[str, Any] = {}
    for path in sorted(RECORDED.glob("*.json")):
        sections |= json.loads(path.read_text())
    mend(sections)
    return json.dumps(sections)


def _sections() -> dict[str, Any]:
    """A private copy of the good cell's facts."""
    copied: dict[str, Any] = json.loads(_recorded())
    return copied


@functools.cache
def _expected() -> Expected:
    return Expected.of(SUBJECT, PROJECT)


@functools.cache
def _table(name: str) -> Any:  # noqa: ANN401 - any YAML
    return Expected.table(_expected(), name)


class _Tables:
    """What Expected gives, with each table read once."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as in Expected
        return getattr(_expected(), name)

    def table(self, name: str) -> Any:  # noqa: ANN401 - any YAML
        return copy.deepcopy(_table(name))


def _judge(check: Check, sections: Mapping[str, Any]) -> Outcome:
    values = {"facts": Facts.of(sections), "artefact": Facts.of({}), "expected": _Tables()}
    return evaluate(check, "recorded", values).outcome


def _outcomes(sections: Mapping[str, Any]) -> dict[str, Outcome]:
    return {name: _judge(CHECKS[name], sections) for name in CELL_CLAIMS}


@functools.cache
def _used() -> dict[str, frozenset[str]]:
    """The sections that each claim asks for in a good cell."""
    used = {}
    for name in CELL_CLAIMS:
        asked: set[str] = set()
        sections = _sections()

        def load(section: str, asked: set[str] = asked, found: Any = sections) -> Section:  # noqa: ANN401
            asked.add(section)
            return Section(value=found[section]) if section in found else Section(error="absent")

        values = {"facts": Facts(load), "artefact": Facts.of({}), "expected": _Tables()}
        evaluate(CHECKS[name], "recorded", values)
        used[name] = frozenset(asked)
    return used


@pytest.mark.parametrize("claim", CELL_CLAIMS)
def test_good_cell_is_green(claim: str) -> None:
    """In a good cell every claim passes, or says what the cell lacks."""
    values = {"facts": Facts.of(_sections()), "artefact": Facts.of({}), "expected": _Tables()}
    verdict = evaluate(CHECKS[claim], "recorded", values)
    assert verdict.outcome in GREEN, (verdict.reason, verdict.evidence)


@pytest.mark.parametrize("name", FACT_FAULTS)
def test_fault_kills_its_claims_alone(name: str) -> None:
    """A fault turns exactly the claims that it names red, and leaves every other as it was."""
    fault: Fault = FAULTS[name]
    sections = _sections()
    before = _outcomes(sections)
    fault.apply(sections)
    after = _outcomes(sections)
    changed = {claim: after[claim] for claim in after if after[claim] != before[claim]}
    red = {claim: outcome for claim, outcome in changed.items() if outcome not in GREEN}
    assert red == dict.fromkeys(fault.kills, Outcome.FAILED)


@pytest.mark.parametrize("section", sorted(_sections()))
def test_broken_section_is_unknown(section: str) -> None:
    """When a probe's section broke, the claims that need it are unknown, and no other changes."""
    sections = _sections()
    before = _outcomes(sections)
    sections[section] = Section(error="died, signal 11")
    after = _outcomes(sections)
    changed = {claim: after[claim] for claim in after if after[claim] != before[claim]}
    users = {claim for claim, used in _used().items() if section in used}
    assert changed == dict.fromkeys(users, Outcome.UNKNOWN)


def test_every_claim_has_a_red_sample() -> None:
    """No claim of any suite is without a fault that turns it red."""
    killed = {claim for fault in FAULTS.values() for claim in fault.kills}
    assert sorted(set(CHECKS) - killed) == []


def test_every_fault_kills_a_claim_that_exists() -> None:
    """No fault names a claim that is not there."""
    killed = {claim for fault in FAULTS.values() for claim in fault.kills}
    assert sorted(killed - set(CHECKS)) == []
