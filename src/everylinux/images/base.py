"""What a provider of root filesystems is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from everylinux.model import Image, RootFs


@dataclass(frozen=True, slots=True)
class Absent:
    """A provider does not have an image; `reason` says why, and what would help."""

    reason: str


class RootFsProvider(Protocol):
    """One place where root filesystems come from."""

    name: str

    def find(self, image: Image, *, offline: bool) -> RootFs | Absent:
        """Return the unpacked root, or why there is none here.

        `offline` forbids to leave the machine. Raises ArchiveError or ImageError for what is there
        and wrong: a hostile archive, a wrong hash, a cache that cannot be written.
        """
        ...

    def offers(self, image: Image) -> str:
        """Say in a few words what this provider has for the image, "" for nothing; quick."""
        ...
