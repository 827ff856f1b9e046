"""Keeps each outcome as soon as it is known, so that a second start goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from everylinux.regrtest.outcomes import GOOD, Outcome

SCHEMA = 1
LISTS = ("skipped", "bad")


@dataclass(frozen=True, slots=True)
class Key:
    """What outcomes depend on: those of another key are not gone on with."""

    cell: str
    distribution: str  # digest of the tree, without the tests
    root: str  # digest of the cell's root filesystem
    tests: str  # where the tests came from


class Kept:
    """The outcomes of one cell, in a file."""

    def __init__(self, folder: Path, key: Key) -> None:
        """Nothing is read or written yet."""
        self.key = key
        self.path = folder / f"{key.cell}-{key.distribution[:12]}.json"
        self.outcomes: dict[str, Outcome] = {}

    def read(self, *, again: bool = False) -> None:
        """Take up what an earlier run found; `again` leaves out what did not pass."""
        found = self._document()
        if found.get("schema") != SCHEMA or found.get("key") != asdict(self.key):
            return
        rows = [Outcome(**{**row, **{k: tuple(row[k]) for k in LISTS}}) for row in found["files"]]
        self.outcomes = {row.name: row for row in rows if not again or row.outcome in GOOD}

    def _document(self) -> Mapping[str, Any]:
        try:
            found = json.loads(self.path.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def add(self, outcome: Outcome) -> None:
        """Keep one more; the file is written whole or not at all. OSError."""
        self.outcomes[outcome.name] = outcome
        rows = [asdict(self.outcomes[name]) for name in sorted(self.outcomes)]
        document = {"schema": SCHEMA, "key": asdict(self.key), "files": rows}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(document, indent=1) + "\n")
        part.replace(self.path)
