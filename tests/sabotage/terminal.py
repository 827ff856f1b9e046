"""Red samples of the area terminal: the screens that a broken prompt or a broken program shows."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]


def _shows(name: str, claim: str, lines: list[str], why: str) -> None:
    """Declare the fault that a line at the prompt shows something else."""

    @fault(kills={claim}, kind="facts", name=why)
    def sample(sections: Sections) -> None:
        sections["terminal_prompts"]["editing"][name]["lines"] = list(lines)


for _name, _claim, _lines, _why in (
    ("plain", "TRM-001", [">>> 6*7"], "the prompt answers nothing"),
    ("backspace", "TRM-002", [">>> prinx^?t(6*8)"], "backspace is drawn and not done"),
    ("left", "TRM-003", [">>> prit(6*7)^[[Dn"], "arrows are drawn and not done"),
    ("up", "TRM-004", [">>> ^[[A^[[A+1)"], "no history: built without readline"),
    ("completed", "TRM-005", [">>> everylinux_na   +1"], "libedit takes the tabulator as a letter"),
    ("unicode", "TRM-006", [">>> len('größe→')", "11"], "each byte counts as a letter"),
    ("wide", "TRM-007", [">>> len('日本 ')", "2"], "backspace clears one column of two"),
    ("wide left", "TRM-008", [">>> '日本x'", "'日x本'"], "the cursor stands in half a letter"),
    ("after", "TRM-011", [">>> half a li'still here'"], "a dropped line stays in the buffer"),
    ("block", "TRM-013", [">>> for n in range(2):", "70", "71"], "no second prompt"),
):
    _shows(_name, _claim, _lines, _why)


@fault(kills={"TRM-009"}, kind="facts")
def an_interrupt_that_ends_all(sections: Sections) -> None:
    """SIGINT keeps its default: Ctrl-C ends the interpreter."""
    found = sections["terminal_prompts"]["editing"]["interrupted"]
    found.update(came=False, lines=found["lines"][:2])


@fault(kills={"TRM-010"}, kind="facts")
def an_interrupt_that_is_not_heard(sections: Sections) -> None:
    """The line editor takes Ctrl-C for a letter."""
    found = sections["terminal_prompts"]["editing"]["dropped"]
    found.update(came=False, lines=[">>> half a li^C"])


@fault(kills={"TRM-012"}, kind="facts")
def a_paste_with_its_brackets(sections: Sections) -> None:
    """The brackets of a paste are taken for text."""
    call = sections["terminal_prompts"]["editing"]["pasted"][1]
    call["lines"] = [">>> pasted() + 1", "NameError: name 'pasted' is not defined"]


@fault(kills={"TRM-014"}, kind="facts")
def a_resize_that_is_not_seen(sections: Sections) -> None:
    """The size of the start is remembered for ever."""
    sections["terminal_prompts"]["editing"]["resized"]["lines"][-1] = "(80, 100)"


@fault(kills={"TRM-015"}, kind="facts")
def an_end_of_file_that_crashes(sections: Sections) -> None:
    """The exit handler that writes the history crashes."""
    sections["terminal_prompts"]["editing"]["ended"] = {"status": None, "signal": 11}


@fault(kills={"TRM-016"}, kind="facts")
def no_readline_beneath(sections: Sections) -> None:
    """The readline module was left out: the basic prompt has no history."""
    sections["terminal_prompts"]["basic"]["up"]["lines"] = [">>> ^[[A^[[A+1)"]


for _session, _claim in {
    "dumb": "TRM-017",
    "unset": "TRM-018",
    "unknown": "TRM-019",
    "no home": "TRM-020",
}.items():

    @fault(kills={_claim}, kind="facts", name=f"no prompt: {_session}")
    def no_prompt(sections: Sections, session: str = _session) -> None:
        """The interpreter ends with an error where the terminal is not what it wants."""
        said = {"failed": "no prompt: _curses.error: setupterm", "ended": {"status": 1}}
        sections["terminal_prompts"][session] = said


@fault(kills={"TRM-021"}, kind="facts")
def a_kind_that_is_left_out(sections: Sections) -> None:
    """One of the kinds is not among ncurses' fallbacks."""
    sections["terminal_kinds"]["tmux-256color"]["edited"]["lines"] = [">>> 124^[OD0"]


@fault(kills={"TRM-022"}, kind="facts")
def a_history_that_is_lost(sections: Sections) -> None:
    """The history is not written at exit."""
    sections["terminal_history"]["second"]["recalled"]["lines"] = [">>>"]


