"""The journal of a run: one JSON object a line, written at once, so that a kill loses nothing.

The lines are described in docs/report.md; everylinux.report reads them.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from everylinux.errors import UsageError


class Journal:
    """Appends to `journal.jsonl` of a run's folder; each line is there whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Open it for appending; OSError."""
        self.folder = folder
        self.path = folder / "journal.jsonl"
        self._stream = self.path.open("ab", buffering=0)
        self._end = self._stream.seek(0, os.SEEK_END)

    def write(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - JSON values
        """Write one line and hand it to the kernel: kill -9 loses no line that was written.

        OSError where the disk is full; the part of the line that fitted is taken back.
        """
        line = (json.dumps({"kind": kind, **values}, default=str) + "\n").encode()
        try:
            rest = line
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                self._stream.truncate(self._end)
            raise
        self._end += len(line)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


@contextlib.contextmanager
def new_run(reports: Path) -> Iterator[Path]:
    """Make the folder of a new run; its name sorts by time and is the run's id.

    If what is done with it raises, an unused folder is removed again. UsageError where it cannot
    be made.
    """
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    folder = reports / name
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(
            f"cannot write reports to {reports}: {error.strerror}", move="choose --report-dir"
        ) from None
    try:
        yield folder
    except BaseException:
        with contextlib.suppress(OSError):
            folder.rmdir()
        raise


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
