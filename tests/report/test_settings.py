"""Cells under another kernel or in a posture, as reports show them."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from everylinux.report import load, show
from everylinux.report.model import CellRow

CELL = CellRow("alpine320-x86_64-3.13", name="Alpine", release="3.20")
RUN: list[dict[str, object]] = [
    {"kind": "run", "id": "1", "started": "2026-11-23T00:00:00+00:00"},
    {"kind": "distribution", "name": "python", "python": "3.13", "arch": "x86_64"},
]
CLAIM: dict[str, object] = {
    "kind": "claim",
    "area": "tls",
    "says": "It holds.",
    "source": "",
    "remedy": "",
    "id": "TLS-001",
}


@pytest.mark.parametrize(
    ("kernel", "posture", "title"),
    [
        ("native", "default", "Alpine 3.20"),
        ("2.6.32", "default", "Alpine 3.20 @2.6.32"),
        ("native", "no-proc", "Alpine 3.20 +no-proc"),
        ("4.4+eperm", "mdwe", "Alpine 3.20 @4.4+eperm +mdwe"),
    ],
)
def test_titles(kernel: str, posture: str, title: str) -> None:
    """What is usual is not said."""
    assert replace(CELL, judged_kernel=kernel, posture=posture).title == title


def journal(folder: Path, *cells: dict[str, str]) -> Path:
    rows: list[dict[str, object]] = [*RUN, CLAIM]
    for cell in cells:
        rows.append({"kind": "cell", "state": "run", "name": "Alpine", "release": "3.20", **cell})
        rows.append({"kind": "verdict", "claim": "TLS-001", "cell": cell["id"],
                     "outcome": "passed", "seconds": 0.1})  # fmt: skip
    (folder / "journal.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_an_older_journal_knows_one_kernel(tmp_path: Path) -> None:
    """Before there was a choice all was native."""
    (cell,) = load(journal(tmp_path, {"id": "a-x86_64-3.13"})).cells
    assert (cell.judged_kernel, cell.posture, cell.title) == ("native", "default", "Alpine 3.20")


def test_the_table_tells_settings_apart(tmp_path: Path) -> None:
    """Where the name must be cut, the setting stays."""
    settings = ({"judged_kernel": "2.6.32"}, {"posture": "readonly-noexec"})
    cells = [{"id": f"a-{number}", **about} for number, about in enumerate(settings)]
    report = load(journal(tmp_path, *cells))
    out = io.StringIO()
    show(report, tmp_path, out)
    assert "@2.6.32" in out.getvalue()
    assert "+readonly-noexec" in out.getvalue()
