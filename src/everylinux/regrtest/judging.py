"""What the outcomes of a cell mean: explained, not explained, explained but over, or passing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from everylinux.regrtest.known import Known
from everylinux.regrtest.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Verdict:
    """A cell's outcomes beside the table."""

    cell: str
    counts: Mapping[str, int]  # outcome -> test files
    tests: int  # methods
    explained: Mapping[str, str]  # failure -> the row's test
    open: tuple[str, ...]  # failures that no row explains
    over: tuple[str, ...]  # rows that would explain a failure, had their day not passed
    passing: tuple[str, ...]  # rows whose tests were run, and none failed
    not_run: Mapping[str, str]  # test file -> why the cell could not run it

    @property
    def good(self) -> bool:
        """Whether nothing is to be done."""
        return not (self.open or self.over or self.passing)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def judge(
    cell: str,
    outcomes: Mapping[str, Outcome],
    known: Sequence[Known],
    today: date,
    not_run: Mapping[str, str],
) -> Verdict:
    """Put each failure of a cell beside the rows that are about it."""
    here = [row for row in known if row.within(cell)]
    failures = sorted({f for outcome in outcomes.values() for f in outcome.failures})
    by = {f: next((k for k in here if k.about(f) and k.holds(cell, today)), None) for f in failures}
    over = [k for k in here if k.until < today and any(k.about(f) for f in failures)]
    return Verdict(
        cell=cell,
        counts=dict(sorted(Counter(o.outcome for o in outcomes.values()).items())),
        tests=sum(o.tests for o in outcomes.values()),
        explained={f: row.test for f, row in by.items() if row},
        open=tuple(f for f, row in by.items() if not row),
        over=tuple(f"{row.test} (until {row.until})" for row in over),
        passing=tuple(row.test for row in here if _passes(row, outcomes, failures)),
        not_run=not_run,
    )


def _passes(row: Known, outcomes: Mapping[str, Outcome], failures: Sequence[str]) -> bool:
    """Whether a row's tests were run and passed; what skipped itself did not pass."""
    ran = [o for o in outcomes.values() if _covers(row.test, o.file)]
    seen = [*failures, *(skip for outcome in ran for skip in outcome.skips())]
    return bool(ran) and not row.sometimes and not any(row.about(name) for name in seen)


def _covers(pattern: str, name: str) -> bool:
    """Whether a row can be about methods of a test file: `test_os` and `test_ctypes.test_x`."""
    return f"{pattern}.".startswith(f"{name}.")
