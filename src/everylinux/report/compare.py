"""Reports of several distributions side by side: what each is, what it needs, where they differ.

A side is one report.json. A claim's outcome on a side is the gravest of its cells; what the profile
does not promise is skipped, and says so. Facts beside report.json, where the run's folder still has
them, tell the versions of libraries.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everylinux.errors import UsageError
from everylinux.model import Claim, Outcome
from everylinux.report.model import ARTEFACT

SCHEMA = 1
GRAVITY = (Outcome.FAILED, Outcome.UNKNOWN, Outcome.WAIVED, Outcome.PASSED, Outcome.SKIPPED)
JUDGED = {Outcome.FAILED, Outcome.PASSED, Outcome.WAIVED}
FIGURES = {
    "startup.warm": ("Start (`-c pass`)", "seconds"),
    "startup.modules20": ("Start with twenty modules", "seconds"),
    "memory.base.hwm": ("Memory, bare", "bytes"),
    "memory.modules20.hwm": ("Memory with twenty modules", "bytes"),
}
"""Series of the report -> title and unit; shown is the smallest value: noise only adds."""
STARTS = "STA-007"
ALWAYS = {"version", "isolated", "warm"}
"""Cases of start-up that need nothing but an interpreter that starts."""
FLOORS = {"musl": "SYM-001", "glibc": "SYM-002"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one claim on one side."""

    outcome: Outcome
    where: tuple[str, ...] = ()  # cells that have this outcome
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Side:
    """One distribution, as its report tells of it."""

    label: str
    about: Row  # the report's `distribution`
    cells: tuple[str, ...]
    judgements: Mapping[str, Judgement]  # by claim
    figures: Mapping[str, float]
    floors: Mapping[str, Row]  # libc -> {release, file, symbols}
    versions: Mapping[str, str]
    complete: bool
    dead: tuple[str, ...] = ()  # cells that it does not start in

    @property
    def counts(self) -> Counter[Outcome]:
        """Claims by outcome."""
        return Counter(judgement.outcome for judgement in self.judgements.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Some sides, and every claim that one of them was judged by."""

    sides: tuple[Side, ...]
    claims: tuple[Claim, ...]  # by area and id

    def outcomes(self, claim: str) -> tuple[Outcome | None, ...]:
        """The outcome on each side; None where the claim was not collected."""
        found = (side.judgements.get(claim) for side in self.sides)
        return tuple(judgement.outcome if judgement else None for judgement in found)

    def _judged(self, claim: str) -> set[Outcome]:
        return {outcome for outcome in self.outcomes(claim) if outcome in JUDGED}

    @property
    def apart(self) -> tuple[Claim, ...]:
        """Claims that hold for one side and not for another."""
        return tuple(c for c in self.claims if len(self._judged(c.id)) > 1)

    @property
    def together(self) -> tuple[Claim, ...]:
        """Claims that hold for none of those that they were judged for."""
        return tuple(c for c in self.claims if self._judged(c.id) == {Outcome.FAILED})

    @property
    def unsure(self) -> tuple[Claim, ...]:
        """Claims that could not be told for one side, and that are in no other list."""
        listed = {claim.id for claim in (*self.apart, *self.together)}
        return tuple(
            c for c in self.claims if Outcome.UNKNOWN in self.outcomes(c.id) and c.id not in listed
        )

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas of all claims."""
        return tuple(dict.fromkeys(claim.area for claim in self.claims))

    def by_area(self, area: str, side: Side) -> Counter[Outcome]:
        """How many claims of an area have which outcome on a side."""
        claims = (claim.id for claim in self.claims if claim.area == area)
        return Counter(side.judgements[c].outcome for c in claims if c in side.judgements)


def compare(sides: Sequence[tuple[str, Path]]) -> Comparison:
    """Read the reports of several labels; UsageError for what is no report."""
    documents = [(label, read(path), path) for label, path in sides]
    claims = {row["id"]: _claim(row) for _, found, _ in documents for row in found["claims"]}
    return Comparison(
        sides=tuple(_side(label, found, path) for label, found, path in documents),
        claims=tuple(sorted(claims.values(), key=lambda claim: (claim.area, claim.id))),
    )


def read(path: Path) -> dict[str, Any]:
    """The document of a report.json; UsageError for anything else."""
    move = "name a report.json, or the folder of a run"
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", move=move) from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no JSON", move=move) from None
    wanted = {"distribution", "cells", "claims", "verdicts", "measures", "summary"}
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or wanted - set(found):
        raise UsageError(f"{path} is no report of this schema ({SCHEMA})", move=move)
    return found


