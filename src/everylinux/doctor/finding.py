"""A finding, and how checks run: at once, each in a thread, all within one time limit."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Whether a thing is there."""

    OK = "ok"
    DEGRADED = "degraded"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the table; the fields are the keys of the JSON and stay as they are."""

    area: str  # a key of AREAS
    name: str
    state: State
    detail: str = ""  # what was seen
    cost: str = ""  # what cannot be done, "" where nothing is lost
    remedy: str = ""  # the next move


Check = Callable[[], Sequence[Finding]]


def run_checks(checks: Mapping[str, Check], seconds: float) -> list[Finding]:
    """Run every check (keys are "area.name") and return all findings in the order of the checks.

    A check that raises or has not answered within `seconds` is one finding, `unknown`. The threads
    are daemons: a check that hangs is left behind and ends with the program.
    """
    answers: queue.SimpleQueue[tuple[str, Sequence[Finding]]] = queue.SimpleQueue()
    for key, check in checks.items():
        threading.Thread(
            target=lambda k=key, c=check: answers.put((k, _answer(k, c))), daemon=True
        ).start()
    found = _collect(answers, len(checks), seconds)
    return [
        finding
        for key in checks
        for finding in found.get(key, [_unknown(key, f"no answer within {seconds:g} s")])
    ]


def _collect(
    answers: queue.SimpleQueue[tuple[str, Sequence[Finding]]], count: int, seconds: float
) -> dict[str, Sequence[Finding]]:
    """Answers that come within the limit, by key."""
    found: dict[str, Sequence[Finding]] = {}
    end = time.monotonic() + seconds
    while len(found) < count:
        try:
            key, findings = answers.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[key] = findings
    return found


def _answer(key: str, check: Check) -> Sequence[Finding]:
    try:
        return check()
    except Exception as error:  # noqa: BLE001 - whatever broke, the other rows still stand
        return [_unknown(key, f"{type(error).__name__}: {error}")]


def _unknown(key: str, detail: str) -> Finding:
    area, _, name = key.partition(".")
    return Finding(area, name, State.UNKNOWN, " ".join(detail.split()), "cannot tell")
