"""benchmarks/performance.py: subjects, turns, ratios, tables and plots, without a root."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def module(name: str) -> Any:  # noqa: ANN401 - a module that mypy does not see
    return importlib.import_module(name)


def document(**more: object) -> dict[str, Any]:
    """What performance.py writes, with two subjects and two benchmarks."""
    return {
        "machine": {"cpu": "C", "cores": 2, "kernel": "6", "load": 0.5},
        "when": "now",
        "options": {"rounds": 3, "suite": "daily", "fast": True},
        "subjects": {"ours": {"says": "it"}, "debian-3.13": {"says": "that"}},
        "starts": {
            "seconds": {"-c pass": {"ours": [0.009, 0.008, 0.1], "debian-3.13": [0.01] * 3}},
            "faults": {"-c pass": {"ours": [50, 50, 51], "debian-3.13": [100, 100, 100]}},
            "memory": {
                "-c pass": {
                    "ours": [{"VmHWM": 8 << 20, "Pss": 7 << 20}],
                    "debian-3.13": [{"VmHWM": 4 << 20, "Pss": 7 << 20}],
                }
            },
        },
        "pyperformance": {
            "seconds": {
                "nbody": {"ours": [[0.2, 0.2, 9.0]], "debian-3.13": [[0.1]]},
                "chaos": {"ours": [[0.2], [0.1], [0.1]], "debian-3.13": [[0.2]]},
                "only": {"ours": [[5.0]]},
            },
            "failed": {"only": {"debian-3.13": "RuntimeError: died"}},
        },
        **more,
    }


def test_ratios_are_of_medians_and_of_what_both_ran() -> None:
    """The geometric mean of 2.0 and 0.5 is 1; a benchmark of one subject alone is left out."""
    figures = module("figures")

    assert figures.means(document()) == {
        "ours": (pytest.approx(1.0), 2),
        "debian-3.13": (pytest.approx(1.0), 2),
    }
    text = figures.text(document())
    assert "| `-c pass` | 9 (0.90) | 10 |" in text
    assert "| `-c pass` | 8 (2.00) | 4 |" in text
    assert "| `only` | 5000 | - |" in text
    assert "1.000 (2)" in text
    assert "not measured: only with debian-3.13: RuntimeError: died" in text


def test_docs_are_renewed_between_the_markers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prose before and after stays; a second renewal changes nothing."""
    figures = module("figures")
    monkeypatch.setattr(figures, "draw", lambda _, docs: [docs / "performance-start.svg"])
    page = tmp_path / "performance.md"
    page.write_text("# P\n\nbefore\n\n<!-- figures -->\nold\n<!-- /figures -->\n\nafter\n")

    figures.publish(document(), tmp_path)
    first = page.read_text()
    figures.publish(document(), tmp_path)

    assert page.read_text() == first
    assert first.startswith("# P\n\nbefore\n\n<!-- figures -->")
    assert first.endswith("<!-- /figures -->\n\nafter\n")
    assert "old" not in first
    assert "![performance-start](performance-start.svg)" in first


def test_plots_are_the_same_bytes_twice(tmp_path: Path) -> None:
    """One SVG for each section, without a date."""
    pytest.importorskip("matplotlib", reason="the extra `bench` is not installed")
    figures = module("figures")
    one = figures.draw(document(), tmp_path / "1")
    other = figures.draw(document(), tmp_path / "2")

    assert [path.name for path in one] == [
        "performance-start.svg",
        "performance-minor-page-faults.svg",
        "performance-peak-of-resident-memory.svg",
        "performance-proportional-set.svg",
        "performance-pyperformance.svg",
    ]
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in other]


