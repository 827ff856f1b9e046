"""Only what is explained today, in this cell, is explained; and explanations are held to it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from everylinux.errors import FileError
from everylinux.regrtest import known
from everylinux.regrtest.judging import Verdict, judge
from everylinux.regrtest.known import Known
from everylinux.regrtest.outcomes import Outcome

TODAY = date(2026, 11, 23)
LATER = date(2027, 1, 1)
GOOD_ROW = (
    "{tests: [test_x], reason: why., upstream: 'https://x', whose: musl, until: '2027-01-01'}"
)


def outcome(name: str, said: str, *bad: str, skipped: tuple[str, ...] = ()) -> Outcome:
    return Outcome(name, said, 1.0, 3, skipped, bad, "")


def row(test: str, until: date = LATER, *, sometimes: bool = False, cells: str = "*") -> Known:
    return Known(test, "why.", "https://x", "musl", until, (cells,), sometimes)


def judged(rows: list[Known], *outcomes: Outcome) -> Verdict:
    return judge("alpine-x", {o.name: o for o in outcomes}, rows, TODAY, {})


FAILED = outcome("test_x", "failed", "test.test_x.C.test_a")
PASSED = outcome("test_x", "passed")


def test_an_explained_failure_is_good() -> None:
    """By a glob, in this cell, before its day has passed."""
    verdict = judged([row("test_x.C.test_*")], FAILED)

    assert verdict.good
    assert verdict.explained == {"test_x.C.test_a": "test_x.C.test_*"}
    assert verdict.counts == {"failed": 1}


@pytest.mark.parametrize(
    "rows",
    [[], [row("test_y.*")], [row("test_x.*", cells="debian*")], [row("test_x.*", TODAY)]],
    ids=["none", "another file", "another cell", "last day"],
)
def test_what_nobody_explains_is_open(rows: list[Known]) -> None:
    """A row of another test or another cell explains nothing; on its last day a row does."""
    verdict = judged(rows, FAILED)

    still = bool(rows) and rows[0].until == TODAY
    assert verdict.good is still
    assert verdict.open == (() if still else ("test_x.C.test_a",))


def test_a_row_ends() -> None:
    """From the next day on the failure is open, and the row is named."""
    verdict = judged([row("test_x.*", date(2026, 11, 22))], FAILED)

    assert verdict.open == ("test_x.C.test_a",)
    assert verdict.over == ("test_x.* (until 2026-11-22)",)


def test_an_explanation_that_passes_is_told() -> None:
    """If its file was run, nothing of it failed or skipped itself, and it should always fail."""
    assert judged([row("test_x.C.test_a")], PASSED).passing == ("test_x.C.test_a",)
    assert not judged([row("test_x.C.test_a")], PASSED).good
    assert judged([row("test_x")], PASSED).passing == ("test_x",)

    assert judged([row("test_x.C.test_a", sometimes=True)], PASSED).good
    assert judged([row("test_x.C.test_a", cells="debian*")], PASSED).good
    assert judged([row("test_xy.C.test_a")], PASSED).good
    skips = outcome("test_x", "passed", skipped=("test.test_x.C.test_a",))
    assert judged([row("test_x.C.test_a")], skips).good
    assert judged([row("test_x")], outcome("test_x", "skipped")).good


def test_the_tables_are_whole() -> None:
    """Each row has its reason as a sentence and an end within two years; no test stands twice."""
    rows = known.load()

    assert rows
    assert [k.test for k in rows if not k.reason.endswith(".")] == []
    assert [k.test for k in rows if k.until > date(2028, 11, 23)] == []
    keys = [(k.test, k.cells) for k in rows]
    assert len(keys) == len(set(keys))
    assert 40 <= len(known.sample()) <= 60


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        f"[{GOOD_ROW.replace('why.', '')}]",
        f"[{GOOD_ROW.replace('2027-01-01', 'soon')}]",
        f"[{GOOD_ROW.replace('2027-01-01', '2027-02-30')}]",
        f"[{GOOD_ROW.replace('https://x', 'somewhere')}]",
        f"[{GOOD_ROW.replace('musl', 'nobody')}]",
        f"[{GOOD_ROW.replace('whose', 'who')}]",
    ],
)
def test_a_malformed_row_is_refused(text: str, tmp_path: Path) -> None:
    """Without a reason, a link, an end that is a day, or with what no row has."""
    file = tmp_path / "expected.yaml"
    file.write_text(f"[{GOOD_ROW}]")
    assert len(known.load(file)) == 1
    file.write_text(text)
    with pytest.raises(FileError, match=r"expected\.yaml"):
        known.load(file)
