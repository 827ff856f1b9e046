"""Fixtures of the forge's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from forge_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An empty project."""
    return Bench(tmp_path)
