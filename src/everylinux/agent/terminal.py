"""A command on a terminal in a cell, alive between requests."""

from __future__ import annotations

import signal
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from everylinux.agent.protocol import Flag, Frame, Kind, Tag, Value


class Ask(Protocol):
    """One request, one answer; see AgentSession."""

    def __call__(
        self, kind: Kind, fields: Iterable[tuple[Tag, Value]], what: str, seconds: float = 0.0
    ) -> Frame:
        """Send it and wait."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command on a terminal ended: one of both is None."""

    status: int | None
    signal: int | None


class Terminal:
    """The master's side. Close it: its processes end with it, at the latest with the cell."""

    def __init__(self, ask: Ask, session: int, pid: int) -> None:
        """Made by AgentSession.spawn."""
        self._ask = ask
        self._session = session
        self.pid = pid  # in the cell

    def _request(self, kind: Kind, *fields: tuple[Tag, Value], seconds: float = 0.0) -> Frame:
        named = [(Tag.SESSION, self._session), *fields]
        if kind in (Kind.PTY_READ, Kind.PTY_WRITE, Kind.PTY_WAIT):
            named.append((Tag.TIME_LIMIT, int(seconds * 1e9)))
        return self._ask(kind, named, "terminal", seconds)

    def read(self, seconds: float = 1.0, limit: int = 65536) -> bytes | None:
        """What it printed: b"" if nothing came in time, None if nothing can come any more."""
        frame = self._request(Kind.PTY_READ, (Tag.LIMIT, limit), seconds=seconds)
        return None if frame.number(Tag.FLAGS, 0) & Flag.EOF else frame.bytes(Tag.BYTES)

    def write(self, data: bytes, seconds: float = 5.0) -> int:
        """Type; the number of bytes that it took in time."""
        return self._request(Kind.PTY_WRITE, (Tag.BYTES, data), seconds=seconds).number(Tag.TOTAL)

    def resize(self, rows: int, columns: int) -> None:
        """Change the window; the foreground gets SIGWINCH."""
        self._request(Kind.PTY_RESIZE, (Tag.ROWS, rows), (Tag.COLUMNS, columns))

    def signal(self, number: signal.Signals) -> None:
        """Signal the command's own process group; ProcessLookupError once it has ended."""
        self._request(Kind.PTY_SIGNAL, (Tag.SIGNAL, int(number)))

    def wait(self, seconds: float = 5.0) -> Ended | None:
        """How it ended; None if it still runs after `seconds`."""
        frame = self._request(Kind.PTY_WAIT, seconds=seconds)
        if frame.number(Tag.FLAGS, 0) & Flag.RUNNING:
            return None
        by_signal = frame.find(Tag.SIGNAL) is not None
        return Ended(
            None if by_signal else frame.number(Tag.STATUS),
            frame.number(Tag.SIGNAL) if by_signal else None,
        )

    def close(self) -> None:
        """End the command and what it started, and free the terminal."""
        self._request(Kind.PTY_CLOSE)
