"""The cache of unpacked root filesystems: by digest, complete or absent, checked before use.

`rootfs/sha256-HEX/` holds `root/` (the tree) and `everylinux.json` (the marker: what it is, and
what its listing was when it was made). A tree whose listing differs is removed and made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock

from everylinux.archives import remove_tree
from everylinux.errors import EverylinuxError, ImageError
from everylinux.model import Image, RootFs
from everylinux.places import cache_root

MARKER = "everylinux.json"
MARKER_BYTES = 64 << 10
LOCK_SECONDS = 1800  # the longest build of a root filesystem by another process, with room
MOUNT_POINTS = {"everylinux": 0o755, "proc": 0o755, "dev": 0o755, "sys": 0o755, "run": 0o755}
MOUNT_POINTS["tmp"] = 0o1777

Fill = Callable[[Path], Any]
"""Makes the tree at the path it is given (which does not exist yet)."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What a cached tree is, and what it must look like."""

    digest: str  # "sha256:..."
    image: str  # "debian12-x86_64", of the first that asked for it
    origin: str
    created: float  # seconds since the epoch
    entries: int
    bytes: int  # of regular files
    listing: str  # sha256 over path, kind, mode, size and link target of every entry
    skipped: int = 0  # device nodes that were left out
    recipe: str = ""  # key of the recipe it was made by; "" if it was unpacked


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tree to be made."""

    image: Image
    digest: str  # under which it will be found
    origin: str
    recipe: str = ""

    def marker(self, root: Path, *, skipped: int) -> Marker:
        """Describe the finished tree."""
        entries, size, of_listing = listing(root)
        return Marker(
            digest=self.digest,
            image=f"{self.image.id}-{self.image.arch}",
            origin=self.origin,
            created=time.time(),
            entries=entries,
            bytes=size,
            listing=of_listing,
            skipped=skipped,
            recipe=self.recipe,
        )


class RootStore:
    """Trees below one folder. Several processes may use it at once."""

    def __init__(self, folder: Path | None = None) -> None:
        """Without a folder: `rootfs` in the cache."""
        self.folder = folder or cache_root() / "rootfs"

    def find(self, image: Image, digest: str) -> RootFs | None:
        """Return the tree of a digest, None if it is absent; a damaged one is removed first."""
        marker = self.marker(digest)
        if marker is None:
            return None
        root = self._home(digest) / "root"
        if marker.listing != listing(root)[2]:
            self.remove(digest)
            return None
        return RootFs(image, root, digest, marker.origin)

    def marker(self, digest: str) -> Marker | None:
        """Return what is known of a digest, None if it is absent or its marker is broken."""
        try:
            with (self._home(digest) / MARKER).open("rb") as file:
                data = json.loads(file.read(MARKER_BYTES))
            marker = Marker(**data)
        except (OSError, ValueError, TypeError):
            return None
        return marker if marker.digest == digest else None

    def markers(self) -> tuple[Marker, ...]:
        """Return what is in the cache, sorted by image."""
        names = sorted(path.name for path in self.folder.glob("sha256-*/"))
        found = (self.marker(name.replace("-", ":", 1)) for name in names)
        return tuple(sorted((m for m in found if m), key=lambda m: (m.image, m.created)))

    def add(self, wanted: Wanted, fill: Fill) -> RootFs:
        """Make a tree with `fill` unless it is there (another process may have made it).

        Raises ImageError where the cache cannot be written, and what `fill` raises; nothing half
        made is left.
        """
        if known := self.find(wanted.image, wanted.digest):  # also in a cache that is read-only
            return known
        with self._writable(wanted.image), self._locked(wanted.digest):
            found = self.find(wanted.image, wanted.digest) or self._make(wanted, fill)
        if found is None:
            raise ImageError(f"the root of {wanted.image.id} vanished from {self.folder}")
        return found

    def _make(self, wanted: Wanted, fill: Fill) -> RootFs | None:
        home = self._home(wanted.digest)
        for left in self.folder.glob(f".{home.name}.*"):  # of a killed process: we hold its lock
            remove_tree(left)
        work = Path(tempfile.mkdtemp(prefix=f".{home.name}.", dir=self.folder))
        try:
            made = fill(work / "root")
            add_mount_points(work / "root")
            marker = wanted.marker(work / "root", skipped=getattr(made, "skipped", 0))
            (work / MARKER).write_text(json.dumps(asdict(marker), indent=1), "utf-8")
            remove_tree(home)
            work.rename(home)
        finally:
            remove_tree(work)
        return self.find(wanted.image, wanted.digest)

    def remove(self, digest: str) -> None:
        """Remove a tree; first its marker, so that it is never found half removed."""
        with contextlib.suppress(OSError):
            (self._home(digest) / MARKER).unlink(missing_ok=True)
            remove_tree(self._home(digest))

    def scratch(self) -> tempfile.TemporaryDirectory[str]:
        """Return a temporary folder in the cache's file system, for downloads."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return tempfile.TemporaryDirectory(prefix=".scratch.", dir=self.folder)

    def _home(self, digest: str) -> Path:
        if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
            raise ImageError(f"{digest!r} is no digest", move="sha256: and 64 hexadecimal digits")
        return self.folder / digest.replace(":", "-")

    @contextlib.contextmanager
    def _locked(self, digest: str) -> Iterator[None]:
        path = self.folder / f"{self._home(digest).name}.lock"
        try:
            with filelock.FileLock(path, timeout=LOCK_SECONDS):
                yield
        except filelock.Timeout:
            move = f"end it, or remove {path}"
            raise ImageError("another process still makes this image", move=move) from None

    @contextlib.contextmanager
    def _writable(self, image: Image) -> Iterator[None]:
        """Turn a full disk or a read-only cache into one line."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            yield
        except OSError as error:
            raise self._broken(image, str(error.strerror or error)) from None
        except EverylinuxError as error:
            if type(error) is not EverylinuxError:
                raise
            raise self._broken(image, error.cause) from None  # the unpacker's own: disk, rights

    def _broken(self, image: Image, why: str) -> ImageError:
        move = "free some space (`everylinux images prune`), or set EVERYLINUX_CACHE elsewhere"
        cause = f"{image.id}-{image.arch} cannot be kept in {self.folder} ({why})"
        return ImageError(cause, move=move)


def add_mount_points(root: Path) -> None:
    """Make each mount point a real folder; a link or a file in its place gives way.

    A link is not followed: in an untrusted tree it may lead out, and whatever it led to is covered
    by the mount in every cell.
    """
    for name, mode in MOUNT_POINTS.items():
        point = root / name
        if not stat.S_ISDIR(_kind(point)):
            point.unlink(missing_ok=True)
            point.mkdir()
            point.chmod(mode)
    (root / "tmp").chmod(MOUNT_POINTS["tmp"])
    root.chmod(0o755)


def _kind(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def listing(root: Path) -> tuple[int, int, str]:
    """Return entries, bytes of regular files, and a digest over a tree's listing."""
    entries = size = 0
    digest, counted = hashlib.sha256(), set()
    for path, entry in _walk(str(root), ""):
        status = entry.stat(follow_symlinks=False)
        length = status.st_size if stat.S_ISREG(status.st_mode) else 0
        link = str(Path(entry.path).readlink()) if entry.is_symlink() else ""
        known = status.st_nlink > 1 and status.st_ino in counted  # a hard link takes no room
        entries, size = entries + 1, size + (0 if known else length)
        counted.add(status.st_ino)
        digest.update(os.fsencode(f"{path}\0{status.st_mode:o}\0{length}\0{link}\0"))
    return entries, size, digest.hexdigest()


def _walk(folder: str, below: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Every entry below a folder, in a fixed order; a folder that is missing has none."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = f"{below}{entry.name}"
        yield path, entry
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{path}/")
