"""The page of the realistic sample, in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.report import sample

from everylinux import report

if TYPE_CHECKING:
    from tests.report.browser import Browser


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the realistic sample."""
    run = sample.write(tmp_path_factory.mktemp("page"), sample.Sample().rows())
    return report.write(run)["html"]


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for all tests; skipped with a reason where there is none."""
    pytest.importorskip("selenium", reason="needs selenium")
    from tests.report import browser  # noqa: PLC0415 - it needs selenium

    if browser.MISSING:
        pytest.skip(browser.MISSING)
    with browser.chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture
def shown(chromium: Browser, page: Path) -> Browser:
    """The page as it opens on a desk."""
    chromium.size(1280, 900)
    chromium.prefer("light")
    chromium.open(page)
    return chromium
