"""docker: the unpacked root becomes an image once, then a container for each cell."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from everylinux.engines.cell import Place
from everylinux.engines.container import ContainerEngine
from everylinux.errors import EngineError

REPOSITORY = "everylinux-root"
IMPORT_SECONDS = 600.0


class Docker(ContainerEngine):
    """Cells by docker-run(1), through $DOCKER_HOST or the default socket of this machine."""

    name = "docker"
    move = "start dockerd, or name its socket in DOCKER_HOST"
    package = "docker.io"
    # Docker 20.10 lets process_vm_writev(2) be called only where this is given (profiles/seccomp/
    # default_linux.go). The agent gives it up before any command, and the supervisor with it.
    opening = ("SYS_PTRACE",)

    def trouble(self) -> str:
        """A daemon elsewhere sees none of our folders."""
        host = os.environ.get("DOCKER_HOST", "")
        if host and not host.startswith("unix://"):
            return f"docker: {host} is on another machine: name a local socket in DOCKER_HOST"
        return ""

    def root(self, place: Place) -> list[str]:
        """The root's image, imported if the daemon does not have it."""
        tag = f"{REPOSITORY}:{_key(place.root)}"
        if not self.ask("images", "--quiet", tag).strip():
            self._import(place.root, tag)
        return [tag]

    def _import(self, root: Path, tag: str) -> None:
        pack = ["tar", "--numeric-owner", "-C", str(root), "-c", "."]
        take = self.tool("import", "--change", f"LABEL {REPOSITORY}=1", "-", tag)
        with subprocess.Popen(pack, stdout=subprocess.PIPE) as tar:
            done = subprocess.run(
                take, stdin=tar.stdout, capture_output=True, check=False, timeout=IMPORT_SECONDS
            )
        if done.returncode or tar.returncode:
            said = done.stderr.decode("utf-8", "replace").strip()[-300:]
            raise EngineError(f"docker cannot import {root}: {said}", move=self.move)

    def main_pid(self, place: Place) -> int | None:
        """What the daemon knows."""
        said = self.ask("inspect", "--format", "{{.State.Pid}}", place.name, check=False).strip()
        return int(said) if said.isdigit() and said != "0" else None


def _key(root: Path) -> str:
    """A tag for what a root holds: another when the folder was unpacked again.

    Roots come from a store by digest and are never changed in it; path and birth name one.
    """
    status = root.stat()
    text = f"{root.resolve()} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
