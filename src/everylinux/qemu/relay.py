"""Our end of the serial line: a thread that carries the agent's pipe and UNIX sockets over it.

The machine is not trusted: it may connect to the sockets that were carried into it and to nothing
else, what it sends unasked is bounded, and a frame that cannot be ends it.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from everylinux.qemu.frames import (
    LINE_WINDOW,
    MAGIC,
    PAYLOAD,
    WINDOW,
    Kind,
    encode,
    split,
)
from everylinux.qemu.frames import number as told

CONSOLE_BYTES = 64 << 10
"""Of what the kernel printed, the last of it."""
PENDING_BYTES = 8 << 20
"""That wait for a reader of ours before the machine has to wait."""
NOISE_BYTES = 1 << 16
ENTROPY_BYTES = 256
SLICE_SECONDS = 0.5


@dataclass(slots=True)
class Channel:
    """One side of a connection: a socket of ours, and what it has not taken yet."""

    end: socket.socket
    room: int = WINDOW  # that the machine still takes
    pending: bytearray = field(default_factory=bytearray)
    reading: bool = True
    ending: bool = False  # the machine sends no more


class Relay:
    """Runs until the line or the agent's end is closed; then calls `ended`."""

    def __init__(self, line: socket.socket, console: socket.socket, *, fed: bool = True) -> None:
        """Own both sockets; `fed` gives the machine's kernel entropy, as virtio-rng would."""
        ours, self.agent = socket.socketpair()  # `agent` is for a session
        self._line, self._console = line, console
        self._channels: dict[int, Channel] = {0: Channel(ours)}
        self._out = bytearray()
        self._in = bytearray()
        self._on_the_way = 0  # raw bytes that the machine has not counted yet
        self._lock = threading.Lock()
        self._said = bytearray()
        self._sockets: dict[str, str] = {}  # path in the cell -> on the host
        self._ready = threading.Event()
        self._over = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = socket.socketpair()
        self.fed = fed
        self.why = ""  # it ended
        for one in (line, console, ours, self._wake, self._waker):
            one.settimeout(0)
        self._thread = threading.Thread(target=self._run, name="everylinux-line", daemon=True)

    def start(self, ended: Callable[[], object]) -> None:
        """Begin; `ended` is called from the thread when nothing can come any more."""
        self._ended = ended
        self._thread.start()

    def wait_ready(self, seconds: float) -> bool:
        """Whether the machine's process 1 spoke within so many seconds."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self._over.is_set():
            if self._ready.wait(0.05):
                return True
        return self._ready.is_set()

    @property
    def console(self) -> str:
        """The last that the kernel printed."""
        with self._lock:
            return self._said.decode("utf-8", "replace")

    def carry(self, frames: Iterable[bytes], sockets: dict[str, str] | None = None) -> None:
        """Queue frames before all that the agent is sent from now on.

        `sockets` may be connected to from now on: path in the cell -> path on the host.
        """
        with self._lock:
            self._sockets.update(sockets or {})
            self._out += b"".join(frames)
        self._nudge()

    def close(self) -> None:
        """End the thread; may be called twice."""
        self.why = self.why or "closed"
        self._over.set()
        self._nudge()
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(5)

    def _nudge(self) -> None:
        with contextlib.suppress(OSError):
            self._waker.send(b"!")

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                self._watch()
                for key, events in self._selector.select(SLICE_SECONDS):
                    key.data(events)
        except (OSError, ValueError) as error:
            self.why = self.why or str(error)
        finally:
            self._over.set()
            self._shut()
            self._ended()

    def _shut(self) -> None:
        self._selector.close()
        ends = [channel.end for channel in self._channels.values()]
        for one in (self._line, self._console, self._wake, self._waker, *ends):
            one.close()

    def _watch(self) -> None:
        """Ask for just the events that can be served now."""
        full = any(len(one.pending) > PENDING_BYTES for one in self._channels.values())
        writes = bool(self._out) and self._on_the_way < LINE_WINDOW
        read, write = selectors.EVENT_READ, selectors.EVENT_WRITE
        self._ask(self._line, (0 if full else read) | (write if writes else 0), self._on_line)
        self._ask(self._console, read, self._on_console)
        self._ask(self._wake, read, self._on_wake)
        waits = len(self._out) > 4 * PAYLOAD or not self._ready.is_set()
        for number, one in list(self._channels.items()):
            reads = one.reading and one.room > 0 and not waits
            events = (read if reads else 0) | (write if one.pending else 0)
            self._ask(one.end, events, partial(self._on_channel, number))

    def _ask(self, one: socket.socket, events: int, serve: Callable[[int], None]) -> None:
        known = self._selector.get_map().get(one)
        if known is not None and not events:
            self._selector.unregister(one)
        elif known is not None:
            self._selector.modify(one, events, serve)
        elif events:
            self._selector.register(one, events, serve)

    def _on_wake(self, _events: int) -> None:
        self._wake.recv(4096)

    def _on_console(self, _events: int) -> None:
        data = self._console.recv(1 << 16)
        if not data:
            raise OSError("the emulator ended")
        with self._lock:
            self._said += data
            del self._said[:-CONSOLE_BYTES]

    def _on_line(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            with self._lock:
                part = bytes(self._out[: LINE_WINDOW - self._on_the_way])
                sent = self._line.send(part) if part else 0
                del self._out[:sent]
            self._on_the_way += sent
        if events & selectors.EVENT_READ:
            data = self._line.recv(1 << 16)
            if not data:
                raise OSError("the emulator ended")
            self._in += data
            self._take()

    def _take(self) -> None:
        if not self._ready.is_set():
            at = self._in.find(MAGIC)
            if at < 0:
                del self._in[:-NOISE_BYTES]
                return
            del self._in[: at + len(MAGIC)]
            self._feed()
            self._ready.set()
        for kind, number, data in split(self._in):
            self._serve(kind, number, data)

    def _feed(self) -> None:
        if self.fed:
            self._send(Kind.ENTROPY, 0, os.urandom(ENTROPY_BYTES))

    def feed(self) -> None:
        """Give the machine entropy from now on, also where it was to have none."""
        self.fed = True
        self.carry([encode(Kind.ENTROPY, 0, os.urandom(ENTROPY_BYTES))])

    def _send(self, kind: Kind, number: int, data: bytes = b"") -> None:
        with self._lock:
            self._out += encode(kind, number, data)

    def _serve(self, kind: int, number: int, data: bytes) -> None:
        if kind == Kind.TICK:
            self._on_the_way -= min(self._on_the_way, told(data))
        elif kind == Kind.OPEN:
            self._connect(number, data.decode("utf-8", "replace"))
        elif kind == Kind.WANT:
            self._feed()
        elif number in self._channels:
            self._serve_channel(kind, number, self._channels[number], data)

    def _serve_channel(self, kind: int, number: int, one: Channel, data: bytes) -> None:
        if kind == Kind.CREDIT:
            one.room = min(WINDOW, one.room + told(data))
        elif kind == Kind.DATA:
            one.pending += data
            self._deliver(number)
        elif kind == Kind.END:
            one.ending = True
            self._deliver(number)
        elif kind == Kind.RESET:
            self._drop(number)

    def _connect(self, number: int, path: str) -> None:
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(1.0)
        try:
            end.connect(self._sockets[path])
        except (KeyError, OSError):
            end.close()
            self._send(Kind.RESET, number)
            return
        end.settimeout(0)
        if number in self._channels:  # the machine is through with it, its reader here is not
            self._drop(number)
        self._channels[number] = Channel(end)

    def _on_channel(self, number: int, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._deliver(number)
        if events & selectors.EVENT_READ and number in self._channels:
            self._fetch(number)

    def _fetch(self, number: int) -> None:
        one = self._channels[number]
        try:
            data = one.end.recv(min(one.room, PAYLOAD))
        except BlockingIOError:
            return
        except OSError:
            self._lose(number)
            return
        if data:
            one.room -= len(data)
            self._send(Kind.DATA, number, data)
            return
        if number == 0:
            raise OSError("closed")
        one.reading = False
        self._send(Kind.END, number)
        self._finish(number)

    def _deliver(self, number: int) -> None:
        one = self._channels[number]
        try:
            del one.pending[: one.end.send(one.pending) if one.pending else 0]
        except BlockingIOError:
            return
        except OSError:
            self._lose(number)
            return
        if one.ending and not one.pending:
            with contextlib.suppress(OSError):
                one.end.shutdown(socket.SHUT_WR)
            self._finish(number)

    def _finish(self, number: int) -> None:
        """Forget a channel of which both ways have ended."""
        one = self._channels[number]
        if number and one.ending and not one.pending and not one.reading:
            self._drop(number)

    def _lose(self, number: int) -> None:
        if number == 0:
            raise OSError("closed")
        self._send(Kind.RESET, number)
        self._drop(number)

    def _drop(self, number: int) -> None:
        one = self._channels.pop(number)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(one.end)
        one.end.close()
        if number == 0:
            raise OSError("the agent is gone")
