"""What a report amounts to: the state of each cell, the counts, the exit code and why.

The policy. Cells that *gate* are the artefact itself and the required cells; where a run asked
for no required cell, all of its cells gate (who names a best-effort distribution wants to know).

1  a claim failed in a gating cell
3  a gating cell has an unknown or missing verdict or none at all, the journal is damaged, or
   nothing could run; with `strict` also: a required cell could not run
0  otherwise; failures in cells that do not gate are shown and counted
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from everylinux.model import Outcome, Support, Verdict
from everylinux.report.model import CellRow, Report

OK, FAILURE, UNKNOWN = 0, 1, 3


class State(StrEnum):
    """What a cell's verdicts amount to."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # a verdict is unknown or missing, or nothing but skips
    NOT_JUDGED = "not-judged"  # no claim was to be judged there
    NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class Judged:
    """One cell with its verdicts counted."""

    cell: CellRow
    outcomes: Mapping[Outcome, int]
    gates: bool

    @property
    def missing(self) -> int:
        """Verdicts that were to come and did not."""
        expected = self.cell.claims_expected if self.cell.has_run else 0
        return max(0, expected - sum(self.outcomes.values()))

    @property
    def state(self) -> State:
        """The gravest thing that can be said of it."""
        if not self.cell.has_run:
            return State.NOT_RUN
        if self.outcomes.get(Outcome.FAILED):
            return State.FAILED
        if not self.outcomes and not self.missing:
            return State.NOT_JUDGED
        good = self.outcomes.get(Outcome.PASSED, 0) + self.outcomes.get(Outcome.WAIVED, 0)
        unsure = self.missing or self.outcomes.get(Outcome.UNKNOWN) or not good
        return State.UNKNOWN if unsure else State.PASSED

    @property
    def required(self) -> bool:
        """Whether the support contract requires it, as a Linux."""
        return self.cell.support == Support.REQUIRED and not self.cell.is_artefact


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of a report and what follows from them."""

    cells: tuple[Judged, ...]
    outcomes: Mapping[Outcome, int]
    damaged: int
    ended: bool
    interrupted: bool
    strict: bool

    @property
    def expected(self) -> int:
        """Verdicts that were to come."""
        return self.judged + self.missing

    @property
    def judged(self) -> int:
        """Verdicts that came."""
        return sum(self.outcomes.values())

    @property
    def missing(self) -> int:
        """Verdicts that did not."""
        return sum(row.missing for row in self.cells)

    @property
    def complete(self) -> bool:
        """Whether everything that was to be judged was."""
        return self.ended and not self.interrupted and not self.missing and not self.damaged

    def linuxes(self, *, required: bool = False) -> tuple[Judged, ...]:
        """The cells without the artefact; only the required ones where asked for."""
        return tuple(
            row for row in self.cells if not row.cell.is_artefact and (row.required or not required)
        )

    def failures(self, *, gating: bool) -> int:
        """Failed verdicts in cells that gate, or in those that do not."""
        return sum(r.outcomes.get(Outcome.FAILED, 0) for r in self.cells if r.gates == gating)

    @property
    def verdict(self) -> tuple[int, str]:
        """The exit code and why, in one line."""
        failed = [row for row in self.cells if row.gates and row.state == State.FAILED]
        if failed:
            count = self.failures(gating=True)
            return FAILURE, f"{_many(count, 'claim')} failed in {_many(len(failed), 'cell')}"
        why = self._doubt()
        return (UNKNOWN, why) if why else (OK, "every required cell that could run passes")

    def _doubt(self) -> str:
        """Why nobody can tell; "" where everybody can."""
        gating = [row for row in self.cells if row.gates]
        missing = sum(row.missing for row in gating)
        unknown = sum(row.outcomes.get(Outcome.UNKNOWN, 0) for row in gating)
        linuxes = self.linuxes()
        lost = [row for row in self.linuxes(required=True) if not row.cell.has_run]
        doubts = (
            (linuxes and not any(row.cell.has_run for row in linuxes), "no cell could run"),
            (not self.judged, "nothing was judged"),
            (self.damaged, f"{_many(self.damaged, 'line')} of the journal cannot be read"),
            (missing, f"{_many(missing, 'verdict')} missing"),
            (unknown, f"{_many(unknown, 'verdict')} unknown"),
            (any(r.state == State.UNKNOWN for r in gating), "a cell has nothing but skips"),
            (self.strict and lost, f"{_many(len(lost), 'required cell')} could not run"),
        )
        return next((why for doubtful, why in doubts if doubtful), "")


def summarize(report: Report, *, strict: bool = False) -> Summary:
    """Count a report's verdicts."""
    by_cell = report.verdicts_by_cell()
    every = not any(c.support == Support.REQUIRED for c in report.linuxes)
    rows = tuple(
        Judged(cell, _count(by_cell[cell.id]), gates=_gates(cell, every=every))
        for cell in report.cells
    )
    return Summary(
        cells=rows,
        outcomes=_count(report.verdicts),
        damaged=report.damaged,
        ended=bool(report.run.finished),
        interrupted=report.run.interrupted or not report.run.finished,
        strict=strict,
    )


