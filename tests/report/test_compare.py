"""A comparison says what sets distributions apart, from their reports alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from everylinux.commands.compare import compare as command
from everylinux.errors import UsageError
from everylinux.model import Outcome
from everylinux.report import compare
from everylinux.report.compare_formats import to_html, to_json, to_markdown

HOSTILE = "<script>alert(1)</script>|`\u202e"


def document(outcomes: dict[str, str], **about: Any) -> dict[str, Any]:  # noqa: ANN401 - fields
    """A report of one cell and of the artefact with a claim for each outcome."""
    claims = [
        {"id": name, "area": "area", "says": f"says {name}", "source": "s", "remedy": "r",
         "profiles": ["standalone"]}
        for name in outcomes
    ]  # fmt: skip
    subject = {
        "name": "x", "python": "3.13", "arch": "x86_64", "profile": "relocatable", "digest": "d",
        "because": "it looks so", "size_bytes": 3 << 20, "root": "/", "libc": "", "components": [],
    }  # fmt: skip
    cells = [
        {"id": "artefact", "name": "", "release": "", "arch": "x86_64", "state": "run"},
        {
            "id": "a-x86_64-3.13",
            "name": "Alpine",
            "release": "3.20",
            "arch": "x86_64",
            "state": "run",
        },
    ]
    return {
        "schema": 1,
        "distribution": {**subject, **about},
        "cells": cells,
        "claims": claims,
        "verdicts": [verdict(name, outcome) for name, outcome in outcomes.items()],
        "measures": [measure("startup.warm", [0.03, 0.02]), measure("startup.modules20", [0.001])],
        "summary": {"complete": True},
    }


def verdict(claim: str, outcome: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - evidence
    cell = "a-x86_64-3.13"
    return {"claim": claim, "cell": cell, "outcome": outcome, "reason": HOSTILE, "evidence": more}


def measure(name: str, values: list[float]) -> dict[str, Any]:
    return {"cell": "a-x86_64-3.13", "name": name, "unit": "seconds", "values": values}


def written(path: Path, found: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found))
    return path


@pytest.fixture
def found(tmp_path: Path) -> compare.Comparison:
    """Two sides that agree on one claim, differ on one, and leave one untold."""
    one = {"ARE-001": "passed", "ARE-002": "failed", "ARE-003": "passed", "ARE-004": "unknown"}
    two = {"ARE-001": "failed", "ARE-002": "failed", "ARE-003": "skipped", "ARE-005": "passed"}
    paths = [
        ("one", written(tmp_path / "1/report.json", document(one))),
        (HOSTILE, written(tmp_path / "2/report.json", document(two))),
    ]
    return compare.compare(paths)


def test_claims_are_sorted_by_what_they_tell(found: compare.Comparison) -> None:
    """Apart, together, untold; what one side only skipped sets nobody apart."""
    assert [c.id for c in found.apart] == ["ARE-001"]
    assert [c.id for c in found.together] == ["ARE-002"]
    assert [c.id for c in found.unsure] == ["ARE-004"]
    assert found.outcomes("ARE-005") == (None, Outcome.PASSED)


def test_the_smallest_value_is_shown(found: compare.Comparison) -> None:
    """Noise only adds."""
    assert found.sides[0].figures["startup.warm"] == pytest.approx(0.02)


def test_a_cell_where_it_does_not_start_is_told_once(tmp_path: Path) -> None:
    """Nothing else is held against it there, and no figure of a failed run is shown."""
    report = document({"ARE-001": "failed", "STA-007": "failed"})
    cases = {name: ["127"] for name in ("version", "isolated", "warm", "modules20")}
    report["verdicts"][1] = verdict("STA-007", "failed", statuses=cases)
    path = written(tmp_path / "report.json", report)
    side = compare.compare([("a", path), ("b", path)]).sides[0]
    assert side.dead == ("Alpine 3.20",)
    assert set(side.judgements) == {"STA-007"}
    assert side.figures == {}


def test_a_userland_of_another_architecture_is_named_so(tmp_path: Path) -> None:
    """Two userlands of one Linux are told apart."""
    report = document({"ARE-001": "passed"}, arch="x86")
    report["cells"].append({**report["cells"][1], "id": "a-x86-3.13", "arch": "x86"})
    path = written(tmp_path / "report.json", report)
    side = compare.compare([("a", path), ("b", path)]).sides[0]
    assert side.cells == ("Alpine 3.20", "Alpine 3.20 x86_64")


def test_floors_come_from_the_claims_evidence(tmp_path: Path) -> None:
    """The file and the symbols that need the release are shown."""
    floor = {"file": "lib/x.so", "release": "1.2.5", "symbols": ["preadv2"]}
    report = document({"SYM-001": "failed"})
    report["verdicts"] = [verdict("SYM-001", "failed", floor=floor)]
    path = written(tmp_path / "report.json", report)
    text = to_markdown(compare.compare([("a", path), ("b", path)]))
    assert "1.2.5 (x.so: preadv2)" in text


def test_every_format_shows_hostile_text_as_text(found: compare.Comparison) -> None:
    """No element, no cell of a table and no invisible character comes from a report."""
    page, text = to_html(found), to_markdown(found)
    assert "<script" not in page + text
    assert "\u202e" not in page + text
    assert all(line.count("|") - line.count("\\|") <= 4 for line in text.splitlines())
    assert json.loads(to_json(found))["apart"] == ["ARE-001"]


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    """One line says so."""
    for text in ("{", "[]", '{"schema": 99}'):
        (tmp_path / "report.json").write_text(text)
        with pytest.raises(UsageError):
            compare.read(tmp_path / "report.json")


def test_the_command_writes_three_files(tmp_path: Path) -> None:
    """Labels may be given; folders of runs and reports are taken alike."""
    for name in ("1", "2"):
        written(tmp_path / name / "report.json", document({"ARE-001": "passed"}))
    out = tmp_path / "out"
    words = [f"Mine={tmp_path}/1", f"{tmp_path}/2/report.json", "--out", str(out)]
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in out.iterdir()) == ["compare.html", "compare.json", "compare.md"]
    assert "Mine" in (out / "compare.md").read_text()


def test_one_is_nothing_to_compare(tmp_path: Path) -> None:
    """Nor is the same label twice."""
    path = str(written(tmp_path / "report.json", document({})))
    for words in ([path], [path, path]):
        assert isinstance(CliRunner().invoke(command, words).exception, UsageError)
