"""From a run's journal to a `Report`: tolerant of a kill, loud about a journal that is none.

A torn last line is what kill -9 leaves and is dropped; any other line that cannot be read is
counted, so that the report says that it is incomplete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from everylinux.errors import UsageError
from everylinux.model import Claim, Outcome, Verdict
from everylinux.report.model import CellRow, Measure, Report, Run, Subject

JOURNAL = "journal.jsonl"
EVIDENCE_BYTES = 1 << 20
"""The evidence of one verdict beyond this is cut; the plugin cuts far earlier."""
KEPT_CHARS = 8192
LINE_BYTES = 16 << 20
"""No honest line is longer: it counts as damaged, and bounds what is read at once."""
GRAVITY = (Outcome.PASSED, Outcome.SKIPPED, Outcome.WAIVED, Outcome.UNKNOWN, Outcome.FAILED)
"""Where a pair was judged twice the graver outcome counts."""

Row = Mapping[str, Any]


class Journal:
    """Collects lines; a line that does not fit raises ValueError, KeyError or TypeError."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.run: Row = {}
        self.end: Row = {}
        self.distribution: Row = {}
        self.cells: dict[str, CellRow] = {}
        self.claims: dict[str, Claim] = {}
        self.verdicts: dict[tuple[str, str], Verdict] = {}
        self.measures: list[Measure] = []

    def add(self, row: Row) -> None:
        """Take one line."""
        KINDS[row["kind"]](self, row)

    def _run(self, row: Row) -> None:
        _require(row, "id", "started")
        self.run = row

    def _distribution(self, row: Row) -> None:
        _require(row, "name", "python", "arch")
        self.distribution = row

    def _end(self, row: Row) -> None:
        _require(row, "finished")
        self.end = row

    def _cell(self, row: Row) -> None:
        _require(row, "id", "state")
        kept: dict[str, Any] = {n: str(row[n]) for n in _names(CellRow) if row.get(n) is not None}
        kept["claims_expected"] = int(row.get("claims_expected") or 0)
        self.cells[kept["id"]] = CellRow(**kept)

    def _claim(self, row: Row) -> None:
        name, area, says, source, remedy = (
            str(row[key]) for key in ("id", "area", "says", "source", "remedy")
        )
        profiles = tuple(map(str, row.get("profiles") or ()))
        self.claims[name] = Claim(name, area, says, source, remedy, profiles)

    def _verdict(self, row: Row) -> None:
        verdict = Verdict(
            claim=str(row["claim"]),
            cell=str(row["cell"]),
            outcome=Outcome(row["outcome"]),
            seconds=float(row["seconds"]),
            reason=str(row.get("reason") or ""),
            evidence=bounded(row.get("evidence") or {}),
        )
        if verdict.claim not in self.claims or verdict.cell not in self.cells:
            raise ValueError("a verdict on what the journal does not name")
        key = (verdict.cell, verdict.claim)
        known = self.verdicts.get(key)
        if known is None or GRAVITY.index(known.outcome) <= GRAVITY.index(verdict.outcome):
            self.verdicts[key] = verdict

    def _measure(self, row: Row) -> None:
        values = tuple(float(value) for value in row["values"])
        budget = None if row.get("budget") is None else float(row["budget"])
        if row["cell"] not in self.cells:
            raise ValueError("a measure in a cell that the journal does not name")
        self.measures.append(Measure(row["cell"], str(row["name"]), row["unit"], values, budget))


KINDS: Mapping[str, Callable[[Journal, Row], None]] = {
    "run": Journal._run,  # noqa: SLF001 - its own methods, listed once
    "distribution": Journal._distribution,  # noqa: SLF001
    "cell": Journal._cell,  # noqa: SLF001
    "claim": Journal._claim,  # noqa: SLF001
    "verdict": Journal._verdict,  # noqa: SLF001
    "measure": Journal._measure,  # noqa: SLF001
    "end": Journal._end,  # noqa: SLF001
}


