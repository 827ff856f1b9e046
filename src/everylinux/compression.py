"""Streams out of archives: decompression by the first bytes, and the data part of a .deb."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from typing import Any, Protocol

import zstandard

MIB = 1 << 20
WINDOW_BYTES = 128 * MIB  # what zstd itself asks for without --long
AR_MAGIC = b"!<arch>\n"
AR_HEADER = 60  # bytes, ar(5)


class RefusedError(Exception):
    """The archive is not fit; the text says why."""


class Readable(Protocol):
    """What tarfile needs of a stream."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes."""
        ...


class Bounded:
    """A stream that counts what was read, keeps its last bytes, and refuses to pass a bound."""

    def __init__(self, stream: Readable, bound: int) -> None:
        """At most `bound` bytes may come out of `stream`."""
        self.stream, self.bound = stream, bound
        self.count, self.tail = 0, b""

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        data = self.stream.read(size)
        self.count += len(data)
        if self.count > self.bound:
            msg = f"it holds more than {self.bound} bytes"
            raise RefusedError(msg)
        self.tail = (self.tail + data[-1024:])[-1024:]
        return data


class Part(io.RawIOBase):
    """The next `length` bytes of a stream."""

    def __init__(self, stream: Readable, length: int) -> None:
        """Nothing past `length` bytes is read."""
        super().__init__()
        self.stream, self.left = stream, length

    def readable(self) -> bool:
        """Whether it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer, as RawIOBase says
        """Fill `buffer`, at most to the end of the part."""
        data = self.stream.read(min(len(buffer), self.left))
        buffer[: len(data)] = data
        self.left -= len(data)
        return len(data)


def opened(raw: io.BufferedReader) -> Readable:
    """Decompress by the first bytes, whatever the name says."""
    head = raw.peek(8)[:8]
    if head.startswith(AR_MAGIC):
        return data_part(raw)
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw)
    if head.startswith(b"BZh"):
        return bz2.BZ2File(raw)
    if head.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(raw)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        machine = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES)
        return machine.stream_reader(raw, read_across_frames=True)
    return raw


def data_part(raw: io.BufferedReader) -> Readable:
    """The decompressed data.tar of a .deb, deb(5)."""
    raw.read(len(AR_MAGIC))
    while header := raw.read(AR_HEADER):
        name, size = _ar_member(header)
        if name.startswith("data.tar"):
            return opened(io.BufferedReader(Part(raw, size)))
        raw.read(min(size + size % 2, 16 * MIB))
    msg = "it is no .deb: there is no data.tar in it"
    raise RefusedError(msg)


def _ar_member(header: bytes) -> tuple[str, int]:
    size = header[48:58].strip()
    if len(header) < AR_HEADER or header[58:] != b"`\n" or not size.isdigit():
        msg = "its ar headers are broken"
        raise RefusedError(msg)
    return header[:16].decode("ascii", "replace").strip().rstrip("/"), int(size)
