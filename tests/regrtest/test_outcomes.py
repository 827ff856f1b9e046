"""What regrtest prints and writes becomes an outcome, also where it says little."""

from __future__ import annotations

import pytest

from everylinux.model import Result
from everylinux.regrtest.outcomes import BAD, counted, outcome_of
from tests.results import result

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


def test_failures_come_out_of_both_reports() -> None:
    """JUnit counts methods; subtests and set-ups that failed are in the text alone."""
    assert counted(JUNIT) == (3, ("test.test_x.C.test_c",), ("test.test_x.C.test_a",))
    assert BAD.findall(TEXT) == ["test.test_x.C.test_a", "test.test_x.D"]
    assert counted(b"") == counted(b"no xml <") == (0, (), ())

    found = outcome_of("test_x", result(status=2, out=TEXT.encode(), wall_seconds=1.26), JUNIT)
    assert found.failures == ("test_x.C.test_a", "test_x.D")
    assert list(found.skips()) == ["test_x.C.test_c"]
    assert (found.outcome, found.tests, found.seconds) == ("failed", 3, 1.3)
    assert "FAIL: test_a" in found.tail


@pytest.mark.parametrize(
    ("ended", "report", "said"),
    [
        (result(), JUNIT, "passed"),
        (result(), SKIPPED, "skipped"),
        (result(status=4), b"", "skipped"),
        (result(status=3), b"", "environment changed"),
        (result(status=None, signal=11), b"", "died"),
        (result(status=None, signal=9, timed_out=True), b"", "timed out"),
        (result(status=77), b"", "failed"),
        (result(status=None, error="ENOENT"), b"", "died"),
    ],
)
def test_only_what_ended_well_is_good(ended: Result, report: bytes, said: str) -> None:
    """A file that was killed, timed out or told nothing is a failure by its own name."""
    found = outcome_of("test_x", ended, report)

    assert found.outcome == said
    assert found.failures == (() if said in {"passed", "skipped"} else ("test_x",))


def test_parts_of_packages_are_named_as_tables_have_them() -> None:
    """`test.test_asyncio.test_events` is one file; failures of other modules carry its name."""
    text = b"FAIL: t (test.test_asyncio.test_events.C.t)\nFAIL: u (test._test_eintr.C.u)\n"
    found = outcome_of("test.test_asyncio.test_events", result(status=2, out=text), b"")

    assert set(found.failures) == {
        "test_asyncio.test_events.C.t",
        "test_asyncio.test_events._test_eintr.C.u",
    }
