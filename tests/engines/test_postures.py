"""Postures in real cells: each is what it says, and nothing of its making stays with commands."""

# ruff: noqa: S108 - paths in the cell

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from everylinux.engines.box import AgentBox
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.cell import AgentEngine
from everylinux.engines.docker import Docker
from everylinux.engines.podman import Podman
from everylinux.errors import EngineError
from everylinux.kernels.rules import lacking
from everylinux.model import MOVED, NATIVE, NOBODY
from everylinux.postures import POSTURES

from .asking import asking
from .conftest import ROOT, Open

NOEXEC = "echo 'echo ran' >/{}/x && chmod 755 /{}/x && /{}/x"
needs_root = pytest.mark.skipif(not ROOT, reason="only root has other users in a cell")


def said(box: AgentBox, script: str, *arguments: str, uid: int | None = None) -> str:
    result = box.run(["sh", "-c", script, *arguments], uid=uid)
    assert result.ok, result
    return result.out.decode().strip()


def capabilities(box: AgentBox) -> set[str]:
    return set(said(box, "grep -E 'Cap(Eff|Prm|Bnd)' /proc/self/status | cut -f2").split())


@needs_root
def test_openshift(engine: AgentEngine, open_cell: Open) -> None:
    """A uid without a name, gid 0, HOME that cannot be written; who names a user gets that one."""
    with open_cell(engine, posture="openshift") as box:
        assert said(box, "id -u; id -g; echo $HOME").split() == ["1000680000", "0", "/"]
        assert said(box, "id -u; id -g", uid=NOBODY).split() == [str(NOBODY)] * 2
        assert box.run(["touch", "/x"]).status == 1
        assert capabilities(box) == {"0" * 16}


@pytest.mark.parametrize("place", ["tmp", "dev/shm"])
def test_noexec(engine: AgentEngine, open_cell: Open, place: str) -> None:
    """Files can be written and not run, and the right to remount is gone."""
    script = NOEXEC.replace("{}", place)
    with open_cell(engine, posture="readonly-noexec") as box:
        result = box.run(["sh", "-c", script])
        assert (result.status, result.out) == (126, b"")
        assert box.run(["mount", "-o", "remount,exec", f"/{place}"]).status != 0
        assert box.run(["sh", "-c", script]).status == 126
        assert capabilities(box) == {"0" * 16}


def test_programs_start_from_tmp_otherwise(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """The default cell shows the difference."""
    with open_cell(bubblewrap) as box:
        assert said(box, NOEXEC.replace("{}", "tmp")) == "ran"


def test_no_proc(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """An empty folder; the agent still works, and ends what it starts."""
    with open_cell(bubblewrap, posture="no-proc") as box:
        assert said(box, "ls /proc | wc -l") == "0"
        box.put("/tmp/x", b"1")
        assert box.get("/tmp/x") == b"1"


def test_no_shm(engine: AgentEngine, open_cell: Open) -> None:
    """Not even the folder."""
    with open_cell(engine, posture="no-shm") as box:
        assert box.run(["ls", "/dev/shm"]).status == 1


@needs_root
def test_every_user_enters_the_moved_trees(engine: AgentEngine, open_cell: Open) -> None:
    """Also the one that lies deep: what is made above it is open to all."""
    with open_cell(engine, posture="openshift") as box:
        for place in MOVED.values():
            assert said(box, 'cd "$0" && ls bin', str(place)) == "hello"


def test_what_an_engine_cannot_leave_out(podman: Podman, open_cell: Open) -> None:
    """Container runtimes always mount /proc: refused, not given by another name."""
    with pytest.raises(EngineError, match="podman cannot leave out /proc"):
        open_cell(podman, posture="no-proc")


def test_memory(
    engine: AgentEngine, open_cell: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who takes 200 MiB in a cell of 128 is killed, the box says by whom, and no file is left."""
    monkeypatch.chdir(tmp_path)
    hungry = "head -c 209715200 /dev/zero | tail -c 209715200 | wc -c"
    with open_cell(engine, posture="memory128") as box:
        small = box.run(["sh", "-c", "head -c 20971520 /dev/zero | tail -c 20971520 | wc -c"])
        assert small.out.strip() == b"20971520"
        result = box.run(["sh", "-c", hungry])
        assert (result.out.strip(), result.oom_killed) == (b"0", True)
    assert list(tmp_path.iterdir()) == []


def test_processes(engine: AgentEngine, open_cell: Open) -> None:
    """The limit of the whole cell holds."""
    script = "i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i+1)); done; wait"
    with open_cell(engine, posture="pids") as box:
        assert b"fork" in box.run(["sh", "-c", script]).err
        assert said(box, "echo still") == "still"


@pytest.mark.parametrize("name", [name for name, at in POSTURES.items() if at.env and not at.uid])
def test_variables(bubblewrap: Bubblewrap, open_cell: Open, name: str) -> None:
    """They reach commands that name none, below what a command names itself."""
    wanted = POSTURES[name].env
    first = next(iter(wanted))
    with open_cell(bubblewrap, posture=name) as box:
        found = dict(line.split("=", 1) for line in said(box, "env").splitlines())
        own = box.run(["env"], env={first: "mine", "PATH": "/bin"}).out.decode().splitlines()
        assert {key: found.get(key) for key in wanted} == dict(wanted)
        assert found["HOME"] == "/tmp"
        assert f"{first}=mine" in own
        assert {f"{k}={v}" for k, v in wanted.items() if k != first} <= set(own)
        for file, text in POSTURES[name].files.items():
            assert box.get(f"/everylinux/run/{file}").decode() == text


@pytest.mark.parametrize(("posture", "number"), [("default", 0), ("mdwe", errno.EACCES)])
def test_mdwe(
    engine: AgentEngine, open_cell: Open, folder: Path, posture: str, number: int
) -> None:
    """What was written does not become executable, to commands and to their children."""
    if reason := lacking(engine.name, NATIVE, mdwe=True):
        pytest.skip(reason)
    box = open_cell(engine, posture=posture)
    with asking(box, "x86_64", folder) as ask:
        assert ask("exec", 0) == str(number)
        assert said(box, "sh -c '/tmp/ask exec 0'") == str(number)


@needs_root
def test_all_at_once(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """A posture under a floor."""
    with open_cell(bubblewrap, kernel="3.10", posture="openshift") as box:
        assert said(box, "uname -r; id -u").split() == ["3.10.0", "1000680000"]
        assert os.uname().release != "3.10.0"


def test_docker_needs_no_more(docker: Docker, open_cell: Open) -> None:
    """The capability that opens docker's own filter for the supervisor reaches no command."""
    with open_cell(docker, kernel="3.10") as box:
        assert capabilities(box) == {"0" * 16}
