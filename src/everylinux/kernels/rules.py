"""What commands of a cell get before they start, and what this machine cannot give them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from everylinux.kernels.bpf import program
from everylinux.kernels.choosing import real
from everylinux.kernels.floors import Release, dotted, floor_of, release_of
from everylinux.model import NATIVE

UNAME26 = 0x0020000
"""A persona under which Linux tells itself as 2.6.40 to 2.6.N (sys/personality.h, Linux 3.1)."""
RENAMED: Release = (3, 0, 0)
"""The first release whose name does not begin with 2.6."""
NOTIFICATIONS: Release = (5, 0, 0)
"""Since when a filter can ask a supervisor (SECCOMP_RET_USER_NOTIF of seccomp(2))."""
MDWE: Release = (6, 3, 0)
"""Since when there is PR_SET_MDWE."""
MACHINES = ("x86_64", "i686", "i386")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the agent is told once, before any command."""

    program: bytes = b""  # a filter of system calls, struct sock_filter[]
    personality: int = 0
    release: str = ""  # that a supervisor answers uname(2) with
    mdwe: bool = False

    def __bool__(self) -> bool:
        """Whether there is anything to be told."""
        return bool(self.program or self.mdwe)


def rules_of(kernel: str, *, mdwe: bool = False) -> Rules:
    """The rules of a floor, or of the native kernel.

    Programs ask uname(2) whether what the floor lacks should be there, so it must tell of the
    floor: OpenSSL takes /dev/urandom only below 4.8. A 2.6 is told by a persona, which costs
    nothing and any kernel has, a later release by a supervisor.
    """
    if kernel == NATIVE:
        return Rules(mdwe=mdwe)
    floor = floor_of(kernel)
    if floor.release < RENAMED:
        return Rules(program(floor, notify=False), UNAME26, mdwe=mdwe)
    return Rules(program(floor, notify=True), release=dotted(floor.release), mdwe=mdwe)


def lacking(engine: str, kernel: str, *, mdwe: bool = False) -> str:
    """Why a kernel cannot be had on this machine's; "" if it can be."""
    here = os.uname()
    release = release_of(here.release) or (0, 0, 0)
    if mdwe and release < MDWE:
        return f"PR_SET_MDWE needs Linux {dotted(MDWE)}, here is {here.release}"
    if kernel == NATIVE:
        return ""
    if real(kernel):
        return f"{engine} has this machine's kernel only: --engine qemu boots {kernel}"
    if here.machine not in MACHINES:
        return f"floors are made for x86, this machine is {here.machine}"
    return _too_old(floor_of(kernel).release, release, here.release)


def _too_old(floor: Release, release: Release, here: str) -> str:
    if release < floor:
        return f"the kernel here, {here}, is older than {dotted(floor)}: --engine qemu has newer"
    if floor >= RENAMED and release < NOTIFICATIONS:
        return f"a floor of {dotted(floor)} needs Linux {dotted(NOTIFICATIONS)}, here is {here}"
    return ""
