"""A throw-away checkout with a matrix of three rows and a few claims, judged by a real pytest."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.agent.binary import agent_path
from everylinux.engines.fake import Recording
from everylinux.model import AGENT, Result

CONFTEST = """
import os, time
from everylinux import gathering
from everylinux.model import AGENT, Section

class Tiny:
    name, sections, digest = "tiny", ("tiny",), "1"

    def gather(self, box):
        with open(os.environ["GATHERED"], "a") as log:
            log.write(box.cell.id + chr(10))
        time.sleep(float(os.environ.get("GATHER_SECONDS", "0")))
        exec(os.environ.get("GATHER_CODE", ""), {"box": box, "os": os})
        return {"tiny": Section(value={"status": box.run([str(AGENT), "--join"]).status})}

class Still:
    name, sections = "still", ("still",)

    def gather(self, distribution):
        return {"still": Section(value=distribution.python)}

gathering.CELL_PROBES, gathering.STATIC_PROBES = (Tiny(),), (Still(),)
"""

HEAD = """
import os, signal, time
from everylinux.checks import check

def claim(number):
    return check(f"TRY-{number:03}", source="a test", remedy="none is needed")
"""
CLAIMS = """
@claim(1)
def test_artefact(artefact):
    "The artefact has a version."
    assert artefact["still"] == "3.13"

@claim(2)
def test_answer(facts, evidence):
    "The cell answers."
    evidence["status"] = facts["tiny.status"]
    assert evidence["status"] == 71

@claim(3)
def test_again(facts, expected):
    "The cell answers what is expected."
    assert expected.python == "3.13"
    assert facts["tiny.status"] == 71
"""
"""Claims that hold: the agent says 71 of a --join without a program."""
MATRIX = """version: 1
ca_layouts: {}
distros:
  one: {name: One, release: "1", support: required, arch: {x86_64: {}}}
  two: {name: Two, release: "2", support: required, arch: {x86_64: {}, x86: {}}}
  three: {name: Three, release: "3", support: best-effort, arch: {x86_64: {}}}
"""
PYPROJECT = """[tool.pytest.ini_options]
addopts = ["-p", "everylinux.plugin", "-p", "no:cacheprovider"]
filterwarnings = ["error"]
"""
SWEPT = ", left by a run that was killed"
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(44)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of pytest said and left."""

    code: int
    out: str
    err: str
    folder: Path | None  # of the run, None if it left none

    @property
    def report(self) -> dict[str, Any]:
        """Its report.json."""
        assert self.folder is not None, self.out + self.err
        loaded: dict[str, Any] = json.loads((self.folder / "report.json").read_text())
        return loaded

    @property
    def verdicts(self) -> dict[tuple[str, str], str]:
        """(claim, cell) -> outcome."""
        return {(v["claim"], v["cell"]): v["outcome"] for v in self.report["verdicts"]}

    @property
    def reasons(self) -> dict[tuple[str, str], str]:
        """(claim, cell) -> reason."""
        return {(v["claim"], v["cell"]): v["reason"] for v in self.report["verdicts"]}

    @property
    def line(self) -> str:
        """The one line on stderr; fails if there is more."""
        assert "Traceback" not in self.err + self.out
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        return lines[0]


