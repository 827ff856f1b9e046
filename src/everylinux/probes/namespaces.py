"""Work in the network namespace of a cell, from outside: what is made there stays there."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

CLONE_NEWNET = 0x40000000  # sched.h
T = TypeVar("T")


def within(pid: int, make: Callable[[], T]) -> T:
    """Call a function in the network namespace of a process; OSError if that cannot be."""
    if not pid:
        raise OSError("the engine does not say which process the cell's is")
    with ThreadPoolExecutor(max_workers=1) as apart:  # a namespace is a thread's own
        return apart.submit(_joined, pid, make).result()


def _joined(pid: int, make: Callable[[], T]) -> T:
    own = Path("/proc/self/ns/net").stat()
    place = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if os.path.samestat(own, os.fstat(place)):
            raise OSError("the cell has the machine's own network")
        if ctypes.CDLL(None, use_errno=True).setns(place, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(place)
    return make()
