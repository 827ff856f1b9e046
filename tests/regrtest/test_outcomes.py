"""What regrtest prints and writes becomes an outcome, also where it says little."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.model import Result
from everylinux.regrtest.outcomes import BAD, counted, outcome_of

TEXT = """
FAIL: test_a (test.test_x.C.test_a) (locale='fr_FR')
ERROR: setUpClass (test.test_x.D)
test_b (test.test_x.C.test_b) ... ok
"""
JUNIT = b"""<testsuites><testsuite>
<testcase name="test.test_x.C.test_a"><failure>no</failure></testcase>
<testcase name="test.test_x.C.test_b" />
<testcase name="test.test_x.C.test_c"><skipped /></testcase>
</testsuite></testsuites>"""
SKIPPED = b'<testsuites><testcase name="test.test_x.C.m"><skipped /></testcase></testsuites>'


def ended(**changes: Any) -> Result:  # noqa: ANN401 - any field
    fields: dict[str, Any] = {
        "argv": (), "status": 0, "signal": None, "out": b"", "err": b"", "wall_seconds": 1.26,
        "user_seconds": 0.0, "system_seconds": 0.0, "peak_rss_bytes": 0, "minor_faults": 0,
        "major_faults": 0,
    }  # fmt: skip
    return Result(**{**fields, **changes})


def test_failures_come_out_of_both_reports() -> None:
    """JUnit counts methods; subtests and set-ups that failed are in the text alone."""
    assert counted(JUNIT) == (3, ("test.test_x.C.test_c",), ("test.test_x.C.test_a",))
    assert BAD.findall(TEXT) == ["test.test_x.C.test_a", "test.test_x.D"]
    assert counted(b"") == counted(b"no xml <") == (0, (), ())

    found = outcome_of("test_x", ended(status=2, out=TEXT.encode()), JUNIT)
    assert found.failures == ("test_x.C.test_a", "test_x.D")
    assert list(found.skips()) == ["test_x.C.test_c"]
    assert (found.outcome, found.tests, found.seconds) == ("failed", 3, 1.3)
    assert "FAIL: test_a" in found.tail


@pytest.mark.parametrize(
    ("result", "report", "said"),
    [
        (ended(), JUNIT, "passed"),
        (ended(), SKIPPED, "skipped"),
        (ended(status=4), b"", "skipped"),
        (ended(status=3), b"", "environment changed"),
        (ended(status=None, signal=11), b"", "died"),
        (ended(status=None, signal=9, timed_out=True), b"", "timed out"),
        (ended(status=77), b"", "failed"),
        (ended(status=None, error="ENOENT"), b"", "died"),
    ],
)
def test_only_what_ended_well_is_good(result: Result, report: bytes, said: str) -> None:
    """A file that was killed, timed out or told nothing is a failure by its own name."""
    found = outcome_of("test_x", result, report)

    assert found.outcome == said
    assert found.failures == (() if said in {"passed", "skipped"} else ("test_x",))


def test_parts_of_packages_are_named_as_tables_have_them() -> None:
    """`test.test_asyncio.test_events` is one file; failures of other modules carry its name."""
    text = b"FAIL: t (test.test_asyncio.test_events.C.t)\nFAIL: u (test._test_eintr.C.u)\n"
    found = outcome_of("test.test_asyncio.test_events", ended(status=2, out=text), b"")

    assert set(found.failures) == {
        "test_asyncio.test_events.C.t",
        "test_asyncio.test_events._test_eintr.C.u",
    }
