"""Archives that a kernel unpacks into its first file system: cpio's `newc` format.

https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

MAGIC = b"070701"
END = "TRAILER!!!"
ALIGN = 4
BYTES_MAX = 0xFFFFFFFF  # eight hexadecimal digits tell a file's size


class Archive:
    """Writes entries one after the other; names of one file stay names of one file."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Write to a binary stream; archives may follow each other in it."""
        self._stream = stream
        self._number = 0
        self._linked: dict[tuple[int, int], int] = {}  # files with several names -> their number

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Add a folder; one that is there already gets this mode."""
        self._head(path, stat.S_IFDIR | mode, 0)

    def folders(self, path: str) -> None:
        """Add a folder and those above it."""
        parts = path.strip("/").split("/")
        for count in range(1, len(parts) + 1):
            self.folder("/".join(parts[:count]))

    def data(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Add a file with this content, of root."""
        self._head(path, stat.S_IFREG | mode, len(content))
        self._stream.write(content)
        self._pad(len(content))

    def tree(self, source: Path, target: str) -> None:
        """Add a file or a folder with all below it, owners and times as they are.

        Sockets, pipes and devices are left out: a cell's /dev is made anew.
        """
        self._entry(source, target)
        for path in _below(source):
            self._entry(path, f"{target}/{path.relative_to(source)}".lstrip("/"))

    def _entry(self, source: Path, target: str) -> None:
        about = source.lstat()
        if stat.S_ISLNK(about.st_mode):
            content = os.fsencode(source.readlink())
            self._head(target, about.st_mode, len(content), about)
            self._stream.write(content)
            self._pad(len(content))
        elif stat.S_ISDIR(about.st_mode):
            self._head(target, about.st_mode, 0, about)
        elif stat.S_ISREG(about.st_mode):
            self._file(source, target, about)

    def _file(self, source: Path, target: str, about: os.stat_result) -> None:
        if about.st_size > BYTES_MAX:
            raise OSError(f"{source} is too large for the archive")
        key = (about.st_dev, about.st_ino)
        if about.st_nlink > 1 and key in self._linked:
            self._head(target, about.st_mode, 0, about, self._linked[key])
            return
        with source.open("rb") as stream:
            number = self._head(target, about.st_mode, about.st_size, about)
            start = self._stream.tell()
            shutil.copyfileobj(stream, self._stream, 1 << 20)
            if self._stream.tell() - start != about.st_size:
                raise OSError(f"{source} changed while it was read")
        self._pad(about.st_size)
        self._linked[key] = number

    def close(self) -> None:
        """Write the end mark."""
        self._head(END, 0, 0)

    def _head(
        self, path: str, mode: int, size: int, about: os.stat_result | None = None, number: int = 0
    ) -> int:
        """One entry without its content; `number` is that of the file it is one more name of."""
        name = os.fsencode(path.strip("/") or ".") + b"\0"
        self._number += 1
        number = number or self._number
        uid, gid, time = (about.st_uid, about.st_gid, int(about.st_mtime)) if about else (0, 0, 0)
        names = about.st_nlink if about and stat.S_ISREG(mode) else 1
        fields = (number, mode, uid, gid, names, time, size, 0, 0, 0, 0, len(name), 0)
        self._stream.write(MAGIC + b"".join(b"%08x" % (value & BYTES_MAX) for value in fields))
        self._stream.write(name)
        self._pad(len(MAGIC) + 8 * len(fields) + len(name))
        return number

    def _pad(self, size: int) -> None:
        self._stream.write(b"\0" * (-size % ALIGN))


def _below(folder: Path) -> Iterator[Path]:
    """Everything below a folder, folders before what is in them, in the same order each time."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for item in sorted(os.scandir(folder), key=lambda item: item.name):
        yield Path(item.path)
        if item.is_dir(follow_symlinks=False):
            yield from _below(Path(item.path))
