"""What one of CPython's test files did, read from regrtest's exit status, JUnit file and text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from everylinux.model import Result

STATUSES = {0: "passed", 2: "failed", 3: "environment changed", 4: "skipped"}
"""Of one file: Lib/test/libregrtest/results.py and utils.py, EXITCODE_*."""
GOOD = frozenset({"passed", "skipped"})
TAIL_BYTES = 4000
BAD = re.compile(r"^(?:FAIL|ERROR): \S+ \(([\w.]+)\)", re.MULTILINE)
"""A failure as unittest prints it; those of subtests are in no JUnit file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one test file did in a cell; `bad` and `skipped` hold ids of test methods."""

    name: str
    outcome: str  # a value of STATUSES, or: timed out | died
    seconds: float
    tests: int  # methods that were run or skipped
    skipped: tuple[str, ...]
    bad: tuple[str, ...]
    tail: str  # the end of what it printed, unless it passed

    @property
    def failures(self) -> tuple[str, ...]:
        """What is to be explained: `FILE.CLASS.METHOD` of each, else `FILE` if it did not pass."""
        if self.outcome in GOOD:
            return ()
        return tuple(self._full(name) for name in self.bad) or (self.file,)

    @property
    def file(self) -> str:
        """The name as tables have it: regrtest lists parts of a package as `test.PACKAGE.PART`."""
        return self.name.removeprefix("test.")

    def skips(self) -> Iterator[str]:
        """The ids of methods that skipped themselves, and of the whole file if it did."""
        yield from (self._full(name) for name in self.skipped)
        if self.outcome == "skipped":
            yield self.file

    def _full(self, name: str) -> str:
        name = name.removeprefix("test.")
        return name if name.startswith(f"{self.file}.") else f"{self.file}.{name}"


def outcome_of(name: str, result: Result, report: bytes) -> Outcome:
    """What a finished run of regrtest says of one file; `report` is its JUnit file, b"" if none."""
    text = result.out.decode("utf-8", "replace") + result.err.decode("utf-8", "replace")
    tests, skipped, broken = counted(report)
    bad = tuple(sorted({*broken, *BAD.findall(text)}))
    said = _said(result)
    if said == "passed" and tests and tests == len(skipped):
        said = "skipped"
    tail = "" if said == "passed" else text[-TAIL_BYTES:]
    return Outcome(name, said, round(result.wall_seconds, 1), tests, skipped, bad, tail)


def _said(result: Result) -> str:
    if result.timed_out:
        return "timed out"
    if result.status is None:
        return "died"
    return STATUSES.get(result.status, "failed")


def counted(report: bytes) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Methods in all, ids of those that skipped and of those that failed, out of a JUnit file."""
    if not report.strip():
        return 0, (), ()
    try:
        cases = list(ET.fromstring(report).iter("testcase"))  # noqa: S314 - bounded by the box
    except ET.ParseError:
        return 0, (), ()  # a test wrote what is no XML: regrtest's text tells its failures, too
    skipped = {str(case.get("name")) for case in cases if case.find("skipped") is not None}
    bad = [case for case in cases if any(case.find(k) is not None for k in ("failure", "error"))]
    return len(cases), tuple(sorted(skipped)), tuple(sorted({str(c.get("name")) for c in bad}))