def test_a_release_goes_before_a_newer_quick_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours is the newest release of that Python on x86_64, and a quick one only without any."""
    subjects = module("subjects")
    monkeypatch.setattr(subjects, "builds_root", lambda: tmp_path)
    assert subjects.ours("3.13") == []
    for name, arch, profile in (
        ("a", "x86_64", "release"),
        ("b", "x86_64", "quick"),
        ("c", "x86", "release"),
    ):
        tree = tmp_path / name / "python"
        (tree / "bin").mkdir(parents=True)
        (tree / "bin" / "python3").touch()
        (tree / "bin" / "python3.13").touch()
        (tree / "manifest.json").write_text(json.dumps({"arch": arch, "profile": profile}))

    (found,) = subjects.ours("3.13")
    assert found.place.outside == tmp_path / "a" / "python"
    assert found.says == "ours: release, build a"
    assert subjects.ours("3.12") == []


def test_a_wrong_subject_says_what_is_wrong(tmp_path: Path) -> None:
    """No tree, and two of one name, are a line each."""
    subjects, measure = module("subjects"), module("measure")

    with pytest.raises(measure.CannotMeasureError, match="has no bin/python3"):
        subjects.given([f"mine={tmp_path}"])
    with pytest.raises(measure.CannotMeasureError, match="one name"):
        subjects.named([subjects.DEBIAN[0], subjects.DEBIAN[0]])


def test_what_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part that fails leaves the reason, and no figure."""
    performance, measure = module("performance"), module("measure")

    def none() -> Path:
        raise measure.CannotMeasureError("no mmdebstrap")

    monkeypatch.setattr(performance.root, "root", none)
    missing: list[str] = []
    chosen = argparse.Namespace(rounds=1, suite="daily")

    assert performance.measured(chosen, [], missing) == {"starts": {}, "pyperformance": {}}
    assert missing == ["no mmdebstrap"]


def test_starts_are_taken_in_turns(tmp_path: Path, benchmarks: Path) -> None:
    """The program of the root gives each subject as many starts, faults and memory readings."""
    performance = module("performance")
    order = {
        "subjects": {"one": sys.executable, "other": sys.executable},
        "cases": {"-c pass": ["-c", "pass"]},
        "memory": {"-c pass": performance.MEASURE},
        "rounds": 4,
        "memory_rounds": 2,
    }
    (tmp_path / "order.json").write_text(json.dumps(order))
    program = str(benchmarks / "inside" / "starts.py")
    line = [sys.executable, program, str(tmp_path / "order.json"), str(tmp_path / "r.json")]
    subprocess.run(line, check=True)
    result = json.loads((tmp_path / "r.json").read_text())

    for subject in ("one", "other"):
        assert len(result["seconds"]["-c pass"][subject]) == 4
        assert min(result["seconds"]["-c pass"][subject]) > 0
        assert min(result["faults"]["-c pass"][subject]) > 50
        readings = result["memory"]["-c pass"][subject]
        assert [set(reading) for reading in readings] == [{"VmHWM", "Pss"}] * 2
        assert 1 << 20 < readings[0]["VmHWM"] < 1 << 28

    order["cases"] = {"fails": ["-c", "raise SystemExit(3)"]}
    (tmp_path / "order.json").write_text(json.dumps(order))
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "wait status 768" in done.stderr


def test_the_root_is_closed_unless_a_network_is_needed(tmp_path: Path) -> None:
    """Measuring has no network and cannot write into the root; preparing has both."""
    root = module("root")
    closed = root.entered(tmp_path, [root.Place(tmp_path, Path("/subjects/x"))])
    open_ = root.entered(tmp_path, [], network=True)

    assert "--unshare-net" in closed
    assert "--unshare-net" not in open_
    assert closed[closed.index("/") - 2] == "--ro-bind"
    assert closed[closed.index("/subjects/x") - 2] == "--ro-bind"
    assert closed.index("/subjects") < closed.index("/subjects/x")


def test_bench_has_the_ratios_to_the_best_other() -> None:
    """Start and memory against the best of the others, the suite against Debian's."""
    pythons = module("pythons")
    full = document()
    for part in (full["starts"]["seconds"], full["starts"]["memory"]):
        part["-c pass"]["ours-3.13"] = part["-c pass"].pop("ours")
        part["20 modules"] = part["-c pass"]
    full["subjects"] = {"ours-3.13": {"says": ""}, "debian-3.13": {"says": ""}}
    for by_name in full["pyperformance"]["seconds"].values():
        by_name["ours-3.13"] = by_name.pop("ours")
    found = {result.name: result.value for result in pythons.ratios(full)}

    assert found == {
        "pythons.start": pytest.approx(0.9),
        "pythons.rss": pytest.approx(2.0),
        "pythons.suite": pytest.approx(1.0),
    }
    assert set(found) == set(pythons.PROMISED)
    assert list(pythons.ratios(document(starts={}, pyperformance={}))) == []
