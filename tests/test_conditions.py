"""Which claims are not judged where: the rows mean what they say, and name what there is."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import filter as matching
from pathlib import Path

import pytest

from everylinux.conditions import FILE, Condition, load, why_not
from everylinux.engines.registry import ENGINES
from everylinux.errors import FileError
from everylinux.model import Arch, Cell, Image
from everylinux.postures import POSTURES

SUITES = Path(__file__).parents[1] / "suites"
IMAGE = Image("some", Arch("x86_64"), "Some", "1")
OLD = "2.6.32-504.el6.x86_64"


def cell(kernel: str = "native", posture: str = "default") -> Cell:
    return Cell(IMAGE, "3.13", "bubblewrap", kernel, posture)


@pytest.mark.parametrize(
    ("word", "holds"),
    [
        ("floor", {"2.6.32", "3.17", "4.4+eperm"}),
        ("real", {OLD}),
        ("below 3.17", {"2.6.32", OLD}),
        ("*+eperm", {"4.4+eperm"}),
        ("2.6.32*", {"2.6.32", OLD}),
    ],
)
def test_kernels(word: str, holds: set[str]) -> None:
    """Each word for each kind of kernel; never for the machine's own."""
    row = Condition(("A-*",), "why", kernels=(word,))
    kernels = {"native", "2.6.32", "3.17", "4.4+eperm", OLD}
    assert {kernel for kernel in kernels if row.holds(cell(kernel))} == holds


def test_the_reason_names_the_cause() -> None:
    """Kernel, posture or engine, whichever the row is about."""
    rows = (
        Condition(("STA-*",), "too slow", kernels=("floor",)),
        Condition(("LCH-003",), "no /proc/self/fd", postures=("no-proc",)),
        Condition(("TRM-038",), "no SIGWINCH", engines=("gvisor",)),
    )
    assert why_not("TRM-038", replace(cell(), engine="gvisor"), rows) == "gvisor: no SIGWINCH"
    assert why_not("TRM-038", cell(), rows) == ""
    both = cell("3.10", "no-proc")
    assert why_not("STA-001", both, rows) == "3.10: too slow"
    assert why_not("LCH-003", both, rows) == "no-proc: no /proc/self/fd"
    assert why_not("LCH-003", cell("3.10"), rows) == ""
    assert why_not("LCH-004", both, rows) == ""


def test_a_project_without_the_file_has_none(tmp_path: Path) -> None:
    """A user's own suites need no table."""
    assert load(tmp_path / FILE) == ()


@pytest.mark.parametrize(
    "text", ["- {claims: [A]}", "- {why: x, clams: [A]}", "- text", "- {why: x, claims: [A"]
)
def test_a_malformed_row_is_told(tmp_path: Path, text: str) -> None:
    """By its file, never left out."""
    path = tmp_path / FILE
    path.write_text(text + "\n")
    with pytest.raises(FileError, match=FILE):
        load(path)


def test_the_table_names_claims_and_postures_that_there_are() -> None:
    """A pattern of nothing would skip nothing and look as if it did."""
    ids = set(
        re.findall(r'"([A-Z]{3}-\d{3})"', "".join(p.read_text() for p in SUITES.rglob("*.py")))
    )
    rows = load(SUITES / FILE)
    patterns = [pattern for row in rows for pattern in row.claims]
    postures = [pattern for row in rows for pattern in row.postures]

    assert [pattern for pattern in patterns if not matching(ids, pattern)] == []
    assert [pattern for pattern in postures if not matching(POSTURES, pattern)] == []
    assert {name for row in rows for name in row.engines} <= set(ENGINES)
    assert [row for row in rows if not (row.kernels or row.postures or row.engines)] == []
    assert all(row.holds(cell()) is False for row in rows)
