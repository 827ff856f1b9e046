"""A project of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A throw-away checkout with three claims that hold in four cells."""
    made = Project(tmp_path)
    yield made
    made.remove()
