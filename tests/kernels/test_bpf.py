"""Filters, run instruction by instruction: exact for every number of both ABIs."""

from __future__ import annotations

import errno

import pytest

from everylinux.kernels.bpf import LIMIT, program
from everylinux.kernels.calls import ABIS, calls, number
from everylinux.kernels.floors import floor_of

from .machine import X32, verdict

FLOORS = ["2.6.32", "2.6.33", "3.10", "3.16", "3.17", "4.4", "4.18", "5.1", "6.12"]
UNAMES = {"x86_64": {63}, "i386": {122, 109, 59}}  # arch/x86/entry/syscalls
ALLOW = ("allow", 0)


def names(abi: str) -> dict[int, str]:
    return {call.numbers[abi]: call.name for call in calls() if abi in call.numbers}


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("word", FLOORS)
def test_every_number_is_judged_by_the_table(word: str, abi: str) -> None:
    """What a release has is allowed, all else up to beyond the table is ENOSYS."""
    floor = floor_of(word)
    code = program(floor, notify=False)
    since = {call.numbers[abi]: call.since[abi] for call in calls() if abi in call.numbers}
    for call in [*range(600), X32, X32 + 39, -1]:
        has = call in since and since[call] <= floor.release
        wanted = ALLOW if has else ("errno", errno.ENOSYS)
        said = verdict(code, call, abi, argument=1)
        assert said == wanted, (names(abi).get(call, call), said)


@pytest.mark.parametrize(
    ("name", "abi", "since", "before"),
    [
        ("getrandom", "x86_64", "3.17", "3.16.85"),
        ("getrandom", "i386", "3.17", "3.16"),
        ("recvmmsg", "x86_64", "2.6.33", "2.6.32"),
        ("accept4", "i386", "4.3", "4.2"),  # socketcall only, until then
        ("clone3", "x86_64", "5.3", "5.2"),
        ("futex_time64", "i386", "5.1", "5.0"),
        ("statx", "x86_64", "4.11", "4.10"),
        ("close_range", "i386", "5.9", "5.8"),
    ],
)
def test_a_call_begins_with_its_release(name: str, abi: str, since: str, before: str) -> None:
    """Facts of man-pages, written here again, at the boundary."""
    call = number(name, abi)
    assert call is not None
    assert verdict(program(floor_of(since), notify=False), call, abi) == ALLOW
    refused = verdict(program(floor_of(before), notify=False), call, abi)
    assert refused == ("errno", errno.ENOSYS)


@pytest.mark.parametrize("abi", ABIS)
def test_eperm(abi: str) -> None:
    """The variant of old container runtimes answers EPERM to the same calls."""
    plain, eperm = (program(floor_of(f), notify=False) for f in ("3.10", "3.10+eperm"))
    for call in range(600):
        told = verdict(plain, call, abi, argument=1)
        wanted = ("errno", errno.EPERM) if told[0] == "errno" else ALLOW
        assert verdict(eperm, call, abi, argument=1) == wanted


@pytest.mark.parametrize("abi", ABIS)
def test_uname_is_asked_of_the_supervisor(abi: str) -> None:
    """All forms of uname, and nothing else."""
    code = program(floor_of("3.10"), notify=True)
    asked = {call for call in range(600) if verdict(code, call, abi)[0] == "notify"}
    assert asked == UNAMES[abi]


@pytest.mark.parametrize(("word", "last"), [("2.6.32", 18), ("2.6.33", 19), ("3.0", 20)])
def test_the_calls_within_socketcall(word: str, last: int) -> None:
    """i386's socketcall answers EINVAL above its last call, as net/socket.c does."""
    code = program(floor_of(word), notify=False)
    assert verdict(code, 102, "i386", argument=last) == ALLOW
    assert verdict(code, 102, "i386", argument=last + 1) == ("errno", errno.EINVAL)
    assert verdict(code, 102, "x86_64", argument=99) == ALLOW  # getuid


def test_another_abi_has_no_call() -> None:
    """What is neither x86_64 nor i386 is ENOSYS."""
    code = program(floor_of("6.12"), notify=True)
    assert verdict(code, 1, "arm") == ("errno", errno.ENOSYS)


@pytest.mark.parametrize("word", FLOORS)
def test_a_filter_fits(word: str) -> None:
    """The kernel takes no more than BPF_MAXINSNS; a short one also costs little."""
    assert 0 < len(program(floor_of(word), notify=True)) // 8 < 100 < LIMIT
