"""The table of system calls, against what is known beside it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from everylinux.kernels.calls import ABIS, calls, known, number

HEADERS = {"x86_64": "unistd_64.h", "i386": "unistd_32.h"}


def in_headers(abi: str) -> dict[str, int]:
    """The numbers that the installed kernel headers give."""
    found = [p / "asm" / HEADERS[abi] for p in Path("/usr/include").glob("x86_64-linux*")]
    header = next((path for path in found if path.is_file()), None)
    if header is None:
        pytest.skip("no kernel headers of x86 here: install linux-libc-dev")
    rows = [line.split() for line in header.read_text().splitlines() if "#define __NR_" in line]
    return {row[1].removeprefix("__NR_"): int(row[2]) for row in rows if row[2].isdigit()}


@pytest.mark.parametrize("abi", ABIS)
def test_numbers_are_the_kernel_s(abi: str) -> None:
    """Every number of the headers here is in the table, and by its name where both name it."""
    headers = in_headers(abi)
    ours = {call.name: call.numbers[abi] for call in calls() if abi in call.numbers}
    both = headers.keys() & ours.keys()

    assert len(both) > 300
    assert {name for name in both if headers[name] != ours[name]} == set()
    assert set(headers.values()) - set(ours.values()) == set()


@pytest.mark.parametrize("abi", ABIS)
def test_no_number_stands_twice(abi: str) -> None:
    """Two names of one number would make a floor depend on the order of rows."""
    numbers = [call.numbers[abi] for call in calls() if abi in call.numbers]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("abi", ABIS)
def test_a_later_release_knows_more(abi: str) -> None:
    """Nothing is lost on the way up, and each step here brings something."""
    steps = [known(abi, release) for release in ((2, 6, 32), (3, 10, 0), (4, 4, 0), (6, 12, 0))]
    assert all(low < high for low, high in pairwise(steps))


def test_a_call_without_a_number() -> None:
    """An ABI may lack a call that the other has."""
    assert number("socketcall", "x86_64") is None
    assert number("socketcall", "i386") == 102
    assert number("nothing", "i386") is None