class Project:
    """The checkout, with what a run of it needs."""

    def __init__(self, folder: Path) -> None:
        """Make it below `folder`."""
        self.home, self.reports = folder / "project", folder / "reports"
        self.rootfs, self.subject = folder / "rootfs", folder / "subject"
        self.log, self.cache = folder / "gathered", folder / "cache"
        self._make_checkout()
        self._make_subject()
        self.rootfs.mkdir()
        for name in ("one-x86_64", "two-x86_64", "two-x86", "three-x86_64"):
            self.tarball(name)
        self.recording = folder / "recording.json"
        answer = Result((), 71, None, b"", b"", 0.0, 0.0, 0.0, 0, 0, 0)
        argv = (str(AGENT), "--join")
        self.recording.write_text(Recording([((argv, None), answer)]).to_json())

    def _make_checkout(self) -> None:
        for name in ("build/recipes", "src/everylinux", "suites/trying"):
            (self.home / name).mkdir(parents=True)
        for name, text in {
            "pyproject.toml": PYPROJECT,
            "conftest.py": CONFTEST,
            "matrix.yaml": MATRIX,
            "build/lock.yaml": "archives: {}\n",
            "suites/budgets.yaml": "{}\n",
        }.items():
            (self.home / name).write_text(text)
        self.claims(CLAIMS)

    def _make_subject(self) -> None:
        (self.subject / "bin").mkdir(parents=True)
        (self.subject / "lib/python3.13").mkdir(parents=True)
        (self.subject / "bin/python3.13").write_bytes(ELF)
        (self.subject / "manifest.json").write_text('{"components": [{"name": "cpython"}]}')

    def claims(self, text: str) -> None:
        """Write the suite."""
        (self.home / "suites/trying/test_claims.py").write_text(HEAD + text)

    def hook(self, text: str) -> None:
        """Add to the conftest."""
        path = self.home / "conftest.py"
        path.write_text(path.read_text() + text)

    def tarball(self, name: str) -> Path:
        """A root filesystem that holds one file."""
        path = self.rootfs / f"{name}.tar"
        with tarfile.open(path, "w") as tar:
            info = tarfile.TarInfo("etc/name")
            info.size = len(name)
            tar.addfile(info, io.BytesIO(name.encode()))
        return path

    @property
    def gathered(self) -> list[str]:
        """The cells whose facts were gathered, once for each gathering."""
        return self.log.read_text().split() if self.log.exists() else []

    @property
    def runs(self) -> list[Path]:
        """The folders of the runs, oldest first."""
        found = [path for path in self.reports.glob("*") if not path.is_symlink()]
        return sorted(found, key=lambda path: path.stat().st_mtime_ns)

    def environment(self, **more: str) -> dict[str, str]:
        """What pytest gets: nothing of the surrounding pytest."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "EVERYLINUX"))}
        ours = {
            "EVERYLINUX_CACHE": str(self.cache),
            "EVERYLINUX_AGENT": str(agent_path()),
            "EVERYLINUX_FAKE": str(self.recording),
            "GATHERED": str(self.log),
            "TERM": "dumb",
        }
        return {**kept, **ours, **more}

    def argv(self, *arguments: str, engine: str = "fake", dist: str = "") -> list[str]:
        """The command that a user types, with where things are here."""
        return [
            *(sys.executable, "-m", "pytest", "suites/", "--offline"),
            *("--dist", dist or str(self.subject), "--engine", engine),
            *("--rootfs-dir", str(self.rootfs), "--report-dir", str(self.reports), *arguments),
        ]

    def pytest(self, *arguments: str, engine: str = "fake", dist: str = "", **env: str) -> Run:
        """Run it to its end; later options win over ours."""
        return self.command(self.argv(*arguments, engine=engine, dist=dist), **env)

    def command(self, argv: list[str], **env: str) -> Run:
        """Run any command in the checkout."""
        before = set(self.runs)
        done = subprocess.run(
            argv, cwd=self.home, env=self.environment(**env), capture_output=True,
            text=True, check=False, timeout=120,
        )  # fmt: skip
        made = [path for path in self.runs if path not in before]
        # What a test beside this one killed is swept by whichever run comes next: not its own
        said = [line for line in done.stderr.splitlines(keepends=True) if SWEPT not in line]
        return Run(done.returncode, done.stdout, "".join(said), made[-1] if made else None)

    def everylinux(self, *arguments: str) -> Run:
        """Run our command line."""
        return self.command([sys.executable, "-m", "everylinux", *arguments])

    def start(self, *arguments: str, engine: str = "fake", **env: str) -> subprocess.Popen[str]:
        """Start it in a process group of its own."""
        return subprocess.Popen(
            self.argv(*arguments, engine=engine), cwd=self.home, env=self.environment(**env),
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def wait_for_gathering(self, count: int = 1, seconds: float = 30.0) -> None:
        """Wait until that many cells are being judged."""
        until = time.monotonic() + seconds
        while len(self.gathered) < count:
            assert time.monotonic() < until, "no cell was opened"
            time.sleep(0.02)

    def remove(self) -> None:
        """Remove the cache, whose folders are closed."""
        shutil.rmtree(self.cache, ignore_errors=True)


def finish(process: subprocess.Popen[str], seconds: float = 60.0) -> tuple[int, str]:
    """Wait for the end; kill its whole group if it does not come."""
    try:
        out, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, out
