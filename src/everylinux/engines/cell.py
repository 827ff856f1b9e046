"""What all engines share: a place on the host, a started agent, the box around it, its end.

An engine adds an argv that starts the agent in a hardened cell; see bubblewrap.py.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import everylinux
from everylinux import cgroups
from everylinux.agent.binary import agent_path
from everylinux.agent.session import AgentSession
from everylinux.engines import owner
from everylinux.engines.box import AgentBox
from everylinux.errors import AgentError, EngineError
from everylinux.kernels.rules import Rules, lacking, rules_of
from everylinux.model import (
    AGENT,
    CELL,
    DEFAULT,
    MOVED,
    PROBES,
    RUN,
    SUBJECT,
    Cell,
    Distribution,
    RootFs,
)
from everylinux.postures import POSTURES, Posture

MEMORY_BYTES = 2 << 30
"""Of a whole cell: what the tests of the largest standard library modules need, twice."""
PROCESSES = 512
"""Of a whole cell, threads included."""
TEMP_BYTES = 512 << 20
"""Of /tmp in a cell."""
HOSTNAME = "everylinux"
CAPABILITIES = ("SETUID", "SETGID", "KILL", "SETPCAP")
"""The agent's (SETPCAP until it has emptied the bounding set); commands get none."""
GUARDED = ("acpi", "asound", "bus", "fs", "irq", "mtrr", "scsi", "swaps", "sys", "sysrq-trigger")
"""Below /proc: what uid 0 may write by its number alone, without any capability. The cell's root
is the machine's where we run as root."""
AGENT_ARGV = (str(AGENT), "--sticky", "/tmp", "--sticky", "/dev/shm")  # noqa: S108 - the cell's
SHM = "/dev/shm"  # noqa: S108 - the cell's
SHARED = ("/tmp", SHM)  # noqa: S108 - the cell's
FILES = 4096
"""Open files in a cell: below the hard limit of any machine that lets a program have many."""
TRIED = 71
"""What the agent ends with, started with --join alone: that it starts is all that is asked."""
TOOL_SECONDS = 20.0  # for an engine's tool to answer
END_SECONDS = 0.5
"""For what did not become an agent to end by itself."""
FOLDERS = ("proc", "dev", "tmp", "sys", CELL.name)

Binds = Mapping[str, Path]
"""What of the host is to be seen in a cell, read-only: by its path in the cell."""

# Parent-death signals follow the thread that forked, not the process: a cell that was opened from
# a thread that ends would end with it. This thread lives as long as we do.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="everylinux-starter")


@dataclass(frozen=True, slots=True)
class Place:
    """All that an engine's argv needs, on the host."""

    name: str  # of the container, and of whatever else needs one
    folder: Path  # private to us; run/ in it is carried into the cell
    root: Path
    subject: Path
    agent: Path
    extra: tuple[tuple[Path, str], ...] = ()  # more of the host's, read-only; the last wins
    posture: Posture = POSTURES[DEFAULT]
    rules: Rules = field(default_factory=Rules)

    @property
    def run(self) -> Path:
        """The folder of sockets and fixtures."""
        return self.folder / "run"

    @property
    def binds(self) -> tuple[tuple[Path, str], ...]:
        """What is to be read-only in the cell, and where."""
        probes = Path(everylinux.__file__).parent / "probes" / "inside"
        trees = [(self.subject, str(SUBJECT)), *((self.subject, str(at)) for at in MOVED.values())]
        shared = [(self.agent, str(AGENT)), (self.run, str(RUN))]
        inside = [(probes, str(PROBES))] if probes.is_dir() else []
        return (*trees, *shared, *inside, *self.extra)

    @property
    def memory_bytes(self) -> int:
        """Of the whole cell."""
        return self.posture.memory_bytes or MEMORY_BYTES

    @property
    def processes(self) -> int:
        """Of the whole cell, threads included."""
        return self.posture.processes or PROCESSES

    def agent_argv(self, *changes: str) -> list[str]:
        """The agent's command line in the cell, after changes of mounts that an engine cannot."""
        release = ["--release", self.rules.release] if self.rules.release else []
        return [*AGENT_ARGV[:1], *changes, *AGENT_ARGV[1:], *release]


