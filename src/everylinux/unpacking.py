"""The child of `archives.py`: reads one archive that is not trusted, writes one tree.

One argument, a JSON order (archive, target and the fields of `archives.Policy`); answers with one
JSON object on stdout. Every path is walked by folder descriptors with O_NOFOLLOW, so that a link
made earlier in the archive is never followed by accident, nor one that another user puts there.
"""

from __future__ import annotations

import json
import os
import resource
import secrets
import stat
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from everylinux.compression import AR_MAGIC, MIB, Bounded, RefusedError, opened

MEMORY_BYTES = 2048 * MIB  # xz -9 takes 65 MiB, zstd 128 MiB; tarfile reads pax headers whole
RATIO_FROM = 64 * MIB  # a small archive of zeros is no bomb
LINK_HOPS = 40  # as the kernel's own limit, path_resolution(7)
DEPTH = 128  # folders above one member
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Unpacker:
    """Writes members below one folder; `order` has the fields of `archives.Policy`."""

    def __init__(self, order: dict[str, Any]) -> None:
        """The target folder exists and is empty."""
        self.order = order
        self.root = os.open(order["target"], FOLDER)
        self.members = self.total_bytes = self.skipped = 0
        self.modes: dict[str, tuple[int, float]] = {}  # of folders, set when all is written
        self.links: list[str] = []
        self.last: tuple[tuple[str, ...], int] | None = None  # parent folder of the last member

    def add(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Write one member."""
        self.members += 1
        if self.members > self.order["members"]:
            msg = f"it has more than {self.order['members']} members"
            raise RefusedError(msg)
        parts = self.parts(member.name)
        if parts:
            self.write(tar, member, parts)

    def parts(self, name: str) -> tuple[str, ...]:
        """The components of a member's name; refuses what is no plain relative path."""
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if name.startswith("/") or ".." in parts:
            msg = f"a member leaves the tree: {name!r}"
            raise RefusedError(msg)
        too_long = any(len(os.fsencode(part)) > 255 for part in parts)  # noqa: PLR2004 - NAME_MAX
        if too_long or len(parts) > DEPTH or len(os.fsencode(name)) > self.order["path_bytes"]:
            msg = f"a member's path is too long: {name[:60]!r}..."
            raise RefusedError(msg)
        return parts

    def write(self, tar: tarfile.TarFile, member: tarfile.TarInfo, parts: tuple[str, ...]) -> None:
        """Write one member whose name is good."""
        if member.isdir():
            return self.folder(member, parts)
        if not (member.isreg() or member.issym() or member.islnk()):
            return self.special(member)
        parent, name = self.parent(parts[:-1]), parts[-1]
        self.clear(parent, name, "/".join(parts))
        if member.issym():
            return self.link(member, parent, parts)
        if member.islnk():
            return self.hard_link(member, parent, name)
        return self.file(tar, member, parent, name)

    def special(self, member: tarfile.TarInfo) -> None:
        """A device node or a fifo."""
        if self.order["devices"] != "skip":
            msg = f"a member is a device node or a fifo: {member.name!r}"
            raise RefusedError(msg)
        self.skipped += 1

    def folder(self, member: tarfile.TarInfo, parts: tuple[str, ...]) -> None:
        """A folder; its mode and time are set when nothing more is written into it."""
        self.parent(parts)
        self.modes["/".join(parts)] = (self.mode(member, folder=True), member.mtime)

    def file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, parent: int, name: str) -> None:
        """A regular file, sparse ones in full."""
        self.total_bytes += member.size
        if self.total_bytes > self.order["total_bytes"]:
            msg = f"its files hold more than {self.order['total_bytes']} bytes"
            raise RefusedError(msg)
        source = tar.extractfile(member)
        with os.fdopen(os.open(name, NEW_FILE, 0o600, dir_fd=parent), "wb") as out:
            while source and (data := source.read(MIB)):
                out.write(data)
            out.flush()
            os.fchmod(out.fileno(), self.mode(member))
            os.utime(out.fileno(), (member.mtime, member.mtime))

    def link(self, member: tarfile.TarInfo, parent: int, parts: tuple[str, ...]) -> None:
        """A symbolic link; whether it stays in the tree is judged when the tree is whole."""
        if not member.linkname or len(os.fsencode(member.linkname)) > 4095:  # noqa: PLR2004 - PATH_MAX
            msg = f"a link has no usable target: {member.name!r}"
            raise RefusedError(msg)
        os.symlink(member.linkname, parts[-1], dir_fd=parent)
        self.links.append("/".join(parts))

    def hard_link(self, member: tarfile.TarInfo, parent: int, name: str) -> None:
        """A hard link to a file that was written before."""
        target = self.parts(member.linkname)
        parent = os.dup(parent)
        try:
            above = self.parent(target[:-1], make=False)
            os.link(target[-1], name, src_dir_fd=above, dst_dir_fd=parent, follow_symlinks=False)
        except (FileNotFoundError, PermissionError, IndexError):  # a folder is EPERM
            msg = f"a hard link has no target before it: {member.name!r} -> {member.linkname!r}"
            raise RefusedError(msg) from None
        finally:
            os.close(parent)

    def clear(self, parent: int, name: str, path: str) -> None:
        """Make room for a member: a later one replaces an earlier one, but never a folder."""
        try:
            kind = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return
        if stat.S_ISDIR(kind):
            msg = f"a member replaces a folder: {path!r}"
            raise RefusedError(msg)
        os.unlink(name, dir_fd=parent)
        self.links = [link for link in self.links if link != path]

    def mode(self, member: tarfile.TarInfo, *, folder: bool = False) -> int:
        """The mode to set, by the policy; the owner can always read, and enter folders."""
        least = 0o700 if folder else 0o400
        if self.order["modes"] == "plain":
            return 0o755 if folder or member.mode & 0o100 else 0o644
        return (member.mode & (0o7777 if self.order["setuid"] else 0o777)) | least

    def parent(self, parts: tuple[str, ...], *, make: bool = True) -> int:
        """A descriptor of the folder, valid until the next call."""
        if self.last and self.last[0] == parts:
            return self.last[1]
        found = self.descend(parts, make=make)
        if self.last:
            os.close(self.last[1])
        self.last = (parts, found)
        return found

    def descend(self, parts: tuple[str, ...], *, make: bool) -> int:
        """Walk down from the root, making what is not there."""
        trail, todo, hops = [os.dup(self.root)], list(parts), 0
        try:
            while todo:
                part = todo.pop(0)
                if part in ("", "."):
                    continue
                if part == "..":  # only out of a link's target; the root's parent is the root
                    if len(trail) > 1:
                        os.close(trail.pop())
                    continue
                target = self.target(trail[-1], part)
                if target is None:
                    trail.append(self.enter(trail[-1], part, make=make))
                    continue
                hops += 1
                self.may_follow("/".join(parts), hops)
                if target.startswith("/"):
                    while len(trail) > 1:
                        os.close(trail.pop())
                todo[:0] = target.split("/")
            return trail.pop()
        finally:
            for descriptor in trail:
                os.close(descriptor)

    def target(self, folder: int, name: str) -> str | None:
        """Where a link leads; None if it is no link."""
        try:
            return os.readlink(name, dir_fd=folder)
        except OSError:
            return None

    def may_follow(self, path: str, hops: int) -> None:
        """Whether a member may be written below a link."""
        if self.order["links"] != "root" or hops > LINK_HOPS:
            msg = f"a member lies below a link: {path!r}"
            raise RefusedError(msg)

    def enter(self, folder: int, name: str, *, make: bool) -> int:
        """Open a folder, or make it."""
        if make:
            with suppress(FileExistsError):
                os.mkdir(name, 0o755, dir_fd=folder)
        try:
            return os.open(name, FOLDER, dir_fd=folder)
        except NotADirectoryError:
            msg = f"a member lies below a file: {name!r}"
            raise RefusedError(msg) from None

    def finish(self) -> str:
        """Set the folders' modes and times, the deepest first, then judge the links.

        Gives the name of the folder that is the tree, "" for all of it. A top folder that is
        taken off gets another name first, so that no link can lead out and in again by it.
        """
        for path in sorted(self.modes, key=lambda path: path.count("/"), reverse=True):
            mode, mtime = self.modes[path]
            folder = self.descend(tuple(path.split("/")), make=False)
            os.fchmod(folder, mode)
            os.utime(folder, (mtime, mtime))
            os.close(folder)
        top, new = self.top(), ""
        if top:
            new = f"tree-{secrets.token_hex(8)}"
            os.rename(top, new, src_dir_fd=self.root, dst_dir_fd=self.root)
        if self.order["links"] == "inside":
            for link in self.links:
                self.judge_link(new + link.removeprefix(top), new)
        return new

    def judge_link(self, link: str, top: str) -> None:
        """Refuse a link that leads out of the tree, by itself or through others."""
        root = Path(self.order["target"], top).resolve()
        path = Path(self.order["target"], link)
        target = str(path.readlink())
        if target.startswith("/") or not path.resolve().is_relative_to(root):
            name = link.removeprefix(top).lstrip("/")
            msg = f"a link leaves the tree: {name!r} -> {target!r}"
            raise RefusedError(msg)

    def top(self) -> str:
        """The single folder that holds all, or "" where there is none or it is kept."""
        found = list(Path(self.order["target"]).iterdir())
        single = self.order["strip_top"] and len(found) == 1
        return found[0].name if single and not found[0].is_symlink() and found[0].is_dir() else ""


