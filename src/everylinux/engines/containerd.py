"""containerd on an unpacked root, by its own client ctr(1): what is below Kubernetes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from everylinux.engines import owner
from everylinux.engines.cell import SHM, AgentEngine, Place, sweep_folders, told
from everylinux.engines.oci import write_bundle
from everylinux.engines.trial import try_engine

CTR = ("ctr", "--namespace=everylinux")  # containers of others are in other namespaces
SOCKET = "/run/containerd/containerd.sock"
MOVE = "start containerd, or name its socket in CONTAINERD_ADDRESS"


class Containerd(AgentEngine):
    """Cells by `ctr run`, through $CONTAINERD_ADDRESS or the default socket, as root."""

    name = "containerd"
    can_omit = frozenset({SHM})
    joins_group = False

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if a trial cell opened."""
        if shutil.which("ctr") is None:
            return "containerd: no ctr on PATH: install the package containerd"
        if os.geteuid() != 0:
            return "containerd: only root may ask it: run everylinux as root"
        return _no_socket() or try_engine(self, MOVE)

    def argv(self, place: Place) -> list[str]:
        """Write the bundle, and run it in the foreground."""
        settings = write_bundle(place) / "config.json"
        return [*CTR, "run", "--rm", f"--config={settings}", place.name]

    def main_pid(self, place: Place) -> int | None:
        """What the daemon knows: name, pid and state in a row for each task."""
        rows = [line.split() for line in told(*CTR, "tasks", "list").splitlines()]
        pids = [row[1] for row in rows if row[:1] == [place.name]]
        return int(pids[0]) if pids and pids[0].isdigit() else None

    def end(self, place: Place) -> None:
        """Remove the container, which an ended client may have left running."""
        _remove(place.name)

    def sweep(self) -> tuple[str, ...]:
        """Remove containers and folders of processes of ours that are gone, only those."""
        there = shutil.which("ctr") and not _no_socket()
        names = told(*CTR, "containers", "list", "--quiet").split() if there else []
        left = [name for name in names if owner.is_left(name)]
        for name in left:
            _remove(name)
        return (*(f"containerd container {name}" for name in left), *sweep_folders())


def _no_socket() -> str:
    """Why nobody can be asked, told at once: ctr waits ten seconds for a socket to come."""
    socket = os.environ.get("CONTAINERD_ADDRESS", SOCKET)
    return "" if Path(socket).exists() else f"containerd: no socket {socket}: {MOVE}"


def _remove(name: str) -> None:
    """Each fails where there is nothing to remove any more."""
    told(*CTR, "tasks", "delete", "--force", name)
    told(*CTR, "containers", "delete", name)
