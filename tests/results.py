"""Results of commands that no agent ran."""

from __future__ import annotations

from typing import Any

from everylinux.model import Result


def result(**changes: Any) -> Result:  # noqa: ANN401 - any field
    """One of a command that ended well and said nothing, but for the changes."""
    fields: dict[str, Any] = {
        "argv": (), "status": 0, "signal": None, "out": b"", "err": b"", "wall_seconds": 0.001,
        "user_seconds": 0.0, "system_seconds": 0.0, "peak_rss_bytes": 0, "minor_faults": 0,
        "major_faults": 0,
    }  # fmt: skip
    return Result(**{**fields, **changes})