def unpack(order: dict[str, Any]) -> dict[str, Any]:
    """Unpack, and say how many members, bytes and left-out nodes there were."""
    writer = Unpacker(order)
    with Path(order["archive"]).open("rb") as raw:
        packed = os.fstat(raw.fileno()).st_size
        if raw.peek(len(AR_MAGIC)).startswith(AR_MAGIC):
            order["strip_top"] = False  # a .deb's usr/ is no wrapping
        stream = Bounded(opened(raw), bound(order, packed))
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", errorlevel=2) as tar:
            for member in tar:
                writer.add(tar, member)
                cast("list[Any]", vars(tar)["members"]).clear()  # else it keeps every one
        drain(stream)
    return {
        "top": writer.finish(),
        "members": writer.members,
        "total_bytes": writer.total_bytes,
        "skipped": writer.skipped,
    }


def bound(order: dict[str, Any], packed: int) -> int:
    """How many bytes may come out: headers are at most 3 KiB a member beside the files."""
    most = order["total_bytes"] + order["members"] * 3072
    return int(min(most, max(RATIO_FROM, packed * order["ratio"])))


def drain(stream: Bounded) -> None:
    """Read to the end: a packer's checksum is there, and the zero block that ends a tar."""
    while stream.read(MIB):
        pass
    if stream.count == 0 or stream.tail[-512:].strip(b"\0"):
        msg = "it is truncated (the end-of-archive mark is missing)"
        raise RefusedError(msg)


def limit(order: dict[str, Any]) -> None:
    """Bound this process itself."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    seconds = int(order["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def told() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Turn what goes wrong into an answer."""
    answers: list[dict[str, Any]] = []
    try:
        yield answers.append
    except RefusedError as error:
        answers.append({"error": str(error)})
    except MemoryError:
        answers.append({"error": "it needs too much memory"})
    except Exception as error:  # noqa: BLE001 - decompressors raise what they like on bad input
        answers.append(_told(error))
    sys.stdout.write(json.dumps(answers[-1]))


def _told(error: Exception) -> dict[str, Any]:
    text = f"{type(error).__name__}: {error}"
    of_archive = isinstance(error, (tarfile.TarError, FileExistsError, NotADirectoryError))
    if isinstance(error, OSError) and error.errno and not of_archive:
        return {"error": str(error.strerror), "errno": error.errno}
    return {"error": text}


if __name__ == "__main__":
    with told() as tell:
        wanted = json.loads(sys.argv[1])
        limit(wanted)
        tell(unpack(wanted))
