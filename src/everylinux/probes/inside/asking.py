"""Tells a subject that answers wrongly from a probe that cannot ask.

A section of known answers runs in a second child. What the subject does there is a fact: its
values as {"answer": {...}}; an exception it raises or a crash as {"failed": "..."}. What is the
probe's own fault or the machine's (a name misspelt here, no memory, a full disk, too slow) is
raised again, so that the section is broken and its claims are unknown, not failed.
"""

# ruff: noqa: UP031 - each question imports what it asks, and is told by its name

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Asker = Callable[[], Mapping[str, Any]]
    Section = Callable[[Sequence[str]], Mapping[str, Any]]

# Not the subject's: our own mistakes, and errno's ENOMEM, EMFILE, ENFILE, ENOSPC, EROFS, EDQUOT.
NOT_THE_SUBJECT = (
    "stopped after", "more than ", "NameError:", "UnboundLocalError:", "MemoryError",
    *("OSError: [Errno %d]" % number for number in (12, 23, 24, 28, 30, 122)),
)  # fmt: skip
SECONDS = 20.0


class CannotAskError(Exception):
    """The probe could not put its question."""


def ask(asker: Asker, seconds: float = SECONDS) -> dict[str, Any]:
    """The subject's answers, or how it failed to give them."""
    found: dict[str, Any] = sys.modules["__main__"].forked(asker, (), seconds)
    if "value" in found:
        return {"answer": found["value"]}
    if found["error"].startswith(NOT_THE_SUBJECT):
        raise CannotAskError(found["error"])
    return {"failed": found["error"][:500]}


def sections(askers: Mapping[str, Asker]) -> dict[str, Section]:
    """A file's SECTIONS: one for each asker."""

    def section(asker: Asker) -> Section:
        return lambda _arguments: ask(asker)

    return {name: section(asker) for name, asker in askers.items()}
