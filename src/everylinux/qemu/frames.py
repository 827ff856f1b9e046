"""What goes over the serial line between us and process 1 of the machine: build/machine/machine.h.

Each frame is `u8 kind | u8 channel | u16 length | bytes`, little endian. Channel 0 is the agent's
stdin and stdout, the others are connections to UNIX sockets of the run folder.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum

HEAD = struct.Struct("<BBH")
NUMBER = struct.Struct("<I")
MODE = struct.Struct("<H")
MAGIC = b"everylinux machine 1\n"
PAYLOAD = 2048
WINDOW = 16384
"""Bytes on the way to one channel, before its reader took them."""
LINE_WINDOW = 2048
"""Raw bytes on the way to the machine. A terminal's buffer holds 4096 (N_TTY_BUF_SIZE of
include/linux/tty.h), and kernels before 3.12 drop what is more; the rest is room for counting."""
CHANNELS = 64


class Kind(IntEnum):
    """Kinds of frames."""

    DATA = 1
    END = 2
    RESET = 3
    CREDIT = 4
    TICK = 5
    OPEN = 6
    WANT = 7
    FOLDER = 16
    FILE_PART = 17
    SOCKET = 18
    REMOVE = 19
    ENTROPY = 20


def encode(kind: Kind, channel: int = 0, data: bytes = b"") -> bytes:
    """One frame; ValueError if `data` is longer than PAYLOAD."""
    if len(data) > PAYLOAD:
        raise ValueError(f"{len(data)} bytes are too long for a frame")
    return HEAD.pack(kind, channel, len(data)) + data


def number(data: bytes) -> int:
    """The number that a frame tells; ValueError if it tells none."""
    if len(data) != NUMBER.size:
        raise ValueError(f"a number of {len(data)} bytes")
    found: int = NUMBER.unpack(data)[0]
    return found


def carried(kind: Kind, path: str, mode: int = 0, data: bytes = b"") -> Iterator[bytes]:
    """The frames that make or remove something of the run folder; a file may take several."""
    head = MODE.pack(mode) + path.encode() + b"\0"
    step = PAYLOAD - len(head)
    for at in range(0, len(data) or 1, step):
        yield encode(kind, 0, head + data[at : at + step])


def split(buffer: bytearray) -> Iterator[tuple[int, int, bytes]]:
    """Take whole frames off the front: kind, channel, bytes. ValueError for an impossible one."""
    while len(buffer) >= HEAD.size:
        kind, channel, size = HEAD.unpack_from(buffer)
        if size > PAYLOAD or channel >= CHANNELS:
            raise ValueError(f"a frame of {size} bytes on channel {channel}")
        if len(buffer) < HEAD.size + size:
            return
        data = bytes(buffer[HEAD.size : HEAD.size + size])
        del buffer[: HEAD.size + size]
        yield kind, channel, data
