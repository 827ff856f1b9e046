"""How much is too much: limits with unit, tolerance and basis, from suites/budgets.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from everylinux.errors import FileError

UNITS = ("seconds", "bytes", "ratio", "count")


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on one metric; a value within `limit * (1 + tolerance)` keeps the promise."""

    metric: str
    unit: str  # one of UNITS
    limit: float
    tolerance: float  # 0.1 is ten per cent
    basis: str  # where the limit comes from: "spec: Startup Performance"

    @property
    def ceiling(self) -> float:
        """The largest value that still keeps the promise."""
        return self.limit * (1 + self.tolerance)


def load(path: Path) -> Mapping[str, Budget]:
    """Read budgets by metric; FileError with the dotted path on any mistake."""
    data = yaml.safe_load(path.read_text())
    if not isinstance(data, dict):
        raise FileError(path.name, "", "expected a mapping of metrics")
    return {metric: _budget(path.name, metric, row) for metric, row in data.items()}


def _budget(file: str, metric: str, row: Any) -> Budget:  # noqa: ANN401 - unchecked YAML
    if not isinstance(row, dict) or set(row) != {"unit", "limit", "tolerance", "basis"}:
        raise FileError(file, metric, "expected exactly unit, limit, tolerance, basis")
    if row["unit"] not in UNITS:
        raise FileError(file, f"{metric}.unit", f"expected one of {', '.join(UNITS)}")
    for name in ("limit", "tolerance"):
        if not isinstance(row[name], int | float) or row[name] < 0:
            raise FileError(file, f"{metric}.{name}", "expected a number of 0 or more")
    return Budget(metric, row["unit"], row["limit"], row["tolerance"], row["basis"])
