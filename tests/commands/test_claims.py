"""`everylinux claims`: what it reads of sources, and that docs/claims.md is what it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from everylinux.commands import claims
from everylinux.model import Claim

PROJECT = Path(__file__).resolve().parents[2]
REQUIRED_OF_MUSEUM = 60
"""Claims that are drawn from the museum by number, at least: issue 4, section 6."""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "everylinux", "claims", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def checkout(folder: Path, source: str) -> Path:
    """What project_root takes for a checkout, with one claim."""
    for name in ("build/recipes", "src/everylinux", "docs", "suites/pets"):
        (folder / name).mkdir(parents=True)
    (folder / "suites/pets/test_cats.py").write_text(
        "from everylinux.checks import check\n"
        f'@check("PET-001", source="{source}", remedy="Feed | them.", profiles=("standalone",))\n'
        "def test_cats() -> None:\n"
        '    """Cats\n    purr."""\n'
    )
    return folder


@pytest.mark.parametrize(
    ("source", "rows"),
    [
        ("bug museum 43 to 45 (the musl floor); table: exports of musl 1.0.5", (43, 44, 45)),
        ("spec: Dependency Specifications (Tcl); museum 23, 24, 25", (23, 24, 25)),
        ("bug museum 6 and 57", (6, 57)),
        ("bug museum 48, 49 and 63; PEP 656", (48, 49, 63)),
        ("museum 69 (cpython#87808)", (69,)),
        ("museum 36, see there; museum 70", (36, 70)),
        ("PEP 615; museum: zoneinfo without tzdata", ()),
        ("museums 12", ()),
    ],
)
def test_rows_of_the_museum(source: str, rows: tuple[int, ...]) -> None:
    """Numbers are read with lists and ranges, and nothing but numbers behind the word."""
    assert claims.museum(source) == rows


def test_page_tells_each_claim(tmp_path: Path) -> None:
    """Id, sentence, source, remedy and profiles stand in one row; what is marked up is escaped."""
    folder = checkout(tmp_path, "museum 4")
    done = run(folder)
    text = (folder / "docs/claims.md").read_text()
    assert done.stdout == "docs/claims.md: 1 claims, 1 of them from the museum\n"
    assert "| PET-001 | Cats purr. | museum 4 | Feed \\| them. | standalone |" in text
    assert "| [pets](#pets) | PET | 1 | 1 | 1 | 0 | 0 |" in text


def test_check_tells_a_page_that_is_old(tmp_path: Path) -> None:
    """--check changes nothing and fails in one line until the page is written anew."""
    folder = checkout(tmp_path, "museum 4")
    before = run(folder, "--check")
    assert (before.returncode, before.stderr.count("\n")) == (2, 1)
    assert "docs/claims.md is not current: run `everylinux claims`" in before.stderr
    assert not (folder / "docs/claims.md").exists()
    run(folder)
    assert run(folder, "--check").returncode == 0


def test_our_page_is_current() -> None:
    """docs/claims.md is what the suites say, and enough of it is drawn from the museum."""
    done = run(PROJECT, "--check")
    assert done.returncode == 0, done.stderr
    found = tuple(claims.load(PROJECT))
    assert len(claims.drawn(found)) >= REQUIRED_OF_MUSEUM


def test_only_claims_of_the_suites_are_counted() -> None:
    """A claim that a test declared by itself is no claim of the project."""
    areas = {path.name for path in (PROJECT / "suites").iterdir() if path.is_dir()}
    found: list[Claim] = list(claims.load(PROJECT))
    assert {claim.area for claim in found} <= areas
    assert found == sorted(found)
