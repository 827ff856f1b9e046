"""One agent at the other end of two pipes: everything of a Box but its place."""

from __future__ import annotations

import errno
import os
import resource
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from everylinux.agent import protocol
from everylinux.agent.pipes import Pipes
from everylinux.agent.protocol import Feature, Flag, Frame, Kind, Option, Tag, Value
from everylinux.agent.terminal import Terminal
from everylinux.errors import AgentError
from everylinux.model import Entry, Limits, Result

ENVIRONMENT = {
    "HOME": "/tmp",  # noqa: S108 - the cell's own, the only writable folder
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
"""What a command gets that was given none: the PATH of Debian's login.defs, a writable HOME."""
GRACE = 30.0
"""Seconds that an agent may be late with an answer before it counts as dead; a machine under load
and the end of a fork bomb take some."""
HELLO_SECONDS = 20.0
PUT_SIZE = 1 << 20
DEFAULT_LIMITS = Limits()
OnHeld = Callable[[int], None]
Fields = list[tuple[Tag, Value]]


@dataclass(frozen=True, slots=True)
class Hello:
    """What an agent says of itself and its place first."""

    pid: int  # in its own pid namespace
    uid: int
    uname: tuple[str, ...]  # sysname, release, version, machine
    arch: str
    features: Feature


class AgentSession:
    """Talks to one agent; one request at a time, also from several threads."""

    def __init__(
        self, write_fd: int, read_fd: int, seconds: float | None = None, *, patience: float = 1.0
    ) -> None:
        """Own both descriptors; AgentError if no right hello comes within `seconds`.

        None is HELLO_SECONDS. `patience` is how many times later than elsewhere it may answer.
        """
        self._pipes = Pipes(write_fd, read_fd, patience)
        self._lock = threading.RLock()
        self._last = 0
        self.hello = self._greet(time.monotonic() + (HELLO_SECONDS if seconds is None else seconds))

    def _greet(self, until: float) -> Hello:
        frame = self._pipes.receive(until)
        spoken = frame.number(Tag.PROTOCOL, 0)
        if frame.kind != Kind.HELLO or spoken != protocol.PROTOCOL:
            raise self._pipes.fail(f"the agent speaks protocol {spoken}, not {protocol.PROTOCOL}")
        return Hello(
            pid=frame.number(Tag.PID),
            uid=frame.number(Tag.UID),
            uname=tuple(frame.text(Tag.UNAME).split("\n")),
            arch=frame.text(Tag.ARCH),
            features=Feature(frame.number(Tag.FEATURES) & sum(Feature)),
        )

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
        on_held: OnHeld | None = None,
        gid: int | None = None,
    ) -> Result:
        """Run one command to its end, as Box.run says; `gid` is the uid's number if not given.

        `on_held` gets the pid (in the agent's namespace) of the child before it becomes the
        command; what it raises ends the child and comes out. AgentError if the agent cannot make
        the command's place: another user without the right to, no such cwd.
        """
        fields = [*_command(argv, env, cwd, (uid, gid), limits, executable), (Tag.STDIN, stdin)]
        fields.append((Tag.TIME_LIMIT, int(limits.seconds * 1e9)))
        fields.append((Tag.OUTPUT_LIMIT, limits.output_bytes))
        fields.append((Tag.OPTIONS, Option.HOLD if on_held else 0))
        with self._lock:
            return self._run(tuple(map(protocol.bytes_of, argv)), fields, limits, on_held)

    def _run(
        self,
        argv: tuple[bytes, ...],
        fields: Sequence[tuple[Tag, Value]],
        limits: Limits,
        on_held: OnHeld | None,
    ) -> Result:
        streams = (bytearray(), bytearray())
        for frame in self._answers(Kind.EXEC, fields, limits.seconds):
            if frame.kind == Kind.DATA:
                self._take(streams, frame, limits.output_bytes)
            elif frame.kind == Kind.HELD and on_held is not None:
                self._held(frame, on_held)
            else:
                return _result(argv, frame, streams)
        raise self._pipes.fail("the agent gave no answer")

    def _take(self, streams: tuple[bytearray, bytearray], frame: Frame, limit: int) -> None:
        stream = streams[frame.number(Tag.STREAM) & 1]
        stream += frame.bytes(Tag.BYTES)
        if len(stream) > limit:
            raise self._pipes.fail("the agent sent more output than was asked for")

    def _held(self, frame: Frame, on_held: OnHeld) -> None:
        try:
            on_held(frame.number(Tag.PID))
        except BaseException:
            cancel = protocol.encode(Kind.GO, frame.id, [(Tag.FLAGS, 1)])
            self._pipes.send(cancel, GRACE)
            while self._pipes.receive(time.monotonic() + GRACE).kind not in (Kind.DONE, Kind.FAIL):
                pass
            raise
        self._pipes.send(protocol.encode(Kind.GO, frame.id), GRACE)

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file in the cell and the folders above it; OSError by its errno."""
        with self._lock:
            for at in range(0, len(data) or 1, PUT_SIZE):
                part = data[at : at + PUT_SIZE]
                place: Fields = [(Tag.PATH, path), (Tag.MODE, mode), (Tag.OFFSET, at)]
                self._ask(Kind.PUT, [*place, (Tag.BYTES, part)], path)

    def get(self, path: str, limit: int = 16 << 20) -> bytes:
        """Read a file of the cell; OSError by its errno, AgentError past `limit` bytes."""
        data = bytearray()
        fields: Fields = [(Tag.PATH, path), (Tag.LIMIT, limit)]
        with self._lock:
            for frame in self._answers(Kind.GET, fields):
                if frame.kind != Kind.DATA:
                    _check(frame, path, f"longer than the {limit} bytes asked for")
                    break
                data += frame.bytes(Tag.BYTES)
                if len(data) > limit:
                    raise self._pipes.fail("the agent sent more of a file than was asked for")
        return bytes(data)

    def stat(self, path: str) -> Entry:
        """lstat(2) of one path; OSError by its errno."""
        found = self._entries(Kind.STAT, path, 1, Option(0))
        if len(found) != 1:
            raise self._pipes.fail("the agent told no entry")
        return found[0]

    def walk(self, path: str, *, digests: bool = False, limit: int = 200_000) -> tuple[Entry, ...]:
        """Everything below a folder, itself first, sorted by path, links not followed.

        OSError by its errno; AgentError past `limit` entries.
        """
        options = Option.DIGESTS if digests else Option(0)
        return tuple(sorted(self._entries(Kind.WALK, path, limit, options), key=lambda e: e.path))

    def _entries(self, kind: Kind, path: str, limit: int, options: Option) -> list[Entry]:
        found: list[Entry] = []
        fields: Fields = [(Tag.PATH, path), (Tag.OPTIONS, int(options))]
        fields += [(Tag.LIMIT, limit)] if kind == Kind.WALK else []
        with self._lock:
            for frame in self._answers(kind, fields):
                if frame.kind != Kind.ENTRIES:
                    _check(frame, path)
                    break
                rows = [data for tag, data in frame.fields if tag == Tag.ENTRY]
                found += map(protocol.decode_entry, rows)
                if len(found) > limit + 1:
                    raise self._pipes.fail("the agent told more entries than were asked for")
        if frame.number(Tag.FLAGS, 0) & Flag.CUT:
            raise AgentError(f"more than {limit} entries below {path}", move="walk a smaller part")
        return found

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
        gid: int | None = None,
    ) -> Terminal:
        """Start a command on a terminal of its own, rows and columns `size`.

        `limits` bounds its resources, not its time. OSError by its errno if it does not start.
        """
        fields = [*_command(argv, env, cwd, (uid, gid), limits, executable)]
        fields += [(Tag.ROWS, size[0]), (Tag.COLUMNS, size[1])]
        frame = self._ask(Kind.SPAWN, fields, repr(argv[0]))
        return Terminal(self._ask, frame.number(Tag.SESSION), frame.number(Tag.PID))

    def rule(self, program: bytes, personality: int, *, mdwe: bool) -> None:
        """What every later command gets before it starts: see everylinux.kernels.rules.

        It is installed by each command, which tells if that is not possible.
        """
        fields: Fields = [(Tag.OPTIONS, int(Option.MDWE if mdwe else 0))]
        fields += [(Tag.FLOOR, program)] if program else []
        fields += [(Tag.PERSONALITY, personality)] if personality else []
        self._ask(Kind.RULES, fields, "rules")

    def ping(self) -> None:
        """AgentError if the agent does not answer."""
        self._ask(Kind.PING, (), "ping")

    @property
    def works(self) -> bool:
        """Whether nothing has broken it so far."""
        return self._pipes.works

    def close(self) -> None:
        """Hang up, which ends the agent and all that it started; may be called twice."""
        self._pipes.close()

    def _ask(
        self, kind: Kind, fields: Iterable[tuple[Tag, Value]], what: str, seconds: float = 0.0
    ) -> Frame:
        """One request, one answer."""
        with self._lock:
            frame = next(self._answers(kind, fields, seconds))
        _check(frame, what)
        return frame

    def _answers(
        self, kind: Kind, fields: Iterable[tuple[Tag, Value]], seconds: float = 0.0
    ) -> Iterator[Frame]:
        """Send a request; its answers, each of which must come `seconds` + GRACE from now."""
        self._last = (self._last + 1) % (1 << 32)
        number = self._last
        self._pipes.send(protocol.encode(kind, number, fields), GRACE)
        until = time.monotonic() + (seconds + GRACE) * self._pipes.patience
        while True:
            frame = self._pipes.receive(until)
            if frame.id != number or frame.kind < Kind.DATA or frame.kind > Kind.FAIL:
                raise self._pipes.fail("the agent answered what was not asked")
            yield frame


def _command(  # noqa: PLR0913, PLR0917 - one field each
    argv: Sequence[str | bytes],
    env: Mapping[str, str] | None,
    cwd: str,
    user: tuple[int | None, int | None],
    limits: Limits,
    executable: str | None,
) -> Iterator[tuple[Tag, Value]]:
    yield from ((Tag.ARGV, value) for value in argv)
    pairs = (ENVIRONMENT if env is None else env).items()
    yield from ((Tag.ENV, f"{name}={value}") for name, value in pairs)
    yield Tag.CWD, cwd
    yield from [] if executable is None else [(Tag.EXECUTABLE, executable)]
    uid, gid = user
    yield from [] if uid is None else [(Tag.UID, uid), (Tag.GID, uid if gid is None else gid)]
    yield from ((Tag.RLIMIT, value) for value in _rlimits(limits))


def _rlimits(limits: Limits) -> Iterator[bytes]:
    chosen = {
        resource.RLIMIT_AS: limits.address_space_bytes,
        resource.RLIMIT_STACK: limits.stack_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: limits.core_bytes,
    }
    for number, value in chosen.items():
        if value is not None:
            yield b"".join(map(protocol.NUMBER.pack, (number, value, value)))


def _result(argv: tuple[bytes, ...], frame: Frame, streams: tuple[bytearray, bytearray]) -> Result:
    names = tuple(map(protocol.text_of, argv))
    if frame.kind == Kind.FAIL:
        return _not_started(names, frame)
    if frame.kind != Kind.DONE:
        raise protocol.broken("no end of a command")
    flags = frame.number(Tag.FLAGS)
    has_status, has_signal = frame.find(Tag.STATUS), frame.find(Tag.SIGNAL)
    return Result(
        argv=names,
        status=frame.number(Tag.STATUS) if has_status and not flags & Flag.TIMED_OUT else None,
        signal=frame.number(Tag.SIGNAL) if has_signal else None,
        out=bytes(streams[0]),
        err=bytes(streams[1]),
        wall_seconds=frame.number(Tag.WALL) / 1e9,
        user_seconds=frame.number(Tag.USER) / 1e6,
        system_seconds=frame.number(Tag.SYSTEM) / 1e6,
        peak_rss_bytes=frame.number(Tag.RSS),
        minor_faults=frame.number(Tag.MINOR),
        major_faults=frame.number(Tag.MAJOR),
        timed_out=bool(flags & Flag.TIMED_OUT),
        truncated=bool(flags & (Flag.OUT_CUT | Flag.ERR_CUT)),
    )


def _not_started(argv: tuple[str, ...], frame: Frame) -> Result:
    """Tell execve's own refusal (a fact of the cell) from one before it (an error of ours)."""
    name, stage = frame.text(Tag.ERRNO), frame.text(Tag.STAGE)
    if stage == "execve":
        return Result(argv, None, None, b"", b"", 0.0, 0.0, 0.0, 0, 0, 0, error=name)
    moves = {
        "setuid": "an unprivileged engine has one user; run everylinux as root for others",
        "chdir": "name a folder of the cell that this user may enter",
        "setrlimit": "the limit is above what the engine's own start allows",
        "seccomp": "the engine or the kernel refuses filters of system calls",
        "mdwe": "the kernel refuses it",
        "fork": "the cell is at its process limit",
    }
    moves["setgid"] = moves["setgroups"] = moves["setuid"]
    raise AgentError(f"cannot run {argv[:1]}: {stage}: {name}", move=moves.get(stage, ""))


def _check(frame: Frame, what: str, too_long: str = "") -> None:
    """Raise what a refusal means: OSError by its errno, AgentError for a bound of ours."""
    if frame.kind == Kind.DONE:
        return
    if frame.kind != Kind.FAIL:
        raise protocol.broken(f"an answer of kind {frame.kind}")
    name = frame.text(Tag.ERRNO)
    number = getattr(errno, name, None)
    if too_long and name == "EFBIG":
        raise AgentError(f"{what} is {too_long}", move="ask for more, or look at its size first")
    if not isinstance(number, int):
        raise AgentError(f"{frame.text(Tag.STAGE)} of {what}: {name}")
    raise OSError(number, f"{os.strerror(number)} (in the cell)", what)
