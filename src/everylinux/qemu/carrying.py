"""The folder that a cell shares with us, in a machine: what changed in it is carried over the line.

Elsewhere it is mounted. Here files, folders and UNIX sockets are compared with what the machine
has, before each command: what a running command would see of it later, it does not see.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from everylinux.model import RUN
from everylinux.qemu.frames import Kind, carried
from everylinux.qemu.relay import Relay

State = tuple[int, int, int, int]


class Carrier:
    """Knows what the machine has of a folder."""

    def __init__(self, folder: Path, relay: Relay) -> None:
        """Nothing is there yet."""
        self._folder, self._relay = folder, relay
        self._known: dict[str, State] = {}

    def carry(self) -> None:
        """Queue what makes the machine's folder like ours, before all that comes after."""
        now = {str(path.relative_to(self._folder)): path for path in sorted(self._walk())}
        states = {name: _state(path) for name, path in now.items()}
        changed = [name for name in states if states[name] != self._known.get(name)]
        old = [name for name in self._known if states.get(name) != self._known[name]]
        stays = {name for name in old if name in now and _is_folder(states[name])}
        gone = [name for name in old if not (name in stays and _is_folder(self._known[name]))]
        frames = [f for name in sorted(gone, reverse=True) for f in carried(Kind.REMOVE, name)]
        frames += [f for name in changed for f in _made(name, now[name], states[name][0])]
        sockets = {str(RUN / n): str(now[n]) for n in changed if stat.S_ISSOCK(states[n][0])}
        self._known = states
        if frames:
            self._relay.carry(frames, sockets)

    def _walk(self) -> Iterator[Path]:
        return (path for path in self._folder.rglob("*") if not path.is_symlink())


def _state(path: Path) -> State:
    """What differs when a file was written or made anew."""
    about = path.lstat()
    if stat.S_ISDIR(about.st_mode):
        return about.st_mode, 0, 0, 0  # what is in it has states of its own
    return about.st_mode, about.st_ino, about.st_size, about.st_mtime_ns


def _is_folder(state: State) -> bool:
    return stat.S_ISDIR(state[0])


def _made(name: str, path: Path, mode: int) -> Iterator[bytes]:
    bits = stat.S_IMODE(mode)
    if stat.S_ISDIR(mode):
        yield from carried(Kind.FOLDER, name, bits)
    elif stat.S_ISREG(mode):
        yield from carried(Kind.FILE_PART, name, bits, path.read_bytes())
    elif stat.S_ISSOCK(mode):
        yield from carried(Kind.SOCKET, name, bits)