@fault(kills={"TRM-023"}, kind="facts")
def a_status_that_is_lost(sections: Sections) -> None:
    """The launcher forks and forgets what its child said."""
    sections["terminal_history"]["second"]["ended"]["status"] = 0


@fault(kills={"TRM-024"}, kind="facts")
def no_fallbacks(sections: Sections) -> None:
    """No terminal is compiled in: without a database arrows are letters."""
    sections["terminal_bare"]["prompt"]["edited"]["lines"] = [">>> 124^[[D0"]


def _about(sections: Sections, old: str, new: str) -> None:
    found = sections["terminal_programs"]["about"]
    assert any(old in row for row in found["lines"]), old
    found["lines"] = [row.replace(old, new) for row in found["lines"]]


@fault(kills={"TRM-030"}, kind="facts")
def a_terminal_without_a_name(sections: Sections) -> None:
    """The name is not a path: ttyname fails."""
    _about(sections, "/dev/pts/", "pts/")


@fault(kills={"TRM-031"}, kind="facts")
def a_made_up_size(sections: Sections) -> None:
    """TIOCGWINSZ was not found by configure: the size is the usual one."""
    _about(sections, "77", "80")


@fault(kills={"TRM-032"}, kind="facts")
def a_launcher_that_stays(sections: Sections) -> None:
    """The launcher starts the interpreter as a child in a group of its own."""
    _about(sections, '"leader": true', '"leader": false')


@fault(kills={"TRM-033"}, kind="facts")
def input_without_an_editor(sections: Sections) -> None:
    """input() reads the raw line."""
    sections["terminal_programs"]["asked"]["lines"][-1] = r"told 'prit\x7fgr\xf6\xdft\x1b[D\x7fss'"


@fault(kills={"TRM-034"}, kind="facts")
def a_secret_on_the_screen(sections: Sections) -> None:
    """Without termios the secret is read with an echo."""
    sections["terminal_programs"]["secretly"]["typing"] = ["secret? geheim-größe"]


@fault(kills={"TRM-035"}, kind="facts")
def a_secret_that_is_cut(sections: Sections) -> None:
    """What is not ASCII is dropped."""
    sections["terminal_programs"]["secretly"]["lines"][-1] = "told 10 " + b"geheim-gre".hex()


@fault(kills={"TRM-036"}, kind="facts")
def curses_without_wide_letters(sections: Sections) -> None:
    """_curses was linked to ncurses, not to ncursesw."""
    sections["terminal_programs"]["drawing"]["first"][2] = "    grM-CM-6M-CM-^_e"


@fault(kills={"TRM-037"}, kind="facts")
def an_arrow_in_pieces(sections: Sections) -> None:
    """The keypad's strings are not known: an arrow is three keys."""
    sections["terminal_programs"]["drawing"]["keyed"][4] = "    keys ^[ O D x ^[ O A"


@fault(kills={"TRM-038"}, kind="facts")
def no_resize_in_curses(sections: Sections) -> None:
    """There is no handler of SIGWINCH in ncurses."""
    found = sections["terminal_programs"]["drawing"]
    found["resized"] = list(found["keyed"])


@fault(kills={"TRM-039"}, kind="facts")
def curses_that_does_not_end(sections: Sections) -> None:
    """A crash in endwin."""
    sections["terminal_programs"]["drawing"]["ended"] = {"status": None, "signal": 11}


@fault(kills={"TRM-040"}, kind="facts")
def curses_without_fallbacks(sections: Sections) -> None:
    """Without a database initscr ends the program."""
    drawing = sections["terminal_bare"]["drawing"]
    drawing["first"] = ["Error opening terminal: xterm-256color."]


@fault(kills={"TRM-041"}, kind="facts")
def help_without_a_page(sections: Sections) -> None:
    """The whole text rushes by."""
    sections["terminal_programs"]["paged"]["first"][-1] = " |  zfill(self, width, /)"


@fault(kills={"TRM-042"}, kind="facts")
def a_terminal_left_raw(sections: Sections) -> None:
    """The prompt leaves without giving the terminal back."""
    sections["terminal_programs"]["same"]["lines"][-1] = "left 0 False"


@fault(kills={"TRM-043"}, kind="facts")
def quit_is_ignored(sections: Sections) -> None:
    """SIGQUIT is ignored, as a shell's background jobs have it."""
    sections["terminal_programs"]["quitting"]["ended"] = None
