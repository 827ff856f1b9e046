"""Tables of what a claim lets pass, each row with its reason.

A row is `{files: glob, what: glob, why: sentence}`; `what` may be left out for a whole file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

Rows = Iterable[Mapping[str, str]]


def allowed(rows: Rows, file: str, what: str = "") -> bool:
    """Whether a row of the table lets `what` pass in `file`."""
    return any(
        fnmatchcase(file, row["files"]) and fnmatchcase(what, row.get("what", "*")) for row in rows
    )
