"""Files, `latest`, and `everylinux report` as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.report import sample

from everylinux import report
from everylinux.cli import main
from everylinux.errors import UsageError

OLD, NEW = "20260101-000000-ffff", "20260102-000000-0000"


def make(folder: Path, name: str, outcome: str = "passed") -> Path:
    rows = sample.small(sample.verdict(outcome))
    rows[0] = {**rows[0], "id": name}
    return sample.write(folder, rows)


def test_latest_is_a_relative_link_to_the_newest_run(tmp_path: Path) -> None:
    """`latest` follows the newest run that has a report, also when an old one is made again."""
    old, new = make(tmp_path, OLD), make(tmp_path, NEW)
    link = tmp_path / "latest"

    report.write(old)
    assert str(link.readlink()) == OLD
    report.write(new)
    assert str(link.readlink()) == NEW
    report.write(old)
    assert str(link.readlink()) == NEW
    assert (link / "report.html").is_file()


def test_a_run_elsewhere_moves_no_link(tmp_path: Path) -> None:
    """A copied run under another name writes its files and nothing beside itself."""
    copy = make(tmp_path, OLD).rename(tmp_path / "mine")

    report.write(copy)

    assert {path.name for path in tmp_path.iterdir()} == {"mine"}
    assert {path.name for path in copy.iterdir()} == {"journal.jsonl", *report.FILES.values()}


def test_what_stands_in_the_way_of_latest_is_kept(tmp_path: Path) -> None:
    """A folder called `latest` is nobody's to remove: one clear line, and the report is there."""
    run = make(tmp_path, OLD)
    (tmp_path / "latest").mkdir()

    with pytest.raises(UsageError, match="in the way"):
        report.write(run)
    assert (run / "report.json").is_file()


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    """When a report cannot be written the old one stays as it was, and nothing is left over."""
    run = make(tmp_path, OLD)
    report.write(run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    (run / f".report.json.{os.getpid()}").mkdir()

    with pytest.raises(UsageError, match="cannot write"):
        report.write(run)
    (run / f".report.json.{os.getpid()}").rmdir()
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.parametrize(("outcome", "code"), [("passed", 0), ("failed", 1), ("unknown", 3)])
def test_the_command_ends_as_the_run(tmp_path: Path, outcome: str, code: int) -> None:
    """`everylinux report RUN` makes all formats, shows the summary and has the run's status."""
    run = make(tmp_path, OLD, outcome)
    done = CliRunner().invoke(main, ["report", str(run)])

    assert done.exit_code == code, done.output
    assert f"report: {run}/report.html" in done.output
    assert all((run / name).is_file() for name in report.FILES.values())


@pytest.mark.parametrize("name", ["json", "md", "junit", "html"])
def test_a_format_on_stdout(tmp_path: Path, name: str) -> None:
    """--format prints that file and nothing else."""
    run = make(tmp_path, OLD)
    done = CliRunner().invoke(main, ["report", str(run), "--format", name])

    assert done.stdout == (run / report.FILES[name]).read_text()


def test_after_a_kill_latest_is_the_killed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed run has judged is what `everylinux report` shows, marked as incomplete."""
    report.write(make(tmp_path / "reports", OLD))
    rows = [*sample.head(NEW), sample.cell(claims_expected=2), sample.claim(), sample.verdict()]
    sample.write(tmp_path / "reports", rows, tail='{"kind": "verd')
    monkeypatch.chdir(tmp_path)

    done = CliRunner().invoke(main, ["report"])

    assert done.exit_code == 3
    assert "The run has not ended: it was killed, or still goes on." in done.output
    assert "1 of 2 verdicts are missing." in done.output
    assert str(Path("reports/latest").readlink()) == NEW


def test_a_folder_of_runs_means_its_newest(tmp_path: Path) -> None:
    """The folder of all runs can be named as well."""
    make(tmp_path, OLD, "failed")
    make(tmp_path, NEW)

    assert CliRunner().invoke(main, ["report", str(tmp_path)]).exit_code == 0


@pytest.mark.parametrize("argv", [["nowhere"], ["--format", "pdf"], ["a", "b"]])
def test_misuse_is_one_line_and_exit_2(tmp_path: Path, argv: list[str]) -> None:
    """A run that is not there, or an option value that cannot be."""
    done = subprocess.run(
        [sys.executable, "-m", "everylinux", "report", *argv],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len([line for line in done.stderr.splitlines() if "rror" in line or ":" in line]) <= 3


def test_strict_reaches_the_status(tmp_path: Path) -> None:
    """--strict makes a required cell that could not run a 3."""
    lost = sample.cell("centos6-x86_64-3.13", state="not-run", reason="x", claims_expected=0)
    run = sample.write(tmp_path, sample.small(sample.verdict(), cells=[sample.cell(), lost]))

    assert CliRunner().invoke(main, ["report", str(run)]).exit_code == 0
    assert CliRunner().invoke(main, ["report", str(run), "--strict"]).exit_code == 3
