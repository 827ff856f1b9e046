"""Our end of the serial line against machines that are played: a good one, and bad ones."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from everylinux.qemu.frames import LINE_WINDOW, MAGIC, NUMBER, WINDOW, Kind, encode, split
from everylinux.qemu.relay import CONSOLE_BYTES, Relay


class Played:
    """The machine's end of the line, and the relay."""

    def __init__(self, *, fed: bool = False) -> None:
        """Nothing was said yet."""
        self.ended: list[bool] = []
        line, self.line = socket.socketpair()
        console, self.console = socket.socketpair()
        self.line.settimeout(5)
        self._buffer = bytearray()
        self.relay = Relay(line, console, fed=fed)
        self.relay.start(lambda: self.ended.append(True))
        self.relay.agent.settimeout(5)

    def greet(self) -> None:
        """Say the magic, after what a firmware may have said."""
        self.line.send(b"noise\r\n" + MAGIC)
        assert self.relay.wait_ready(5)

    def frame(self) -> tuple[int, int, bytes]:
        """The next frame that comes from the relay; its bytes are counted back."""
        while True:
            for kind, number, data in split(self._buffer):
                return kind, number, data
            got = self.line.recv(4096)
            assert got, "the relay hung up"
            self._buffer += got
            self.line.send(encode(Kind.TICK, 0, NUMBER.pack(len(got))))

    def close(self) -> None:
        """Both ends."""
        self.relay.close()
        for one in (self.line, self.console, self.relay.agent):
            one.close()


@pytest.fixture
def played() -> Iterator[Played]:
    """A machine that has greeted."""
    machine = Played()
    machine.greet()
    yield machine
    machine.close()


def eventually(true: Callable[[], object]) -> bool:
    """Whether it becomes true in time."""
    until = time.monotonic() + 5
    while time.monotonic() < until and not true():
        time.sleep(0.01)
    return bool(true())


def test_the_agents_bytes_go_both_ways(played: Played) -> None:
    """Channel 0 is the agent."""
    played.relay.agent.send(b"ask")
    assert played.frame() == (Kind.DATA, 0, b"ask")

    played.line.send(encode(Kind.DATA, 0, b"answer"))
    assert played.relay.agent.recv(100) == b"answer"


def test_a_line_is_never_overrun(played: Played) -> None:
    """Without a count no more than the terminal's buffer is on the way; with it, all comes."""
    played.relay.agent.settimeout(None)
    played.relay.agent.send(b"x" * 9000)
    time.sleep(0.3)
    first = played.line.recv(1 << 16)
    assert len(first) <= LINE_WINDOW

    played.line.send(encode(Kind.TICK, 0, NUMBER.pack(len(first))))
    played._buffer += first
    assert sum(len(played.frame()[2]) for _ in range(5)) == 9000


def test_a_channel_that_takes_nothing_is_not_sent_more(played: Played) -> None:
    """A channel's window: the agent that reads nothing does not fill the machine."""
    played.relay.agent.settimeout(None)
    played.relay.agent.send(b"y" * (WINDOW + 5000))
    got = 0
    played.line.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        while got < 2 * WINDOW:
            got += len(played.frame()[2])
    assert got == WINDOW

    played.line.send(encode(Kind.CREDIT, 0, NUMBER.pack(5000)))
    played.line.settimeout(5)
    while got < WINDOW + 5000:
        got += len(played.frame()[2])


def test_only_what_was_carried_can_be_connected_to(played: Played, tmp_path: Path) -> None:
    """A machine that names another socket of ours is refused; a carried one works both ways."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen(1)
        played.line.send(encode(Kind.OPEN, 3, str(tmp_path / "s").encode()))
        assert played.frame() == (Kind.RESET, 3, b"")

        played.relay.carry([], {"/everylinux/run/s": str(tmp_path / "s")})
        played.line.send(encode(Kind.OPEN, 4, b"/everylinux/run/s"))
        peer, _ = server.accept()
        with peer:
            played.line.send(encode(Kind.DATA, 4, b"hello"))
            assert peer.recv(100) == b"hello"
            peer.send(b"bye")
            assert played.frame() == (Kind.DATA, 4, b"bye")
            peer.shutdown(socket.SHUT_WR)
            assert played.frame() == (Kind.END, 4, b"")
            played.line.send(encode(Kind.END, 4))
            assert peer.recv(100) == b""


def test_entropy_is_given_where_it_shall_be() -> None:
    """At the greeting and whenever the machine wants more; never to one that is to have none."""
    for fed in (True, False):
        machine = Played(fed=fed)
        machine.greet()
        machine.line.send(encode(Kind.WANT))
        machine.relay.agent.send(b"end")
        kinds = [machine.frame()[0] for _ in range(3 if fed else 1)]
        machine.close()
        assert sorted(kinds) == ([Kind.DATA, Kind.ENTROPY, Kind.ENTROPY] if fed else [Kind.DATA])


@pytest.mark.parametrize("bad", [b"\xff\xff\xff\xff", encode(Kind.TICK, 0, b"?")])
def test_a_broken_frame_ends_the_machine(played: Played, bad: bytes) -> None:
    """The emulator is told to end, and the agent's end hangs up."""
    played.line.send(bad)

    assert eventually(lambda: played.ended)
    assert played.relay.agent.recv(10) == b""


def test_an_emulator_that_ends_is_noticed(played: Played) -> None:
    """The session reads the end instead of waiting."""
    played.line.close()

    assert played.relay.agent.recv(10) == b""


def test_the_last_of_the_console_is_kept(played: Played) -> None:
    """However much a kernel prints."""
    played.console.settimeout(5)
    for _ in range(40):
        played.console.send(b"z" * 4096)
    played.console.send(b"panic")

    assert eventually(lambda: played.relay.console.endswith("panic"))
    assert len(played.relay.console) == CONSOLE_BYTES
