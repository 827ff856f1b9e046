"""Starts keep the budgets of the specification's *Startup Performance*, and noise does not decide.

Judged is the minimum of interleaved runs: noise only adds. Where even the reference, a static
program that ends at once, takes long, the machine is not fit to judge milliseconds.
"""

from __future__ import annotations

import statistics

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

SOURCE = "spec: Startup Performance"


def _fit(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Skip on a machine that is too slow or too busy to judge by."""
    reference = facts["startup.reference.wall"]
    evidence["reference_ms"] = {"min": _ms(min(reference)), "median": _ms(_median(reference))}
    if min(reference) > expected.budget("startup.reference").limit:
        pytest.skip(f"a static program takes {_ms(min(reference))} ms to start here")


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


def _judge(evidence: Evidence, expected: Expected, metric: str, values: list[float]) -> None:
    budget = expected.budget(metric)
    evidence["ms"] = {"min": _ms(min(values)), "median": _ms(_median(values)), "runs": len(values)}
    evidence["budget_ms"] = _ms(budget.ceiling)
    evidence.measure(metric, "seconds", values, budget.limit)
    assert min(values) <= budget.ceiling


@check("STA-001", source=SOURCE, remedy="Find what was added: strace -c, -X importtime.")
def test_warm_start(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A warm start (`-c pass`) stays within the budget of wall time."""
    values = _series(facts, "warm", "wall")
    _fit(facts, evidence, expected)
    _judge(evidence, expected, "startup.warm", values)


@check("STA-002", source=SOURCE, remedy="Touch fewer files at start.")
def test_cold_start(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A start whose files the page cache was told to forget stays within the budget."""
    values = _series(facts, "cold", "wall")
    _fit(facts, evidence, expected)
    _judge(evidence, expected, "startup.cold", values)


@check("STA-003", source=SOURCE, remedy="Do less before Python: fewer libraries, no copies.")
def test_launcher_and_libraries(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Launcher, loader and libraries (`--version`) stay within their budget."""
    values = _series(facts, "version", "wall")
    _fit(facts, evidence, expected)
    _judge(evidence, expected, "startup.wrapper", values)


@check("STA-004", source=SOURCE, remedy="Keep frozen modules and bytecode usable.")
def test_initialization(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Python's own initialization (`-I -S -c pass` less `--version`) stays within its budget."""
    pairs = zip(_series(facts, "isolated", "wall"), _series(facts, "version", "wall"), strict=True)
    values = [isolated - version for isolated, version in pairs]
    _fit(facts, evidence, expected)
    _judge(evidence, expected, "startup.initialization", values)


@check("STA-005", source=SOURCE, remedy="Find what computes: perf, -X importtime.")
def test_processor_time(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A warm start stays within the budget of processor time, which other load cannot excuse."""
    values = _series(facts, "warm", "cpu")
    _fit(facts, evidence, expected)
    _judge(evidence, expected, "startup.cpu", values)


@check("STA-006", source=SOURCE, remedy="Do not sleep, lock or wait for a child at start.")
def test_nothing_waits(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A warm start computes all the time: wall time is processor time."""
    pairs = zip(_series(facts, "warm", "wall"), _series(facts, "warm", "cpu"), strict=True)
    values = [max(0.0, wall - cpu) for wall, cpu in pairs]
    _fit(facts, evidence, expected)
    _judge(evidence, expected, "startup.waiting", values)


@check("STA-007", source=SOURCE, remedy="See what the failed run printed.")
def test_every_start_succeeds(facts: Facts, evidence: Evidence) -> None:
    """Not one of the measured starts fails."""
    for name in ("reference", "modules20"):
        evidence.measure(f"startup.{name}", "seconds", facts["startup"][name]["wall"])
    found = {name: row["statuses"] for name, row in facts["startup"].items()}
    evidence["statuses"] = found
    assert {n: s for n, s in found.items() if n != "reference" and s != ["0"]} == {}
