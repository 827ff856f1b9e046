"""One walk over the artefact, and the identity of each regular file in it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ENTRIES = 200_000
"""More than this is no Python distribution; the biggest seen (tests, three bytecode levels) has
8,000."""

FILE_BYTES = 256 << 20
"""A file beyond this is not read; the biggest of a full build (libcrypto) has 6 MB."""

HEAD = 64  # bytes kept of each file: an ELF64 header, or a shebang's beginning

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir", stat.S_IFLNK: "link"}


class TreeTooLarge(Exception):  # noqa: N818 - a fact of the tree, not a mistake of ours
    """The tree has more entries than any distribution; the section is an error."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a regular file's content is: digest (hex sha256) and its first bytes."""

    sha256: str
    head: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One file system object of the artefact, as lstat(2) sees it."""

    path: str  # relative to the root, "" for the root itself; undecodable bytes as surrogates
    absolute: Path
    info: os.stat_result
    identity: Identity | None = None  # of a readable regular file within FILE_BYTES
    error: str = ""  # why a regular file could not be read

    @property
    def target(self) -> str:
        """What a link names, byte for byte: a Path would take ./ and // out of it."""
        return os.readlink(self.absolute)  # noqa: PTH115

    @property
    def kind(self) -> str:
        """`file`, `dir`, `link`, or `other` (device, fifo, socket)."""
        return KINDS.get(stat.S_IFMT(self.info.st_mode), "other")


def walk(root: Path) -> list[Item]:
    """Everything below `root` and itself, sorted by path, links not followed; TreeTooLarge."""
    items = [Item("", root, root.lstat())]
    for count, path in enumerate(_below(str(root))):
        if count >= ENTRIES:
            raise TreeTooLarge(f"more than {ENTRIES} entries")
        items.append(_item(root, path))
    return sorted(items, key=lambda item: item.path)


def _below(folder: str) -> Iterator[str]:
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                yield entry.path
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)


def _item(root: Path, path: str) -> Item:
    absolute = Path(path)
    info = absolute.lstat()
    relative = path[len(str(root)) :].lstrip("/")
    if not stat.S_ISREG(info.st_mode):
        return Item(relative, absolute, info)
    if info.st_size > FILE_BYTES:
        return Item(relative, absolute, info, error=f"{info.st_size} bytes: not read")
    try:
        identity = _identity(path, info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns)
    except OSError as error:
        return Item(relative, absolute, info, error=f"{type(error).__name__}: {error.strerror}")
    return Item(relative, absolute, info, identity)


_KNOWN: dict[tuple[int, int, int, int], Identity] = {}


def _identity(path: str, device: int, inode: int, size: int, mtime: int) -> Identity:
    """Digest a file once per process: hard links of a tree that was judged before cost nothing."""
    key = (device, inode, size, mtime)
    if key not in _KNOWN:
        _KNOWN[key] = _digest(path)
    return _KNOWN[key]


def _digest(path: str) -> Identity:
    # NONBLOCK and NOFOLLOW: between lstat and open, someone may have put a fifo or a link there
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
        head = stream.read(HEAD)
        stream.seek(0)
        return Identity(hashlib.file_digest(stream, "sha256").hexdigest(), head)
