"""Headline and exit code, by the policy of everylinux.report.summary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.report import sample

from everylinux import report
from everylinux.report.model import Report
from everylinux.report.summary import caveats, headline, summarize

GOOD, BEST, LOST = "debian12-x86_64-3.13", "alpine26-x86_64-3.13", "centos6-x86_64-3.13"


def best(**about: Any) -> dict[str, Any]:  # noqa: ANN401
    return sample.cell(BEST, support="best-effort", **about)


def lost(support: str = "required") -> dict[str, Any]:
    return sample.cell(LOST, state="not-run", reason="none", support=support, claims_expected=0)


def made(folder: Path, rows: sample.Rows) -> Report:
    return report.load(sample.write(folder, rows))


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        (["passed"], 0),
        (["passed", "waived", "skipped"], 0),
        (["waived"], 0),
        (["passed", "failed"], 1),
        (["passed", "unknown"], 3),
        (["failed", "unknown"], 1),
        (["skipped"], 3),
        ([], 3),
    ],
)
def test_required_cells_decide(tmp_path: Path, outcomes: list[str], code: int) -> None:
    """Failed is 1, unknown or nothing judged is 3, waived and skipped verdicts do not count."""
    verdicts = [sample.verdict(o, f"IMP-{n:03}") for n, o in enumerate(outcomes)]
    cells = [sample.cell(claims_expected=len(outcomes))]

    assert report.exit_code(made(tmp_path, sample.small(*verdicts, cells=cells)))[0] == code


@pytest.mark.parametrize("outcome", ["failed", "unknown"])
def test_best_effort_cells_are_shown_but_do_not_gate(tmp_path: Path, outcome: str) -> None:
    """Beside required cells a best-effort one is counted, with and without --strict."""
    rows = sample.small(
        sample.verdict(), sample.verdict(outcome, where=BEST), cells=[sample.cell(), best()]
    )
    found = made(tmp_path, rows)

    assert report.exit_code(found)[0] == report.exit_code(found, strict=True)[0] == 0
    assert headline(summarize(found)) == "Runs on 1 of 1 required cells"
    if outcome == "failed":
        assert caveats(summarize(found)) == ["1 claim failed in cells that are not required"]


@pytest.mark.parametrize(("outcome", "code"), [("passed", 0), ("failed", 1), ("unknown", 3)])
def test_alone_best_effort_cells_gate(tmp_path: Path, outcome: str, code: int) -> None:
    """Who asks for nothing but best-effort cells is told how they do."""
    found = made(tmp_path, sample.small(sample.verdict(outcome, where=BEST), cells=[best()]))

    assert report.exit_code(found)[0] == code


@pytest.mark.parametrize(("outcome", "code"), [("passed", 0), ("failed", 1), ("unknown", 3)])
def test_the_artefact_gates(tmp_path: Path, outcome: str, code: int) -> None:
    """What is wrong with the distribution's own files is wrong everywhere."""
    rows = sample.small(
        sample.verdict(),
        sample.verdict(outcome, where="artefact"),
        cells=[sample.artefact(1), sample.cell()],
    )

    assert report.exit_code(made(tmp_path, rows))[0] == code


def test_a_required_cell_that_could_not_run(tmp_path: Path) -> None:
    """It is never a pass: it is counted and told, and with --strict it is a 3."""
    found = made(tmp_path, sample.small(sample.verdict(), cells=[sample.cell(), lost()]))

    assert report.exit_code(found) == (0, "every required cell that could run passes")
    assert report.exit_code(found, strict=True) == (3, "1 required cell could not run")
    assert headline(summarize(found)) == "Runs on 1 of 1 required cells"
    assert caveats(summarize(found)) == ["1 cell could not run here, 1 of them required"]


def test_strict_does_not_ask_for_best_effort_cells(tmp_path: Path) -> None:
    """Only required cells must have run."""
    cells = [sample.cell(), lost("best-effort")]
    found = made(tmp_path, sample.small(sample.verdict(), cells=cells))

    assert report.exit_code(found, strict=True)[0] == 0


def test_nothing_could_run(tmp_path: Path) -> None:
    """With no cell, a perfect artefact is not enough."""
    rows = sample.small(
        sample.verdict(where="artefact"), cells=[sample.artefact(1), lost(), lost()]
    )

    assert report.exit_code(made(tmp_path, rows)) == (3, "no cell could run")


def test_only_the_artefact_was_asked_for(tmp_path: Path) -> None:
    """`pytest suites/elf` judges no cell: the cells that stood ready are no failure."""
    rows = sample.small(
        sample.verdict(where="artefact"),
        cells=[sample.artefact(1), sample.cell(claims_expected=0)],
    )
    found = made(tmp_path, rows)

    assert report.exit_code(found)[0] == 0
    assert headline(summarize(found)) == "The distribution itself was judged, no cell was"


def test_missing_verdicts_are_no_pass(tmp_path: Path) -> None:
    """Fewer verdicts than cells x claims: the report says how many, and the status is 3."""
    rows = sample.small(sample.verdict(), cells=[sample.cell(claims_expected=3)])
    found = made(tmp_path, rows)

    assert report.exit_code(found) == (3, "2 verdicts missing")
    assert not summarize(found).complete
    assert "2 of 3 verdicts are missing" in caveats(summarize(found))
    assert headline(summarize(found)) == "Runs on 0 of 1 required cells, unknown on 1"


def test_the_headline_counts_failures(tmp_path: Path) -> None:
    """The sample fails in three required cells and is unknown in one."""
    found = made(tmp_path, sample.Sample().rows())

    assert headline(summarize(found)) == "Fails on 3 of 24 required cells, unknown on 1"
    assert report.exit_code(found) == (1, "3 claims failed in 3 cells")
