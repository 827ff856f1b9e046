"""What the figures were measured on; nothing that names the machine or its user."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path


def describe(project: Path) -> dict[str, object]:
    """Return kernel, processor, cores, memory (bytes), load and the commit."""
    return {
        "kernel": platform.release(),
        "arch": platform.machine(),
        "cpu": _first("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": int(_first("/proc/meminfo", "MemTotal").split()[0]) << 10,
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "commit": _commit(project),
    }


def _first(path: str, key: str) -> str:
    """The value of the first `key: value` line."""
    for line in Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.partition(":")[2].strip()
    return ""


def _commit(project: Path) -> str:
    done = subprocess.run(
        ["git", "-C", str(project), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()
