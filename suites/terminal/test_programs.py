"""Programs on a terminal: what they know of it, what they ask, draw, page, and leave behind."""

from __future__ import annotations

import json
from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

TABLE = "terminal/expected.yaml"
ENDED = {"status": 0, "signal": None}
SECRET = "geheim-größe"  # noqa: S105 - what the probe types
DRAW = "Give ncurses --enable-widec and --with-fallbacks; link _curses to ncursesw."


def _about(facts: Facts, evidence: Evidence) -> dict[str, Any]:
    """What the program said of its terminal; the claim fails if it said nothing."""
    found = facts["terminal_programs.about"]
    evidence["said"] = found
    assert found["ended"] == ENDED
    about: dict[str, Any] = json.loads("\n".join(found["lines"]))
    return about


@check(
    "TRM-030",
    source="POSIX isatty, ttyname",
    remedy="Look at os.isatty, and at ttyname of the libc.",
)
def test_isatty(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Standard input, output and errors are known as one terminal with a name below /dev."""
    about = _about(facts, evidence)
    assert about["terminals"] == expected.table(TABLE)["about"]["terminals"]
    assert len(about["names"]) == 1
    assert about["names"][0].startswith("/dev/")


@check("TRM-031", source="POSIX.1-2024 tcgetwinsize", remedy="Look at TIOCGWINSZ in posix.")
def test_size(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """os.get_terminal_size tells the columns and rows that the terminal has."""
    assert _about(facts, evidence)["size"] == expected.table(TABLE)["about"]["size"]


@check("TRM-032", source="POSIX tcgetpgrp, getsid", remedy="A start must make no session or group.")
def test_foreground(facts: Facts, evidence: Evidence) -> None:
    """The program is the session's leader, in the terminal's foreground: nothing came between."""
    about = _about(facts, evidence)
    told = [about[name] for name in ("foreground", "leader", "controlling")]
    assert told == [True, True, "/dev/tty"]


@check(
    "TRM-033",
    source="docs.python.org: input",
    remedy="Look at PyOS_Readline and at the readline module.",
)
def test_input(facts: Facts, evidence: Evidence) -> None:
    """input() with readline gives the line as it was corrected by backspace and an arrow."""
    found = facts["terminal_programs.asked"]
    evidence.update(found)
    assert found["lines"] == ["name? prigrösst", r"told 'prigr\xf6sst'"]


@check("TRM-034", source="docs.python.org: getpass", remedy="Look at termios, and at /dev/tty.")
def test_getpass_shows_nothing(facts: Facts, evidence: Evidence) -> None:
    """Nothing of what is typed for getpass is on the screen."""
    found = facts["terminal_programs.secretly"]
    evidence.update(found)
    assert found["typing"] == ["secret?"]
    assert not any(SECRET[:3] in row for row in found["lines"])


@check("TRM-035", source="docs.python.org: getpass", remedy="Look at getpass and at the encoding.")
def test_getpass_hears_all(facts: Facts, evidence: Evidence) -> None:
    """What getpass gives is what was typed, letters beyond ASCII too."""
    found = facts["terminal_programs.secretly"]
    evidence.update(found)
    assert found["lines"][-1:] == [f"told {len(SECRET)} {SECRET.encode().hex()}"]


def _drawing(
    facts: Facts, evidence: Evidence, section: str = "terminal_programs"
) -> dict[str, Any]:
    found: dict[str, Any] = facts[section]["drawing"]
    evidence.update(found)
    return found


@check("TRM-036", source="X/Open Curses; bug museum 1", remedy=DRAW)
def test_drawn(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A curses program draws wide letters and others beyond ASCII in their place, and in bold."""
    found = _drawing(facts, evidence)
    assert found["first"] == expected.table(TABLE)["drawing"]["first"]
    assert found["bold"] is True


@check("TRM-037", source="X/Open Curses: getch, keypad; bug museum 1", remedy=DRAW)
def test_keys(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A curses program gets arrows as one key each, between letters."""
    found = _drawing(facts, evidence)
    assert found["keyed"] == expected.table(TABLE)["drawing"]["keyed"]


@check(
    "TRM-038", source="ncurses: KEY_RESIZE, resizeterm", remedy="Configure ncurses with SIGWINCH."
)
def test_drawn_anew(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A curses program hears of a resize and has the new size."""
    found = _drawing(facts, evidence)
    assert found["resized"] == expected.table(TABLE)["drawing"]["resized"]


@check("TRM-039", source="X/Open Curses: endwin", remedy=DRAW)
def test_drawing_ends(facts: Facts, evidence: Evidence) -> None:
    """A curses program ends with status 0 and prints below what it drew."""
    found = _drawing(facts, evidence)
    assert found["ended"] == ENDED
    assert any(row.startswith("drew [") for row in found["lines"])


@check("TRM-040", source="terminfo.src; bug museum 1", remedy=DRAW, profiles=("standalone",))
def test_bare_drawing(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Where the host has no terminfo at all a curses program draws, hears keys and resizes."""
    found = _drawing(facts, evidence, "terminal_bare")
    if facts["terminal_bare"]["seen"]:
        raise FactUnavailable("terminal_bare", "the host's terminfo was not hidden")
    wanted = expected.table(TABLE)["drawing"]
    assert {name: found.get(name) for name in wanted} == wanted
    assert found["ended"] == ENDED


@check(
    "TRM-041",
    source="docs.python.org: pydoc",
    remedy="Look at pydoc's pagers: there is one that needs no program.",
)
def test_paged(facts: Facts, evidence: Evidence) -> None:
    """Where no pager is installed help() shows a page at a time, and `q` leaves it."""
    found = facts["terminal_programs.paged"]
    evidence.update(found)
    assert "Help on class str in module builtins:" in found["first"][:2]  # a shell may complain
    assert found["first"][-1] == "-- more --"
    assert found["ended"] == ENDED


@check(
    "TRM-042",
    source="POSIX tcsetattr",
    remedy="Put the terminal's attributes back on every way out of the prompt.",
)
def test_left_as_it_was(facts: Facts, evidence: Evidence) -> None:
    """The prompt leaves the terminal's attributes as it found them."""
    found = facts["terminal_programs.same"]
    evidence.update(found)
    assert found["lines"][-1:] == ["left 0 True"]


@check("TRM-043", source="POSIX termios: VQUIT", remedy="Do not ignore or catch SIGQUIT.")
def test_quit(facts: Facts, evidence: Evidence) -> None:
    """The terminal's quit character ends a program that sleeps, by SIGQUIT."""
    found = facts["terminal_programs.quitting"]
    evidence.update(found)
    assert found["ended"] == {"status": None, "signal": 3}
