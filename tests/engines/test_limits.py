"""What bounds a command in a cell, in every engine."""

from __future__ import annotations

import signal
import time

import pytest

from everylinux.agent import session
from everylinux.engines.box import AgentBox
from everylinux.engines.cell import AgentEngine
from everylinux.errors import AgentError
from everylinux.model import Limits

from .conftest import Open

BOMB = (
    "bomb() { bomb | bomb & }; bomb & exec sleep 60"  # its own only fork is its first: none refused
)


@pytest.fixture(autouse=True)
def needs_a_group(box: AgentBox) -> None:
    if box.unlimited:
        pytest.skip(box.unlimited)


def test_memory_is_bounded_and_its_end_is_told(box: AgentBox) -> None:
    """What passes its memory limit is killed by the kernel, and that is told from other kills."""
    hog = ["sh", "-c", "exec tail -c 300000000 /dev/zero"]
    result = box.run(hog, limits=Limits(memory_bytes=48 << 20, seconds=30))
    assert (result.signal, result.oom_killed) == (signal.SIGKILL, True)
    killed = box.run(["sh", "-c", "kill -9 $$"], limits=Limits(memory_bytes=48 << 20))
    assert (killed.signal, killed.oom_killed) == (signal.SIGKILL, False)


def test_a_child_s_end_is_told(box: AgentBox) -> None:
    """A program whose child ran out of memory and that says 0 is not passed off as well."""
    script = "tail -c 300000000 /dev/zero | cat >/dev/null; exit 0"
    result = box.run(["sh", "-c", script], limits=Limits(memory_bytes=48 << 20, seconds=30))
    assert (result.status, result.oom_killed) == (0, True)


def test_enough_memory_is_enough(box: AgentBox) -> None:
    """The same work within its limit is not disturbed."""
    script = "head -c 3000000 /dev/zero | tail -c 2000000 | wc -c"
    result = box.run(["sh", "-c", script], limits=Limits(memory_bytes=128 << 20))
    assert (result.out.strip(), result.oom_killed) == (b"2000000", False)


def test_processes_are_bounded(box: AgentBox) -> None:
    """A fork bomb is refused new processes, ends in time, and leaves a cell that works."""
    limits = Limits(seconds=1.0, processes=20, output_bytes=1000)
    began = time.monotonic()
    result = box.run(["sh", "-c", BOMB], limits=limits)
    assert result.timed_out
    assert b"can't fork" in result.err
    assert time.monotonic() - began < 10
    listed = box.run(["sh", "-c", "ls -d /proc/[0-9]*"])
    assert len(listed.out.split()) <= 5


def test_a_cell_s_own_bound_holds_a_bomb(box: AgentBox) -> None:
    """Without a limit of its own a command is still bounded by its cell's."""
    began = time.monotonic()
    result = box.run(["sh", "-c", BOMB], limits=Limits(seconds=1.0, output_bytes=1000))
    assert result.timed_out
    assert time.monotonic() - began < 30
    assert box.run(["true"]).ok


def test_a_full_tmp_is_enospc(box: AgentBox) -> None:
    """Writing more than /tmp holds is the program's own error, and other commands go on."""
    fill = "dd if=/dev/zero of=/tmp/full bs=1M count=600; s=$?; rm /tmp/full; exit $s"
    result = box.run(["sh", "-c", fill], limits=Limits(seconds=60))
    assert result.status == 1
    assert b"No space left on device" in result.err
    assert not result.oom_killed


def test_groups_of_commands_are_removed(box: AgentBox) -> None:
    """A command's own group is gone when it has ended."""
    assert box.group
    box.run(["true"], limits=Limits(memory_bytes=64 << 20))
    for folder in box.group.paths:
        assert [path.name for path in folder.iterdir() if path.is_dir()] == ["main"]


@pytest.mark.parametrize("status", [125, 126, 127, 137, 139, 255])
def test_statuses_of_engines_are_a_program_s_own(box: AgentBox, status: int) -> None:
    """What a container tool says for its own failures is only a number here."""
    result = box.run(["sh", "-c", f"exit {status}"])
    assert (result.status, result.signal, result.error, result.oom_killed) == (
        status, None, "", False,
    )  # fmt: skip


def test_a_late_command_does_not_go_on(box: AgentBox) -> None:
    """After a time-out nothing of the command runs on in the cell."""
    limits = Limits(seconds=0.3)
    assert box.run(["sh", "-c", "setsid sleep 66 & sleep 66"], limits=limits).timed_out
    assert b"sleep 66" not in box.run(["ps"]).out


def test_a_stopped_agent_is_an_error_and_no_hang(
    engine: AgentEngine, open_cell: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that stops its agent breaks its own cell, in time; closing still works."""
    monkeypatch.setattr(session, "GRACE", 1.0)
    own = open_cell(engine)
    agent = own.agent.hello.pid
    if agent == 1:
        own.close()
        pytest.skip("process 1 of a container cannot be stopped from inside")
    with pytest.raises(AgentError, match="is silent"):
        own.run(["sh", "-c", f"kill -STOP {agent}; sleep 9"], limits=Limits(seconds=1))
    folder = own.run_dir
    own.close()
    assert not folder.exists()
