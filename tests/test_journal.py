"""The journal loses no line that was written, and holds no half line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from everylinux.journal import Journal, machine, new_run

KILLED = """
import os, sys
from pathlib import Path
from everylinux.journal import Journal
journal = Journal(Path(sys.argv[1]))
for number in range(100):
    journal.write("verdict", number=number)
os.kill(os.getpid(), 9)
"""


def test_kill_9_loses_nothing_that_was_written(tmp_path: Path) -> None:
    """Each line is handed to the kernel at once."""
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)
    assert done.returncode == -9
    rows = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert [json.loads(row)["number"] for row in rows] == list(range(100))


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    """A full disk leaves whole lines; RLIMIT_FSIZE stands for it."""
    code = """
import resource, signal, sys
from pathlib import Path
from everylinux.journal import Journal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
journal = Journal(Path(sys.argv[1]))
try:
    while True:
        journal.write("verdict", text="x" * 400)
except OSError:
    journal.write("end")
"""
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    rows = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert [json.loads(row)["kind"] for row in rows] == ["verdict", "verdict", "end"]


def test_a_journal_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Opened again, it appends."""
    for number in range(2):
        journal = Journal(tmp_path)
        journal.write("verdict", number=number, odd="ünï\n")
        journal.close()
    rows = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert [json.loads(row)["number"] for row in rows] == [0, 1]


def test_runs_are_named_by_time_and_differ(tmp_path: Path) -> None:
    """Names sort by time; two at the same second are two."""
    with new_run(tmp_path / "reports") as first, new_run(tmp_path / "reports") as second:
        assert first != second
        assert first.parent == tmp_path / "reports"
    assert first.is_dir()


def test_a_run_that_did_not_begin_leaves_no_folder(tmp_path: Path) -> None:
    """Unless something was written."""
    for action in (Path.touch, lambda _: Journal(tmp_path / "nowhere")):
        with pytest.raises(OSError, match="nowhere"), new_run(tmp_path) as folder:
            action(folder / "nowhere" / "file")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match="nowhere"), new_run(tmp_path) as folder:
        _begin(folder)
    assert (folder / "journal.jsonl").exists()


def _begin(folder: Path) -> None:
    Journal(folder).close()
    (folder / "nowhere" / "file").touch()


def test_the_machine_is_told() -> None:
    """Kernel, processor, cores and memory are of this machine."""
    found = machine()
    assert found["kernel"] == f"{os.uname().sysname} {os.uname().release}"
    assert found["cores"] >= 1
    assert found["memory_bytes"] > 1 << 20
    assert found["cpu"]
