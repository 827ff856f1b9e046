"""From journals, whole and broken, to a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.report import sample

from everylinux import report
from everylinux.errors import UsageError
from everylinux.model import Outcome
from everylinux.report.reading import EVIDENCE_BYTES


def test_a_journal_becomes_a_report(tmp_path: Path) -> None:
    """Every line of the journal is in the report."""
    found = report.load(sample.write(tmp_path, sample.Sample().rows()))

    assert len(found.claims) == 130
    assert sum(cell.has_run for cell in found.linuxes) == 27
    assert len(found.verdicts) == 30 + 27 * 100
    assert len(found.measures) == 27 * 8
    assert found.run.engine == "bubblewrap"
    assert found.distribution.components[0] == ("musl", "1.2.5")
    assert found.damaged == 0


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    """After kill -9 everything that was judged is there, and the rest is known to be missing."""
    rows = [
        *sample.head(), sample.cell(claims_expected=2), sample.claim(), sample.verdict("passed"),
    ]  # fmt: skip
    found = report.load(sample.write(tmp_path, rows, tail='{"kind":"verdict","claim":"IM'))

    assert [verdict.outcome for verdict in found.verdicts] == [Outcome.PASSED]
    assert found.damaged == 0
    assert report.summarize(found).missing == 1
    assert report.summarize(found).interrupted


@pytest.mark.parametrize(
    "line",
    [
        "{broken",
        "[]",
        "null",
        '{"kind": "other"}',
        '{"kind": "verdict", "claim": "IMP-001"}',
        json.dumps(sample.verdict("perfect")),
        json.dumps(sample.verdict("passed", where="nowhere")),
        json.dumps(sample.verdict("passed", name="XXX-001")),
        json.dumps(sample.verdict("passed", evidence=["no mapping"])),
        '{"kind": "measure", "cell": "nowhere", "name": "n", "unit": "s", "values": []}',
        '{"kind": "run", "id": 3, "started": "x"}',
        "[" * 100_000,
    ],
)
def test_a_damaged_line_makes_the_report_incomplete(tmp_path: Path, line: str) -> None:
    """A line in the middle that cannot be read is counted, and then nobody can say it passed."""
    rows = sample.small(sample.verdict("passed"))
    run = sample.write(tmp_path, rows[:-1], tail=line + "\n" + json.dumps(rows[-1]) + "\n")
    found = report.load(run)

    assert found.damaged == 1
    assert len(found.verdicts) == 1
    assert report.exit_code(found, strict=False) == (3, "1 line of the journal cannot be read")


def test_a_journal_is_needed(tmp_path: Path) -> None:
    """No journal, an empty one or one of something else is one clear line."""
    with pytest.raises(UsageError, match="no readable journal"):
        report.load(tmp_path)
    for text in ("", "no journal\n", '{"kind": "end", "finished": "x"}\n', "\x00\xff\n"):
        (tmp_path / "journal.jsonl").write_text(text, encoding="latin-1")
        with pytest.raises(UsageError, match="is no journal of a run"):
            report.load(tmp_path)


def test_huge_evidence_is_cut(tmp_path: Path) -> None:
    """Evidence of more than its bound is cut and says so; the verdict stays."""
    big = sample.verdict("failed", evidence={"out": "x" * (EVIDENCE_BYTES + 1)})
    found = report.load(sample.write(tmp_path, sample.small(big)))
    [verdict] = found.verdicts

    assert verdict.outcome is Outcome.FAILED
    assert "bytes of evidence" in verdict.evidence["cut"]
    assert len(json.dumps(verdict.evidence)) < 10_000


def test_a_line_without_end_is_bounded(tmp_path: Path) -> None:
    """A line of more than 16 MiB counts as one damaged line, and the next one is read."""
    rows = sample.small(sample.verdict("passed"))
    tail = "x" * (33 << 20) + "\n" + json.dumps(rows[-1]) + "\n"
    found = report.load(sample.write(tmp_path, rows[:-1], tail=tail))

    assert found.damaged == 1
    assert found.run.finished


@pytest.mark.parametrize("order", [("failed", "passed"), ("passed", "failed")])
def test_judged_twice_the_graver_outcome_counts(tmp_path: Path, order: tuple[str, str]) -> None:
    """A second verdict cannot hide a failure."""
    rows = sample.small(*(sample.verdict(outcome) for outcome in order))
    [verdict] = report.load(sample.write(tmp_path, rows)).verdicts

    assert verdict.outcome is Outcome.FAILED


def test_cells_stand_in_natural_order(tmp_path: Path) -> None:
    """The artefact is first, 3.10 comes after 3.6, and a 32-bit userland after the 64-bit one."""
    about = {"name": "Alpine", "claims_expected": 0}
    cells = [
        sample.cell("alpine310-x86_64-3.13", **about, release="3.10"),
        sample.cell("alpine36-x86-3.13", **about, release="3.6", arch="x86"),
        sample.cell("alpine36-x86_64-3.13", **about, release="3.6"),
        sample.artefact(),
    ]
    found = report.load(sample.write(tmp_path, [*sample.head(), *cells]))

    assert [cell.id.removesuffix("-3.13") for cell in found.cells] == [
        "artefact", "alpine36-x86_64", "alpine36-x86", "alpine310-x86_64",
    ]  # fmt: skip