def _claim(row: Row) -> Claim:
    id_, area, says, source, remedy = (
        str(row[name]) for name in ("id", "area", "says", "source", "remedy")
    )
    return Claim(id_, area, says, source, remedy, tuple(row["profiles"]))


def _side(label: str, found: Row, path: Path) -> Side:
    own = found["distribution"]["arch"]
    titles = {row["id"]: _title(row, own) for row in found["cells"]}
    titles[ARTEFACT] = "its files"
    ran = [row["id"] for row in found["cells"] if row["state"] == "run" and row["id"] != ARTEFACT]
    broken = _broken_starts(found["verdicts"])
    dead = {cell for cell, cases in broken.items() if cases.issuperset(ALWAYS)}
    told = [row for row in found["verdicts"] if not _is_of_the_dead(row, dead)]
    judgements = _judgements(told, titles)
    return Side(
        label=label,
        about=found["distribution"],
        cells=tuple(sorted(titles[cell] for cell in ran)),
        judgements=judgements,
        figures=_figures(found["measures"], broken),
        floors={
            libc: judgements[claim].evidence["floor"]
            for libc, claim in FLOORS.items()
            if claim in judgements and "floor" in judgements[claim].evidence
        },
        versions=_versions(found["distribution"], path.parent / "facts"),
        complete=bool(found["summary"]["complete"]),
        dead=tuple(sorted(titles[cell] for cell in dead)),
    )


def _title(cell: Row, own: str) -> str:
    """A cell's name, with the architecture of its userland where that is not the artefact's."""
    name = f"{cell['name']} {cell['release']}".strip()
    return name if cell["arch"] == own else f"{name} {cell['arch']}"


def _broken_starts(rows: Sequence[Row]) -> dict[str, set[str]]:
    """Cell -> the cases of start-up that failed there, as STA-007 tells of them."""
    return {
        row["cell"]: {n for n, s in row["evidence"].get("statuses", {}).items() if s != ["0"]}
        for row in rows
        if row["claim"] == STARTS
    }


def _is_of_the_dead(row: Row, dead: set[str]) -> bool:
    """Whether the interpreter does not even start in that cell: STA-007 says so, once."""
    return row["cell"] in dead and row["claim"] != STARTS


def _judgements(rows: Sequence[Row], titles: Mapping[str, str]) -> dict[str, Judgement]:
    by_claim: dict[str, list[Row]] = {}
    for row in rows:
        by_claim.setdefault(row["claim"], []).append(row)
    return {claim: _gravest(found, titles) for claim, found in by_claim.items()}


def _gravest(rows: Sequence[Row], titles: Mapping[str, str]) -> Judgement:
    outcome = min((Outcome(row["outcome"]) for row in rows), key=GRAVITY.index)
    chosen = [row for row in rows if row["outcome"] == outcome]
    where = tuple(titles.get(row["cell"], row["cell"]) for row in chosen)
    first = chosen[0]
    return Judgement(outcome, where, str(first["reason"]), first["evidence"] or {})


def _figures(rows: Sequence[Row], broken: Mapping[str, set[str]]) -> dict[str, float]:
    """The smallest value of each series over all cells where it worked: noise only adds."""
    found: dict[str, float] = {}
    for row in rows:
        failed = row["name"].partition(".")[2] in broken.get(row["cell"], set())
        if row["name"] in FIGURES and row["values"] and not failed:
            least = min(row["values"])
            found[row["name"]] = min(least, found.get(row["name"], least))
    return found


VERSIONS = {
    "Python": ("interpreter", "version"),
    "OpenSSL": ("crypto", "version"),
    "SQLite": ("sqlite_build", "version"),
    "readline": ("library_versions", "readline"),
    "zlib": ("library_versions", "zlib"),
    "expat": ("library_versions", "expat"),
}
"""Title -> section of the facts and key in it."""


def _versions(about: Row, facts: Path) -> dict[str, str]:
    """What the interpreter itself said in a cell; else what its components are said to be."""
    sections: dict[str, Any] = {}
    for file in sorted(facts.glob("*/*.json")) if facts.is_dir() else ():
        for name, section in json.loads(file.read_text("utf-8"))["sections"].items():
            if section["value"] is not None:
                sections.setdefault(name, section["value"])
    found = {title: _text(sections.get(name), key) for title, (name, key) in VERSIONS.items()}
    found["Python"] = found["Python"] or str(about["python"])
    return {title: text for title, text in found.items() if text}


def _text(section: Any, key: str) -> str:  # noqa: ANN401 - any JSON
    value = section.get("answer", section).get(key) if isinstance(section, dict) else None
    return value if isinstance(value, str) and "Error" not in value else ""
