"""A floor as a program of classic BPF: what the kernel runs before each system call.

seccomp(2) gives a filter `struct seccomp_data`: number at 0, architecture at 4, arguments from 16.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from errno import EINVAL, ENOSYS
from itertools import pairwise

from everylinux.kernels.calls import known, number
from everylinux.kernels.floors import Floor, Release

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, k

# linux/bpf_common.h: class | size or operation | mode or source
LOAD, IF_EQUAL, IF_AT_LEAST, JUMP, RETURN = 0x20, 0x15, 0x35, 0x05, 0x06
# linux/audit.h: ELF machine | little endian | 64 bit
ARCHS = {"x86_64": 0xC000003E, "i386": 0x40000003}
# linux/seccomp.h
ALLOW, ERRNO, NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
NUMBER, ARCH, FIRST_ARGUMENT = 0, 4, 16
NUMBERS = 1 << 32
LIMIT = 4096
"""Instructions that the kernel takes (BPF_MAXINSNS)."""

UNAMES = ("uname", "olduname", "oldolduname")
SOCKET_CALLS: tuple[tuple[Release, int], ...] = (
    ((3, 0, 0), 20),  # sendmmsg
    ((2, 6, 33), 19),  # recvmmsg
    ((0, 0, 0), 18),  # accept4, 2.6.28
)
"""The last call of i386's socketcall(2) from a release on; a kernel answers EINVAL above it
(net/socket.c of those releases)."""


def program(floor: Floor, *, notify: bool) -> bytes:
    """The filter of a floor for both ABIs, as an array of `struct sock_filter`.

    What neither ABI is, and x32, is answered ENOSYS, as by kernels that are built without it.
    `notify`: uname(2) is passed to the supervisor.
    """
    code: list[Instruction] = [_load(ARCH)]
    for abi, arch in ARCHS.items():
        section = [_load(NUMBER), *_calls(abi, floor, notify=notify)]
        code += [(IF_EQUAL, 1, 0, arch), (JUMP, 0, 0, len(section)), *section]
    code.append(_fail(ENOSYS))
    if len(code) > LIMIT:
        raise ValueError(f"a filter of {len(code)} instructions")
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _load(offset: int) -> Instruction:
    return LOAD, 0, 0, offset


def _fail(errno: int) -> Instruction:
    return RETURN, 0, 0, ERRNO | errno


def _calls(abi: str, floor: Floor, *, notify: bool) -> Iterator[Instruction]:
    """What follows when the number is loaded; every path returns."""
    yield from _unames(abi) if notify else ()
    yield from _socket_calls(floor) if abi == "i386" else ()
    allowed = known(abi, floor.release)
    for first, above in _regions(allowed):
        verdict = (RETURN, 0, 0, ALLOW) if first in allowed else _fail(floor.errno)
        yield from () if above == NUMBERS else [(IF_AT_LEAST, 1, 0, above)]
        yield verdict


def _unames(abi: str) -> Iterator[Instruction]:
    for found in (number(name, abi) for name in UNAMES):
        if found is not None:
            yield from ((IF_EQUAL, 0, 1, found), (RETURN, 0, 0, NOTIFY))


def _socket_calls(floor: Floor) -> Iterator[Instruction]:
    last = next(last for since, last in SOCKET_CALLS if since <= floor.release)
    yield (IF_EQUAL, 0, 4, 102)  # socketcall
    yield _load(FIRST_ARGUMENT)
    yield (IF_AT_LEAST, 0, 1, last + 1)
    yield _fail(EINVAL)
    yield (RETURN, 0, 0, ALLOW)


def _regions(allowed: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The runs of numbers that are all allowed or all not: first, and one above the last."""
    numbers = set(allowed)
    edges = {n for n in numbers if n - 1 not in numbers} | {
        n + 1 for n in numbers if n + 1 not in numbers
    }
    yield from pairwise(sorted({0, *edges, NUMBERS}))
