"""What became of each fault, what it says of the suites, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from everylinux.sabotage.judging import Judgement
from everylinux.sabotage.registry import Fault


class State(StrEnum):
    """What became of a fault."""

    KILLED = "killed"  # all claims it names are red
    BY_ANOTHER = "killed_by_another"  # something is red, but not all that it names
    SURVIVED = "survived"  # nothing is red: a hole in the suites
    SKIPPED = "skipped"  # cannot be done or judged here
    BROKEN = "broken"  # the fault itself did not work


@dataclass(frozen=True, slots=True)
class Result:
    """One fault's."""

    fault: str
    state: State
    red: Mapping[str, str] = field(default_factory=dict)  # claim -> reason
    missing: tuple[str, ...] = ()  # claims that it names and that are not red
    unrelated: tuple[str, ...] = ()  # red claims that it neither names nor allows
    judged: int = 0  # claims
    seconds: float = 0.0
    reason: str = ""  # of `skipped` and `broken`

    @property
    def good(self) -> bool:
        """Whether the suites did what they should; a fault that was skipped says nothing."""
        return self.state in {State.KILLED, State.SKIPPED} and not self.unrelated


def compare(fault: Fault, found: Judgement, before: Judgement, seconds: float) -> Result:
    """A fault's result: claims that were red before it are left out.

    So are claims that the profile does not make. One that became unknown is red, but kills
    nothing: a probe that broke has judged nothing.
    """
    red = {name: why for name, why in found.red.items() if name not in before.red}
    failed = {name for name in red if found.outcomes[name] == "failed"}
    missing = tuple(sorted((fault.kills & before.outcomes.keys()) - failed))
    unrelated = tuple(name for name in sorted(red) if not fault.expects(name))
    state = State.KILLED if not missing else State.BY_ANOTHER if red else State.SURVIVED
    return Result(fault.name, state, red, missing, unrelated, len(found.outcomes), seconds)


def rate(results: Iterable[Result]) -> float:
    """The part of the faults that were tried which the right claims killed, 0 to 1."""
    tried = [r for r in results if r.state is not State.SKIPPED]
    return sum(r.state is State.KILLED for r in tried) / len(tried) if tried else 0.0


def document(
    faults: Mapping[str, Fault], results: Iterable[Result], about: Mapping[str, Any]
) -> dict[str, Any]:
    """All results as JSON: lists of names, and a row for each fault."""
    rows = sorted(results, key=lambda row: row.fault)
    names = {state: [r.fault for r in rows if r.state is state] for state in State}
    return {
        "schema": 1,
        **about,
        "rate": round(rate(rows), 4),
        "counts": {"faults": len(rows), **{str(s): len(found) for s, found in names.items()}},
        **{str(state): found for state, found in names.items()},
        "unrelated": {r.fault: list(r.unrelated) for r in rows if r.unrelated},
        "faults": [_row(faults[row.fault], row) for row in rows],
    }


def _row(fault: Fault, row: Result) -> dict[str, Any]:
    return {
        "name": fault.name,
        "says": fault.says,
        "of": fault.of,
        "kind": fault.kind,
        "kills": sorted(fault.kills),
        "state": row.state,
        "red": dict(row.red),
        "missing": list(row.missing),
        "unrelated": list(row.unrelated),
        "judged": row.judged,
        "seconds": round(row.seconds, 2),
        "reason": row.reason,
    }


def line(number: int, total: int, row: Result) -> str:
    """Progress: one line for each fault."""
    told = ", ".join(sorted(row.red)[:6]) + (" ..." if len(row.red) > 6 else "")  # noqa: PLR2004
    words = [f"[{number}/{total}] {row.state:18}{row.fault}", told or row.reason]
    words += [f"not red: {', '.join(row.missing)}"] if row.missing else []
    words += [f"unrelated: {', '.join(row.unrelated[:6])}"] if row.unrelated else []
    return "; ".join(word for word in words if word)
