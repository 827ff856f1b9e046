"""Whose a thing is: the name of everything that an engine makes says which process made it.

A pid alone is used again; with the start time and the pid namespace it names one process of this
boot. What carries a dead owner of our own namespace is ours to sweep, anything else is not.
"""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

PREFIX = "everylinux-"
_NAME = re.compile(r"everylinux-n(\d+)-p(\d+)-t(\d+)-(\d+)")
_numbers = itertools.count()


def new_name() -> str:
    """A name for something of ours: fit for a folder, a control group and a container."""
    return f"{PREFIX}{_token(os.getpid())}-{next(_numbers)}"


def is_left(name: str) -> bool:
    """Whether a name says that something is ours and that its process is gone."""
    found = _NAME.fullmatch(name)
    if not found or int(found[1]) != _namespace():
        return False
    return _started(int(found[2])) != int(found[3])


def _token(pid: int) -> str:
    return f"n{_namespace()}-p{pid}-t{_started(pid)}"


def _namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _started(pid: int) -> int:
    """The 22nd field of /proc/PID/stat, in ticks since boot; -1 where there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return -1
    state, *fields = text.rpartition(")")[2].split()
    return -1 if state in {"Z", "X"} else int(fields[18])
