"""Frames: what the two halves agree on, and what no agent can make of us."""

from __future__ import annotations

import random
import re
from enum import IntEnum, IntFlag
from pathlib import Path

import pytest

from everylinux.agent import protocol
from everylinux.agent.protocol import Feature, Flag, Kind, Option, Tag
from everylinux.errors import AgentError
from everylinux.model import Entry

HEADER = Path(__file__).parents[2] / "build" / "agent" / "agent.h"


def constants(prefix: str, name: str) -> dict[str, int]:
    """The names (without a prefix) and numbers of one enum of agent.h."""
    text = HEADER.read_text()
    found = re.search(rf"enum {name} \{{(.*?)\}};", text, re.DOTALL)
    assert found
    body = re.sub(r"/\*.*?\*/", "", found[1], flags=re.DOTALL)
    rows = re.findall(r"(\w+) = (\d+)", body)
    return {key.removeprefix(prefix): int(number) for key, number in rows}


@pytest.mark.parametrize(
    ("prefix", "name", "ours"),
    [
        ("", "kind", Kind),
        ("T_", "tag", Tag),
        ("O_", "option", Option),
        ("F_", "flag", Flag),
        ("X_", "feature", Feature),
    ],
)
def test_both_halves_agree(prefix: str, name: str, ours: type[IntEnum | IntFlag]) -> None:
    """Each number of agent.h is the number of the same name in protocol.py, and the reverse."""
    assert constants(prefix, name) == {member.name: int(member) for member in ours}


def test_protocol_number_agrees() -> None:
    """The version that the agent says is the one that we speak."""
    assert f"#define PROTOCOL {protocol.PROTOCOL}\n" in HEADER.read_text()
    assert f"({protocol.REQUEST_LIMIT >> 20}u << 20)" in HEADER.read_text()


def test_frames_come_back() -> None:
    """What is encoded is decoded: numbers, text, bytes, empty and repeated fields, in order."""
    random_ = random.Random(7)  # noqa: S311 - no secret  # noqa: S311 - no secret
    for _ in range(300):
        fields = [
            (random_.choice(list(Tag)), random_.randbytes(random_.randrange(40)))
            for _ in range(random_.randrange(8))
        ]
        kind = random_.choice(list(Kind))
        frame = protocol.encode(kind, random_.randrange(1 << 32), fields)
        assert protocol.frame_size(frame) == len(frame) - 4
        assert protocol.decode(frame[4:]).fields == tuple((int(t), d) for t, d in fields)
        assert protocol.decode(frame[4:]).kind == kind


def test_non_utf8_text_comes_back() -> None:
    """A path is bytes: what is not UTF-8 survives both ways."""
    raw = bytes(range(1, 256))
    assert protocol.bytes_of(protocol.text_of(raw)) == raw


def test_any_bytes_decode_or_are_refused() -> None:
    """Whatever an agent sends, the decoder returns a frame or raises AgentError, nothing else."""
    random_ = random.Random(11)  # noqa: S311 - no secret  # noqa: S311 - no secret
    good = protocol.encode(Kind.DONE, 5, [(Tag.STATUS, 0), (Tag.BYTES, b"x" * 50)])[4:]
    refused = 0
    for _ in range(5000):
        data = bytearray(good if random_.random() < 0.7 else random_.randbytes(60))
        for _ in range(random_.randrange(1, 5)):
            data[random_.randrange(len(data))] = random_.randrange(256)
        try:
            frame = protocol.decode(bytes(data[: random_.randrange(len(data) + 1)]))
            frame.number(Tag.STATUS)
        except AgentError:
            refused += 1
    assert 1000 < refused < 5000


def test_any_bytes_are_an_entry_or_refused() -> None:
    """Whatever an agent calls an entry is decoded or refused."""
    random_ = random.Random(13)  # noqa: S311 - no secret  # noqa: S311 - no secret
    good = protocol.ENTRY.pack(ord("l"), 1, 0o777, 1, 2, 3, -4, b"d" * 32, 3) + b"abcpath"
    assert protocol.decode_entry(good) == Entry(
        "path", "link", 0o777, 1, 2, 3, -4, "abc", (b"d" * 32).hex()
    )
    for _ in range(3000):
        data = bytearray(good)
        data[random_.randrange(len(data))] = random_.randrange(256)
        try:
            assert isinstance(
                protocol.decode_entry(bytes(data[: random_.randrange(len(data) + 1)])), Entry
            )
        except AgentError:
            continue


@pytest.mark.parametrize("size", [0, 5, protocol.ANSWER_LIMIT + 1, (1 << 32) - 1])
def test_impossible_lengths_are_refused(size: int) -> None:
    """A frame that is shorter than its head or longer than any right one is not waited for."""
    with pytest.raises(AgentError, match="broke the protocol"):
        protocol.frame_size(size.to_bytes(4, "little"))


def test_a_request_that_is_too_long_is_refused_here() -> None:
    """What the agent would die of is not sent."""
    with pytest.raises(AgentError, match="keep standard input below 64 MiB"):
        protocol.encode(Kind.EXEC, 1, [(Tag.STDIN, bytes(protocol.REQUEST_LIMIT))])
