"""Unpacking archives that are not trusted: sources, root filesystems, other people's Pythons.

tar (plain, .gz, .bz2, .xz, .zst) and .deb (its data part), told apart by their first bytes. The
work is done by `unpacking.py` in a child process with limits; nothing is kept of an archive that
was refused, and the target appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.errors import ArchiveError, EverylinuxError

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be in an archive, and what becomes of it."""

    strip_top: bool = False  # if all is in one folder, that folder is the target
    links: str = "inside"  # inside: must stay in the tree | root: as in a root filesystem, where
    #                        `/x` is the tree's own; a member below a link is written where it leads
    modes: str = "plain"  # plain: 0755 or 0644 by the owner's x | exact: as in the archive
    setuid: bool = False  # keep setuid, setgid and sticky bits (exact modes only)
    devices: str = "refuse"  # device nodes and fifos: refuse | skip (and count)
    members: int = 200_000
    total_bytes: int = 4 * GIB
    ratio: int = 400  # unpacked bytes for each packed byte, judged from 64 MiB on
    path_bytes: int = 1024
    seconds: float = 600.0


SOURCE = Policy(strip_top=True)
"""A source archive: plain modes, links stay in the tree, the single top folder is taken off."""

DISTRIBUTION = Policy(strip_top=True, links="root", modes="exact", setuid=True)
"""A Python to judge: modes and links as packed, since both are judged (PRM-013): who reads the tree
must not follow links out of it. The caller's folder should be closed to other users (0700), since
setuid bits are kept."""

ROOT_FILESYSTEM = Policy(links="root", modes="exact", devices="skip")
"""A distribution's root: absolute links are kept, device nodes left out, setuid bits dropped."""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What became of an archive."""

    members: int
    total_bytes: int  # of regular files
    skipped: int  # device nodes and fifos that were left out


def extract(archive: Path, target: Path, policy: Policy = SOURCE) -> Unpacked:
    """Unpack `archive` as the new folder `target` (mode 0755); ArchiveError keeps nothing."""
    if target.exists():
        msg = f"{target} is already there"
        raise ArchiveError(msg, move="remove it or give another folder")
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    work = tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        answer = _in_child(archive, work, policy)
        _publish(Path(work, answer["top"]), target)
        return Unpacked(answer["members"], answer["total_bytes"], answer["skipped"])
    finally:
        remove_tree(work)


def _publish(tree: Path, target: Path) -> None:
    tree.chmod(0o755)
    tree.rename(target)


def _in_child(archive: Path, work: str, policy: Policy) -> dict[str, Any]:
    order = {"archive": str(archive.absolute()), "target": work, **dataclasses.asdict(policy)}
    argv = (sys.executable, "-m", "everylinux.unpacking", json.dumps(order))
    try:
        done = subprocess.run(
            argv, cwd="/", capture_output=True, timeout=policy.seconds, check=False
        )
    except subprocess.TimeoutExpired:
        msg = f"{archive.name} took more than {policy.seconds:g} s to unpack"
        raise ArchiveError(msg, move="is it a bomb?") from None
    return _answer(archive, done)


def _answer(archive: Path, done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        answer = {"error": _death(done)}
    if "errno" in answer:  # of this machine, not of the archive: a full disk, no permission
        raise EverylinuxError(f"cannot unpack {archive.name}: {answer['error']}")
    if "error" in answer:
        msg = f"{archive.name} was refused: {answer['error']}"
        raise ArchiveError(msg, move="nothing of it was kept; get the archive anew")
    return answer


def _death(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return f"unpacking was ended by {signal.Signals(-done.returncode).name}"
    last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return last[0] if last else f"unpacking ended with status {done.returncode}"


def remove_tree(path: Path | str) -> None:
    """Remove a folder, also one whose folders are not writable; no error if it is not there."""
    top = Path(path)

    def again(function: Any, name: str, error: Any) -> None:  # noqa: ANN401 - shutil's own signature
        place = Path(name)
        if not issubclass(error[0], PermissionError):
            return
        with contextlib.suppress(OSError):
            if place != top:
                place.parent.chmod(0o700)
            if place.is_symlink() or not place.is_dir():
                place.unlink()
            elif function is os.rmdir:
                place.rmdir()
            else:
                place.chmod(0o700)
                shutil.rmtree(place, onerror=again)

    shutil.rmtree(top, onerror=again)