class AgentEngine:
    """Opens boxes; a subclass says how the agent is started, ended and swept."""

    name = ""
    environment: Mapping[str, str] | None = None  # of what `argv` starts; None: ours
    boots = False
    box_class: type[AgentBox] = AgentBox
    can_omit: frozenset[str] = frozenset()  # of what a posture may be without
    joins_group = True  # whether the started process is put into our group; else it makes its own

    def argv(self, place: Place) -> Sequence[str]:
        """The command that starts the agent with its stdin and stdout as ours."""
        raise NotImplementedError

    def end(self, place: Place) -> None:
        """Remove what `argv` left outside of our processes and control group."""

    def main_pid(self, place: Place) -> int | None:  # noqa: ARG002 - a container engine's needs it
        """The agent's pid on the host, where the engine knows it."""
        return None

    def sweep(self) -> tuple[str, ...]:
        """Remove what killed runs of ours left behind, only ours; say what was removed."""
        return sweep_folders()

    def refuses(self, cell: Cell) -> str:
        """Why a cell cannot have its kernel or posture here; "" if it can."""
        posture = POSTURES[cell.posture]
        missing = sorted(posture.without - self.can_omit)
        if missing:
            return f"{self.name} cannot leave out {missing[0]}"
        if posture.uid is not None and os.geteuid() != 0:
            return f"a user of the posture {cell.posture} needs root: run everylinux as root"
        if (posture.memory_bytes or posture.processes) and self.joins_group:
            return _no_group(posture) or lacking(self.name, cell.kernel)
        return lacking(self.name, cell.kernel, mdwe=posture.mdwe)

    def rules(self, cell: Cell) -> Rules:
        """What commands of a cell get before they start."""
        return rules_of(cell.kernel, mdwe=POSTURES[cell.posture].mdwe)

    def open(
        self,
        cell: Cell,
        distribution: Distribution,
        root: RootFs,
        extra: Binds = MappingProxyType({}),
    ) -> AgentBox:
        """Start the agent in a hardened cell; EngineError if that fails."""
        _check(root, distribution)
        if reason := self.refuses(cell):
            raise EngineError(reason)
        name = owner.new_name()
        folder = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=tempfile.gettempdir()))
        binds = tuple((source.absolute(), target) for target, source in extra.items())
        posture = POSTURES[cell.posture]
        rules = self.rules(cell)
        trees = (root.path.absolute(), distribution.root.absolute())
        place = Place(name, folder, *trees, agent_path().absolute(), binds, posture, rules)
        box = self.box_class(cell, distribution, place.run, end=lambda: self._end(place))
        box.root = root.path
        box.opener = lambda more: self.open(cell, distribution, root, more)
        try:
            place.run.mkdir(mode=0o755)
            for file, text in posture.files.items():
                (place.run / file).write_text(text)
            self._start(place, box)
            self._rule(place, box)
        except BaseException:
            box.close()
            raise
        return box

    def _start(self, place: Place, box: AgentBox) -> None:
        box.group, box.unlimited = _make_group(place)
        argv = list(self.argv(place))
        if box.group and self.joins_group:
            joins = map(str, box.group.child("main").joins)
            argv = [str(place.agent), "--join", *joins, "--", *argv]
        said = place.folder / "stderr"
        with said.open("wb") as errors:
            how = (argv, errors.fileno(), self.environment, place.folder)
            box.process = _starter.submit(_popen, *how).result()
        try:
            box.session = _session(box.process)
        except AgentError as error:
            box.stop(END_SECONDS)
            raise EngineError(f"{self.name}: {_last_line(said) or error.cause}") from error
        box.find_main(self.main_pid(place))

    def _rule(self, place: Place, box: AgentBox) -> None:
        """Tell the agent the rules, and see that a command gets them."""
        box.posture = place.posture
        if place.rules:
            rules = place.rules
            box.agent.rule(rules.program, rules.personality, mdwe=rules.mdwe)
            tried = box.run([str(AGENT), "--join"])
            if tried.status != TRIED:
                raise EngineError(f"{self.name}: no command starts under {box.cell.kernel}")

    def _end(self, place: Place) -> None:
        try:
            self.end(place)
        finally:
            shutil.rmtree(place.folder, ignore_errors=True)


