"""report/findings.py: a weakness that a claim tells of is in every report, whatever the verdict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.report import sample

from everylinux import report
from everylinux.checks import Evidence

TOLD = {"finding": {"weakness": "a <b>name</b> is predictable", "mitigation": "it is checked"}}


def written(folder: Path, outcome: str, evidence: Mapping[str, object]) -> dict[str, Path]:
    rows = sample.small(sample.verdict(outcome, evidence=evidence))
    return report.write(sample.write(folder, rows))


@pytest.mark.parametrize("outcome", ["passed", "failed"])
def test_told_in_every_format(tmp_path: Path, outcome: str) -> None:
    """Claim, weakness, mitigation and verdicts are in report.json, .md and .html, escaped."""
    paths = written(tmp_path, outcome, TOLD)

    (row,) = json.loads(paths["json"].read_text())["findings"]
    assert row == {"claim": "IMP-001", **TOLD["finding"], "outcomes": {outcome: 1}}
    assert f"mitigation: it is checked ({outcome} in 1)" in paths["md"].read_text()
    page = paths["html"].read_text()
    assert "a &lt;b&gt;name&lt;/b&gt; is predictable" in page
    assert '<section id="findings"' in page


@pytest.mark.parametrize("evidence", [{}, {"finding": "a text"}, {"finding": None}])
def test_none(tmp_path: Path, evidence: dict[str, object]) -> None:
    """Without one there is no section, and what is no finding is none."""
    paths = written(tmp_path, "passed", evidence)

    assert json.loads(paths["json"].read_text())["findings"] == []
    assert "Findings" not in paths["md"].read_text()
    assert '<section id="findings"' not in paths["html"].read_text()


def test_evidence_carries_it() -> None:
    """What a claim says is evidence under one name."""
    evidence = Evidence()

    evidence.finding("weak", "mended")

    assert dict(evidence) == {"finding": {"weakness": "weak", "mitigation": "mended"}}
