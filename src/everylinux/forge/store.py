"""The content-addressed cache of finished steps.

    steps/KEY/tree/        what the step left in /build/out, normalised
    steps/KEY/entry.json   path, mode and sha256 (or link target) of everything in it, last written
    work/KEY/              a step under way, or one that failed and may be entered
    locks/KEY.lock         held while KEY is being built

An entry appears by rename, whole or not at all. It is verified by its digests the first time a run
uses it, so a flipped bit is noticed where it would do harm; a bad entry is removed and built anew.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import filelock

from everylinux.archives import remove_tree
from everylinux.errors import BuildError, EverylinuxError

FAILED = "failed.json"
LOCAL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "it is on a read-only file system",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.EFBIG: "the file size limit is reached",
}
FULL_BYTES = 1 << 20
MOVE = "free some room, or set EVERYLINUX_CACHE to a folder that can be written; nothing is lost"


def is_local(error: OSError) -> bool:
    """Whether the machine is in the way (a full disk), not what is read or asked."""
    return error.errno in LOCAL and not isinstance(error, ConnectionError)


@contextmanager
def local_trouble(place: Path) -> Iterator[None]:
    """Turn a full disk, a read-only cache and the like into one clear line."""
    try:
        yield
    except OSError as error:
        if error.errno not in LOCAL:
            raise
        where = error.filename or place
        raise EverylinuxError(f"{where}: {LOCAL[error.errno]}", move=MOVE) from None


def disk_is_full(place: Path) -> bool:
    """Whether next to nothing is left, so that a step's own failure is explained by it."""
    found = os.statvfs(place)
    return found.f_bavail * found.f_frsize < FULL_BYTES or found.f_favail == 0 < found.f_files


