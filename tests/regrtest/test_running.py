"""Each file has a cell of its own; outcomes are kept at once, and a second start goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from everylinux import distribution
from everylinux.engines.fake import Fake, Recording
from everylinux.errors import AgentError, EngineError, UsageError
from everylinux.images import rootfs_dir
from everylinux.model import NOBODY, Arch, Cell, Distribution, Image, Result, RootFs
from everylinux.regrtest import running, trees
from everylinux.regrtest.keeping import Kept, Key
from everylinux.regrtest.outcomes import Outcome
from everylinux.regrtest.running import Job, Place
from tests.regrtest.test_outcomes import JUNIT
from tests.results import result

IMAGE = Image("debian12", Arch("x86_64"), "Debian", "12")
PLACE = Place(Cell(IMAGE, "3.13", "fake"), RootFs(IMAGE, Path("/nowhere"), "sha256:0", "here"))
SUBJECT = Distribution(Path("/"), "3.13", Arch("x86_64"), "digest")
KEY = Key("debian12-x86_64-3.13", "d" * 64, "sha256:0", "the step")
PASSED = Outcome("test_x", "passed", 1.0, 3, ("test.test_x.C.m",), (), "")
FAILED = Outcome("test_y", "failed", 1.0, 3, (), ("test.test_y.C.m",), "end")
PROJECT = Path(__file__).parents[2]


def engine(said: Result, seen: list[tuple[str, ...]]) -> Fake:
    """One in which regrtest ends as `said`, and all else well."""

    def answer(argv: tuple[str, ...], uid: int | None) -> Result:
        assert uid == NOBODY
        seen.append(argv)
        if argv[-1] == "test_gone":
            raise AgentError("the agent is gone")
        return said if argv[1] == "-m" else result()

    return Fake(answer, Recording(files={running.REPORT: JUNIT}))


def test_each_file_is_run_by_its_name() -> None:
    """A cell that broke is told as such, and the rest goes on."""
    seen: list[tuple[str, ...]] = []
    jobs = [Job(PLACE, name) for name in ("test_x", "test_gone", "test_y")]
    found = {
        job.name: what
        for job, what in running.run_all(engine(result(status=2), seen), SUBJECT, jobs, 2)
    }

    assert isinstance(found["test_gone"], EngineError)
    assert isinstance(found["test_x"], Outcome)
    assert found["test_x"].failures == ("test_x.C.test_a",)
    assert {argv[-1] for argv in seen if argv[1] == "-m"} == {job.name for job in jobs}


def test_an_interpreter_that_does_not_start_is_no_outcome() -> None:
    """Neither passed nor failed: the test was not run."""
    dead = Fake(lambda _argv, _uid: result(status=None, error="ENOENT"))

    with pytest.raises(EngineError, match="does not start"):
        running.run_one(dead, SUBJECT, Job(PLACE, "test_x"))
    with pytest.raises(EngineError, match=r"lists no tests in debian12.*ENOENT"):
        running.listed(dead, PLACE, SUBJECT)


def test_the_list_is_regrtests_own() -> None:
    """Word by word."""
    said = result(out=b"test_x\ntest.test_asyncio.test_y\n")
    assert running.listed(engine(said, []), PLACE, SUBJECT) == (
        "test_x",
        "test.test_asyncio.test_y",
    )


def test_a_second_start_goes_on(tmp_path: Path) -> None:
    """What was kept is not run again, or only what failed; another key begins anew."""
    kept = Kept(tmp_path / "new", KEY)
    kept.add(PASSED)
    kept.add(FAILED)

    def names(key: Key, *, again: bool = False) -> set[str]:
        found = Kept(tmp_path / "new", key)
        found.read(again=again)
        return set(found.outcomes)

    whole = Kept(tmp_path / "new", KEY)
    whole.read()
    assert whole.outcomes == {"test_x": PASSED, "test_y": FAILED}
    assert names(KEY, again=True) == {"test_x"}
    for name in ("distribution", "root", "tests"):
        assert names(replace(KEY, **{name: "other"})) == set()
    kept.path.write_text("{")
    assert names(KEY) == set()


def test_the_cached_step_that_built_a_tree_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the published build to its step to the step of its CPython."""
    monkeypatch.setattr(trees, "cache_root", lambda: tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build/mark.json").write_text(json.dumps({"key": "k1"}))
    (tmp_path / "steps/k1").mkdir(parents=True)
    entry = {"covered": {"needs": {"cpython": "k2"}}}
    (tmp_path / "steps/k1/entry.json").write_text(json.dumps(entry))

    assert "k2" in trees.built_by(tmp_path / "build/python", "mark.json").parts
    assert not trees.built_by(tmp_path / "other/python", "mark.json").exists()


def test_tests_come_from_the_archive_where_there_is_no_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree itself is not written to; with neither the user is told in one line."""
    monkeypatch.setattr(trees, "cache_root", lambda: tmp_path)
    tree = tmp_path / "tree"
    (tree / "lib/python3.13/test/support").mkdir(parents=True)
    with pytest.raises(UsageError, match="neither its step nor its source archive"):
        trees.prepared(tree, tmp_path / "a", "mark.json")

    component = {"name": "cpython", "sources": [{"sha256": "abc"}]}
    (tree / "manifest.json").write_text(json.dumps({"components": [component]}))
    (tmp_path / "test_x.py").write_text("x = 1")
    (tmp_path / "sources").mkdir()
    with tarfile.open(tmp_path / "sources/abc", "w:xz") as packed:
        packed.add(tmp_path / "test_x.py", "Python-3.13.5/Lib/test/test_x.py")
        packed.add(tmp_path / "test_x.py", "Python-3.13.5/Lib/json/tool.py")
        helper = tmp_path / "os_helper.py"
        helper.write_text(f"def unlink(filename):\n    try:{trees.UNLINK}")
        packed.add(helper, "Python-3.13.5/Lib/test/support/os_helper.py")
    copy, whence = trees.prepared(tree, tmp_path / "b", "mark.json")

    assert whence == trees.ARCHIVE
    assert (copy / "lib/python3.13/test/test_x.py").read_text() == "x = 1"
    assert not (copy / "lib/python3.13/json").exists()
    patient = (copy / "lib/python3.13/test/support/os_helper.py").read_text()
    assert patient == f"def unlink(filename):\n    try:{trees.PATIENT}"
    assert not (tree / "lib/python3.13/test/test_x.py").exists()


@pytest.mark.built
@pytest.mark.slow
def test_the_command_runs_a_real_file_in_a_real_cell(tmp_path: Path) -> None:
    """As a user types it, twice: the second start has nothing to do and says the same."""
    folder, _ = rootfs_dir()
    if folder is None or not list(folder.glob("alpine-3.20*-x86_64.tar*")):
        pytest.skip("no tarball of Alpine 3.20: name a folder in EVERYLINUX_ROOTFS_DIR")
    tree = distribution.newest("3.13")
    if tree is None or not (trees.built_by(tree, ".everylinux-build.json")).is_dir():
        pytest.skip("no finished build whose step is cached: everylinux build")
    argv = [sys.executable, "-m", "everylinux", "regrtest", "test_json", "--distro", "alpine320"]
    argv += ["--out", str(tmp_path), "--json"]
    runs = [
        subprocess.run(
            argv, cwd=PROJECT, capture_output=True, text=True, check=False, env=os.environ
        )
        for _ in range(2)
    ]

    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    assert "1 of 1 test files are to be run" in runs[0].stderr
    assert "0 of 1 test files are to be run" in runs[1].stderr
    cells = [json.loads(run.stdout)["cells"] for run in runs]
    assert cells[0] == cells[1]
    assert cells[0][0]["counts"] == {"passed": 1}
    assert cells[0][0]["tests"] > 100
