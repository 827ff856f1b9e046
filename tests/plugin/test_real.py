"""The real suites in a real cell, as a user types it: the host's own Python is the subject."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from everylinux.images import rootfs_dir

CHECKOUT = Path(__file__).parents[2]
DISTRO = "alpine320"


@pytest.mark.slow
def test_the_real_suites_judge_a_foreign_python(tmp_path: Path) -> None:
    """A dynamically linked Python of the host does not run on another Linux: told, not crashed.

    Every claim of two suites gets a verdict, those that cannot be judged are unknown or skipped.
    """
    folder, _ = rootfs_dir()
    if folder is None or not list(folder.glob("alpine-3.20*-x86_64.tar*")):
        pytest.skip("no tarball of Alpine 3.20: name a folder in EVERYLINUX_ROOTFS_DIR")
    subject = Path(sys.base_prefix)
    argv = [sys.executable, "-m", "pytest", "suites/imports", "suites/launcher", "--offline"]
    argv += ["--dist", str(subject), "--profile", "relocatable", "--distro", f"{DISTRO}-x86_64"]
    argv += ["--rootfs-dir", str(folder), "--report-dir", str(tmp_path), "-n", "2"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        argv, cwd=CHECKOUT, env=kept, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode in {1, 3}, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    report = json.loads((tmp_path / "latest/report.json").read_text())
    assert report["summary"]["missing"] == 0
    assert report["summary"]["judged"] >= 20
    (cell,) = (row for row in report["cells"] if row["distro"] == DISTRO)
    assert cell["state"] == "run"
