"""The interpreter's prompt on a terminal: keys, interrupts, pastes, and how it is left.

Python 3.13 has another prompt than those before it; what the user sees of a line is the same.
"""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "terminal/expected.yaml"
TUTORIAL = "docs.python.org: Interactive Input Editing and History Substitution"
TERMINFO = "Give ncurses --with-fallbacks and the places of terminfo; see the session's first rows."
STANDALONE = ("standalone",)
ENDED = {"status": 0, "signal": None}


def _session(facts: Facts, name: str, evidence: Evidence) -> dict[str, Any]:
    """A session that came to its prompt; the claim fails if it did not."""
    found: dict[str, Any] = facts["terminal_prompts"][name]
    if "failed" in found:
        evidence["session"] = found
    assert "failed" not in found, found["failed"]
    return found


def _shows(
    facts: Facts, name: str, evidence: Evidence, expected: Expected, session: str = "editing"
) -> None:
    """Judge one line: the rows of the screen are the table's."""
    evidence["shown"] = _session(facts, session, evidence)[name]["lines"]
    evidence["wanted"] = expected.table(TABLE)["moments"][name]
    assert evidence["shown"] == evidence["wanted"]


@check("TRM-001", source=TUTORIAL, remedy="Start it on a terminal and look at what it prints.")
def test_plain(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A line at the prompt is answered, and another prompt follows."""
    _shows(facts, "plain", evidence, expected)


@check("TRM-002", source="bug museum 1 (python-build-standalone#28)", remedy=TERMINFO)
def test_backspace(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Backspace takes the character before the cursor away, in the line and on the screen."""
    _shows(facts, "backspace", evidence, expected)


@check("TRM-003", source="bug museum 1 (python-build-standalone#35)", remedy=TERMINFO)
def test_left(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The left arrow moves within the line; what is typed there is inserted."""
    _shows(facts, "left", evidence, expected)


@check("TRM-004", source=TUTORIAL + "; bug museum 1", remedy=TERMINFO)
def test_up(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The up arrow brings back the line before the last, to be changed."""
    _shows(facts, "up", evidence, expected)


@check(
    "TRM-005",
    source=TUTORIAL + "; bug museum 35 (python-build-standalone#655)",
    remedy="Look whether readline or libedit is beneath, and at rlcompleter in site.",
)
def test_completion(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The tabulator completes a name without any setting of the user's."""
    _shows(facts, "completed", evidence, expected)


@check("TRM-006", source="PEP 538; PEP 540", remedy="Link readline to ncursesw; check the locale.")
def test_unicode(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Letters beyond ASCII are typed, shown and counted as one each."""
    _shows(facts, "unicode", evidence, expected)


@check("TRM-007", source="Unicode TR11", remedy="Look at wcwidth of the libc, and at ncursesw.")
def test_wide(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Backspace takes one whole wide character away, both of its columns."""
    _shows(facts, "wide", evidence, expected)


@check("TRM-008", source="Unicode TR11", remedy="Look at wcwidth of the libc, and at ncursesw.")
def test_wide_left(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The left arrow goes over one whole wide character."""
    _shows(facts, "wide left", evidence, expected)


@check(
    "TRM-009",
    source="docs.python.org: KeyboardInterrupt",
    remedy="Look at the signal's handler, and at the terminal's modes while code runs.",
)
def test_interrupted(facts: Facts, evidence: Evidence) -> None:
    """Ctrl-C ends code that runs with KeyboardInterrupt, and the prompt is there again."""
    found = _session(facts, "editing", evidence)["interrupted"]
    evidence.update(found)
    assert found["came"]
    assert found["lines"][1] == "asleep"
    assert found["lines"][-1] == "KeyboardInterrupt"


@check(
    "TRM-010",
    source="docs.python.org: Interactive Mode",
    remedy="Look at how the line editor hears of SIGINT.",
)
def test_dropped(facts: Facts, evidence: Evidence) -> None:
    """Ctrl-C at the prompt drops the line that was begun."""
    found = _session(facts, "editing", evidence)["dropped"]
    evidence.update(found)
    assert found["came"]
    assert found["lines"][-1].endswith("KeyboardInterrupt")


@check(
    "TRM-011",
    source="docs.python.org: Interactive Mode",
    remedy="Look at how the line editor's state is reset after SIGINT.",
)
def test_after_dropped(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """After a line that was dropped the next one is answered alone."""
    _shows(facts, "after", evidence, expected)


@check(
    "TRM-012",
    source="xterm's ctlseqs: Bracketed Paste Mode",
    remedy="Do not ask for bracketed pastes without understanding them.",
)
def test_pasted(facts: Facts, evidence: Evidence) -> None:
    """A function that is pasted, in brackets where the prompt asks for them, can be called."""
    moments = _session(facts, "editing", evidence)["pasted"]
    evidence["pasted"] = [row["lines"] for row in moments]
    assert moments[1]["lines"] == [">>> pasted() + 1", "100"]


@check(
    "TRM-013",
    source="docs.python.org: Interactive Mode",
    remedy="Look at sys.ps2 and at codeop.",
)
def test_block(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A loop is asked for its end by the second prompt and runs after an empty line."""
    _shows(facts, "block", evidence, expected)


@check(
    "TRM-014",
    source="POSIX.1-2024 tcgetwinsize; SIGWINCH",
    remedy="Look at TIOCGWINSZ, and at what a window change does to the prompt.",
)
def test_resized(facts: Facts, evidence: Evidence) -> None:
    """After the window changed the prompt works, and the new size is what is told."""
    found = _session(facts, "editing", evidence)["resized"]
    evidence["shown"] = found["lines"][-2:]
    assert found["came"]
    assert evidence["shown"] == [">>> tuple(os.get_terminal_size())", "(70, 110)"]


@check("TRM-015", source="docs.python.org: Interactive Mode", remedy="Look at the exit's status.")
def test_left_by_end_of_file(facts: Facts, evidence: Evidence) -> None:
    """Ctrl-D at an empty prompt leaves the interpreter with status 0."""
    evidence["ended"] = _session(facts, "editing", evidence)["ended"]
    assert evidence["ended"] == ENDED


@check(
    "TRM-016",
    source="docs.python.org: PYTHON_BASIC_REPL",
    remedy="Ship the readline module with the interpreter: this prompt stands on it alone.",
)
def test_basic(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Under PYTHON_BASIC_REPL every line shows the same as without."""
    wanted = expected.table(TABLE)["moments"]
    found = _session(facts, "basic", evidence)
    evidence["differs"] = {
        name: [found[name]["lines"], rows]
        for name, rows in wanted.items()
        if found[name]["lines"] != rows
    }
    assert evidence["differs"] == {}
    assert found["ended"] in (ENDED, *expected.table(TABLE)["basic_ends"].get(expected.python, ()))


def _usable(facts: Facts, session: str, evidence: Evidence, expected: Expected) -> None:
    _shows(facts, "plain", evidence, expected, session)
    evidence["ended"] = _session(facts, session, evidence)["ended"]
    assert evidence["ended"] == ENDED


@check(
    "TRM-017",
    source="terminfo(5): dumb; Emacs' and CI's terminals",
    remedy="Fall back to the basic prompt where the terminal can do nothing.",
)
def test_dumb(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """On a dumb terminal lines are answered and Ctrl-D leaves."""
    _usable(facts, "dumb", evidence, expected)


@check(
    "TRM-018",
    source="POSIX.1-2024, 8.3: TERM may be unset",
    remedy="Fall back to the basic prompt where TERM is not set.",
)
def test_unset(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Without TERM lines are answered and Ctrl-D leaves."""
    _usable(facts, "unset", evidence, expected)


@check(
    "TRM-019",
    source="ncurses: setupterm",
    remedy="Fall back to the basic prompt where the terminal is not known.",
)
def test_unknown(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """On a terminal that no database knows lines are answered and Ctrl-D leaves."""
    _usable(facts, "unknown", evidence, expected)


@check(
    "TRM-020",
    source="docs.python.org: site, Readline configuration",
    remedy="A history that cannot be read or written is no error.",
)
def test_without_home(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Where HOME is not there the prompt works and leaves with status 0."""
    session = _session(facts, "no home", evidence)
    evidence.update(shown=session["plain"]["lines"], ended=session["ended"])
    evidence["wanted"] = expected.table(TABLE)["moments"]["plain"]
    warned = " ".join(evidence["shown"][len(evidence["wanted"]) :])

    assert evidence["shown"][: len(evidence["wanted"])] == evidence["wanted"]
    # 3.14 says so after each line (Lib/_pyrepl/simple_interact.py), and goes on
    assert warned == "" or "UserWarning: failed to open the history file" in warned
    assert evidence["ended"] == ENDED


@check("TRM-021", source="terminfo.src; bug museum 1", remedy=TERMINFO, profiles=STANDALONE)
def test_kinds(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """On seven kinds of terminal arrows and backspace edit, whatever terminfo the host has."""
    wanted = expected.table(TABLE)["kinds"]
    found = facts["terminal_kinds"]
    evidence["differs"] = {
        kind: session
        for kind, session in found.items()
        if any(session.get(name, {}).get("lines") != rows for name, rows in wanted.items())
    }
    assert found
    assert evidence["differs"] == {}, f"lost on {', '.join(evidence['differs'])}"


@check(
    "TRM-022",
    source="docs.python.org: site, Readline configuration",
    remedy="Look at PYTHON_HISTORY and ~/.python_history.",
)
def test_history(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The up arrow brings back the last line of the start before."""
    found = facts["terminal_history.second"]
    assert "failed" not in found, found["failed"]
    evidence["shown"] = found["recalled"]["lines"]
    assert evidence["shown"] == expected.table(TABLE)["recalled"]


@check(
    "TRM-023",
    source="docs.python.org: SystemExit",
    remedy="Look at how the prompt handles SystemExit.",
)
def test_exit_status(facts: Facts, evidence: Evidence) -> None:
    """SystemExit(7) at the prompt ends the interpreter with status 7."""
    evidence["ended"] = facts["terminal_history.second.ended"]
    assert evidence["ended"] == {"status": 7, "signal": None}


@check("TRM-024", source="terminfo.src; bug museum 1", remedy=TERMINFO, profiles=STANDALONE)
def test_bare(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Where the host has no terminfo at all arrows and backspace edit, from what is compiled in."""
    wanted = expected.table(TABLE)["kinds"]
    evidence.update(facts["terminal_bare"]["prompt"])
    assert facts["terminal_bare"]["seen"] == [], "the host's terminfo was not hidden"
    found = {name: evidence.get(name, {}).get("lines") for name in wanted}
    assert found == wanted
