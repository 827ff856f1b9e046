"""`everylinux report`: the report of a run, made again from its journal."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click

from everylinux import places
from everylinux import report as reports
from everylinux.errors import UsageError

LATEST = "latest"


@click.command()
@click.argument("run", default=LATEST, metavar="[RUN_DIR|latest]")
@click.option(
    "--format",
    "shown",
    type=click.Choice([*reports.PRESENTERS, "text"]),
    default="text",
    show_default=True,
    help="What to print; all formats are written in any case.",
)
@click.option("--strict", is_flag=True, help="A required cell that could not run is a 3.")
@click.option("--open", "opened", is_flag=True, help="Open report.html in the web browser.")
def report(*, run: str, shown: str, strict: bool, opened: bool) -> None:
    """Make the report of a run again from its journal, also after the run was killed.

    RUN_DIR is the folder of a run, or one that holds runs: then the newest of them. The status is
    that of the run: 0 passed, 1 a claim failed, 3 unknown.
    """
    folder = find(run)
    paths = reports.write(folder, strict=strict)
    found = reports.load(folder)
    if shown == "text":
        reports.show(found, folder, sys.stdout, strict=strict)
    else:
        click.echo(paths[shown].read_text(encoding="utf-8"), nl=False)
    if opened and not webbrowser.open(paths["html"].resolve().as_uri()):
        raise UsageError("no web browser could be started", move=f"open {paths['html']} yourself")
    sys.exit(reports.exit_code(found, strict=strict)[0])


def find(run: str) -> Path:
    """The folder that the user means; UsageError where there is no such run.

    `latest` is the newest journal, not the link of that name: a run that was killed has made no
    report yet, and is what one asks for.
    """
    if run != LATEST:
        named = Path(run)
        held = None if (named / reports.JOURNAL).exists() else reports.newest(named)
        return held or named
    for folder in _homes():
        newest = reports.newest(folder)
        if newest:
            return newest
    raise UsageError("there is no run in reports/", move="start one: pytest suites/")


def _homes() -> list[Path]:
    """Where runs lie: below the current folder, else in the checkout."""
    here = Path("reports")
    try:
        return [here, places.project_root() / "reports"]
    except UsageError:
        return [here]
