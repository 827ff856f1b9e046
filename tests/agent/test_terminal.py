"""Commands on a terminal: typed to, read, resized, signalled, ended."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from everylinux.agent import AgentSession, Terminal

from .conftest import Started


def read_until(terminal: Terminal, wanted: bytes, seconds: float = 5.0) -> bytes:
    found, until = b"", time.monotonic() + seconds
    while wanted not in found and time.monotonic() < until:
        data = terminal.read(0.5)
        if data is None:
            break
        found += data
    assert wanted in found
    return found


def test_a_shell_on_a_terminal(agent: AgentSession) -> None:
    """It has a terminal of the size asked for, echoes, and its status comes back."""
    terminal = agent.spawn(["sh", "-c", "tty; stty size; read x; echo got $x; exit 7"], size=(5, 9))
    read_until(terminal, b"5 9\r\n")
    assert terminal.wait(0.0) is None
    terminal.write(b"word\n")
    assert read_until(terminal, b"got word\r\n").startswith(b"word\r\n")
    assert terminal.read() is None
    ended = terminal.wait()
    assert ended
    assert (ended.status, ended.signal) == (7, None)
    terminal.close()


def test_control_c_and_resize(agent: AgentSession) -> None:
    """The terminal is the controlling one: ^C is SIGINT, a resize is SIGWINCH."""
    script = "trap 'stty size' WINCH; trap 'exit 3' INT; echo ready; while :; do sleep 0.05; done"
    terminal = agent.spawn(["sh", "-c", script])
    read_until(terminal, b"ready")
    terminal.resize(11, 22)
    read_until(terminal, b"11 22")
    terminal.write(b"\x03")
    ended = terminal.wait()
    assert ended
    assert ended.status == 3
    with pytest.raises(ProcessLookupError):
        terminal.signal(signal.SIGTERM)
    terminal.close()


def test_a_signal_ends_it(agent: AgentSession) -> None:
    """A command that a signal ended has no status."""
    terminal = agent.spawn(["sleep", "63"])
    terminal.signal(signal.SIGTERM)
    ended = terminal.wait()
    assert ended
    assert (ended.status, ended.signal) == (None, signal.SIGTERM)
    terminal.close()


def test_commands_beside_a_terminal(agent: AgentSession) -> None:
    """A command's end, also with strays, leaves a terminal's processes alone; close ends them."""
    terminal = agent.spawn(["sh", "-c", "sleep 64 & echo $!; cat"])
    pid = int(read_until(terminal, b"\n"))
    for _ in range(3):
        agent.run(["sh", "-c", "setsid sleep 65 &"])
    assert Path(f"/proc/{pid}").exists()
    terminal.write(b"still here\n")
    read_until(terminal, b"still here")
    terminal.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(ProcessLookupError):
        terminal.wait()


def test_terminals_are_bounded(started: Started) -> None:
    """The seventeenth terminal is refused by its errno; closing one makes room."""
    terminals = [started.session.spawn(["cat"]) for _ in range(16)]
    with pytest.raises(OSError, match="Too many open files"):
        started.session.spawn(["cat"])
    terminals[3].close()
    started.session.spawn(["cat"]).close()


def test_what_cannot_start_is_an_errno(agent: AgentSession) -> None:
    """A terminal for a program that is not there is the OSError that execve gave."""
    with pytest.raises(FileNotFoundError):
        agent.spawn(["/nowhere"])
