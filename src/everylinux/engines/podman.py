"""podman on an unpacked root, with an overlay so that the root stays as it is."""

from __future__ import annotations

import os
from pathlib import Path

from everylinux.engines.cell import Place
from everylinux.engines.container import ContainerEngine

# crun refuses to start in hybrid mode: version 1 controllers with a version 2 tree among them.
# In a mount namespace of its own it does not see that tree.
HYBRID = Path("/sys/fs/cgroup/unified")
HIDE = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
HIDDEN = f'umount {HYBRID} && exec "$@"'
PID_FILE = "pid"


class Podman(ContainerEngine):
    """Cells by podman-run(1), as root or rootless."""

    name = "podman"
    move = "try `podman run --rm --rootfs DIR:O COMMAND` by hand; it names what is missing"
    at_once = ("--time=0", "--ignore")

    def tool(self, *arguments: str) -> list[str]:
        """The command line, in a mount namespace without the hybrid tree where there is one."""
        hide = [*HIDE, HIDDEN, "sh"] if is_hybrid() and os.geteuid() == 0 else []
        return [*hide, "podman", *arguments]

    def root(self, place: Place) -> list[str]:
        """The unpacked root below an overlay: mount points and /run/.containerenv go there."""
        files = (f"--pidfile={place.folder / PID_FILE}", "--no-hosts", "--log-driver=none")
        return [*files, "--rootfs", f"{place.root}:O"]

    def main_pid(self, place: Place) -> int | None:
        """What conmon wrote."""
        try:
            return int((place.folder / PID_FILE).read_text())
        except (OSError, ValueError):
            return None


def is_hybrid(mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether a version 2 tree is mounted among version 1 controllers."""
    rows = (line.split() for line in mounts.read_text().splitlines())
    return any(row[1:3] == [str(HYBRID), "cgroup2"] for row in rows)
