"""What is typed at the interpreter's prompt, and what the screen shows after each line.

A moment is a line that was typed with its keys: `lines` are the screen's rows from the prompt that
it was typed at to the one that follows, which is left out; `came` is whether one followed. After a
line that was not answered, Ctrl-C brings the prompt back, so that the next one is judged by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from everylinux.probes.terminal_emulator import (
    BACKSPACE,
    BRACKETED_PASTE,
    CONTROL_C,
    CONTROL_D,
    ENTER,
    PROMPT,
    TAB,
    Console,
    settle,
)

Moment = dict[str, Any]
Session = Callable[[Console], dict[str, Any]]
NEW_SIZE = (110, 70)
"""Taller and narrower: pyte takes rows away at the top, terminals do at the bottom."""
READING_SECONDS = 0.1
"""Between what a line editor shows and its next wait. A SIGINT there is heard at the next key only:
CPython looks for signals after the wait was interrupted (3.11, Modules/readline.c,
readline_until_enter_or_signal). Nobody types so soon; this harness does, on a busy machine."""
SLEEP = "import time; print('as' + 'leep'); time.sleep(60)"
EDITED = ("prit(6*7)", *["LEFT"] * 6, "n")
FUNCTION = "def pasted():\n    return 99\n\n"


def line(console: Console, *keys: str | bytes) -> Moment:
    """Press keys, then Enter, and wait for the next prompt."""
    return answer(console, lambda: console.keys(*keys, ENTER))


def answer(console: Console, act: Callable[[], object]) -> Moment:
    """Do something at the prompt that should bring another."""
    before, row = console.prompts, _last_prompt(console)
    act()
    came = console.until(lambda: console.prompts > before and console.ready)
    lines = console.lines[row : -1 if came else None]
    if not came and not console.over:
        console.keys(CONTROL_C)
        console.until(lambda: console.ready)
    return {"came": came, "lines": lines}


def _last_prompt(console: Console) -> int:
    rows = [number for number, row in enumerate(console.lines) if row.startswith(PROMPT)]
    return rows[-1] if rows else 0


def left(console: Console) -> dict[str, Any]:
    """Leave by Ctrl-D, and how it ended."""
    console.keys(CONTROL_D)
    return {"ended": console.end()}


def _interrupted(console: Console) -> Moment:
    """A line that sleeps, and Ctrl-C once it does."""

    def act() -> None:
        console.keys(SLEEP, ENTER)
        console.sees("^asleep$")
        console.keys(CONTROL_C)

    return answer(console, act)


def _dropped(console: Console) -> Moment:
    """Half a line, and Ctrl-C."""

    def act() -> None:
        console.keys("half a li")
        console.sees("^>>> half a li$")
        console.until(lambda: False, READING_SECONDS)
        console.keys(CONTROL_C)

    return answer(console, act)


def _completed(console: Console) -> Moment:
    def act() -> None:
        console.keys("everylinux_na", TAB)
        console.sees("^>>> everylinux_name")
        console.keys("+1", ENTER)

    line(console, "everylinux_name = 4710")
    return answer(console, act)


def _pasted(console: Console) -> list[Moment]:
    """A function from the clipboard, and its call; what came in brackets waits for Enter."""

    def act() -> None:
        bracketed = BRACKETED_PASTE in console.screen.mode
        console.paste(FUNCTION)
        console.sees("^[. ]{3}.*return 99")
        if bracketed:
            console.keys(ENTER)

    return [answer(console, act), line(console, "pasted() + 1")]


def _resized(console: Console) -> Moment:
    line(console, "import os")
    console.resize(*NEW_SIZE)
    return line(console, "tuple(os.get_terminal_size())")


def editing(console: Console) -> dict[str, Any]:
    """Every way to edit a line, then Ctrl-D."""
    if not settle(console):
        return no_prompt(console)
    found: dict[str, Any] = {"plain": line(console, "6*7")}
    found["backspace"] = line(console, "prinx", BACKSPACE, "t(6*8)")
    found["left"] = line(console, *EDITED)
    found["up"] = line(console, "UP", "UP", BACKSPACE, "+1)")
    found["completed"] = _completed(console)
    found["unicode"] = line(console, "len('größe→')")
    found["wide"] = line(console, "len('日本語", BACKSPACE, "')")
    found["wide left"] = line(console, "'日本'", "LEFT", "LEFT", "x")
    found["interrupted"] = _interrupted(console)
    found["dropped"] = _dropped(console)
    found["after"] = line(console, "'still here'")
    found["pasted"] = _pasted(console)
    found["block"] = _block(console)
    found["resized"] = _resized(console)
    return found | left(console)


def _block(console: Console) -> Moment:
    """A loop, and the empty line that ends it."""

    def act() -> None:
        console.keys("for n in range(2): print(n + 70)", ENTER)
        console.until(lambda: console.lines[-1:] == ["..."])  # not one that was pasted before
        console.keys(ENTER)

    return answer(console, act)


def no_prompt(console: Console) -> dict[str, Any]:
    """What the screen shows instead."""
    return {"failed": f"no prompt: {' | '.join(console.lines)[-300:]}", "ended": console.end()}


def brief(console: Console) -> dict[str, Any]:
    """One line with a left arrow and a backspace, the same again by an up arrow, Ctrl-D."""
    if not settle(console):
        return no_prompt(console)
    edited = line(console, "124", "LEFT", BACKSPACE, "0")
    again = line(console, "UP")
    return {"edited": edited, "again": again, "start": console.lines[:6], **left(console)}


def plain(console: Console) -> dict[str, Any]:
    """A line without any key that needs the terminal's abilities, Ctrl-D."""
    if not settle(console):
        return no_prompt(console)
    return {"plain": line(console, "6*7"), "start": console.lines[:6], **left(console)}


def remembering(console: Console) -> dict[str, Any]:
    """A line to be remembered, Ctrl-D."""
    if not settle(console):
        return no_prompt(console)
    return {"typed": line(console, "'remem' + 'bered'"), **left(console)}


def recalling(console: Console) -> dict[str, Any]:
    """The line of the start before by an up arrow; then an exit with a status."""
    if not settle(console):
        return no_prompt(console)
    found = {"recalled": line(console, "UP")}
    console.keys("raise SystemExit(7)", ENTER)
    return {**found, "ended": console.end()}
