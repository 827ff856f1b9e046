"""Memory keeps the figures of the specification's *Memory Usage* and *Minimum Requirements*."""

from __future__ import annotations

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

SOURCE = "spec: Memory Usage"
MIB = 1 << 20
OTHERS = "measured, not judged: the budget is the specification's for a standalone Python"


def _judge(facts: Facts, evidence: Evidence, expected: Expected, case: str, kind: str) -> None:
    budget = expected.budget(f"memory.{case}")
    found = facts[f"memory.{case}"]
    evidence["MiB"] = {
        name: round(value / MIB, 1) if isinstance(value, int) else value
        for name, value in found.items()
    }
    evidence["budget_MiB"] = round(budget.ceiling / MIB, 1)
    if kind not in found and expected.profile != "standalone":
        raise FactUnavailable(f"memory.{case}", f"the case itself failed: {found}"[:300])
    assert kind in found, "the case itself failed"
    judged = expected.profile == "standalone"
    limit = budget.limit if judged else None
    evidence.measure(f"memory.{case}.{kind}", "bytes", [found[kind]], limit)
    if not judged:
        pytest.skip(OTHERS)
    assert found[kind] <= budget.ceiling


@check("MEM-001", source=SOURCE, remedy="Load less at start; keep data read-only and shared.")
def test_base_peak(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The bare interpreter's peak resident set stays within the budget."""
    _judge(facts, evidence, expected, "base", "hwm")


@check("MEM-002", source=SOURCE, remedy="Keep relocations few, so that pages stay shared.")
def test_base_share(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The bare interpreter's proportional set stays within the budget."""
    _judge(facts, evidence, expected, "base", "pss")


@check("MEM-003", source=SOURCE, remedy="See which of the twenty modules grew.")
def test_modules_peak(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """With twenty modules of the standard library the peak stays within the budget."""
    _judge(facts, evidence, expected, "modules20", "hwm")


@check("MEM-004", source=SOURCE, remedy="See which of the twenty modules grew.")
def test_modules_share(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """With twenty modules of the standard library the proportional set stays within the budget."""
    _judge(facts, evidence, expected, "modules20", "pss")


@check("MEM-005", source=SOURCE, remedy="See whether the allocator returns what is freed.")
def test_work_peak(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A small application (database, TLS, JSON, threads) stays within the typical total."""
    _judge(facts, evidence, expected, "work", "hwm")


@check("MEM-006", source="getrusage(2)", remedy="Account for the memory of helpers as well.")
def test_kernel_agrees(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The kernel's own account of the bare interpreter's peak stays within the budget as well."""
    _judge(facts, evidence, expected, "base", "peak")


@check(
    "MEM-007",
    source="spec: Minimum Requirements, 128 MB of memory",
    remedy="Map less, allocate later, or use smaller arenas.",
)
def test_small_machine(facts: Facts, evidence: Evidence) -> None:
    """A small application runs to its end where the kernel allows 128 MB of memory."""
    found = facts["small"]
    evidence["small"] = found
    if "unlimited" in found:
        pytest.skip(found["unlimited"])
    if found["control"]["status"] == 0:
        pytest.skip("the limit does not bind here: 384 MB passed where 128 MB were allowed")
    assert (found["status"], found["out"].strip()) == (0, '{"rows": 20000, "length": 200000}')
