"""Control groups that we make ourselves: a limit for a cell, a tighter one for one command.

Version 1 (also in hybrid mode) has one tree per controller, version 2 one for all; we need
`memory` and `pids`. A group is a folder, or one per controller, whose name starts with NAME, below
the group that we run in (version 1), or below the nearest one above whose controllers are
delegated (version 2, where a group with processes cannot have groups with controllers).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from everylinux.errors import EngineError

NAME = "everylinux-"
CONTROLLERS = ("memory", "pids")
ROOT = Path("/sys/fs/cgroup")
MEMORY_FILES = {1: "memory.limit_in_bytes", 2: "memory.max"}
SWAP_FILES = {1: "memory.memsw.limit_in_bytes", 2: "memory.swap.max"}
EVENT_FILES = {1: "memory.oom_control", 2: "memory.events"}
REMOVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Group:
    """One control group: a folder for each controller (the same one in version 2)."""

    version: int
    folders: Mapping[str, Path]

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its folders, each once."""
        return tuple(dict.fromkeys(self.folders.values()))

    @property
    def joins(self) -> tuple[Path, ...]:
        """The files that take the pid of a process that is to be in it."""
        return tuple(path / "cgroup.procs" for path in self.paths)

    def child(self, name: str) -> Group:
        """The group below it, which need not exist."""
        return Group(self.version, {key: path / name for key, path in self.folders.items()})

    def create(self) -> None:
        """Make its folders; OSError."""
        for path in self.paths:
            path.mkdir()

    def limit(self, memory_bytes: int | None, processes: int | None) -> None:
        """Bound it; OSError if the kernel refuses. Swap is not to lengthen the memory."""
        if memory_bytes is not None:
            memory = self.folders["memory"]
            (memory / MEMORY_FILES[self.version]).write_text(f"{memory_bytes}\n")
            with contextlib.suppress(OSError):  # absent where the kernel accounts no swap
                swap = memory_bytes if self.version == 1 else 0
                (memory / SWAP_FILES[self.version]).write_text(f"{swap}\n")
        if processes is not None:
            (self.folders["pids"] / "pids.max").write_text(f"{processes}\n")

    def add(self, pid: int) -> None:
        """Move a process into it; OSError."""
        for path in self.joins:
            path.write_text(f"{pid}\n")

    def processes(self) -> tuple[int, ...]:
        """The pids in it, as this process sees them."""
        found: set[int] = set()
        for path in self.joins:
            with contextlib.suppress(OSError, ValueError):
                found.update(map(int, path.read_text().split()))
        return tuple(sorted(found - {0}))

    def oom_kills(self) -> int:
        """How many of its processes the kernel killed for want of memory."""
        with contextlib.suppress(OSError):
            text = (self.folders["memory"] / EVENT_FILES[self.version]).read_text()
            found = re.search(r"^oom_kill (\d+)$", text, re.MULTILINE)
            return int(found[1]) if found else 0
        return 0

    def remove(self) -> None:
        """Kill what is in it and below it, and remove it; what cannot be is left to the sweep."""
        for path in self.paths:
            remove(path)


def remove(path: Path) -> bool:
    """Kill what is in a group's folder and below, and remove it; whether it is gone."""
    until = time.monotonic() + REMOVE_SECONDS
    while path.is_dir():
        for below in _folders(path):
            remove(below)
        _kill(path)
        with contextlib.suppress(OSError):
            path.rmdir()
            return True
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def _folders(path: Path) -> Iterable[Path]:
    with contextlib.suppress(OSError):
        return [below for below in path.iterdir() if below.is_dir()]
    return []


def _kill(path: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        for pid in map(int, (path / "cgroup.procs").read_text().split()):
            if pid not in {0, os.getpid()}:
                os.kill(pid, signal.SIGKILL)


def of_process(pid: int | str = "self", root: Path = ROOT) -> Group | None:
    """The group that a process is in, or None where the tree cannot be told."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return None
    return parse(text, root)


def parse(text: str, root: Path = ROOT) -> Group | None:
    """The group that a /proc/PID/cgroup file tells of, or None if its controllers are not ours."""
    rows = [line.split(":", 2) for line in text.splitlines() if line.count(":") >= 2]  # noqa: PLR2004
    places = {name: path for _, names, path in rows for name in names.split(",")}
    if all((root / name).is_dir() and name in places for name in CONTROLLERS):
        return Group(1, {name: _below(root / name, places[name]) for name in CONTROLLERS})
    if "" in places and (root / "cgroup.controllers").is_file():
        return Group(2, dict.fromkeys(CONTROLLERS, _below(root, places[""])))
    return None


def _below(root: Path, place: str) -> Path:
    """The folder of a group; a container's own tree shows it at the mount's root instead."""
    folder = root / place.lstrip("/")
    return folder if folder.is_dir() else root


def create(name: str, *, memory_bytes: int, processes: int, root: Path = ROOT) -> Group:
    """Make a bounded group of ours with a group `main` in it; EngineError where we may not."""
    own = of_process(root=root)
    if own is None:
        raise EngineError("no memory and pids controllers are mounted", move=_MOVE)
    refused = "no group above has delegated controllers"
    for parent in _parents(own, root):
        group = parent.child(NAME + name)
        try:
            group.create()
            _fill(group, memory_bytes, processes)
        except OSError as error:
            refused = f"{error.filename or group.paths[0]}: {error.strerror}"
            group.remove()
        else:
            return group
    raise EngineError(f"cannot make a control group: {refused}", move=_MOVE)


_MOVE = "run as root, or in a delegated group: systemd-run --user --scope -p Delegate=yes ..."


def _parents(own: Group, root: Path) -> Iterable[Group]:
    yield own
    folder = own.paths[0]
    while own.version == 2 and folder != root:  # noqa: PLR2004 - the version
        folder = folder.parent
        yield Group(2, dict.fromkeys(CONTROLLERS, folder))


def _fill(group: Group, memory_bytes: int, processes: int) -> None:
    group.limit(memory_bytes, processes)
    if group.version == 1:
        for path in group.paths:
            with contextlib.suppress(OSError):  # absent in later kernels; limits then always nest
                (path / "memory.use_hierarchy").write_text("1\n")
    else:
        (group.paths[0] / "cgroup.subtree_control").write_text("+memory +pids\n")
    group.child("main").create()
