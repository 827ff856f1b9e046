"""Reports: from a run's journal to JSON, HTML, Markdown, JUnit and the terminal."""

from __future__ import annotations

from everylinux.report.model import Report
from everylinux.report.reading import JOURNAL, load
from everylinux.report.summary import exit_code, summarize
from everylinux.report.terminal import show
from everylinux.report.writing import FILES, PRESENTERS, newest, write

__all__ = [
    "FILES",
    "JOURNAL",
    "PRESENTERS",
    "Report",
    "exit_code",
    "load",
    "newest",
    "show",
    "summarize",
    "write",
]
