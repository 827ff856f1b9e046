"""Starts keep the budgets of the specification's *Startup Performance*, and noise does not decide.

Judged is the minimum of interleaved runs: noise only adds. The reference, a static program that
computes for 10 ms, tells by its time on the clock how busy the machine was: a budget that is kept
is kept, one that is not is only held against the distribution where the machine was idle enough.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

SOURCE = "spec: Startup Performance"
OTHERS = "measured, not judged: the budget is the specification's for a standalone Python"


def busy(reference: Mapping[str, list[float]]) -> float:
    """How much longer than its processor time the reference takes, in the middle: 1 is idle."""
    pairs = zip(reference["wall"], reference["cpu"], strict=True)
    return statistics.median(wall / cpu for wall, cpu in pairs)


def _series(facts: Facts, case: str, kind: str) -> list[float]:
    """The series of a case; one that holds a failed run cannot be judged (STA-007 says so)."""
    statuses = facts[f"startup.{case}.statuses"]
    if statuses != ["0"]:
        raise FactUnavailable(f"startup.{case}", f"a run of it ended with {statuses}")
    values: list[float] = facts[f"startup.{case}.{kind}"]
    return values


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _judge(
    facts: Facts, evidence: Evidence, expected: Expected, metric: str, values: list[float]
) -> None:
    budget = expected.budget(metric)
    evidence["ms"] = {"min": _ms(min(values)), "median": _ms(_median(values)), "runs": len(values)}
    evidence["budget_ms"] = _ms(budget.ceiling)
    judged = expected.profile == "standalone"
    evidence.measure(metric, "seconds", values, budget.limit if judged else None)
    if not judged:
        pytest.skip(OTHERS)
    evidence["busy"] = round(busy(facts["startup.reference"]), 2)
    if min(values) > budget.ceiling and evidence["busy"] > expected.budget("startup.busy").limit:
        pytest.skip(f"the machine is too busy to judge by: {evidence['busy']} times idle")
    assert min(values) <= budget.ceiling


@check("STA-001", source=SOURCE, remedy="Find what was added: strace -c, -X importtime.")
def test_warm_start(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A warm start (`-c pass`) stays within the budget of wall time."""
    values = _series(facts, "warm", "wall")
    _judge(facts, evidence, expected, "startup.warm", values)


@check("STA-002", source=SOURCE, remedy="Touch fewer files at start.")
def test_cold_start(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A start whose files the page cache was told to forget stays within the budget."""
    values = _series(facts, "cold", "wall")
    _judge(facts, evidence, expected, "startup.cold", values)


@check("STA-003", source=SOURCE, remedy="Do less before Python: fewer libraries, no copies.")
def test_launcher_and_libraries(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Launcher, loader and libraries (`--version`) stay within their budget."""
    values = _series(facts, "version", "wall")
    _judge(facts, evidence, expected, "startup.wrapper", values)


@check("STA-004", source=SOURCE, remedy="Keep frozen modules and bytecode usable.")
def test_initialization(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Python's own initialization (`-I -S -c pass` less `--version`) stays within its budget."""
    pairs = zip(_series(facts, "isolated", "wall"), _series(facts, "version", "wall"), strict=True)
    values = [isolated - version for isolated, version in pairs]
    _judge(facts, evidence, expected, "startup.initialization", values)


@check("STA-005", source=SOURCE, remedy="Find what computes: perf, -X importtime.")
def test_processor_time(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A warm start stays within the budget of processor time, which other load cannot excuse."""
    values = _series(facts, "warm", "cpu")
    _judge(facts, evidence, expected, "startup.cpu", values)


@check("STA-006", source=SOURCE, remedy="Do not sleep, lock or wait for a child at start.")
def test_nothing_waits(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A warm start computes all the time: wall time is processor time."""
    pairs = zip(_series(facts, "warm", "wall"), _series(facts, "warm", "cpu"), strict=True)
    values = [max(0.0, wall - cpu) for wall, cpu in pairs]
    _judge(facts, evidence, expected, "startup.waiting", values)


@check("STA-007", source=SOURCE, remedy="See what the failed run printed.")
def test_every_start_succeeds(facts: Facts, evidence: Evidence) -> None:
    """Not one of the measured starts fails."""
    for name in ("reference", "modules20"):
        evidence.measure(f"startup.{name}", "seconds", facts["startup"][name]["wall"])
    found = {name: row["statuses"] for name, row in facts["startup"].items()}
    evidence["statuses"] = found
    assert {n: s for n, s in found.items() if n != "reference" and s != ["0"]} == {}
