"""Frames of the agent's protocol: numbers and pure functions, no input or output.

Frame: u32 length of the rest | u16 kind | u32 request id | fields
Field: u16 tag | u32 length | bytes; numbers are u64; everything is little endian.

The agent's half is build/agent/agent.h. What an agent sends is untrusted: every length is checked.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from everylinux.errors import AgentError
from everylinux.model import Entry

PROTOCOL = 1
ANSWER_LIMIT = 1 << 20
"""Bytes of the longest frame that an agent may send; it sends at most 64 KiB of data at a time."""
REQUEST_LIMIT = 64 << 20
"""Bytes of the longest request (FRAME_LIMIT of agent.h)."""

FRAME = struct.Struct("<IHI")
FIELD = struct.Struct("<HI")
NUMBER = struct.Struct("<Q")
ENTRY = struct.Struct("<BBIIIQq32sI")
KINDS = {ord("f"): "file", ord("d"): "dir", ord("l"): "link", ord("o"): "other"}


class Kind(IntEnum):
    """What a frame is: requests below 128, answers above."""

    EXEC = 1
    PUT = 2
    GET = 3
    STAT = 4
    WALK = 5
    SPAWN = 6
    PTY_READ = 7
    PTY_WRITE = 8
    PTY_RESIZE = 9
    PTY_SIGNAL = 10
    PTY_WAIT = 11
    PTY_CLOSE = 12
    GO = 13
    PING = 14
    RULES = 15
    HELLO = 128
    DATA = 129
    HELD = 130
    ENTRIES = 131
    DONE = 132
    FAIL = 133


class Tag(IntEnum):
    """What a field is; units are in the comments."""

    ARGV = 1
    EXECUTABLE = 2
    ENV = 3
    CWD = 4
    UID = 5
    GID = 6
    STDIN = 7
    RLIMIT = 8  # three numbers: resource, soft, hard
    TIME_LIMIT = 9  # nanoseconds
    OUTPUT_LIMIT = 10  # bytes of each stream
    OPTIONS = 11
    FLOOR = 12  # struct sock_filter[]
    PERSONALITY = 13
    PATH = 14
    MODE = 15
    OFFSET = 16
    LIMIT = 17
    SESSION = 18
    ROWS = 19
    COLUMNS = 20
    BYTES = 21
    STREAM = 22  # 0 stdout, 1 stderr
    STATUS = 32
    SIGNAL = 33
    ERRNO = 34
    WALL = 35  # nanoseconds
    USER = 36  # microseconds
    SYSTEM = 37  # microseconds
    MINOR = 38
    MAJOR = 39
    RSS = 40  # bytes
    FLAGS = 41
    PID = 42
    ENTRY = 43
    STAGE = 44
    TOTAL = 45
    PROTOCOL = 48
    UNAME = 49
    FRAME_LIMIT = 50
    ARCH = 51
    FEATURES = 52


class Option(IntFlag):
    """Of a request."""

    HOLD = 1
    DIGESTS = 2
    MDWE = 4


class Flag(IntFlag):
    """Of an answer."""

    TIMED_OUT = 1
    OUT_CUT = 2
    ERR_CUT = 4
    STRAYS = 8
    CUT = 16
    EOF = 32
    RUNNING = 64


class Feature(IntFlag):
    """What the agent can do where it runs."""

    SUBREAPER = 1
    SETUID = 2
    NO_NEW_PRIVS = 4
    PROC = 8


Value = int | bytes | str


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame that was read; `fields` keeps order and repetitions."""

    kind: int
    id: int
    fields: tuple[tuple[int, bytes], ...]

    def number(self, tag: Tag, default: int | None = None) -> int:
        """The number under a tag; AgentError if it is absent without a default, or malformed."""
        data = self.find(tag)
        if data is None and default is not None:
            return default
        if data is None or len(data) != NUMBER.size:
            raise broken(f"{tag.name} is missing or no number")
        return int(NUMBER.unpack(data)[0])

    def find(self, tag: Tag) -> bytes | None:
        """The first field under a tag."""
        return next((data for found, data in self.fields if found == tag), None)

    def bytes(self, tag: Tag) -> bytes:
        """The first field under a tag; AgentError if there is none."""
        data = self.find(tag)
        if data is None:
            raise broken(f"{tag.name} is missing")
        return data

    def text(self, tag: Tag) -> str:
        """The first field under a tag as text; what is not UTF-8 comes as lone surrogates."""
        return text_of(self.bytes(tag))


def broken(why: str) -> AgentError:
    """The error for what no right agent sends."""
    return AgentError(
        f"the agent broke the protocol: {why}",
        move="the cell is not to be trusted; run it again, and report it if it stays",
    )


def bytes_of(text: str | bytes) -> bytes:
    """Text as the cell has it: UTF-8, lone surrogates as the bytes they stand for."""
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def text_of(data: bytes) -> str:
    """The inverse of `bytes_of`."""
    return data.decode("utf-8", "surrogateescape")


def encode(kind: Kind, number: int, fields: Iterable[tuple[Tag, Value]] = ()) -> bytes:
    """One frame; AgentError if it is longer than an agent takes."""
    parts = [part for tag, value in fields for part in _field(tag, value)]
    size = sum(map(len, parts)) + FRAME.size - 4
    if size > REQUEST_LIMIT:
        cause = f"a request of {size} bytes to the agent"
        raise AgentError(cause, move=f"keep standard input below {REQUEST_LIMIT >> 20} MiB")
    return b"".join([FRAME.pack(size, kind, number), *parts])


def _field(tag: Tag, value: Value) -> tuple[bytes, bytes]:
    data = NUMBER.pack(value) if isinstance(value, int) else bytes_of(value)
    return FIELD.pack(tag, len(data)), data


def frame_size(head: bytes | bytearray) -> int:
    """Bytes that follow the four of a frame's length; AgentError if that cannot be."""
    size = int.from_bytes(head[:4], "little")
    if not FRAME.size - 4 <= size <= ANSWER_LIMIT:
        raise broken(f"a frame of {size} bytes")
    return size


def decode(body: bytes) -> Frame:
    """A frame from what follows its length; AgentError if it is malformed."""
    if len(body) < FRAME.size - 4:
        raise broken("a frame without a head")
    kind, number = struct.unpack_from("<HI", body)
    return Frame(kind, number, tuple(_fields(body)))


def _fields(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = FRAME.size - 4
    while at < len(body):
        if at + FIELD.size > len(body):
            raise broken("a field without a head")
        tag, size = FIELD.unpack_from(body, at)
        at += FIELD.size
        if at + size > len(body):
            raise broken("a field longer than its frame")
        yield tag, body[at : at + size]
        at += size


def decode_entry(data: bytes) -> Entry:
    """One file system object; AgentError if it is malformed."""
    if len(data) < ENTRY.size:
        raise broken("an entry that is too short")
    kind, has_digest, mode, uid, gid, size, mtime, digest, length = ENTRY.unpack_from(data)
    end = ENTRY.size + length
    if kind not in KINDS or end > len(data):
        raise broken("a malformed entry")
    return Entry(
        path=text_of(data[end:]),
        kind=KINDS[kind],
        mode=mode,
        uid=uid,
        gid=gid,
        size=size,
        mtime=mtime,
        target=text_of(data[ENTRY.size : end]),
        sha256=digest.hex() if has_digest else "",
    )
