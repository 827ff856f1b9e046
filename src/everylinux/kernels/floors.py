"""A floor: this machine's kernel without what is newer than some release of Linux."""

from __future__ import annotations

import re
from dataclasses import dataclass
from errno import ENOSYS, EPERM

from everylinux.errors import UsageError

FLOOR = re.compile(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?(\+eperm)?")
LOWEST = (2, 6, 32)
"""The oldest release that the table of system calls tells apart from those before it, and the
oldest of the specification (Red Hat 6)."""

Release = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Floor:
    """A release of Linux, and what a system call newer than it is answered with."""

    release: Release
    errno: int = ENOSYS
    said: str = ""  # the release as uname(2) tells it, "3.10.0"


def is_floor(word: str) -> bool:
    """Whether a word of `--kernel` has the form of a floor: `2.6.32`, `3.10`, `4.4+eperm`."""
    return FLOOR.fullmatch(word) is not None


def floor_of(word: str) -> Floor:
    """The floor of a word; UsageError where it is none, or below what the table knows.

    `+eperm` answers EPERM instead of ENOSYS, as container runtimes did for calls that their lists
    did not know: opencontainers/runc#2151, and moby/moby#42680 for what came of it.
    """
    found = FLOOR.fullmatch(word)
    if found is None:
        raise UsageError(f"{word!r} is no release of Linux", move="2.6.32, 3.10, 4.4+eperm")
    release = (int(found[1]), int(found[2]), int(found[3] or 0))
    if release < LOWEST:
        raise UsageError(f"no floor is below {dotted(LOWEST)}", move=dotted(LOWEST))
    return Floor(release, EPERM if found[4] else ENOSYS, dotted(release))


def release_of(text: str) -> Release | None:
    """The numbers that a release begins with: "4.18.0-553.el8" is (4, 18, 0); None without any."""
    found = re.match(r"(\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def dotted(release: Release) -> str:
    """A release as text, always with three numbers."""
    return ".".join(map(str, release))
