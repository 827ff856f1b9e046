"""Counts by cell and area: the table that every format shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from everylinux.model import Outcome
from everylinux.report.model import Report

SYMBOLS: Mapping[Outcome, str] = {
    Outcome.FAILED: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.WAIVED: "~",
    Outcome.PASSED: "✓",
    Outcome.SKIPPED: "\N{EN DASH}",
}
"""Gravest first, the order in which a group of verdicts is summed up: colour is never alone."""

Grid = dict[tuple[str, str], Counter[Outcome]]


def grid(report: Report) -> Grid:
    """Outcomes counted by (cell, area)."""
    area_of = {claim.id: claim.area for claim in report.claims}
    counts: Grid = {}
    for verdict in report.verdicts:
        key = (verdict.cell, area_of[verdict.claim])
        counts.setdefault(key, Counter())[verdict.outcome] += 1
    return counts


def gravest(counts: Mapping[Outcome, int]) -> Outcome | None:
    """The outcome that a group is summed up by; None for no verdict."""
    return next((outcome for outcome in SYMBOLS if counts.get(outcome)), None)
