"""The terminal that the host is: what it draws, what keys send, and that nothing is made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from everylinux.agent.terminal import Ended
from everylinux.model import Arch, Distribution, Section
from everylinux.probes.terminal import Terminals
from everylinux.probes.terminal_emulator import Console
from everylinux.probes.terminal_repl import brief, editing, line


class Scripted:
    """A terminal whose program says what it was given, piece by piece, and then nothing."""

    def __init__(self, *pieces: bytes, ends: bool = False) -> None:
        self.pieces, self.ends = list(pieces), ends
        self.typed = b""

    def read(self, seconds: float = 1.0, limit: int = 0) -> bytes | None:
        assert seconds >= 0
        assert limit == 0
        if self.pieces:
            return self.pieces.pop(0)
        return None if self.ends else b""

    def write(self, data: bytes, seconds: float = 5.0) -> int:
        assert seconds > 0
        self.typed += data
        return len(data)

    def wait(self, seconds: float = 5.0) -> Ended | None:
        assert seconds >= 0
        return Ended(3, None) if self.ends else None


def console(*pieces: bytes, ends: bool = False) -> tuple[Console, Scripted]:
    scripted: Any = Scripted(*pieces, ends=ends)
    made = Console(scripted, (20, 30), 1.0)
    made.patience = 0.05
    return made, scripted


def test_what_is_drawn_over_is_gone() -> None:
    """Cursor movements count, also when an escape sequence comes in two pieces."""
    made, _ = console(b">>> abcd\x1b[", b"2Dx", b"\r\n")
    assert made.sees("^>>> abxd$")


def test_arrows_send_what_the_program_asked_for() -> None:
    """As on xterm: CSI by default, SS3 in the mode of application cursor keys."""
    made, scripted = console(b"\x1b[?1hnow")
    made.keys("LEFT")
    assert made.sees("now")
    made.keys("LEFT", "ü", b"\x7f")
    assert scripted.typed == b"\x1b[D\x1bOD" + "ü".encode() + b"\x7f"


def test_pastes_are_bracketed_only_on_request() -> None:
    """A program that did not ask for brackets gets none."""
    made, scripted = console(b"\x1b[?2004hnow")
    made.paste("a\nb")
    assert made.sees("now")
    made.paste("c")
    assert scripted.typed == b"a\rb\x1b[200~c\x1b[201~"


def test_a_line_without_a_next_prompt_did_not_come() -> None:
    """What was not answered is told as it is shown, and Ctrl-C is tried."""
    made, scripted = console(b">>> ")
    made.until(lambda: made.ready)
    scripted.pieces = [b"1\r\n"]
    assert line(made, "1") == {"came": False, "lines": [">>> 1"]}
    assert scripted.typed == b"1\r\x03"


def test_a_line_is_what_stands_between_two_prompts() -> None:
    """The prompt that follows is left out."""
    made, scripted = console(b">>> ")
    made.until(lambda: made.ready)
    scripted.pieces = [b"6*7\r\n", b"42\r\n>>> "]
    assert line(made, "6*7") == {"came": True, "lines": [">>> 6*7", "42"]}


def test_a_program_without_a_prompt_failed() -> None:
    """Its last words are told, and how it ended."""
    for play in (brief, editing):
        made, _ = console(b"no such file\r\n", ends=True)
        found = play(made)
        assert found == {
            "failed": "no prompt: no such file",
            "ended": {"status": 3, "signal": None},
        }


def test_a_box_without_terminals_breaks_every_section() -> None:
    """An engine that has none is no failure of the subject."""

    class Bare:
        """See Box."""

        slowness = 1.0
        distribution = Distribution(Path("/nowhere"), "3.13", Arch("x86_64"), "digest")

        def run(self, argv: list[str], **_: object) -> None:
            assert argv

        def sibling(self, extra: object) -> object:
            raise OSError(extra)

        root = Path("/nowhere")

    bare: Any = Bare()
    probe = Terminals()
    found = probe.gather(bare)
    assert set(found) == set(probe.sections)
    assert all(isinstance(row, Section) and row.error for row in found.values())
