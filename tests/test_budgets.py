"""Budgets are data, and a mistake in them is told by its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from everylinux import budgets
from everylinux.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "{unit: seconds, limit: 0.02, tolerance: 0.1, basis: 'spec: Startup Performance'}"


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "budgets.yaml"
    path.write_text(text)
    return budgets.load(path)


def test_a_budget_has_a_ceiling_above_its_limit(tmp_path: Path) -> None:
    """The tolerance is part of the promise."""
    path = tmp_path / "budgets.yaml"
    path.write_text(f"startup.warm: {GOOD}")
    assert budgets.load(path)["startup.warm"].ceiling == pytest.approx(0.022)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("[]", "expected a mapping"),
        ("startup.warm: 1", "startup.warm"),
        (f"startup.warm: {GOOD.replace('seconds', 'parsecs')}", "startup.warm.unit"),
        (f"startup.warm: {GOOD.replace('0.02', '-1')}", "startup.warm.limit"),
        (f"startup.warm: {GOOD.replace('0.1', 'much')}", "startup.warm.tolerance"),
    ],
)
def test_a_mistake_is_told_with_its_dotted_path(tmp_path: Path, text: str, where: str) -> None:
    """The user finds the line at once."""
    with pytest.raises(FileError, match=where):
        load(tmp_path, text)
