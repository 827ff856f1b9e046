"""Ctrl-C and kill -9 in the middle: what was judged is kept, what we made is removed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.project import Project, finish

pytestmark = pytest.mark.skipif(not shutil.which("bwrap"), reason="bubblewrap is not installed")
SLOW = "1.5"


def cells_of(pid: int) -> list[Path]:
    """Folders of the cells that a process and its workers have open; their names tell the owner."""
    family, waiting = set(), [pid]
    while waiting:
        family.add(one := waiting.pop())
        for children in Path(f"/proc/{one}/task").glob("*/children"):
            waiting += map(int, children.read_text().split())
    folders = Path(tempfile.gettempdir()).glob("everylinux-n*")
    return [path for path in folders if int(path.name.split("-p")[1].split("-")[0]) in family]


def agents(project: Project) -> list[str]:
    """Processes of cells in which the project's subject lies."""
    found = subprocess.run(
        ["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in found if str(project.subject) in line and "bwrap" in line]


def group(process: subprocess.Popen[str]) -> None:
    """As a terminal does."""
    os.killpg(process.pid, signal.SIGINT)


def alone(process: subprocess.Popen[str]) -> None:
    """As `kill -INT` does."""
    process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("interrupt", [group, alone])
@pytest.mark.parametrize("arguments", ["-n0", "-n2"])
def test_control_c(
    project: Project, arguments: str, interrupt: Callable[[subprocess.Popen[str]], None]
) -> None:
    """Exit 2 with the report of what was judged; no cell is left."""
    process = project.start(arguments, engine="bubblewrap", GATHER_SECONDS=SLOW)
    project.wait_for_gathering(3)
    cells = cells_of(process.pid)
    assert cells
    interrupt(process)
    code, out = finish(process)
    assert code == 2, out
    assert "Traceback" not in out
    assert "INTERNALERROR" not in out
    assert "The run was interrupted." in out
    (run,) = project.runs
    report = json.loads((run / "report.json").read_text())
    assert report["summary"]["interrupted"]
    assert report["summary"]["missing"] == 9 - len(report["verdicts"]) > 0
    judged = {(v["claim"], v["cell"]): v["outcome"] for v in report["verdicts"]}
    assert set(judged.values()) == {"passed"}
    assert (project.reports / "latest").resolve() == run
    _nothing_left(project, cells)


def test_control_c_while_preparing(project: Project) -> None:
    """Before anything was judged there is nothing to keep: one line, no run's folder."""
    big = project.subject / "big"
    with big.open("wb") as file:
        file.truncate(6 << 30)  # sparse, and slow to digest
    process = project.start(engine="bubblewrap")
    until = time.monotonic() + 30
    while not project.runs and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    code, out = finish(process)
    assert (code, out) == (2, "everylinux: interrupted before anything was judged\n")
    assert not project.runs


@pytest.mark.parametrize("arguments", ["-n0", "-n2"])
def test_kill_9(project: Project, arguments: str) -> None:
    """The journal is whole, `everylinux report` tells it, the next run removes what was left."""
    process = project.start(arguments, engine="bubblewrap", GATHER_SECONDS=SLOW)
    project.wait_for_gathering(3)
    cells = cells_of(process.pid)
    assert cells
    foreign = Path(tempfile.mkdtemp(prefix="everylinux-foreign-"))
    process.kill()
    process.communicate(timeout=30)
    (run,) = project.runs
    assert not (run / "report.json").exists()
    told = project.everylinux("report", str(run))
    assert told.code == 3, told.out + told.err
    assert "The run has not ended: it was killed" in told.out
    report = json.loads((run / "report.json").read_text())
    assert report["verdicts"]
    assert report["summary"]["damaged_lines"] == 0
    until = time.monotonic() + 20
    while agents(project) and time.monotonic() < until:  # they die with their parent
        time.sleep(0.1)
    again = project.pytest("--distro", "one", engine="bubblewrap")
    assert again.code == 0, again.out + again.err
    assert foreign.is_dir()
    foreign.rmdir()
    _nothing_left(project, cells)


def _nothing_left(project: Project, cells: list[Path]) -> None:
    until = time.monotonic() + 20
    while agents(project) and time.monotonic() < until:
        time.sleep(0.1)
    assert agents(project) == []
    names = [cell.name.partition(".")[0].removeprefix("everylinux-") for cell in cells]
    groups = [str(path) for name in names for path in Path("/sys/fs/cgroup").rglob(f"*{name}*")]
    assert groups == []
    assert [cell for cell in cells if cell.exists()] == []
