"""What goes over the serial line: both halves agree, and no machine can make more of it."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from everylinux.qemu import frames
from everylinux.qemu.frames import Kind, carried, encode, split

HEADER = (Path(__file__).parents[2] / "build" / "machine" / "machine.h").read_text()


def test_kinds_agree() -> None:
    """Each number of machine.h is the number of the same name here, and the reverse."""
    found = re.search(r"enum kind \{(.*?)\};", HEADER, re.DOTALL)
    assert found
    body = re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)
    numbers = {name: int(number) for name, number in re.findall(r"(\w+) = (\d+)", body)}

    assert numbers == {kind.name: int(kind) for kind in Kind}


def test_bounds_agree() -> None:
    """The greeting, a frame's greatest size, a channel's window and their number."""
    assert f'#define MAGIC "{frames.MAGIC.decode().strip()}\\n"' in HEADER
    assert f"#define PAYLOAD {frames.PAYLOAD}u " in HEADER
    assert f"#define WINDOW {frames.WINDOW}u " in HEADER
    assert f"#define CHANNELS {frames.CHANNELS} " in HEADER


def test_frames_come_back_however_they_are_cut() -> None:
    """Frames are taken off as soon as they are whole, in order."""
    random_ = random.Random(3)  # noqa: S311 - no secret
    sent = [(Kind.DATA, n % 64, random_.randbytes(random_.randrange(2049))) for n in range(50)]
    line = b"".join(encode(*frame) for frame in sent)
    buffer, found = bytearray(), []
    while line:
        size = random_.randrange(1, 3000)
        buffer += line[:size]
        line = line[size:]
        found += list(split(buffer))

    assert found == sent
    assert not buffer


@pytest.mark.parametrize("head", [b"\x01\x00\x01\x08", b"\x01\x40\x00\x00", b"\xff\xff\xff\xff"])
def test_impossible_frames_are_refused(head: bytes) -> None:
    """A frame too long, or of a channel that cannot be."""
    with pytest.raises(ValueError, match="a frame of"):
        list(split(bytearray(head)))


def test_a_long_file_takes_several_frames() -> None:
    """Each repeats mode and path; together they are the file."""
    data = random.Random(4).randbytes(10_000)  # noqa: S311 - no secret
    found = list(split(bytearray(b"".join(carried(Kind.FILE_PART, "a/b", 0o640, data)))))
    heads = {part[: len(b"xxa/b\0")] for _, _, part in found}

    assert heads == {b"\xa0\x01a/b\0"}
    assert b"".join(part[6:] for _, _, part in found) == data
    assert len(found) == 5