def _popen(
    argv: list[str], errors: int, env: Mapping[str, str] | None, folder: Path
) -> subprocess.Popen[bytes]:
    """A session of its own, so that a Ctrl-C for us does not end cells before we do.

    In a folder of the cell's: conmon writes a file `oom` where it is, when memory ran out.
    """
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            argv,
            stdin=pipe,
            stdout=pipe,
            stderr=errors,
            start_new_session=True,
            bufsize=0,
            env=env,
            cwd=folder,
        )
    except OSError as error:
        raise EngineError(f"cannot start {argv[0]}: {error.strerror}") from None


def _session(process: subprocess.Popen[bytes]) -> AgentSession:
    """The session takes over both pipes."""
    assert process.stdin is not None
    assert process.stdout is not None
    # `detach` is missing from raw pipes: duplicates let each side close what is its own.
    ends = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
    process.stdin.close()
    process.stdout.close()
    return AgentSession(*ends)


def _no_group(posture: Posture) -> str:
    """Why a cell cannot be bounded as a posture wants it; "" if a group of its kind can be made."""
    try:
        cgroups.create(
            owner.new_name().removeprefix(owner.PREFIX),
            memory_bytes=posture.memory_bytes or MEMORY_BYTES,
            processes=posture.processes or PROCESSES,
        ).remove()
    except EngineError as error:
        return f"a posture with a limit needs a control group: {error}"
    return ""


def _make_group(place: Place) -> tuple[cgroups.Group | None, str]:
    """A group for the cell, noted in its folder for the sweep; or why there is none."""
    try:
        group = cgroups.create(
            place.name.removeprefix(owner.PREFIX),
            memory_bytes=place.memory_bytes,
            processes=place.processes,
        )
    except EngineError as error:
        return None, str(error)
    note = "\n".join(map(str, group.paths))
    (place.folder / "cgroups").write_text(note)
    return group, ""


def _check(root: RootFs, distribution: Distribution) -> None:
    missing = [name for name in FOLDERS if not (root.path / name).is_dir()]
    if missing:
        cause = f"the root filesystem {root.path} has no {', '.join('/' + n for n in missing)}"
        raise EngineError(cause, move="unpack it again: everylinux images --fetch")
    if not distribution.root.is_dir():
        raise EngineError(f"no folder {distribution.root}", move="name a finished tree by --dist")


def _last_line(path: Path) -> str:
    with contextlib.suppress(OSError):
        return gist(path.read_bytes()[-4000:].decode("utf-8", "replace"))
    return ""


def told(*line: str) -> str:
    """What an engine's tool prints; what it printed till then if it fails, "" if it hangs.

    For questions after a cell that may have ended, as most have: failing is the usual answer.
    """
    try:
        done = subprocess.run(line, capture_output=True, timeout=TOOL_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace").strip()


def most(kind: int) -> int:
    """FILES, or this machine's own hard limit of a kind of resource where that is less."""
    hard = resource.getrlimit(kind)[1]
    return FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)


def gist(said: str) -> str:
    """The one line of a tool's stderr that tells why: its last error, else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line]
    return (errors or lines or [""])[-1]


def sweep_folders() -> tuple[str, ...]:
    """Remove folders and control groups of processes of ours that are gone."""
    removed = []
    for folder in Path(tempfile.gettempdir()).glob(f"{owner.PREFIX}*"):
        if _is_ours(folder):
            removed += [*_sweep_groups(folder), str(folder)]
            shutil.rmtree(folder, ignore_errors=True)
    return tuple(removed)


def _is_ours(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        status = folder.lstat()
        is_folder = folder.is_dir() and not folder.is_symlink()
        return is_folder and status.st_uid == os.geteuid() and owner.is_left(folder.stem)
    return False


def _sweep_groups(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        named = map(Path, (folder / "cgroups").read_text().splitlines())
        ours = [p for p in named if p.name == folder.stem and p.is_relative_to(cgroups.ROOT)]
        return [str(path) for path in ours if path.is_dir() and cgroups.remove(path)]
    return []
