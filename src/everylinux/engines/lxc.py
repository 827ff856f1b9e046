"""LXC on an unpacked root: lxc-start(1) in the foreground, without a daemon, under its own filter.

The settings are those of lxc.container.conf(5); an entry of a mount is a line of fstab(5).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from everylinux.engines.cell import (
    CAPABILITIES,
    GUARDED,
    HOSTNAME,
    SHARED,
    SHM,
    TEMP_BYTES,
    AgentEngine,
    Place,
    told,
)
from everylinux.engines.oci import make_skeleton
from everylinux.engines.trial import try_engine
from everylinux.errors import EngineError
from everylinux.model import CELL

FILTER = Path("/usr/share/lxc/config/common.seccomp")
"""What LXC's own templates let no container call: part of what a user of LXC has."""
MIXED = ("sys", "sysrq-trigger")  # of GUARDED: what `proc:mixed` guards by itself
LINKS = 40  # on the way to one file: as many as Linux follows, path_resolution(7)


class Lxc(AgentEngine):
    """Cells by lxc-start(1), as root."""

    name = "lxc"
    can_omit = frozenset({SHM})

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if a trial cell opened."""
        if shutil.which("lxc-start") is None:
            return "lxc: no lxc-start on PATH: install the package lxc"
        if os.geteuid() != 0:
            return "lxc: its containers without root need a map of users: run everylinux as root"
        return try_engine(self, "try `lxc-start -F` by hand, and `lxc-checkconfig`")

    def argv(self, place: Place) -> list[str]:
        """Write the container's settings, and the folders that mounts need; start it."""
        skeleton = make_skeleton(place)
        for name in ("lxc", "delta"):
            (place.folder / name).mkdir()
        settings = place.folder / "config"
        settings.write_text("".join(f"lxc.{row}\n" for row in _settings(place, skeleton)))
        return ["lxc-start", "-F", *_named(place), "-f", str(settings)]

    def main_pid(self, place: Place) -> int | None:
        """What lxc-info(1) says: the agent is in a group that LXC makes below ours."""
        pid = told("lxc-info", "--pid", "--no-humanize", *_named(place))
        return int(pid) if pid.isdigit() else None

    def end(self, place: Place) -> None:
        """Stop the container, which an ended client may have left running."""
        told("lxc-stop", "--kill", *_named(place))


def _named(place: Place) -> tuple[str, ...]:
    return ("-n", place.name, "-P", str(place.folder / "lxc"))


def _settings(place: Place, skeleton: Path) -> Iterator[str]:
    # An overlay, since LXC writes a file into a root to keep it from being unmounted
    delta = place.folder / "delta"
    if ":" in str(place.root):
        cause = f"{place.root} cannot be mounted by lxc"
        raise EngineError(cause, move="move it to a path without a colon")
    yield from (f"rootfs.path = overlay:{_line(place.root)}:{delta}", "rootfs.options = ro")
    yield from ("autodev = 1", "pty.max = 1024", "tty.max = 0", "console.path = none")
    yield from ("net.0.type = empty", "net.0.flags = up", f"uts.name = {HOSTNAME}")
    kept = " ".join(CAPABILITIES).lower()
    yield from ("no_new_privs = 1", f"cap.keep = {kept}", "apparmor.profile = unconfined")
    yield from ("cgroup.relative = 1", f"init.cmd = {' '.join(place.agent_argv())}")
    if FILTER.exists():
        yield f"seccomp.profile = {FILTER}"
    yield "mount.auto = proc:mixed sys:ro"
    for here in (f"/proc/{name}" for name in GUARDED if name not in MIXED):
        yield _mount(here, here, "none", "bind,ro,optional")
    starts = ",noexec" if place.posture.noexec else ""
    for folder in SHARED:
        if folder not in place.posture.without:
            size = f",size={TEMP_BYTES}" if folder != SHM else ""
            options = f"rw,nosuid,nodev,mode=1777,create=dir{size}{starts}"
            yield _mount("tmpfs", folder, "tmpfs", options)
    yield _mount(skeleton, str(CELL), "none", "bind,ro")
    for source, target in place.binds:
        yield _mount(source, behind_links(place.root, target), "none", "bind,ro")


def behind_links(root: Path, target: str) -> str:
    """Where a path of the cell leads, within its root: LXC mounts nothing through a link."""
    at, names, left = Path("/"), list(Path(target).parts[1:]), LINKS
    while names:
        name = names.pop(0)
        here = root / at.relative_to("/") / name
        if name == "..":
            at = at.parent
        elif left and here.is_symlink():
            left -= 1
            link = here.readlink()
            names = [*link.parts[link.is_absolute() :], *names]
            at = Path("/") if link.is_absolute() else at
        else:
            at /= name
    return str(at)


def _mount(source: Path | str, target: str, kind: str, options: str) -> str:
    words = (_word(_line(source)), _word(_line(target.lstrip("/"))), kind, options)
    return f"mount.entry = {' '.join(words)} 0 0"


def _line(path: Path | str) -> str:
    """A path that a line of settings can hold."""
    if "\n" in str(path):
        raise EngineError(f"{path!r} cannot be mounted", move="move it to a path without a newline")
    return str(path)


def _word(path: str) -> str:
    """A path in a table of mounts: getmntent(3) says how signs are told."""
    return path.replace("\\", r"\134").replace(" ", r"\040").replace("\t", r"\011")
