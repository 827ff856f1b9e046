"""A tree, good or broken, judged by the real suites: the files always, a cell where it is wanted.

Facts are gathered by the same probes as in a run of the suites, in a cell of the same engine. Of a
broken tree only those sections are gathered that the fault's own claims read, and a few that cost
little; each claim that can be judged by what was gathered is judged, so that a fault which breaks
more than it says is seen.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from everylinux import checks
from everylinux.checks import ARTEFACT, CHECKS, Expected, evaluate
from everylinux.engines.base import Box
from everylinux.engines.registry import ENGINES
from everylinux.facts import Facts
from everylinux.model import Cell, Distribution, Outcome, RootFs, Section
from everylinux.probes.base import CellProbe, Inside
from everylinux.probes.registry import CELL_PROBES, STATIC_PROBES
from everylinux.sabotage.partial import Partial

CHEAP = ("interpreter", "crypto", "trust", "sqlite_build", "answers_hash", "answers_random")
"""Sections that are gathered of every tree that is run: 0.3 s together, what most faults touch."""
HEAVY = frozenset({"imports"})
"""Sections that are gathered only where a claim of the fault's reads them (6 s)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where trees are run."""

    cell: Cell
    root: RootFs


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of each claim that could be judged."""

    outcomes: Mapping[str, Outcome]
    reasons: Mapping[str, str]
    reads: Mapping[str, tuple[str, ...]]  # claim -> the sections of a cell that it read

    @property
    def red(self) -> dict[str, str]:
        """Claim -> reason, of those that failed or could not be told."""
        bad = {Outcome.FAILED, Outcome.UNKNOWN}
        return {claim: self.reasons[claim] for claim, o in self.outcomes.items() if o in bad}


def judge(subject: Distribution, expected: Expected, found: Mapping[str, Section]) -> Judgement:
    """Judge every claim of the profile whose cell sections are in `found`."""
    artefact = Facts.of(files(subject))
    outcomes: dict[str, Outcome] = {}
    reasons: dict[str, str] = {}
    reads: dict[str, tuple[str, ...]] = {}
    for name, check in sorted(CHECKS.items()):
        if checks.applies(check.claim, subject.profile):
            continue
        seen = Reader(found)
        values = {"facts": Facts(seen.load), "artefact": artefact, "expected": expected}
        verdict = evaluate(check, ARTEFACT, values)
        if seen.missing:
            continue
        outcomes[name], reasons[name] = verdict.outcome, verdict.reason
        reads[name] = tuple(sorted(seen.read))
    return Judgement(outcomes, reasons, reads)


class Reader:
    """Gives a claim its sections, and remembers which it asked for."""

    def __init__(self, found: Mapping[str, Section]) -> None:
        """`found` is what was gathered."""
        self._found = found
        self.read: set[str] = set()
        self.missing: set[str] = set()

    def load(self, name: str) -> Section:
        """The section; one that was not gathered makes the claim one that is not judged."""
        self.read.add(name)
        if name not in self._found:
            self.missing.add(name)
            return Section(error="not gathered")
        return self._found[name]


def files(subject: Distribution) -> dict[str, Section]:
    """The sections of the tree's own files; a probe that breaks is broken facts."""
    found: dict[str, Section] = {}
    for probe in STATIC_PROBES:
        try:
            found |= probe.gather(subject)
        except Exception as error:  # noqa: BLE001 - as in gathering.py: `unknown`, not the end
            found |= _broken(probe.sections, error)
    return found


def cell(subject: Distribution, place: Place, sections: Collection[str]) -> dict[str, Section]:
    """The sections of a cell, gathered in one that is opened for it."""
    found: dict[str, Section] = {}
    with contextlib.ExitStack() as stack:
        box: Box | None = None
        for probe in chosen(sections):
            try:
                box = box or stack.enter_context(
                    ENGINES[place.cell.engine].open(place.cell, subject, place.root)
                )
                found |= probe.gather(box)
            except Exception as error:  # noqa: BLE001 - a tree that kills the agent is a fact too
                found |= _broken(probe.sections, error)
                box = None
    return found


def _broken(sections: Iterable[str], error: Exception) -> dict[str, Section]:
    why = f"the probe broke: {type(error).__name__}: {error}"[:500]
    return {name: Section(error=why) for name in sections}


def chosen(sections: Collection[str]) -> list[CellProbe]:
    """The probes that give these sections, each with no heavy section that nobody wants."""
    found: list[CellProbe] = []
    for probe in CELL_PROBES:
        if not set(probe.sections) & set(sections):
            continue
        kept = tuple(s for s in probe.sections if s in sections or s not in HEAVY)
        if isinstance(probe, Inside) and kept != probe.sections:
            found.append(Partial(replace(probe, sections=kept)))
        else:
            found.append(probe)
    return found


ALL = tuple(section for probe in CELL_PROBES for section in probe.sections)
"""Every section of a cell."""


def wanted(claims: Iterable[str], reads: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The sections to gather for a fault's claims; none where all of them judge files."""
    read = {section for claim in claims for section in reads.get(claim, ())}
    return tuple(sorted(read | set(CHEAP))) if read else ()
