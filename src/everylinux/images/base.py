"""What a provider of root filesystems is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from everylinux.model import Image, RootFs

Say = Callable[[str], object]
"""Gets one line when something slow begins."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A provider does not have an image; `reason` says why, and what would help.

    An empty reason says nothing that a user could use (an empty cache, no recipe).
    """

    reason: str


class RootFsProvider(Protocol):
    """One place where root filesystems come from."""

    name: str
    local: bool  # never leaves the machine, and is quick

    def find(self, image: Image, *, offline: bool) -> RootFs | Absent:
        """Return the unpacked root, or why there is none here.

        `offline` forbids to leave the machine. Raises ArchiveError or ImageError for what is there
        and wrong: a hostile archive, a wrong hash, a cache that cannot be written.
        """
        ...

    def prepare(self, images: Sequence[Image]) -> None:
        """Learn what will be asked for, to find out once and together what is needed for it."""
        ...

    def offers(self, image: Image) -> str:
        """Say in a few words what this provider has for the image, "" for nothing; quick."""
        ...
