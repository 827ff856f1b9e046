"""A pair of pipes to an agent, with a time limit on everything: a silent peer never hangs us."""

from __future__ import annotations

import contextlib
import os
import select
import time

from everylinux.agent.protocol import Frame, decode, frame_size
from everylinux.errors import AgentError

READ_SIZE = 256 << 10


class Pipes:
    """Frames in and out; any failure breaks it for good."""

    def __init__(self, write_fd: int, read_fd: int, patience: float = 1.0) -> None:
        """Own two descriptors: `write_fd` to the agent's stdin, `read_fd` from its stdout.

        Each time limit is `patience` times as long: for an agent in a slow machine.
        """
        self.patience = patience
        self._write_fd, self._read_fd = write_fd, read_fd
        self._buffer = bytearray()
        self._broken = ""
        os.set_blocking(write_fd, False)
        os.set_blocking(read_fd, False)

    def send(self, frame: bytes, seconds: float) -> None:
        """Write a whole frame; AgentError if the agent does not take it in time."""
        self._check()
        until = time.monotonic() + seconds * self.patience
        view = memoryview(frame)
        while view:
            self._wait(self._write_fd, select.POLLOUT, until, "reads nothing")
            try:
                view = view[os.write(self._write_fd, view) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self.fail(f"the agent is gone: {error.strerror}") from None

    def receive(self, until: float) -> Frame:
        """Read a whole frame; AgentError if it does not come until the monotonic time `until`."""
        self._check()
        self._fill(4, until)
        size = self._size()
        self._fill(4 + size, until)
        body = bytes(self._buffer[4 : 4 + size])
        del self._buffer[: 4 + size]
        try:
            return decode(body)
        except AgentError as error:
            raise self.fail(error.cause) from None

    def _size(self) -> int:
        try:
            return frame_size(self._buffer)
        except AgentError as error:
            raise self.fail(error.cause) from None

    def _fill(self, size: int, until: float) -> None:
        while len(self._buffer) < size:
            self._wait(self._read_fd, select.POLLIN, until, "is silent")
            try:
                data = os.read(self._read_fd, READ_SIZE)
            except BlockingIOError:
                continue
            if not data:
                raise self.fail("the agent is gone")
            self._buffer += data

    def _wait(self, fd: int, event: int, until: float, what: str) -> None:
        poll = select.poll()
        poll.register(fd, event)
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise self.fail(f"the agent {what} though it is past its time")

    def _check(self) -> None:
        if self._broken:
            raise AgentError(self._broken, move="the cell is lost; open another")

    @property
    def works(self) -> bool:
        """Whether it is open and nothing has broken it."""
        return not self._broken

    def fail(self, why: str) -> AgentError:
        """Break it for good: what comes after cannot be told from the answer before."""
        self._broken = self._broken or why
        self.close()
        return AgentError(why, move="the cell is lost; open another")

    def close(self) -> None:
        """Close both ends, which ends the agent; may be called twice."""
        self._broken = self._broken or "the cell is closed"
        for fd in {self._write_fd, self._read_fd} - {-1}:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._write_fd = self._read_fd = -1
