"""Pairs of cells that differ in one thing: a floor here, the real kernel of its release there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from everylinux.calibration.explained import Explanation, explanation
from everylinux.errors import UsageError
from everylinux.kernels.choosing import real
from everylinux.kernels.floors import Release, floor_of, is_floor, release_of
from everylinux.model import Claim, Outcome
from everylinux.report.compare import read

Row = Mapping[str, Any]
JUDGED = {Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED}
NOT_COLLECTED = "this claim was not collected there"


class Agreement(StrEnum):
    """What the two kernels say of one claim."""

    AGREE = "agree"
    DIFFER = "differ"
    FLOOR_ONLY = "floor only"  # the real kernel did not judge it
    REAL_ONLY = "real only"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Side:
    """What became of a claim under one of the two."""

    outcome: Outcome | None  # None: not collected
    reason: str
    evidence: Row

    @property
    def kept(self) -> bool | None:
        """Whether the promise is kept; None where it was not judged. A waiver mends nothing."""
        return self.outcome is Outcome.PASSED if self.outcome in JUDGED else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One claim under both."""

    claim: str
    floor: Side
    real: Side
    why: Explanation | None = None

    @property
    def agreement(self) -> Agreement:
        """Whether both kept it, or both broke it."""
        kept = (self.floor.kept, self.real.kept)
        if kept == (None, None):
            return Agreement.NEITHER
        if None in kept:
            return Agreement.REAL_ONLY if kept[0] is None else Agreement.FLOOR_ONLY
        return Agreement.AGREE if kept[0] == kept[1] else Agreement.DIFFER

    @property
    def silent(self) -> str:
        """Why one of them, or none, judged it: the reason of the one that did not."""
        return self.floor.reason if self.floor.kept is None else self.real.reason

    @property
    def open(self) -> bool:
        """Whether something is unexplained: a difference, or what is unknown under one of them.

        Who skips a claim gives the reason, out of suites/conditions.yaml or the claim itself.
        """
        skipped = Outcome.SKIPPED in {self.floor.outcome, self.real.outcome}
        settled = self.agreement is Agreement.AGREE or skipped or self.why is not None
        return not settled


@dataclass(frozen=True, slots=True)
class Pair:
    """A distribution in one userland, under a floor and under the real kernel of its release."""

    floor: str
    real: str
    distro: str  # "busyboxmusl-x86_64"
    posture: str
    comparisons: tuple[Comparison, ...]  # by claim

    @property
    def counts(self) -> Counter[Agreement]:
        """How many claims agree, differ, or were judged by one alone."""
        return Counter(one.agreement for one in self.comparisons)

    def of(self, agreement: Agreement) -> tuple[Comparison, ...]:
        """The claims of one kind."""
        return tuple(one for one in self.comparisons if one.agreement is agreement)

    @property
    def open(self) -> tuple[Comparison, ...]:
        """What nobody explained."""
        return tuple(one for one in self.comparisons if one.open)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Every pair that some reports have, oldest release first."""

    pairs: tuple[Pair, ...]
    claims: Mapping[str, Claim]
    alone: tuple[str, ...]  # real kernels' cells without a floor beside them
    idle: tuple[Explanation, ...]  # rows about claims that were judged by both, and agree

    @property
    def open(self) -> int:
        """How many differences nobody explained."""
        return sum(len(pair.open) for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of a report with its verdicts."""

    row: Row
    subject: str  # digest of what was judged
    verdicts: dict[str, Row]  # by claim

    @property
    def kernel(self) -> str:
        return str(self.row["judged_kernel"])

    @property
    def key(self) -> tuple[str, ...]:
        """Everything but the kernel: what must be the same on both sides."""
        names = ("distro", "arch", "digest", "posture")
        return (*(str(self.row[name]) for name in names), self.subject)

    @property
    def release(self) -> Release | None:
        return release_of(self.kernel)


def calibrate(reports: Sequence[Path], rows: Sequence[Explanation]) -> Calibration:
    """Read reports and pair their cells; UsageError where nothing pairs.

    Of a cell that several reports have, the verdicts of later ones replace those of earlier ones.
    """
    documents = [read(path) for path in reports]
    cells = _cells(documents)
    floors = {(cell.key, cell.release): cell for cell in cells if _is_plain_floor(cell.kernel)}
    booted = sorted((cell for cell in cells if real(cell.kernel)), key=_age)
    found = [(floors[cell.key, cell.release], cell) for cell in booted if _has(cell, floors)]
    if not found:
        cause = "no report has a floor beside the real kernel of its release"
        move = "judge one tree in one root with --kernel 2.6.32, and --engine qemu --kernel NAME"
        raise UsageError(cause, move=move)
    pairs = tuple(_pair(floor, machine, rows) for floor, machine in found)
    alone = tuple(str(cell.row["id"]) for cell in booted if not _has(cell, floors))
    return Calibration(pairs, _claims(documents), alone, tuple(_idle(pairs, rows)))


def _has(cell: _Cell, floors: Mapping[tuple[tuple[str, ...], Release | None], _Cell]) -> bool:
    return (cell.key, cell.release) in floors


def _is_plain_floor(kernel: str) -> bool:
    """Whether it is a floor that answers as kernels do: ENOSYS, not a container runtime's EPERM."""
    return is_floor(kernel) and floor_of(kernel) == floor_of(kernel.removesuffix("+eperm"))


def _age(cell: _Cell) -> tuple[Release, str]:
    return (cell.release or (0, 0, 0), str(cell.row["id"]))


def _cells(documents: Iterable[Row]) -> list[_Cell]:
    found: dict[tuple[str, str], _Cell] = {}
    for document in documents:
        subject = str(document["distribution"]["digest"])
        for row in document["cells"]:
            if row["state"] == "run" and row.get("judged_kernel"):
                found.setdefault((row["id"], subject), _Cell(row, subject, {}))
        for verdict in document["verdicts"]:
            cell = found.get((verdict["cell"], subject))
            if cell is not None:
                cell.verdicts[verdict["claim"]] = verdict
    return list(found.values())


def _pair(floor: _Cell, machine: _Cell, rows: Sequence[Explanation]) -> Pair:
    claims = sorted(floor.verdicts.keys() | machine.verdicts.keys())
    compared = (Comparison(claim, _side(floor, claim), _side(machine, claim)) for claim in claims)
    told = tuple(
        Comparison(one.claim, one.floor, one.real, explanation(one.claim, machine.kernel, rows))
        for one in compared
    )
    where = f"{floor.row['distro']}-{floor.row['arch']}"
    return Pair(floor.kernel, machine.kernel, where, str(floor.row["posture"]), told)


def _side(cell: _Cell, claim: str) -> Side:
    verdict = cell.verdicts.get(claim)
    if verdict is None:
        return Side(None, NOT_COLLECTED, {})
    return Side(Outcome(verdict["outcome"]), str(verdict["reason"]), verdict["evidence"] or {})


def _claims(documents: Iterable[Row]) -> dict[str, Claim]:
    rows = {row["id"]: row for document in documents for row in document["claims"]}
    return {id_: _claim(row) for id_, row in rows.items()}


def _claim(row: Row) -> Claim:
    return Claim(row["id"], row["area"], row["says"], row["source"], row["remedy"])


def _idle(pairs: Sequence[Pair], rows: Sequence[Explanation]) -> Iterator[Explanation]:
    """Rows about claims of these pairs, none of which needs an explanation any more."""
    for row in rows:
        about = [
            one for pair in pairs for one in pair.comparisons if row.about(one.claim, pair.real)
        ]
        if about and all(one.agreement is Agreement.AGREE for one in about):
            yield row
