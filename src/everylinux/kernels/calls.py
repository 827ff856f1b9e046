"""The system calls of both ABIs and the release of Linux that brought each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from everylinux.kernels.floors import Release, release_of

ABIS = ("x86_64", "i386")
NONE, OLD = "-", "old"  # of the table


@dataclass(frozen=True, slots=True)
class Call:
    """One system call; an ABI that has none is in neither mapping."""

    name: str
    numbers: Mapping[str, int]  # ABI -> number
    since: Mapping[str, Release]  # ABI -> release; (0, 0, 0) is before 2.6.32


@cache
def calls() -> tuple[Call, ...]:
    """The rows of syscalls.tsv, whose head names their source."""
    text = files("everylinux.kernels").joinpath("syscalls.tsv").read_text("utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return tuple(_call(*row[:5]) for row in rows[1:])


def _call(name: str, *columns: str) -> Call:
    numbers = dict(zip(ABIS, columns[:2], strict=True))
    since = dict(zip(ABIS, columns[2:], strict=True))
    return Call(
        name,
        {abi: int(number) for abi, number in numbers.items() if number != NONE},
        {abi: _release(text) for abi, text in since.items() if text != NONE},
    )


def _release(text: str) -> Release:
    found = (0, 0, 0) if text == OLD else release_of(text)
    if found is None:
        raise ValueError(f"syscalls.tsv: {text!r} is no release")
    return found


def known(abi: str, release: Release) -> frozenset[int]:
    """The numbers that a kernel of this release answers in an ABI."""
    return frozenset(
        call.numbers[abi] for call in calls() if abi in call.since and call.since[abi] <= release
    )


def number(name: str, abi: str) -> int | None:
    """The number of a call in an ABI; None where that has none."""
    return next((call.numbers.get(abi) for call in calls() if call.name == name), None)
