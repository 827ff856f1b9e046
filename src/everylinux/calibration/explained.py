"""What is known of differences between a floor and the real kernel: reviewed data, with a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from everylinux.errors import FileError
from everylinux.strict_yaml import read_yaml

FILE = Path(__file__).with_name("explained.yaml")
KEYS = {"claims", "kernels", "why", "link"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A row: why claims come out otherwise under a real kernel than under its floor."""

    claims: tuple[str, ...]  # ids and globs of ids
    kernels: tuple[str, ...]  # globs of real kernels' names
    why: str
    link: str  # where that can be read

    def about(self, claim: str, kernel: str) -> bool:
        """Whether a claim under a real kernel is one of the row's."""
        by_claim = any(fnmatchcase(claim, word) for word in self.claims)
        return by_claim and any(fnmatchcase(kernel, word) for word in self.kernels)


def load(path: Path = FILE) -> tuple[Explanation, ...]:
    """The rows of a file; FileError for a malformed one."""
    rows = read_yaml(path, wrong=FileError).value or []
    if not isinstance(rows, list):
        raise FileError(path.name, "", "no list of rows", move="begin each with a minus sign")
    return tuple(_row(path.name, number, row) for number, row in enumerate(rows))


def _row(name: str, number: int, row: Mapping[str, Any]) -> Explanation:
    whole = isinstance(row, dict) and set(row) == KEYS and all(row.values())
    lists = whole and all(isinstance(row[key], list) for key in ("claims", "kernels"))
    if not lists:
        move = "a row has claims and kernels, which are lists, why and link"
        raise FileError(name, str(number), "no explanation", move=move)
    return Explanation(tuple(row["claims"]), tuple(row["kernels"]), row["why"], row["link"])


def explanation(claim: str, kernel: str, rows: Sequence[Explanation]) -> Explanation | None:
    """The first row about a claim under a real kernel."""
    return next((row for row in rows if row.about(claim, kernel)), None)
