"""The interpreter on a terminal: its prompt, and the programs that people run there.

A scenario: the host is the terminal (terminal_emulator.py) and its user. Every program is started
first, so that the starts overlap, and then used in turn. What the screen shows is a fact, also
where it is not what should be there; only a broken cell breaks a section.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.errors import AgentError, EngineError
from everylinux.model import Section
from everylinux.probes import terminal_emulator, terminal_programs, terminal_repl
from everylinux.probes.base import python_of
from everylinux.probes.terminal_emulator import SIZE, Console, start

HOME = "/tmp/terminal"  # noqa: S108 - the cell's own tmpfs
CLEAN = {"PATH": "/usr/bin:/bin", "HOME": HOME, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
KINDS = ("xterm", "screen", "screen-256color", "tmux-256color", "linux", "vt100", "rxvt")
UNKNOWN = "everylinux-unknown"
DATABASES = ("/etc/terminfo", "/lib/terminfo", "/usr/lib/terminfo", "/usr/share/terminfo")
"""Where Linux distributions keep terminfo; what is there is hidden for one section."""
FILES = (__file__, terminal_emulator.__file__, terminal_programs.__file__, terminal_repl.__file__)


@dataclass(frozen=True, slots=True)
class Play:
    """A program on a terminal of a size, with variables beside CLEAN, and what is done to it."""

    act: Callable[[Console], dict[str, Any]]
    code: str = ""  # for -c; none: the prompt
    env: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] = SIZE


PROGRAMS = {
    "about": Play(terminal_programs.told, terminal_programs.ABOUT, size=(33, 77)),
    "asked": Play(terminal_programs.asked, terminal_programs.ASKED),
    "secretly": Play(terminal_programs.secretly, terminal_programs.SECRETLY),
    "drawing": Play(
        terminal_programs.drawing,
        terminal_programs.DRAWING,
        size=terminal_programs.DRAWN_SIZE,
    ),
    "paged": Play(
        terminal_programs.paged,
        terminal_programs.PAGED,
        env={"PATH": "/nowhere"},
        size=terminal_programs.PAGE,
    ),
    "same": Play(terminal_programs.same, terminal_programs.SAME),
    "quitting": Play(terminal_programs.quitting, terminal_programs.SLEEPS),
}
PROMPTS = {
    "editing": Play(terminal_repl.editing),
    "basic": Play(terminal_repl.editing, env={"PYTHON_BASIC_REPL": "1", "HOME": f"{HOME}/basic"}),
    "dumb": Play(terminal_repl.plain, env={"TERM": "dumb", "HOME": f"{HOME}/dumb"}),
    "unset": Play(terminal_repl.plain, env={"TERM": "", "HOME": f"{HOME}/unset"}),
    "unknown": Play(terminal_repl.plain, env={"TERM": UNKNOWN, "HOME": f"{HOME}/unknown"}),
    "no home": Play(terminal_repl.plain, env={"HOME": "/nowhere"}),
}
BARE = {
    "prompt": Play(terminal_repl.brief),
    "drawing": PROGRAMS["drawing"],
}
HISTORY = {"HOME": f"{HOME}/history"}


class Terminals:
    """The scenario; see the module."""

    name = "terminal"
    sections = (
        "terminal_prompts",
        "terminal_kinds",
        "terminal_history",
        "terminal_programs",
        "terminal_bare",
    )

    @property
    def digest(self) -> str:
        """Digest of this file and of those beside it that it is made of."""
        return hashlib.sha256(b"".join(Path(name).read_bytes() for name in FILES)).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Every section by itself."""
        acts = (_prompts, _kinds, _history, _programs, _bare)
        scenes = dict(zip(self.sections, acts, strict=True))
        _make_homes(box)
        return {name: _section(box, scene) for name, scene in scenes.items()}


def _make_homes(box: Box) -> None:
    """A history for each prompt, where its user can write; a dead interpreter needs none."""
    code = "import os, sys\nfor path in sys.argv[1:]: os.makedirs(path, exist_ok=True)"
    names = ("", *("basic", "dumb", "unset", "unknown", "history"), *KINDS)
    homes = [f"{HOME}/{name}" for name in names]
    box.run([python_of(box.distribution), "-c", code, *homes], env=CLEAN)


def _section(box: Box, scene: Callable[[Box], dict[str, Any]]) -> Section:
    try:
        return Section(value=scene(box))
    except (OSError, TypeError, AgentError, EngineError) as error:
        return Section(error=f"{type(error).__name__}: {error}"[:500])


def play(box: Box, plays: Mapping[str, Play]) -> dict[str, Any]:
    """Start all, then use each in turn."""
    consoles: dict[str, Console] = {}
    with ExitStack() as open_:
        for name, each in plays.items():
            consoles[name] = _started(box, each)
            open_.callback(consoles[name].terminal.close)
        return {name: each.act(consoles[name]) for name, each in plays.items()}


def _started(box: Box, play_: Play) -> Console:
    python = python_of(box.distribution)
    argv: Sequence[str] = [python, "-c", play_.code] if play_.code else [python, "-q"]
    env = {name: value for name, value in {**CLEAN, **play_.env}.items() if value}
    return start(box, argv, env, play_.size)


def _prompts(box: Box) -> dict[str, Any]:
    return play(box, PROMPTS)


def _kinds(box: Box) -> dict[str, Any]:
    """By kind of terminal, a line that is edited with its arrows."""
    envs = {kind: {"TERM": kind, "HOME": f"{HOME}/{kind}"} for kind in KINDS}
    return play(box, {kind: Play(terminal_repl.brief, env=env) for kind, env in envs.items()})


def _history(box: Box) -> dict[str, Any]:
    """Two starts, one after the other, with one HOME."""
    first = play(box, {"first": Play(terminal_repl.remembering, env=HISTORY)})
    return first | play(box, {"second": Play(terminal_repl.recalling, env=HISTORY)})


def _programs(box: Box) -> dict[str, Any]:
    return play(box, PROGRAMS)


def _bare(box: Box) -> dict[str, Any]:
    """The same cell without any database of terminals."""
    with _hidden(box) as extra, box.sibling(extra) as other:
        _make_homes(other)
        seen = [place for place in DATABASES if _has_files(other, place)]
        return {"seen": seen, "hidden": sorted(extra), **play(other, BARE)}


@contextmanager
def _hidden(box: Box) -> Iterator[dict[str, Path]]:
    """Empty folders for those of DATABASES that the cell has; a link's target is in the list."""
    with tempfile.TemporaryDirectory(prefix="everylinux-terminfo-") as work:
        Path(work).chmod(0o755)
        places = [place for place in DATABASES if (box.root / place[1:]).is_dir()]
        yield {p: Path(work) for p in places if not (box.root / p[1:]).is_symlink()}


def _has_files(box: Box, place: str) -> bool:
    try:
        return any(entry.kind == "file" for entry in box.walk(place))
    except OSError:
        return False
