"""benchmarks/bench.py with small programs in the place of builds and cells."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "command",
    "pythons",
    "cell.warm",
    "suites",
    "matrix.n1",
    "matrix.n2",
    "build.cold",
    "build.noop",
}


def module(name: str) -> Any:  # noqa: ANN401 - a module that mypy does not see
    return importlib.import_module(name)


def results(path: Path) -> dict[str, dict[str, object]]:
    document = json.loads(path.read_text())
    assert set(document) == {"machine", "when", "results"}
    return {row["name"]: row for row in document["results"]}


def test_every_promised_measure_can_be_chosen() -> None:
    """The names of the issue are those that --only knows."""
    assert set(module("bench").MEASURES) == NAMES


def test_only_what_was_asked_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--only runs one measure; the file has its figure with a unit, and the machine."""
    bench, measure = module("bench"), module("measure")

    def fake(_: object) -> Iterator[object]:
        yield measure.timed("build.noop", [3.0, 1.0, 2.0])

    monkeypatch.setitem(bench.MEASURES, "build.noop", fake)
    file = tmp_path / "deep" / "bench.json"

    assert bench.main(["--only", "build.noop", "--output", str(file)]) == 0
    row = results(file)["build.noop"]
    assert (row["unit"], row["value"], row["median"], row["samples"]) == ("s", 1.0, 2.0, 3)
    assert list(tmp_path.rglob("*.part")) == []


def test_what_cannot_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken measure has no value but a reason; the next one is measured all the same."""
    bench, measure = module("bench"), module("measure")

    def broken(_: object) -> Iterator[object]:
        yield measure.Measurement("command.agent", "s", 1.0)
        reason = "no engine"
        raise measure.CannotMeasureError(reason)

    monkeypatch.setattr(
        bench,
        "MEASURES",
        {"command": broken, "y": lambda _: [measure.Measurement("y", "s", 2.0)]},
    )
    file = tmp_path / "bench.json"

    assert bench.main(["--output", str(file)]) == 1
    rows = results(file)
    assert rows["command.agent"]["value"] == 1.0
    for name in ("command.testinfra-podman", "command.ratio"):
        assert (rows[name]["value"], rows[name]["error"]) == (None, "no engine")
    assert rows["y"]["value"] == 2.0


def test_peak_is_of_the_process_alone(tmp_path: Path) -> None:
    """The controller's peak does not count what its workers took."""
    measure = module("measure")
    eat = "import time; x = b'1' * (150 << 20); time.sleep(0.2)"
    spawn = f'import subprocess, sys; subprocess.run([sys.executable, "-c", "{eat}"], check=True)'

    alone = measure.run([sys.executable, "-c", spawn], tmp_path)
    itself = measure.run([sys.executable, "-c", eat], tmp_path)

    assert alone.peak_rss_bytes < 100 << 20
    assert itself.peak_rss_bytes > 150 << 20


def test_a_failed_run_is_no_figure(tmp_path: Path) -> None:
    """Its last lines are the reason."""
    measure = module("measure")

    with pytest.raises(measure.CannotMeasureError, match=r"exit status 3: .*boo"):
        measure.run([sys.executable, "-c", "print('boo'); raise SystemExit(3)"], tmp_path)


def test_an_interrupt_ends_what_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C leaves no program behind, and the figures of earlier measures are kept."""
    bench, measure = module("bench"), module("measure")
    started: list[Any] = []

    def interrupted(process: object) -> int:
        started.append(process)
        raise KeyboardInterrupt

    def ours(_: object) -> Iterator[object]:
        monkeypatch.setattr(measure, "watch", interrupted)
        yield measure.run([sys.executable, "-c", "import time; time.sleep(100)"], tmp_path)

    first = [measure.Measurement("x", "s", 2.0)]
    monkeypatch.setattr(bench, "MEASURES", {"x": lambda _: first, "y": ours})
    file = tmp_path / "bench.json"

    with pytest.raises(KeyboardInterrupt):
        bench.main(["--output", str(file)])
    assert results(file)["x"]["value"] == 2.0
    assert started[0].poll() is not None


def test_turns_are_interleaved_and_divided() -> None:
    """Both commands take turns, and a turn of many is counted per command."""
    commands = module("commands")
    calls: list[str] = []

    times = commands.compare(lambda: calls.append("a"), lambda: calls.append("t"))

    turn = ["a"] * commands.PER_TURN + ["t"]
    assert calls == ["a", "t"] + turn * commands.ROUNDS
    assert {len(values) for values in times.values()} == {commands.ROUNDS}
    with pytest.raises(commands.CannotMeasureError):
        commands.expect(1)


def test_each_area_has_its_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of its claims without the first run; what cannot run hides nothing."""
    runs, measure, bench = module("runs"), module("measure"), module("bench")
    for area in ("none", "one", "two"):
        (tmp_path / "suites" / area).mkdir(parents=True)
        (tmp_path / "suites" / area / "test_it.py").touch()
    told = iter((90.0, 3.0, 2.0))

    def judged(_: object, area: str) -> tuple[list[dict[str, float]], object]:
        if area == "none":
            reason = "exit status 3: a cell has nothing but skips"
            raise measure.CannotMeasureError(reason)
        if area == "one":
            reason = "exit status 1"
            raise measure.CannotMeasureError(reason)
        return [{"seconds": next(told)}, {"seconds": 0.5}], measure.Run(7.0, 0)

    monkeypatch.setattr(runs, "judged", judged)
    none, one, two = runs.suite_costs(measure.Context(tmp_path, "any"))

    assert (none.value, none.error) == (None, "")
    assert "nothing but skips" in none.more["skipped"]
    assert (one.name, one.value, one.error) == ("suite.one", None, "exit status 1")
    assert (two.name, two.unit, two.value) == ("suite.two", "s", 2.5)
    assert (two.more["claims"], two.more["command"]) == (2, 7.0)
    assert "suite.startup" in bench.PROMISED["suites"]


def test_a_cold_build_keeps_downloads_only(tmp_path: Path) -> None:
    """Archives are linked over; what was built is not; without any it says what to do."""
    runs, measure = module("runs"), module("measure")
    old, new = tmp_path / "old", tmp_path / "new"
    for name in ("sources", "steps"):
        (old / name).mkdir(parents=True)
        (old / name / "file").write_text("x")
    new.mkdir()

    runs.keep_downloads(old, new)

    assert [path.name for path in new.iterdir()] == ["sources"]
    assert (new / "sources" / "file").samefile(old / "sources" / "file")
    with pytest.raises(measure.CannotMeasureError, match="everylinux build"):
        runs.keep_downloads(tmp_path / "none", new)