def exit_code(report: Report, *, strict: bool = False) -> tuple[int, str]:
    """The exit code of a run and why, by this module's policy: 0, 1 or 3 (2 is for misuse)."""
    return summarize(report, strict=strict).verdict


def _gates(cell: CellRow, *, every: bool) -> bool:
    return cell.is_artefact or every or cell.support == Support.REQUIRED


def _count(verdicts: tuple[Verdict, ...]) -> Counter[Outcome]:
    return Counter(verdict.outcome for verdict in verdicts)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def headline(summary: Summary) -> str:
    """The verdict in one sentence: what people decide from."""
    required = summary.linuxes(required=True)
    rows = required or summary.linuxes()
    kind = "required cells" if required else "cells"
    ran = [row for row in rows if row.cell.has_run and row.state != State.NOT_JUDGED]
    if not ran:
        return _without_cells(summary)
    good = sum(row.state == State.PASSED for row in ran)
    bad = sum(row.state == State.FAILED for row in ran)
    doubt = len(ran) - good - bad
    unsure = f", unknown on {doubt}" if doubt else ""
    if bad:
        return f"Fails on {bad} of {len(ran)} {kind}{unsure}"
    if _artefact_fails(summary):
        return f"Broken in itself, though it runs on {good} of {len(ran)} {kind}"
    return f"Runs on {good} of {len(ran)} {kind}{unsure}"


def _artefact_fails(summary: Summary) -> bool:
    return any(row.cell.is_artefact and row.state == State.FAILED for row in summary.cells)


def _without_cells(summary: Summary) -> str:
    if not summary.judged:
        return "Nothing was judged"
    if _artefact_fails(summary):
        return "The distribution itself is broken; no cell was judged"
    return "The distribution itself was judged, no cell was"


def caveats(summary: Summary) -> list[str]:
    """What the headline does not say, one sentence each."""
    not_run = [row for row in summary.linuxes() if not row.cell.has_run]
    required = sum(row.required for row in not_run)
    other = summary.failures(gating=False)
    ending = "The run was interrupted" if summary.ended else "The run has not ended: it was killed"
    said = (
        (summary.interrupted, f"{ending}{'' if summary.ended else ', or still goes on'}"),
        (summary.missing, f"{summary.missing:,} of {summary.expected:,} verdicts are missing"),
        (summary.damaged, f"{_many(summary.damaged, 'line')} of the journal cannot be read"),
        (not_run, f"{_many(len(not_run), 'cell')} could not run here, {required} of them required"),
        (other, f"{_many(other, 'claim')} failed in cells that are not required"),
    )
    return [text for so, text in said if so]
