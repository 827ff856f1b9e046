"""The box around a started agent: its Box protocol, its limits, its end."""

from __future__ import annotations

import contextlib
import itertools
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from everylinux.agent.session import ENVIRONMENT, AgentSession
from everylinux.agent.terminal import Terminal
from everylinux.cgroups import Group, of_process
from everylinux.engines.base import DEFAULT_LIMITS, Box
from everylinux.errors import AgentError, UnlimitedError
from everylinux.model import Cell, Distribution, Entry, Limits, Result
from everylinux.postures import Posture

CLOSE_SECONDS = 5.0
BROKEN_SECONDS = 0.2
"""An agent that broke the protocol or is silent is not waited for."""


class AgentBox:
    """An open cell. Made and filled by AgentEngine.open."""

    slowness = 1.0

    def __init__(
        self, cell: Cell, distribution: Distribution, run_dir: Path, end: Callable[[], None]
    ) -> None:
        """`end` removes what the engine made for it."""
        self.cell = cell
        self.distribution = distribution
        self.run_dir = run_dir
        self.root = Path("/")  # of the cell, on the host
        self.opener: Callable[[Mapping[str, Path]], Box] | None = None
        self.session: AgentSession | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.group: Group | None = None  # ours, for commands with limits of their own
        self.posture = Posture("")  # what commands get where they do not say otherwise
        self.unlimited = ""  # why memory and processes of the cell are not bounded
        self._main: Group | None = None  # the one that the agent is in
        self._agent_pid = 0
        self._commands = itertools.count()
        self._end: Callable[[], None] | None = end

    @property
    def agent(self) -> AgentSession:
        """The session; AgentError once the box is closed."""
        if self.session is None:
            raise AgentError("the cell is closed", move="open another")
        return self.session

    @property
    def agent_pid(self) -> int:
        """The agent's pid on the host, 0 where nobody told it."""
        return self._agent_pid

    def find_main(self, pid: int | None) -> None:
        """Note the agent's pid on the host and its group; call it before any command."""
        group = of_process(pid) if pid else self.group and self.group.child("main")
        if group is None:
            return
        inner = self.agent.hello.pid
        pids = [p for p in group.processes() if _status(p, "NSpid")[-1:] == [inner]]
        if len(pids) == 1:
            self._main, self._agent_pid = group, pids[0]

    def run(  # noqa: PLR0913 - the Box protocol
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        stdin: bytes = b"",
        uid: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        executable: str | None = None,
    ) -> Result:
        """Run one command to its end, as Box.run says."""
        with self._bounded(limits) as (on_held, group):
            before = _kills(self._main, group)
            result = self.agent.run(
                argv,
                env=self._env(env),
                cwd=cwd,
                stdin=stdin,
                uid=self.posture.uid if uid is None else uid,
                gid=self.posture.gid if uid is None else None,
                limits=limits,
                executable=executable,
                on_held=on_held,
            )
            return replace(result, oom_killed=_kills(self._main, group) > before)

    def _env(self, given: Mapping[str, str] | None) -> Mapping[str, str] | None:
        """The posture's variables, below those that a command names."""
        if not self.posture.env:
            return given
        least = {**ENVIRONMENT, **self.posture.env} if given is None else self.posture.env
        return {**least, **(given or {})}

    @contextlib.contextmanager
    def _bounded(
        self, limits: Limits
    ) -> Iterator[tuple[Callable[[int], None] | None, Group | None]]:
        """A group for one command, if it asks for bounds of its own."""
        if limits.memory_bytes is None and limits.processes is None:
            yield None, None
            return
        group = self._command_group(limits)
        try:
            yield lambda inner: group.add(self._host_pid(inner)), group
        finally:
            group.remove()

    def _command_group(self, limits: Limits) -> Group:
        if self.group is None or self._main is None:
            why = self.unlimited or "the agent is in no control group that we can see"
            raise UnlimitedError(f"memory and processes cannot be limited here: {why}")
        group = self.group.child(f"command-{next(self._commands)}")
        try:
            group.create()
            group.limit(limits.memory_bytes, limits.processes)
        except OSError as error:
            group.remove()
            raise UnlimitedError(f"memory and processes cannot be limited: {error}") from None
        return group

    def _host_pid(self, inner: int) -> int:
        """The host's pid of the agent's child `inner`.

        A pid in the cell may be there twice, in a pid namespace below; a child of the agent not.
        """
        for pid in self._main.processes() if self._main else ():
            is_child = _status(pid, "PPid") == [self._agent_pid]
            if is_child and _status(pid, "NSpid")[-1:] == [inner]:
                return pid
        raise AgentError(f"the command's process {inner} is not to be found in its control group")

    def spawn(  # noqa: PLR0913 - as run
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        uid: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        executable: str | None = None,
        size: tuple[int, int] = (24, 80),
    ) -> Terminal:
        """Start a command on a terminal of its own; OSError by its errno if it does not start."""
        return self.agent.spawn(
            argv,
            env=self._env(env),
            cwd=cwd,
            uid=self.posture.uid if uid is None else uid,
            gid=self.posture.gid if uid is None else None,
            limits=limits,
            executable=executable,
            size=size,
        )

    def sibling(self, extra: Mapping[str, Path]) -> Box:
        """Open the same cell once more, with more of the host in it; close it yourself."""
        if self.opener is None:
            raise AgentError("this cell was not opened by an engine")
        return self.opener(extra)

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file in the cell (below /tmp), and the folders above it; OSError."""
        self.agent.put(path, data, mode)

    def get(self, path: str, limit: int = 16 << 20) -> bytes:
        """Read a file of the cell; OSError by its errno, AgentError past `limit` bytes."""
        return self.agent.get(path, limit)

    def stat(self, path: str) -> Entry:
        """lstat(2) of one path; OSError by its errno."""
        return self.agent.stat(path)

    def walk(self, path: str, *, digests: bool = False, limit: int = 200_000) -> tuple[Entry, ...]:
        """Everything below a folder, itself first, sorted by path, links not followed."""
        return self.agent.walk(path, digests=digests, limit=limit)

    def stop(self, seconds: float = CLOSE_SECONDS) -> None:
        """End the agent and the process that holds it, by force if it does not hear."""
        if self.session is not None:
            seconds = seconds if self.session.works else BROKEN_SECONDS
            self.session.close()
        if self.process is None:
            return
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def close(self) -> None:
        """End the agent and remove what the engine made; may be called twice."""
        end, self._end = self._end, None
        if end is None:
            return
        try:
            self.stop()
        finally:
            if self.group is not None:
                self.group.remove()
            self.session = None
            end()

    def __enter__(self) -> Self:
        """Use it as a context manager."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


def _kills(*groups: Group | None) -> int:
    return sum(group.oom_kills() for group in groups if group is not None)


def _status(pid: int, name: str) -> list[int]:
    """The numbers of one row of /proc/PID/status; none where it is gone."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return [int(word) for word in line.split()[1:]]
    return []
