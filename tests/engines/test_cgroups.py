"""Control groups of both versions: which folder, which file, whose leftovers."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from everylinux import cgroups
from everylinux.cgroups import Group
from everylinux.engines import owner
from everylinux.errors import EngineError

HYBRID = "8:pids:/a\n4:memory:/b/c\n3:cpu,cpuacct:/\n1:name=systemd:/x\n0::/\n"


def v1(root: Path) -> Path:
    for folder in ("pids/a", "memory/b/c", "unified"):
        (root / folder).mkdir(parents=True)
    return root


def v2(root: Path) -> Path:
    (root / "user" / "session").mkdir(parents=True)
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    return root


def test_version_1_has_a_folder_for_each_controller(tmp_path: Path) -> None:
    """Hybrid and legacy mode: the controllers' own trees, not the version 2 one beside them."""
    group = cgroups.parse(HYBRID, v1(tmp_path))
    assert group == Group(1, {"memory": tmp_path / "memory/b/c", "pids": tmp_path / "pids/a"})


def test_version_2_has_one_folder(tmp_path: Path) -> None:
    """Unified mode: one folder for both."""
    group = cgroups.parse("0::/user/session\n", v2(tmp_path))
    assert group
    assert (group.version, group.paths) == (2, (tmp_path / "user/session",))


def test_no_controllers_is_none(tmp_path: Path) -> None:
    """A machine that mounts neither has no group, and creating one says so."""
    assert cgroups.parse("0::/\n", tmp_path) is None
    with pytest.raises(EngineError, match="no memory and pids controllers"):
        cgroups.create("x", memory_bytes=1, processes=1, root=tmp_path)


@pytest.mark.parametrize(("version", "swap"), [(1, "4096"), (2, "0")])
def test_limits_are_written(tmp_path: Path, version: int, swap: str) -> None:
    """Each version has its own files; swap does not lengthen the memory."""
    group = Group(version, {"memory": tmp_path / "m", "pids": tmp_path / "p"})
    group.create()
    group.limit(4096, 7)
    assert (tmp_path / "m" / cgroups.MEMORY_FILES[version]).read_text().strip() == "4096"
    assert (tmp_path / "m" / cgroups.SWAP_FILES[version]).read_text().strip() == swap
    assert (tmp_path / "p" / "pids.max").read_text().strip() == "7"


@pytest.mark.parametrize("version", [1, 2])
def test_kills_are_read(tmp_path: Path, version: int) -> None:
    """The count is oom_kill's own: not oom, nor oom_group_kill; 0 where there is no file."""
    group = Group(version, {"memory": tmp_path, "pids": tmp_path})
    assert group.oom_kills() == 0
    text = "oom_kill_disable 0\nunder_oom 0\noom 9\noom_kill 3\noom_group_kill 8\n"
    (tmp_path / cgroups.EVENT_FILES[version]).write_text(text)
    assert group.oom_kills() == 3


def test_a_real_group(tmp_path: Path) -> None:
    """Where we may make one: it bounds, holds, kills and is gone."""
    try:
        group = cgroups.create(f"test-{os.getpid()}", memory_bytes=64 << 20, processes=9)
    except EngineError as error:
        pytest.skip(str(error))
    process = subprocess.Popen(["sleep", "68"], cwd=tmp_path)
    main = group.child("main")
    main.add(process.pid)
    assert main.processes() == (process.pid,)
    assert cgroups.of_process(process.pid) == main
    group.remove()
    assert process.wait(5) == -9
    assert [path for path in group.paths if path.exists()] == []


def test_owners() -> None:
    """A name of ours is left when its process is gone or its pid belongs to another now."""
    ours = owner.new_name()
    assert ours != owner.new_name()
    assert not owner.is_left(ours)
    space, pid, started, number = owner._NAME.fullmatch(ours).groups()  # type: ignore[union-attr]
    assert owner.is_left(f"everylinux-n{space}-p{pid}-t{int(started) + 1}-{number}")
    assert not owner.is_left(f"everylinux-n1-p{pid}-t1-0")  # of another pid namespace
    assert not owner.is_left("everylinux-something")
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert owner.is_left(f"everylinux-n{space}-p{gone.pid}-t1-0")
