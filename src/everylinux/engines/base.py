"""The two protocols: an Engine opens a Box, a Box runs commands in a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from everylinux.model import Cell, Distribution, Entry, Limits, Result, RootFs

DEFAULT_LIMITS = Limits()


class Box(Protocol):
    """An open cell: one resident agent. Always closed, also after an exception."""

    cell: Cell
    distribution: Distribution
    root: Path  # of the cell, on the host
    run_dir: Path  # on the host; seen in the cell as model.RUN. Put UNIX sockets here.
    slowness: float  # how many times longer than natively programs take; 1: time can be judged

    def run(  # noqa: PLR0913 - each is a property of execve(2)
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,  # None: model-independent minimal environment
        cwd: str = "/",
        stdin: bytes = b"",
        uid: int | None = None,  # None: root of the cell, without any capability
        limits: Limits = DEFAULT_LIMITS,
        executable: str | None = None,  # the file to execve, if argv[0] is to be something else
    ) -> Result:
        """Run one command to its end; never raises for what the command does."""
        ...

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file in the cell (below /tmp), and the folders above it."""
        ...

    def get(self, path: str, limit: int = 16 << 20) -> bytes:
        """Read a file of the cell; FileNotFoundError, or AgentError past `limit` bytes."""
        ...

    def stat(self, path: str) -> Entry:
        """lstat(2) of one path; FileNotFoundError."""
        ...

    def walk(self, path: str, *, digests: bool = False, limit: int = 200_000) -> tuple[Entry, ...]:
        """Everything below a folder, sorted by path, links not followed."""
        ...

    def sibling(self, extra: Mapping[str, Path]) -> Box:
        """Open the same cell once more, with more of the host in it; close it yourself.

        `extra` is files or folders of the host by their path in the cell, read-only.
        """
        ...

    def close(self) -> None:
        """End the agent and remove what the engine made; may be called twice."""
        ...

    def __enter__(self) -> Self:
        """Use it as a context manager."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        ...


@runtime_checkable
class Starved(Box, Protocol):
    """A cell with a kernel of its own, which can be had without entropy."""

    def starved(self) -> Starved:
        """Open the same cell once more, with a kernel that is given no entropy; close it."""
        ...

    def feed(self) -> None:
        """Give the cell's kernel entropy from now on."""
        ...


class Engine(Protocol):
    """A way to hold a cell."""

    name: str
    boots: bool  # real kernels of the matrix; else cells run on this machine's, perhaps by a floor

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if it works (tried, not guessed)."""
        ...

    def refuses(self, cell: Cell) -> str:
        """Why this engine cannot give a cell its kernel or posture here; "" if it can."""
        ...

    def open(self, cell: Cell, distribution: Distribution, root: RootFs) -> Box:
        """Start the agent in a hardened cell; EngineError if that fails."""
        ...

    def sweep(self) -> tuple[str, ...]:
        """Remove what killed runs of ours left behind, only ours; say what was removed."""
        ...
