"""The table pairs a floor with the real kernel of its release, and hides no difference."""

from __future__ import annotations

import json
import re
from fnmatch import filter as matching
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from everylinux import matrix
from everylinux.calibration import explained, formats, pairing
from everylinux.calibration.explained import Explanation
from everylinux.calibration.pairing import Agreement, Calibration
from everylinux.commands.calibrate import calibrate as command
from everylinux.errors import FileError, UsageError

HOSTILE = "<script>alert(1)</script>|`\u202e"
SUITES = Path(__file__).parents[2] / "suites"
OLD = "2.6.32-504.el6.x86_64"
ROW = Explanation(("ARE-002",), ("2.6.32-*",), "known since", "https://example.org/why")


def report(path: Path, kernels: dict[str, dict[str, str]], **about: str) -> Path:
    """A report with a cell for each kernel, and its outcomes by claim."""
    ids = sorted({claim for outcomes in kernels.values() for claim in outcomes})
    document = {
        "schema": 1,
        "distribution": {"digest": "d", **about},
        "cells": [_cell(kernel) for kernel in kernels],
        "claims": [
            {"id": name, "area": "area", "says": f"says {name}{HOSTILE}", "source": "s",
             "remedy": "r", "profiles": []}
            for name in ids
        ],
        "verdicts": [
            {"claim": claim, "cell": f"box@{kernel}", "outcome": outcome, "reason": HOSTILE,
             "evidence": {"seen": HOSTILE}}
            for kernel, outcomes in kernels.items()
            for claim, outcome in outcomes.items()
        ],
        "measures": [],
        "summary": {},
    }  # fmt: skip
    path.write_text(json.dumps(document))
    return path


def _cell(kernel: str) -> dict[str, Any]:
    return {
        "id": f"box@{kernel}", "distro": "box", "arch": "x86_64", "digest": "r", "state": "run",
        "judged_kernel": kernel, "posture": "default",
    }  # fmt: skip


FLOOR = {"ARE-001": "passed", "ARE-002": "failed", "ARE-003": "skipped", "ARE-004": "passed",
         "ARE-005": "skipped", "ARE-006": "waived", "ARE-007": "passed"}  # fmt: skip
REAL = {"ARE-001": "passed", "ARE-002": "passed", "ARE-003": "passed", "ARE-004": "unknown",
        "ARE-005": "skipped", "ARE-006": "failed"}  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> Calibration:
    """One pair with every kind of agreement."""
    paths = [report(tmp_path / "f", {"2.6.32": FLOOR}), report(tmp_path / "r", {OLD: REAL})]
    return pairing.calibrate(paths, [ROW])


def test_each_claim_has_one_kind(found: Calibration) -> None:
    """Broken and waived are one; what one side did not judge is no agreement."""
    (pair,) = found.pairs
    kinds = {one.claim: one.agreement for one in pair.comparisons}
    assert kinds == {
        "ARE-001": Agreement.AGREE,
        "ARE-002": Agreement.DIFFER,
        "ARE-003": Agreement.REAL_ONLY,
        "ARE-004": Agreement.FLOOR_ONLY,
        "ARE-005": Agreement.NEITHER,
        "ARE-006": Agreement.AGREE,
        "ARE-007": Agreement.FLOOR_ONLY,
    }


def test_a_skip_has_its_reason_and_an_unknown_has_none(found: Calibration) -> None:
    """So is a claim that was not collected, and a difference that has a row is explained."""
    (pair,) = found.pairs
    assert [one.claim for one in pair.open] == ["ARE-004", "ARE-007"]
    assert found.open == 2


def test_a_difference_without_a_row_is_open(tmp_path: Path) -> None:
    """Nothing is explained by being the same elsewhere."""
    paths = [report(tmp_path / "f", {"2.6.32": FLOOR}), report(tmp_path / "r", {OLD: REAL})]
    (pair,) = pairing.calibrate(paths, []).pairs
    assert "ARE-002" in [one.claim for one in pair.open]


def test_unknown_under_both_is_open(tmp_path: Path) -> None:
    """Two that could not tell do not agree."""
    both = {"2.6.32": {"ARE-001": "unknown"}, OLD: {"ARE-001": "unknown"}}
    found = pairing.calibrate([report(tmp_path / "b", both)], [])
    assert [one.claim for one in found.pairs[0].open] == ["ARE-001"]
    assert "| ARE-001 | unknown | unknown | unexplained |" in formats.to_markdown(found)


