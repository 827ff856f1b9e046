"""Carries bytes between the subject's UNIX socket and a program of the host's on the loopback.

The subject always connects, in the folder that its cell sees; the cell needs no network. A program
that is a server listens on a port of 127.0.0.1 and is connected to; one that is a client is started
when the subject connects, and connects to a port of ours.
"""

from __future__ import annotations

import contextlib
import os
import random
import selectors
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 15.0
COMING_SECONDS = 150.0
"""For a subject to connect: all conversations are prepared before the first, and are held one after
the other; it is stopped after 120 s. Who was waited for 15 s was late on a busy machine."""
LOOPBACK = "127.0.0.1"
READY_SECONDS = 30.0  # for a server to listen: a score of them start at once, on a busy machine
LIFE_SECONDS = 4 * COMING_SECONDS
"""Of a program whose owner was killed: longer than any subject is waited for."""
END_SECONDS = 2.0  # for a client to end by itself, once the subject has left
PIECE = 1 << 16
PORTS = (10_000, 32_768)
TRIES = 100
OUTPUT = 1 << 16  # of a program's output are kept
PORT = "{port}"  # in a program's arguments


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the host's: its arguments for each start, and what it is told."""

    arguments: tuple[tuple[str, ...], ...]  # a client is started anew for each connection, in turn
    listens: bool
    says: bytes = b""  # to its standard input
    ends: bool = False  # its standard input ends behind that


class Child:
    """A running program; what it says goes to a file, so that it never waits for a reader.

    timeout(1) bounds its life: nobody else ends it when the process that started it was killed.
    """

    def __init__(self, words: Sequence[str], seconds: float) -> None:
        """Start it, for so many seconds at most."""
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        self._process = subprocess.Popen(
            ("timeout", str(seconds), *words),
            stdin=subprocess.PIPE,
            stdout=self._out,
            stderr=subprocess.STDOUT,
        )

    def hear(self, text: bytes, *, ends: bool) -> None:
        """Write to its standard input, and close it if that was all."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it may have ended already
            self._process.stdin.write(text)
            self._process.stdin.flush()
            if ends:
                self._process.stdin.close()

    def stop(self) -> bool:
        """Ask it to end; whether it was still there."""
        there = not self.ended
        self._process.terminate()
        return there

    @property
    def ended(self) -> bool:
        """Whether it is no more."""
        return self._process.poll() is not None

    @property
    def crashed(self) -> bool:
        """Whether a signal ended it that is not ours."""
        status = self._process.poll()
        return status is not None and status < 0 and status != -signal.SIGTERM

    def end(self) -> bytes:
        """What it said; it gets a moment to end by itself."""
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # timeout(1) leads a group
            self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._out.seek(0)
        with self._out as out:
            return out.read(OUTPUT)


class Relay:
    """Serves one conversation's connections in a thread."""

    def __init__(self, path: Path, program: Program, rounds: int, slowness: float = 1.0) -> None:
        """Listen at once; a server is started at once, too.

        Time limits are `slowness` times as long, for a subject in a slow machine.
        """
        self._seconds = SECONDS * slowness
        self._life_seconds = LIFE_SECONDS * slowness
        self._program = program
        self._rounds = rounds
        self._children: list[Child] = []
        self._ended = False
        self._left = False  # a server was gone when it was asked to end
        self._held = 0  # conversations that came to their end
        self._trouble = ""  # why there was no conversation, if that is not the subject's doing
        self._path = path
        self._unix = socket.socket(socket.AF_UNIX)
        self._unix.bind(str(path))
        path.chmod(0o777)  # the subject may be another user
        self._tcp = _kept() if program.listens else socket.create_server((LOOPBACK, 0))
        self._port = self._tcp.getsockname()[1]
        self._unix.settimeout(COMING_SECONDS * slowness)
        self._tcp.settimeout(self._seconds)
        self._unix.listen(rounds)
        if program.listens:
            self._start(0)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask a server to end, without waiting for it."""
        if self._ended:
            return
        self._ended = True
        if self._program.listens:
            there = [child.stop() for child in self._children]
            self._left = not all(there)

    def end(self) -> dict[str, str]:
        """End everything: what the program said, and why nothing could be asked of it, or ""."""
        self.stop()
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect(str(self._path))  # wakes the thread if nobody came
        self._thread.join(SECONDS)
        # s_server -rev ends by itself when its last connection is reset behind the answer
        # (rev_body in OpenSSL's apps/s_server.c): then nothing was missed.
        if self._left and (self._held < self._rounds or any(c.crashed for c in self._children)):
            self._trouble = self._trouble or "the server ended before it was asked to"
        self._unix.close()
        self._tcp.close()
        said = [child.end() for child in self._children]
        text = b"\n".join(said).decode("utf-8", "replace")[-OUTPUT:]
        return {"said": text, "trouble": self._trouble}

    def _start(self, number: int) -> None:
        words = [w.replace(PORT, str(self._port)) for w in self._program.arguments[number]]
        child = Child(words, self._life_seconds)
        self._children.append(child)
        if not self._program.listens:
            child.hear(self._program.says, ends=self._program.ends)

    def _serve(self) -> None:
        for number in range(self._rounds):
            try:
                subject, _ = self._unix.accept()
            except OSError:
                return
            with subject:
                if self._ended:
                    return
                try:
                    other = self._other(number)
                except OSError as error:
                    self._trouble = f"{self._program.arguments[0][0]}: {error}"
                    return
                with other, contextlib.suppress(OSError):
                    splice(subject, other, self._seconds)
            self._held += 1

    def _other(self, number: int) -> socket.socket:
        if self._program.listens:
            return _connected(self._port, self._children[0])
        if number < len(self._program.arguments):
            self._start(number)
        return self._tcp.accept()[0]


def _kept() -> socket.socket:
    """Keeps a port for a program that says SO_REUSEADDR, as servers do; no other relay can have it.

    A port that is let go is taken by one of the many relays that start in the same moment. This one
    is taken without SO_REUSEADDR, so that nobody else is on it, and then allows it: whoever says it
    may listen there as well, as long as we do not. See SO_REUSEADDR in
    https://man7.org/linux/man-pages/man7/socket.7.html. Outgoing connections do not take it either:
    Linux gives them ports from 32768 on, ip_local_port_range in
    https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html.
    """
    for _ in range(TRIES):
        made = socket.socket()
        try:
            made.bind((LOOPBACK, random.randrange(*PORTS)))  # noqa: S311 - no secret
        except OSError:
            made.close()
            continue
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made
    raise OSError(f"no free port of {PORTS}")


def _connected(port: int, server: Child) -> socket.socket:
    """A connection to a server that may still be starting; ConnectionError if it does not."""
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            return socket.create_connection((LOOPBACK, port), SECONDS)
        except ConnectionError:
            if server.ended or time.monotonic() > until:
                raise
            time.sleep(0.01)


def splice(first: socket.socket, second: socket.socket, seconds: float = SECONDS) -> None:
    """Carry bytes both ways until both ends said their last, each end passed on by itself."""
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as ready:
        ready.register(first, selectors.EVENT_READ, second)
        ready.register(second, selectors.EVENT_READ, first)
        while ready.get_map() and time.monotonic() < until:
            for event, _ in ready.select(1.0):
                _carry(ready, event.fileobj, event.data)


def _carry(ready: selectors.BaseSelector, source: Any, target: socket.socket) -> None:  # noqa: ANN401 - selectors' own type is wide
    try:
        piece = source.recv(PIECE)
        if piece:
            target.sendall(piece)
            return
    except OSError:  # reset: there is nothing more to carry this way
        pass
    ready.unregister(source)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
