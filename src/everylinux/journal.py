"""The journal of a run: one JSON object a line, written at once, so that a kill loses nothing.

The lines are described in docs/report.md; everylinux.report reads them.
"""

from __future__ import annotations

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from everylinux.errors import UsageError


class Journal:
    """Appends to `journal.jsonl` of a run's folder."""

    def __init__(self, folder: Path) -> None:
        """Open it for appending."""
        self.folder = folder
        self._stream: TextIO = (folder / "journal.jsonl").open("a", encoding="utf-8")

    def write(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - JSON values
        """Write one line and hand it to the kernel: kill -9 loses no line that was written."""
        self._stream.write(json.dumps({"kind": kind, **values}, default=str) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def new_run(reports: Path) -> Path:
    """Make the folder of a new run; its name sorts by time and is the run's id."""
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    folder = reports / name
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(
            f"cannot write reports to {reports}: {error.strerror}", move="choose --report-dir"
        ) from None
    return folder


def machine() -> dict[str, Any]:
    """What machine this is, for the report."""
    system = os.uname()
    return {
        "kernel": f"{system.sysname} {system.release}",
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return os.uname().machine