@pytest.mark.parametrize(
    "floor", ["3.2", "2.6.33", "native", "2.6.32+eperm", "2.6.32-642.el6.i686"]
)
def test_only_a_floor_of_that_release_is_beside_it(tmp_path: Path, floor: str) -> None:
    """Not another release, another real one, this machine's, nor one that answers EPERM."""
    path = report(tmp_path / "b", {floor: FLOOR, OLD: REAL})
    with pytest.raises(UsageError, match="no report has a floor"):
        pairing.calibrate([path], [])


def test_another_tree_is_no_pair(tmp_path: Path) -> None:
    """What is compared is the kernel, so all else must be the same."""
    one = report(tmp_path / "f", {"2.6.32": FLOOR})
    two = report(tmp_path / "r", {OLD: REAL}, digest="another")
    with pytest.raises(UsageError, match="no report has a floor"):
        pairing.calibrate([one, two], [])


def test_a_kernel_without_a_floor_is_named(tmp_path: Path) -> None:
    """It is not left out in silence."""
    path = report(tmp_path / "b", {"2.6.32": FLOOR, OLD: REAL, "6.1-debian": REAL})
    found = pairing.calibrate([path], [])
    assert found.alone == ("box@6.1-debian",)
    assert "6.1-debian" in formats.to_markdown(found)


def test_later_reports_replace_verdicts(tmp_path: Path) -> None:
    """A rerun of some claims stands for them alone."""
    first = report(tmp_path / "1", {"2.6.32": FLOOR, OLD: REAL})
    second = report(tmp_path / "2", {OLD: {"ARE-004": "passed"}})
    (pair,) = pairing.calibrate([first, second], [ROW]).pairs
    assert [one.claim for one in pair.open] == ["ARE-007"]


def test_a_row_that_explains_nothing_any_more_is_named(tmp_path: Path) -> None:
    """So that mended emulation leaves no excuse behind."""
    path = report(tmp_path / "b", {"2.6.32": FLOOR, OLD: REAL | {"ARE-002": "failed"}})
    assert pairing.calibrate([path], [ROW]).idle == (ROW,)


def test_formats_show_hostile_text_as_text(found: Calibration) -> None:
    """No element, no cell of a table and no invisible character comes from a report."""
    page, text = formats.to_html(found), formats.to_markdown(found)
    assert "<script" not in page + text
    assert "\u202e" not in page + text
    assert "| ARE-002 | failed | passed | known since (https://example.org/why) |" in text
    assert "| ARE-004 | passed | unknown | unexplained |" in text
    pair = json.loads(formats.to_json(found))["pairs"][0]
    assert pair["counts"] == {
        "agree": 2, "differ": 1, "floor only": 2, "real only": 1, "neither": 1,
    }  # fmt: skip
    assert pair["open"] == ["ARE-004", "ARE-007"]


def test_the_command_ends_with_1_where_something_is_open(tmp_path: Path) -> None:
    """And with 0 where nothing is; three files either way."""
    out = tmp_path / "out"
    folder = tmp_path / "run"
    folder.mkdir()
    for outcome, status in (("failed", 1), ("passed", 0)):
        both = {"2.6.32": {"ARE-001": "passed"}, OLD: {"ARE-001": outcome}}
        report(folder / "report.json", both)
        done = CliRunner().invoke(command, [str(folder), "--out", str(out)])
        assert done.exit_code == status, done.output
        assert f"{status} unexplained" in done.output
    names = ["calibration.html", "calibration.json", "calibration.md"]
    assert sorted(path.name for path in out.iterdir()) == names


@pytest.mark.parametrize(
    "text",
    [
        "text",
        "- {claims: [A], kernels: [B], why: x}",
        "- {claims: A, kernels: [B], why: x, link: y}",
        "- {claims: [A], kernels: [B], why: x, link: ''}",
    ],
)
def test_a_malformed_row_is_told(tmp_path: Path, text: str) -> None:
    """By its file, never left out."""
    path = tmp_path / "explained.yaml"
    path.write_text(text + "\n")
    with pytest.raises(FileError, match=r"explained\.yaml"):
        explained.load(path)


def test_the_table_names_claims_and_kernels_that_there_are() -> None:
    """A pattern of nothing would explain nothing and look as if it did."""
    text = "".join(path.read_text() for path in SUITES.rglob("*.py"))
    ids = set(re.findall(r'"([A-Z]{3}-\d{3})"', text))
    kernels = matrix.load().kernels
    rows = explained.load()

    assert [word for row in rows for word in row.claims if not matching(ids, word)] == []
    assert [word for row in rows for word in row.kernels if not matching(kernels, word)] == []
