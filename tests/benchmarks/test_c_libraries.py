"""benchmarks/musl_fast.py: its table, its copies of a tree, and a subject that does not run."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest


@pytest.mark.usefixtures("benchmarks")
def test_a_tree_for_each_library(tmp_path: Path) -> None:
    """Each copy has its own libc.so; the tree keeps its own."""
    musl_fast = importlib.import_module("musl_fast")

    place = tmp_path / "tree" / "shared_libraries" / "lib" / "libc.so"
    place.parent.mkdir(parents=True)
    place.write_text("its own")
    (tmp_path / "new.so").write_text("new")

    found = musl_fast.trees(tmp_path / "tree", {"new": str(tmp_path / "new.so")}, tmp_path / "out")

    assert found == {"new": [str(tmp_path / "out" / "new" / "bin" / "python3")]}
    assert (tmp_path / "out/new/shared_libraries/lib/libc.so").read_text() == "new"
    assert place.read_text() == "its own"


@pytest.mark.usefixtures("benchmarks")
def test_ratios_are_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that takes twice as long has 2.00; the mean is geometric."""
    musl_fast = importlib.import_module("musl_fast")

    monkeypatch.setattr(musl_fast, "starts", lambda *_: {"pass": {"a": 0.02, "b": 0.01}})
    monkeypatch.setattr(musl_fast, "memory", lambda _: iter([("resident", {"a": "9", "b": "7"})]))
    times = {"one": {"a": 2.0, "b": 1.0}, "two": {"a": 8.0, "b": 1.0}}
    monkeypatch.setattr(musl_fast, "programs", lambda *_: times)

    lines = list(musl_fast.tables({"a": [], "b": []}, 1))

    assert lines[2:] == [
        "| pass | 20.0 ms (2.00) | 10.0 ms (1.00) |",
        "| resident | 9 | 7 |",
        "| one | 2.00 | 1.00 |",
        "| two | 8.00 | 1.00 |",
        "| geometric mean | 4.00 | 1.00 |",
    ]


@pytest.mark.usefixtures("benchmarks")
def test_a_subject_that_does_not_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One line, with what it said last, and status 2."""
    musl_fast = importlib.import_module("musl_fast")

    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python3"
    python.write_text("#!/bin/sh\necho no room >&2; exit 3\n")
    python.chmod(0o755)

    assert musl_fast.main([str(tmp_path), "--rounds", "1"]) == 2
    assert capsys.readouterr().err.endswith(": 3: no room\n")


@pytest.mark.usefixtures("benchmarks")
def test_the_programs_run() -> None:
    """All twenty, in this Python."""
    musl_fast = importlib.import_module("musl_fast")

    found = musl_fast.programs({"this": [sys.executable]}, 1)

    assert len(found) == 20
    assert all(seconds["this"] > 0 for seconds in found.values())
