"""bubblewrap on an unpacked root: no daemon, no root needed, the embedded default."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import PurePosixPath
from types import MappingProxyType

from everylinux.engines.cell import (
    CAPABILITIES,
    GUARDED,
    HOSTNAME,
    SHARED,
    SHM,
    TEMP_BYTES,
    AgentEngine,
    Place,
)
from everylinux.engines.trial import try_engine
from everylinux.errors import EngineError
from everylinux.model import CELL

NAMESPACES = ("ipc", "pid", "net", "uts", "cgroup-try")
PROC = "/proc"
SIZE_SINCE = (0, 7)
"""The version that learned --size; before, the memory limit of the cell bounds /tmp."""


class Bubblewrap(AgentEngine):
    """Cells by bwrap(1), as root or in a user namespace of one user."""

    name = "bubblewrap"
    can_omit = frozenset({PROC, SHM})
    environment: Mapping[str, str] | None = MappingProxyType({})  # bwrap is seen in the cell

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if a trial cell opened."""
        if shutil.which("bwrap") is None:
            return "bubblewrap: no bwrap on PATH: install the package bubblewrap"
        move = "allow user namespaces (sysctl kernel.unprivileged_userns_clone or AppArmor)"
        return try_engine(self, "run as root" if os.geteuid() else move)

    def argv(self, place: Place) -> list[str]:
        """The cell's mounts in order, its namespaces, and the agent."""
        bwrap = shutil.which("bwrap")  # it has no PATH to be found by
        if bwrap is None:
            raise EngineError("bubblewrap: no bwrap on PATH any more", move="install it again")
        agent = place.agent_argv(*_changes(place))
        return [bwrap, *_privileges(place), *_mounts(place), "--chdir", "/", "--", *agent]


def _changes(place: Place) -> Iterator[str]:
    """What bwrap has no option for: a tmpfs without programs, and a /dev without shm."""
    for folder in SHARED if place.posture.noexec else ():
        yield from ("--noexec", folder)
    if SHM in place.posture.without:
        yield from ("--without", SHM)


def _privileges(place: Place) -> Iterator[str]:
    yield from ("--die-with-parent", "--clearenv", "--hostname", HOSTNAME)
    yield from (f"--unshare-{name}" for name in NAMESPACES)
    if os.geteuid() != 0:
        yield from ("--unshare-user", "--uid", "0", "--gid", "0")
    yield from ("--cap-drop", "ALL")
    # A posture that needs a remount gives the agent SYS_ADMIN until it has done that.
    for name in (*CAPABILITIES, *(["SYS_ADMIN"] if place.posture.noexec else [])):
        yield from ("--cap-add", f"CAP_{name}")


def _parents(place: Place) -> list[str]:
    """The folders above what is bound deeper: bwrap makes them by itself, but for root alone."""
    targets = [PurePosixPath(target) for _, target in place.binds]
    above = {str(up) for at in targets for up in at.parents if CELL in up.parents}
    return sorted(above)


def _mounts(place: Place) -> Iterator[str]:
    yield from ("--ro-bind", str(place.root), "/", "--dev", "/dev")
    if PROC not in place.posture.without:
        yield from ("--proc", PROC)
        for name in GUARDED:  # bwrap itself guards bus and irq only
            yield from ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")
    yield from ("--tmpfs", SHM) if place.posture.noexec else ()
    if version() >= SIZE_SINCE:
        yield from ("--size", str(TEMP_BYTES))
    yield from ("--tmpfs", "/tmp", "--tmpfs", str(CELL))  # noqa: S108 - the cell's own
    for folder in _parents(place):
        yield from ("--dir", folder)
    for source, target in place.binds:
        yield from ("--ro-bind", str(source), target)
    yield from ("--remount-ro", str(CELL), "--remount-ro", "/")


@cache
def version() -> tuple[int, ...]:
    """The version of bwrap on PATH, (0,) if it does not say."""
    done = subprocess.run(["bwrap", "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else (0,)
