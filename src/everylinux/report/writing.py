"""Every format of a report, written whole or not at all, and `latest` beside the runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from everylinux.errors import UsageError
from everylinux.report.model import Report
from everylinux.report.reading import JOURNAL, load
from everylinux.report.summary import Summary, summarize
from everylinux.report.to_html import to_html
from everylinux.report.to_json import to_json
from everylinux.report.to_junit import to_junit
from everylinux.report.to_markdown import to_markdown

Presenter = Callable[[Report, Summary], str]
PRESENTERS: Mapping[str, Presenter] = {
    "json": to_json,
    "md": to_markdown,
    "junit": to_junit,
    "html": to_html,
}
"""Format -> what makes its text; a new format is one entry here and in FILES."""
FILES: Mapping[str, str] = {
    "json": "report.json",
    "md": "report.md",
    "junit": "junit.xml",
    "html": "report.html",
}
LATEST = "latest"
STAMP = len("20261123-001500")
"""A run's name begins with its time: names sort by it up to here."""


def write(run_dir: Path, *, strict: bool = False) -> dict[str, Path]:
    """Write all formats from the run's journal; format -> path.

    `latest` then points at the newest run of the folder that has a report.
    """
    report = load(run_dir)
    summary = summarize(report, strict=strict)
    paths = {name: run_dir / file for name, file in FILES.items()}
    for name, present in PRESENTERS.items():
        _put(paths[name], present(report, summary))
    if run_dir.resolve().name == report.run.id:
        point_latest(run_dir.resolve().parent)
    return paths


def _put(path: Path, text: str) -> None:
    """Replace a file as a whole: a reader sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        move = "make room, or make the folder writable"
        raise UsageError(f"cannot write {path}: {error.strerror}", move=move) from None
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _age(run: Path) -> tuple[str, int]:
    return run.name[:STAMP], (run / JOURNAL).stat().st_mtime_ns


def newest(reports: Path, having: str = JOURNAL) -> Path | None:
    """The newest run in a folder that has a file; None where there is no run."""
    runs = [path.parent for path in reports.glob(f"*/{having}") if path.parent.name != LATEST]
    return max((run for run in runs if (run / JOURNAL).is_file()), key=_age, default=None)


def point_latest(reports: Path) -> None:
    """Point `latest` at the newest run that has a report, in one step."""
    target, link = newest(reports, FILES["json"]), reports / LATEST
    if target is None or (link.is_symlink() and link.readlink().name == target.name):
        return
    if link.exists() and not link.is_symlink():
        raise UsageError(f"{link} is in the way of the link to the newest run", move="move it")
    fresh = reports / f".{LATEST}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(link)
