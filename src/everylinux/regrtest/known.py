"""The failures of CPython's tests that are explained: reviewed data, each row with its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from everylinux.errors import FileError
from everylinux.strict_yaml import Document, read_yaml, validate

EXPECTED = Path(__file__).with_name("expected.yaml")
SAMPLE = Path(__file__).with_name("sample.yaml")
TEXT = {"type": "string", "minLength": 1}
SCHEMA: Mapping[str, Any] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["tests", "reason", "upstream", "whose", "until"],
        "additionalProperties": False,
        "properties": {
            "tests": {"type": "array", "items": TEXT, "minItems": 1},
            "reason": TEXT,
            "upstream": {"type": "string", "pattern": "^https://"},
            "whose": {"enum": ["musl", "cell", "upstream", "ours", "machine"]},
            "until": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
            "cells": {"type": "array", "items": TEXT, "minItems": 1},
            "sometimes": {"enum": ["yes"]},
        },
    },
}
SAMPLE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": TEXT,
}


@dataclass(frozen=True, slots=True)
class Known:
    """A failure that is explained."""

    test: str  # FILE, or FILE.CLASS.METHOD; globs
    reason: str
    upstream: str  # where that can be read
    whose: str  # musl | cell | upstream | ours | machine
    until: date  # the last day on which it explains anything: then it is looked at again
    cells: tuple[str, ...] = ("*",)  # globs of cells' ids in which it fails
    sometimes: bool = False  # it may pass, too

    def about(self, failure: str) -> bool:
        """Whether a failure, or the id of a test, is the row's."""
        return fnmatchcase(failure, self.test)

    def holds(self, cell: str, today: date) -> bool:
        """Whether the row explains anything in a cell today."""
        return today <= self.until and self.within(cell)

    def within(self, cell: str) -> bool:
        """Whether a cell is one of the row's."""
        return any(fnmatchcase(cell, word) for word in self.cells)


def load(path: Path = EXPECTED) -> tuple[Known, ...]:
    """The rows of a file, one for each of their tests; FileError for a malformed one."""
    document = read_yaml(path, wrong=FileError)
    validate(document, SCHEMA)
    return tuple(
        _known(document, number, row, test)
        for number, row in enumerate(document.value)
        for test in row["tests"]
    )


def _known(document: Document, number: int, row: Mapping[str, Any], test: str) -> Known:
    try:
        until = date.fromisoformat(row["until"])
    except ValueError:
        raise document.error((number, "until"), f"{row['until']} is no day") from None
    return Known(
        test=test,
        reason=row["reason"],
        upstream=row["upstream"],
        whose=row["whose"],
        until=until,
        cells=tuple(row.get("cells", ("*",))),
        sometimes="sometimes" in row,
    )


def sample(path: Path = SAMPLE) -> Sequence[str]:
    """The test files of the fixed sample; the table says why each is in it."""
    document = read_yaml(path, wrong=FileError)
    validate(document, SAMPLE_SCHEMA)
    return tuple(document.value)
