"""`everylinux doctor`: what is there, what is missing, and what each missing thing costs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from everylinux.doctor import parts
from everylinux.doctor.finding import Finding, State, run_checks

SECONDS = 15.0
"""For all checks together. They take 1 s; trial cells of a cold, busy machine took over 2.5."""

CANNOT = 2
STYLES = {State.OK: "green", State.DEGRADED: "yellow", State.MISSING: "red", State.UNKNOWN: "cyan"}


@click.command
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of a table.")
def doctor(*, as_json: bool) -> None:
    """Tell what is here, what is missing, and what each missing thing costs.

    Exit status 0 if `conform` can run here, else 2.
    """
    findings = run_checks(parts.all_checks(), SECONDS)
    conform = parts.can_conform(findings)
    if as_json:
        document = {"schema": 1, "conform": conform, "findings": [asdict(f) for f in findings]}
        click.echo(json.dumps(document, indent=2))
    else:
        console = Console()
        console.print(_table(findings))
        console.print("conform can run here" if conform else "conform cannot run here")
    sys.exit(0 if conform else CANNOT)


def _table(findings: Sequence[Finding]) -> Table:
    """One row per finding; text of outside is never read as markup."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("", "what", "seen, what it costs, and the next move"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        words = Text("; ").join(Text(w) for w in (finding.detail, finding.cost) if w)
        if finding.remedy:
            words += Text(f": {finding.remedy}", style="bold")
        state = Text(finding.state, style=STYLES[finding.state])
        table.add_row(state, Text(f"{finding.area}: {finding.name}"), words)
    return table
