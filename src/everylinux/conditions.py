"""Which claims are not judged under a kernel, in a posture, by an engine, and why: data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from everylinux.errors import FileError
from everylinux.kernels.choosing import real
from everylinux.kernels.floors import floor_of, is_floor, release_of
from everylinux.model import NATIVE, Cell
from everylinux.strict_yaml import read_yaml

FILE = "conditions.yaml"
FLOOR, REAL, BELOW = "floor", "real", "below "


@dataclass(frozen=True, slots=True)
class Condition:
    """A row: claims that a kernel, a posture or an engine makes meaningless."""

    claims: tuple[str, ...]  # ids and globs of ids
    why: str
    kernels: tuple[str, ...] = ()  # "floor", "real", "below 3.17", or globs of names
    postures: tuple[str, ...] = ()  # globs of names
    engines: tuple[str, ...] = ()  # names

    def holds(self, cell: Cell) -> bool:
        """Whether a cell is one of those that the row is about."""
        return bool(self.holds_in(cell))

    def holds_in(self, cell: Cell) -> str:
        """The kernel, engine or posture of a cell by which the row is about it; "" if it is not."""
        if any(_means(word, cell.kernel) for word in self.kernels):
            return cell.kernel
        if cell.engine in self.engines:
            return cell.engine
        return cell.posture if any(fnmatchcase(cell.posture, w) for w in self.postures) else ""

    def about(self, claim: str) -> bool:
        """Whether a claim is one of the row's."""
        return any(fnmatchcase(claim, word) for word in self.claims)


def _means(word: str, kernel: str) -> bool:
    if kernel == NATIVE:
        return False
    if word in {FLOOR, REAL}:
        return real(kernel) == (word == REAL)
    if word.startswith(BELOW):
        release = floor_of(kernel).release if is_floor(kernel) else release_of(kernel)
        return release is not None and release < floor_of(word.removeprefix(BELOW)).release
    return fnmatchcase(kernel, word)


@cache
def load(path: Path) -> tuple[Condition, ...]:
    """The rows of a file, none where there is no such file; FileError for a malformed row."""
    if not path.is_file():
        return ()
    rows = read_yaml(path, wrong=FileError).value or []
    return tuple(_condition(path, number, row) for number, row in enumerate(rows))


def _condition(path: Path, number: int, row: Mapping[str, Any]) -> Condition:
    kinds = ("kernels", "postures", "engines")
    known = {"claims", "why", *kinds}
    if not isinstance(row, dict) or set(row) - known or not row.get("why"):
        move = f"a row has claims, why, and kernels, postures or engines: {path.name}"
        raise FileError(str(path), str(number), "no condition", move=move)
    lists = {name: tuple(row.get(name, ())) for name in ("claims", *kinds)}
    return Condition(why=row["why"], **lists)


def why_not(claim: str, cell: Cell, conditions: Sequence[Condition]) -> str:
    """Why a claim is not judged in a cell; "" if it is."""
    for row in conditions:
        where = row.about(claim) and row.holds_in(cell)
        if where:
            return f"{where}: {row.why}"
    return ""