def load(run_dir: Path) -> Report:
    """Read the journal of a run; UsageError where there is none or it tells of no run."""
    journal, damaged = Journal(), 0
    try:
        for line in _lines(run_dir / JOURNAL):
            damaged += not _take(journal, line)
    except OSError as error:
        cause = f"{run_dir} has no readable {JOURNAL} ({error.strerror})"
        raise UsageError(cause, move="name the folder of a run, such as reports/latest") from None
    if not journal.run:
        raise UsageError(
            f"{run_dir / JOURNAL} is no journal of a run", move="run `pytest suites/` again"
        )
    return _report(journal, damaged)


def _lines(path: Path) -> Iterator[bytes]:
    """Whole lines; the last one without its line feed is torn and left out."""
    with path.open("rb") as stream:
        while line := stream.readline(LINE_BYTES):
            if line.endswith(b"\n"):
                yield line
            elif len(line) == LINE_BYTES:
                yield b"too long"
                _skip_line(stream.readline)


def _skip_line(readline: Callable[[int], bytes]) -> None:
    while (rest := readline(LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _take(journal: Journal, line: bytes) -> bool:
    """Whether the line could be taken."""
    try:
        journal.add(json.loads(line, parse_constant=str))  # NaN is no JSON to other parsers
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


def _require(row: Row, *names: str) -> None:
    for name in names:
        if not isinstance(row[name], str):
            raise TypeError(name)


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name != "claims_expected")


def bounded(evidence: Row) -> Row:
    """Evidence of at most EVIDENCE_BYTES as JSON; its beginning as text where it is more."""
    if not isinstance(evidence, dict):
        raise TypeError("evidence")
    text = json.dumps(evidence)
    if len(text) <= EVIDENCE_BYTES:
        return evidence
    return {"cut": f"{len(text)} bytes of evidence, the first follow", "text": text[:KEPT_CHARS]}


def _report(journal: Journal, damaged: int) -> Report:
    cells = sorted(journal.cells.values(), key=_place)
    order = {cell.id: number for number, cell in enumerate(cells)}
    return Report(
        run=_run(journal.run, journal.end),
        distribution=_subject(journal.distribution),
        cells=tuple(cells),
        claims=tuple(sorted(journal.claims.values(), key=lambda claim: (claim.area, claim.id))),
        verdicts=tuple(sorted(journal.verdicts.values(), key=lambda v: (order[v.cell], v.claim))),
        measures=tuple(sorted(journal.measures, key=lambda m: (m.name, order[m.cell]))),
        damaged=damaged,
    )


def _place(cell: CellRow) -> tuple[bool, list[tuple[int, str]], bool, str]:
    """The artefact first, then by name, with 3.10 after 3.6."""
    parts = re.findall(r"\d+|\D+", cell.title)
    natural = [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
    return not cell.is_artefact, natural, cell.arch != "x86_64", cell.id


def _run(row: Row, end: Row) -> Run:
    machine = row.get("machine")
    status = end.get("exitstatus")
    return Run(
        id=row["id"],
        started=row["started"],
        argv=tuple(map(str, row.get("argv") or ())),
        engine=str(row.get("engine") or ""),
        engine_note=str(row.get("engine_note") or ""),
        machine=dict(machine) if isinstance(machine, dict) else {},
        version=str(row.get("version") or ""),
        finished=str(end.get("finished", "")),
        exitstatus=status if isinstance(status, int) else None,
        interrupted=bool(end.get("interrupted")),
    )


def _subject(row: Row) -> Subject:
    texts = {name: str(row.get(name) or "") for name in _texts()}
    listed = row.get("components")
    rows = listed if isinstance(listed, list) else []
    components = tuple(
        (str(item.get("name", "")), str(item.get("version", "")))
        for item in rows
        if isinstance(item, dict)
    )
    size = row.get("size_bytes")
    return Subject(
        **texts,
        components=components,
        size_bytes=size if isinstance(size, int) else 0,
        because=str(row.get("because") or ""),
    )


def _texts() -> tuple[str, ...]:
    """The fields of a Subject without a default: all are text."""
    return tuple(field.name for field in fields(Subject) if field.default is MISSING)