@dataclass(slots=True)
class Store:
    """The finished steps below one cache root."""

    root: Path
    verified: set[str] = field(default_factory=set)
    corrupt: list[str] = field(default_factory=list)  # what was found bad in this run

    def make(self) -> None:
        """Make the folders; EverylinuxError if the cache cannot be written."""
        with local_trouble(self.root):
            for name in ("steps", "work", "locks", "logs", "builds", "sources"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            probe = self.root / "work" / f".probe-{os.getpid()}"
            probe.write_bytes(b"x" * 4096)
            probe.unlink()

    def entry(self, key: str) -> Path:
        """The folder of a finished step."""
        return self.root / "steps" / key

    def tree(self, key: str) -> Path:
        """What a finished step installed."""
        return self.entry(key) / "tree"

    def work(self, key: str) -> Path:
        """The folder of a step under way."""
        return self.root / "work" / key

    def has(self, key: str) -> bool:
        """Whether the step is there and every byte of it is as it was written."""
        if key in self.verified:
            return True
        listed = self._listed(key)
        if listed is None:
            return False
        if listed == digests(self.tree(key)):
            self.verified.add(key)
            return True
        if key not in self.corrupt:
            self.corrupt.append(key)
        return False

    def _listed(self, key: str) -> Any:  # noqa: ANN401 - JSON, compared as a whole
        try:
            return json.loads((self.entry(key) / "entry.json").read_text("utf-8"))["files"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            return {"": "unreadable"}

    @contextmanager
    def building(
        self,
        key: str,
        stopping: threading.Event | None = None,
        waiting: Callable[[], None] = lambda: None,
    ) -> Iterator[bool]:
        """Hold the step for this process; `waiting` is told once if another one builds it.

        Gives False, without holding it, if `stopping` was set meanwhile.
        """
        lock = filelock.FileLock(self.root / "locks" / f"{key}.lock")
        told = False
        while not (stopping and stopping.is_set()):
            try:
                with local_trouble(self.root):
                    lock.acquire(timeout=0.5 if told else 0.1)
            except filelock.Timeout:
                if not told:
                    waiting()
                told = True
                continue
            try:
                yield True
            finally:
                lock.release()
            return
        yield False

    def fresh_work(self, key: str) -> Path:
        """An empty folder for a step; what a killed or failed run left there is removed."""
        work = self.work(key)
        remove_tree(work)
        work.mkdir(parents=True)
        return work

    def publish(self, key: str, output: Path, about: dict[str, Any], epoch: int) -> None:
        """Make `output` the entry of `key`, by renames only after all is on the disk."""
        normalise(output, epoch)
        staged = self.root / "work" / f"{key}.entry"
        remove_tree(staged)
        staged.mkdir()
        output.rename(staged / "tree")
        about = {**about, "files": digests(staged / "tree")}
        (staged / "entry.json").write_text(json.dumps(about, indent=1), "utf-8")
        self.discard(key)
        staged.rename(self.entry(key))
        self.verified.add(key)

    def discard(self, key: str) -> None:
        """Remove an entry: renamed away first, so that nobody sees a half of it."""
        grave = self.root / "work" / f"{key}.old-{os.getpid()}"
        if self.entry(key).exists():
            self.entry(key).rename(grave)
            remove_tree(grave)

    def sweep(self) -> None:
        """Remove what killed runs left; failed steps stay, to be entered."""
        for work in (self.root / "work").iterdir():
            key = work.name.split(".")[0]
            if (work / FAILED).exists() or not key:
                continue
            try:
                with filelock.FileLock(self.root / "locks" / f"{key}.lock", timeout=0):
                    remove_tree(work)
            except filelock.Timeout:
                continue

    def prune(self, keep: set[str], days: float = 7.0) -> int:
        """Remove entries and failed steps that no plan in `keep` uses and that are older."""
        limit = time.time() - days * 86400
        gone = 0
        for log in (self.root / "logs").iterdir():
            if log.stat().st_mtime < limit:
                log.unlink(missing_ok=True)
        for folder in (*(self.root / "steps").iterdir(), *(self.root / "work").iterdir()):
            if folder.name not in keep and folder.lstat().st_mtime < limit:
                with self.building(folder.name.split(".")[0]):
                    remove_tree(folder)
                gone += 1
        return gone


def digests(tree: Path) -> dict[str, list[Any]]:
    """Path -> [mode, sha256 or link target] of everything below, sorted by path."""
    found: dict[str, list[Any]] = {}
    for path, entry in walk(tree):
        mode = entry.stat(follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            found[path] = ["link", str(Path(entry.path).readlink())]
        elif stat.S_ISDIR(mode):
            found[path] = [stat.S_IMODE(mode), "folder"]
        elif stat.S_ISREG(mode):
            found[path] = [stat.S_IMODE(mode), file_digest(entry.path)]
        else:
            found[path] = ["special", ""]
    return found


def file_digest(path: str | Path) -> str:
    """The sha256 of a file; "unreadable" where it cannot be read, which no file has."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a DirEntry's path, read in the hottest loop
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "unreadable"


def walk(tree: Path, above: str = "") -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below a folder, sorted, links not followed; nothing if it is not there."""
    try:
        entries = sorted(os.scandir(tree), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        path = f"{above}{entry.name}"
        yield path, entry
        if entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path), f"{path}/")


def normalise(tree: Path, epoch: int) -> None:
    """Same modes and times whoever built it: no group or world write, no setuid, one time."""
    for path, entry in [*walk(tree)]:
        mode = entry.stat(follow_symlinks=False).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            msg = f"the step left a special file: {path}"
            raise BuildError(msg, move="install files, folders and links only")
        if not stat.S_ISLNK(mode):
            least = 0o755 if stat.S_ISDIR(mode) else 0o444
            os.chmod(entry.path, (mode & 0o755) | least)  # noqa: PTH101 - DirEntry, no Path needed
        os.utime(entry.path, (epoch, epoch), follow_symlinks=False)


def merge(trees: list[Path], target: Path) -> None:
    """Hard-link trees into one; two that differ at a path are an error."""
    target.mkdir(parents=True, exist_ok=True)
    for tree in trees:
        for path, entry in walk(tree):
            _merge_one(entry, target / path)


def _merge_one(entry: os.DirEntry[str], place: Path) -> None:
    if entry.is_dir(follow_symlinks=False):
        place.mkdir(exist_ok=True)
        return
    try:
        os.link(entry.path, place, follow_symlinks=False)
    except FileExistsError:
        if not _same(Path(entry.path), place):
            msg = f"two steps install different files at {place.name} ({entry.path})"
            raise BuildError(msg, move="let one of them not install it") from None


def _same(one: Path, other: Path) -> bool:
    if one.is_symlink() or other.is_symlink():
        return one.is_symlink() and other.is_symlink() and one.readlink() == other.readlink()
    return file_digest(one) == file_digest(other)
