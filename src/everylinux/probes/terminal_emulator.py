"""A terminal as its user sees it: pyte's screen on the agent's channel, and keys as they are sent.

The program under test believes that it talks to a terminal of the kind that TERM names. What it
writes is drawn; what a key sends depends on the mode that it asked for, as on a real one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import pyte
from pyte.screens import Char

from everylinux.agent.terminal import Ended, Terminal
from everylinux.engines.base import Box

PATIENCE = 10.0
"""Seconds until what should be on the screen counts as not coming; times the box's slowness."""
SIZE = (100, 80)
"""Rows and columns: no session of ours scrolls."""
PROMPT = ">>>"
# Numbers of DEC private modes as pyte keeps them (pyte/modes.py: shifted by 5). DECCKM decides what
# arrows send (xterm's ctlseqs: "Application Cursor Keys"), 2004 whether pastes are bracketed.
CURSOR_KEYS, BRACKETED_PASTE = 1 << 5, 2004 << 5
ARROWS = {"UP": "A", "DOWN": "B", "RIGHT": "C", "LEFT": "D"}
BACKSPACE, TAB, ENTER = b"\x7f", b"\t", b"\r"
CONTROL_C, CONTROL_D, QUIT = b"\x03", b"\x04", b"\x1c"


@runtime_checkable
class Spawns(Protocol):
    """A box that has terminals."""

    def spawn(
        self, argv: Sequence[str | bytes], *, env: Mapping[str, str] | None, size: tuple[int, int]
    ) -> Terminal:
        """Start a command on a terminal of its own."""
        ...


class Console:
    """One program on one terminal; close it."""

    def __init__(self, terminal: Terminal, size: tuple[int, int], slowness: float) -> None:
        """`size` is rows and columns, `slowness` the box's."""
        self.terminal = terminal
        self.screen = pyte.Screen(size[1], size[0])
        self.patience = PATIENCE * slowness
        self.over = False
        self._stream = pyte.ByteStream(self.screen)
        self._lines: list[str] | None = None  # as long as nothing was drawn: rendering is slow

    @property
    def lines(self) -> list[str]:
        """The rows of the screen without trailing spaces and without the empty ones at the end."""
        if self._lines is None:
            self._lines = self._rendered()
        return list(self._lines)

    def _rendered(self) -> list[str]:
        """As pyte's `display`, but only what was drawn: that one measures every cell each time."""
        buffer: Mapping[int, Mapping[int, Char]] = self.screen.buffer
        drawn = [buffer.get(y, {}) for y in range(self.screen.lines)]
        rows = ["".join(row[x].data for x in range(max(row, default=-1) + 1)) for row in drawn]
        rows = [row.rstrip() for row in rows]
        while rows and not rows[-1]:
            rows.pop()
        return rows

    @property
    def prompts(self) -> int:
        """How many rows begin with the interpreter's prompt."""
        return sum(row.startswith(PROMPT) for row in self.lines)

    @property
    def ready(self) -> bool:
        """Whether the last row is an empty prompt."""
        return self.lines[-1:] == [PROMPT]

    def until(self, true: Callable[[], bool], seconds: float | None = None) -> bool:
        """Draw what comes until something is true of the screen; whether it became so in time."""
        end = time.monotonic() + (self.patience if seconds is None else seconds)
        while not true():
            left = end - time.monotonic()
            if left <= 0 or self.over:
                return False
            self._draw(min(left, 1.0))
        return True

    def sees(self, pattern: str) -> bool:
        """Wait until a pattern is on the screen; ^ and $ are of rows."""
        found = re.compile(pattern, re.MULTILINE)
        return self.until(lambda: found.search("\n".join(self.lines)) is not None)

    def _draw(self, seconds: float) -> None:
        data = self.terminal.read(seconds)
        if data is None:
            self.over = True
        elif data:
            self._stream.feed(data)
            self._lines = None

    def keys(self, *keys: str | bytes) -> None:
        """Press keys: names of ARROWS, bytes as they are, other text as UTF-8."""
        self.terminal.write(b"".join(map(self._sent, keys)))

    def _sent(self, key: str | bytes) -> bytes:
        if isinstance(key, bytes):
            return key
        if key in ARROWS:
            between = b"O" if CURSOR_KEYS in self.screen.mode else b"["
            return b"\x1b" + between + ARROWS[key].encode()
        return key.encode()

    def paste(self, text: str) -> None:
        """Paste as xterm does: line feeds as carriage returns, in brackets if that was asked."""
        data = text.replace("\n", "\r").encode()
        if BRACKETED_PASTE in self.screen.mode:
            data = b"\x1b[200~" + data + b"\x1b[201~"
        self.terminal.write(data)

    def resize(self, rows: int, columns: int) -> None:
        """Pull the window's corner."""
        self.screen.resize(rows, columns)
        self._lines = None
        self.terminal.resize(rows, columns)

    def end(self) -> dict[str, int | None] | None:
        """How the program ended; None if it still runs."""
        self.until(lambda: False)
        ended: Ended | None = self.terminal.wait(self.patience if self.over else 0.0)
        return None if ended is None else {"status": ended.status, "signal": ended.signal}


def start(
    box: Box, argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int] = SIZE
) -> Console:
    """Start a program on a terminal; TypeError if the box has none, OSError if it cannot start."""
    spawner: Any = box
    if not isinstance(spawner, Spawns):
        raise TypeError("this engine gives no terminals")
    return Console(spawner.spawn(argv, env=env, size=size), size, box.slowness)


def settle(console: Console) -> bool:
    """Wait for the first prompt; whether it came."""
    return console.until(lambda: console.ready)
