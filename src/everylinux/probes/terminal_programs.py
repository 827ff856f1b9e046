"""Programs that users run on a terminal, and what is done to them: curses, getpass, input, help."""

from __future__ import annotations

from typing import Any

from everylinux.probes.terminal_emulator import BACKSPACE, ENTER, QUIT, Console, settle
from everylinux.probes.terminal_repl import left, line

SECRET = "geheim-größe"  # noqa: S105 - it is to be typed
"""What is typed where nothing may be echoed; no password of anybody's."""
DRAWN_SIZE, RESIZED = (12, 60), (20, 40)
PAGE = (30, 80)
"""Rows for a page of pydoc's own pager, which takes a terminal for one of 25 rows."""

ABOUT = """
import json, os
print(json.dumps({
    "terminals": [os.isatty(n) for n in range(3)],
    "size": list(os.get_terminal_size()),
    "names": sorted({os.ttyname(n) for n in range(3)}),
    "foreground": os.tcgetpgrp(0) == os.getpgrp(),
    "leader": os.getsid(0) == os.getpid(),
    "controlling": os.ctermid(),
}, indent=1))
"""
ASKED = """
import readline
print("told", ascii(input("name? ")))
"""
SECRETLY = """
import getpass
told = getpass.getpass("secret? ")
print("told", len(told), told.encode().hex())
"""
DRAWING = """
import curses
def main(window):
    keys = []
    while True:
        window.erase()
        window.addstr(2, 4, "gr\\u00f6\\u00dfe \\u65e5\\u672c!")
        window.addstr(3, 4, "size %d %d" % window.getmaxyx())
        window.addstr(4, 4, "keys " + " ".join(keys))
        window.addstr(5, 4, "bold", curses.A_BOLD)
        window.refresh()
        key = window.getch()
        if key == ord("q"):
            return keys
        keys.append(curses.keyname(key).decode())
print("drew", curses.wrapper(main))
"""
PAGED = "help('str')"
# The kernel fills 19 control characters; what Python shows beyond those is not the terminal's.
SAME = """
import subprocess, sys, termios
def now():
    *modes, characters = termios.tcgetattr(0)
    return modes, characters[:19]
before = now()
status = subprocess.call([sys.executable, "-q"])
print("left", status, now() == before)
"""
SLEEPS = "import time; print('as' + 'leep', flush=True); time.sleep(60)"


def told(console: Console) -> dict[str, Any]:
    """Everything on the screen once the program has ended by itself."""
    return {"ended": console.end(), "lines": console.lines}


def asked(console: Console) -> dict[str, Any]:
    """A question that is answered with corrections."""
    console.sees(r"^name\?")
    console.keys("prit", BACKSPACE, "größt", "LEFT", BACKSPACE, "ss", ENTER)
    return told(console)


def secretly(console: Console) -> dict[str, Any]:
    """A question whose answer nobody sees."""
    console.sees(r"^secret\?")
    console.keys(SECRET)
    console.until(lambda: False, 0.2)
    shown = console.lines
    console.keys(ENTER)
    return {"typing": shown, **told(console)}


def drawing(console: Console) -> dict[str, Any]:
    """A full screen program: what it draws, two keys, a resize, and how it leaves."""
    console.sees("keys")
    console.sees("bold")
    first = console.lines
    bold = console.screen.buffer[5][4].bold
    console.keys("LEFT", "x", "UP")
    console.sees("KEY_UP")
    keyed = console.lines
    # ncurses looks for a resize before it reads: one that comes in between waits for the next key
    console.until(lambda: False, 0.2)
    console.resize(*RESIZED)
    console.sees(r"KEY_RESIZE\n.*bold")
    resized = console.lines
    console.keys("q")
    return {"first": first, "bold": bold, "keyed": keyed, "resized": resized, **told(console)}


def paged(console: Console) -> dict[str, Any]:
    """A long text where no pager is installed: its first page, and leaving it."""
    console.sees("more --")
    first = console.lines
    console.keys("q")
    return {"first": first, **told(console)}


def same(console: Console) -> dict[str, Any]:
    """An interpreter that another one waits for, left by Ctrl-D."""
    settle(console)
    line(console, "6*7")
    return {**left(console), "lines": console.lines}


def quitting(console: Console) -> dict[str, Any]:
    """The terminal's quit character."""
    console.sees("^asleep$")
    console.keys(QUIT)
    return told(console)
