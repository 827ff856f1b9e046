"""What podman and docker share: the hardening flags, the names, the end and the sweep."""

from __future__ import annotations

import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from everylinux.engines import owner
from everylinux.engines.cell import (
    CAPABILITIES,
    HOSTNAME,
    SHM,
    TEMP_BYTES,
    AgentEngine,
    Place,
    gist,
    most,
    sweep_folders,
)
from everylinux.engines.trial import try_engine
from everylinux.errors import EngineError

LABEL = "everylinux.owner"
TOOL_SECONDS = 120.0


class ContainerEngine(AgentEngine):
    """Cells by a container tool; the agent is the container's process 1, its stdio ours."""

    joins_group = False
    can_omit = frozenset({SHM})
    move = ""
    package = "podman"  # that has it in Debian

    def tool(self, *arguments: str) -> list[str]:
        """The command line of the tool."""
        return [self.name, *arguments]

    def root(self, place: Place) -> Sequence[str]:
        """The arguments that name the root, up to the command."""
        raise NotImplementedError

    def trouble(self) -> str:
        """What can be told without a trial; "" if nothing."""
        return ""

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if a trial cell opened."""
        if shutil.which(self.name) is None:
            return f"{self.name}: no {self.name} on PATH: install the package {self.package}"
        return self.trouble() or try_engine(self, self.move)

    def argv(self, place: Place) -> list[str]:
        """The run command: nothing is pulled, nothing has a network."""
        opening = [f"--cap-add={name}" for name in self.opening if place.rules.release]
        flags = [*_hardening(place), *opening, *_names(place), *_mounts(place)]
        run = ["run", "--interactive", "--rm", "--pull=never", "--network=none", *flags]
        return self.tool(*run, *self.root(place), *place.agent_argv())

    def end(self, place: Place) -> None:
        """Remove the container, which an ended client may have left running."""
        self.ask("rm", "--force", *self.at_once, place.name, check=False)

    at_once: Sequence[str] = ()
    opening: Sequence[str] = ()  # capabilities by which the tool's own filter lets a supervisor be

    def sweep(self) -> tuple[str, ...]:
        """Remove containers and folders of processes of ours that are gone, only those."""
        listed = self.ask(
            "ps", "--all", "--filter", f"label={LABEL}", "--format", "{{.Names}}", check=False
        )
        left = [name for name in listed.split() if owner.is_left(name)]
        for name in left:
            self.ask("rm", "--force", *self.at_once, name, check=False)
        return (*(f"{self.name} container {name}" for name in left), *sweep_folders())

    def ask(self, *arguments: str, check: bool = True) -> str:
        """What the tool prints; EngineError if it fails and `check`, or in any case if it hangs."""
        try:
            done = subprocess.run(
                self.tool(*arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=TOOL_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"{self.name} {arguments[0]}: {error}", move=self.move) from None
        if check and done.returncode:
            said = gist(done.stderr) or f"status {done.returncode}"
            raise EngineError(f"{self.name} {arguments[0]}: {said}", move=self.move)
        return done.stdout


def _hardening(place: Place) -> Iterator[str]:
    yield from ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
    yield from (f"--cap-add={name}" for name in CAPABILITIES)
    yield from (f"--memory={place.memory_bytes}", f"--memory-swap={place.memory_bytes}")
    yield f"--pids-limit={place.processes}"
    # Given always: the tools' own defaults are above what a restricted root may set.
    yield f"--ulimit=nofile={most(resource.RLIMIT_NOFILE)}:{most(resource.RLIMIT_NOFILE)}"
    yield f"--ulimit=nproc={most(resource.RLIMIT_NPROC)}:{most(resource.RLIMIT_NPROC)}"
    yield from ["--ipc=none"] if SHM in place.posture.without else []  # else shm is noexec
    starts = "noexec" if place.posture.noexec else "exec"
    yield f"--tmpfs=/tmp:rw,{starts},nosuid,nodev,size={TEMP_BYTES},mode=1777"


def _names(place: Place) -> Iterator[str]:
    yield from (f"--name={place.name}", f"--label={LABEL}={place.name}")
    yield from (f"--hostname={HOSTNAME}", "--workdir=/", "--user=0:0")


def _mounts(place: Place) -> Iterator[str]:
    for source, target in place.binds:
        yield f"--mount=type=bind,src={_plain(source)},dst={target},readonly"


def _plain(path: Path) -> str:
    """A path that a --mount option can hold."""
    if any(sign in str(path) for sign in ',"\n'):
        raise EngineError(f"{path} cannot be mounted", move="move it to a path without , or quote")
    return str(path)
