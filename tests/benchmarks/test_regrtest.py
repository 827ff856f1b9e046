"""benchmarks/regrtest.py on a Python of this machine in the place of a finished tree."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

TEXT = """
FAIL: test_a (test.test_x.C.test_a) (locale='fr_FR')
ERROR: setUpClass (test.test_x.D)
test_b (test.test_x.C.test_b) ... ok
"""
JUNIT = """<testsuites><testsuite>
<testcase name="test.test_x.C.test_a"><failure>no</failure></testcase>
<testcase name="test.test_x.C.test_b" />
<testcase name="test.test_x.C.test_c"><skipped /></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def regrtest() -> Any:  # noqa: ANN401 - a module that mypy does not see
    return importlib.import_module("regrtest")


def row(regrtest: Any, name: str, outcome: str, *bad: str) -> Any:  # noqa: ANN401
    return regrtest.Outcome(name, outcome, 1.0, 3, 1, bad, "")


def test_failures_come_out_of_both_reports(regrtest: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """JUnit counts methods; subtests and set-ups that failed are in the text alone."""
    report = tmp_path / "junit.xml"
    report.write_text(JUNIT)

    assert regrtest.counted(report) == (3, 1, ("test.test_x.C.test_a",))
    assert regrtest.counted(tmp_path / "none.xml") == (0, 0, ())
    assert regrtest.BAD.findall(TEXT) == ["test.test_x.C.test_a", "test.test_x.D"]


def test_only_what_is_not_explained_counts(regrtest: Any) -> None:  # noqa: ANN401
    """Explained failures count apart; unexplained ones and explanations too many are told."""
    known = [
        regrtest.Known("test_x.C.test_*", "why", "link", "musl"),
        regrtest.Known("test_y.*", "why", "link", "musl"),
        regrtest.Known("test_z", "why", "link", "musl"),  # was not run: no word about it
    ]
    failed = row(regrtest, "test_x", "failed", "test.test_x.C.test_a")
    results = {"test_x": failed, "test_y": row(regrtest, "test_y", "failed", "test.test_y.C.m")}
    assert regrtest.judged(results, known)[1] == 0

    results = {"test_x": failed, "test_y": row(regrtest, "test_y", "passed")}
    text, status = regrtest.judged(results, known)
    assert status == 1
    assert "explained, but it passes now: test_y.*" in text
    results = {"test_q": row(regrtest, "test_q", "died")}
    text, status = regrtest.judged(results, known)
    assert status == 1
    assert "not explained: test_q" in text
    assert "1 died" in text


def test_a_second_run_goes_on(regrtest: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """What was run is not run again, or only what failed; another tree begins anew."""
    file, tree = tmp_path / "r.json", tmp_path / "build-1" / "python"
    both = {
        "test_x": row(regrtest, "test_x", "failed", "test.test_x.C.test_a"),
        "test_y": row(regrtest, "test_y", "passed"),
    }
    regrtest.write(file, tree, "here", both)

    assert regrtest.resumed(file, tree, again=False) == both
    assert set(regrtest.resumed(file, tree, again=True)) == {"test_y"}
    assert regrtest.resumed(file, tmp_path / "build-2" / "python", again=False) == {}


def test_the_cached_step_that_built_a_tree_is_found(
    regrtest: Any,  # noqa: ANN401
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the published build to its step to the step of its CPython."""
    monkeypatch.setattr(regrtest, "cache_root", lambda: tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / regrtest.MARK).write_text(json.dumps({"key": "k1"}))
    (tmp_path / "steps" / "k1").mkdir(parents=True)
    entry = {"covered": {"needs": {"cpython": "k2"}}}
    (tmp_path / "steps" / "k1" / "entry.json").write_text(json.dumps(entry))

    assert "k2" in regrtest.built_by(tmp_path / "build" / "python").parts
    assert not regrtest.built_by(tmp_path / "other" / "python").exists()


def test_the_explained_failures_are_complete(regrtest: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """Each has a reason, whose it is and a link; a row without is refused by its place."""
    for known in regrtest.load_expected(regrtest.EXPECTED):
        assert known.reason.endswith(".")
        assert known.whose in {"musl", "sandbox", "upstream", "ours"}
        assert known.upstream.startswith("https://") or known.whose == "ours"
    bad = tmp_path / "expected.yaml"
    bad.write_text("expected: [{test: test_x, reason: '', upstream: '', whose: musl}]")
    with pytest.raises(SystemExit, match=r"expected\.0: give"):
        regrtest.load_expected(bad)
