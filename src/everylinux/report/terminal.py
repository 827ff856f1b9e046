"""The end of a run on the terminal: a table, what fails with its remedy, where the report lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from everylinux.model import Outcome, Verdict
from everylinux.report.families import grouped
from everylinux.report.grid import SYMBOLS, Grid, gravest, grid
from everylinux.report.model import CellRow, Report
from everylinux.report.summary import Summary, caveats, headline, summarize
from everylinux.report.text import one_line
from everylinux.report.to_markdown import problems

ASCII = {
    Outcome.FAILED: "X",
    Outcome.UNKNOWN: "?",
    Outcome.WAIVED: "~",
    Outcome.PASSED: "ok",
    Outcome.SKIPPED: "-",
}
"""For terminals that cannot show SYMBOLS."""
STYLES = {
    Outcome.FAILED: "bold red",
    Outcome.UNKNOWN: "bold yellow",
    Outcome.WAIVED: "magenta",
    Outcome.PASSED: "green",
    Outcome.SKIPPED: "dim",
}
VERDICT_STYLES = {0: "bold green", 1: "bold red", 3: "bold yellow"}
MAX_SHOWN = 15
NARROW = 18  # columns that a name has at least
NAME_WIDTH = 30


def show(report: Report, folder: Path, stream: TextIO, *, strict: bool = False) -> None:
    """Write the summary to a stream; colours only where it is a terminal."""
    console = Console(file=stream, highlight=False, emoji=False, markup=False)
    Painter(report, console).paint(folder, summarize(report, strict=strict))


class Painter:
    """Writes with the symbols and the width that the terminal has."""

    def __init__(self, report: Report, console: Console) -> None:
        """Choose the symbols by the stream's encoding."""
        self.report = report
        self.console = console
        self.symbols = SYMBOLS if self._can("".join(SYMBOLS.values())) else ASCII

    def _can(self, text: str) -> bool:
        try:
            text.encode(self.console.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def text(self, value: str, style: str = "") -> Text:
        """Text from outside, made visible and encodable."""
        line = one_line(value)
        encoding = self.console.encoding
        return Text(line.encode(encoding, "backslashreplace").decode(encoding), style=style)

    def paint(self, folder: Path, summary: Summary) -> None:
        """The whole summary."""
        self._table()
        self._problems()
        code, why = summary.verdict
        self.console.print()
        self.console.print(self.text(headline(summary), VERDICT_STYLES[code]))
        for caveat in caveats(summary):
            self._indented(f"{caveat}.")
        self.console.print(self.text(f"exit {code}: {why}"))
        self.console.print(self.text(f"report: {folder / 'report.html'}"), soft_wrap=True)

    def _table(self) -> None:
        counts = grid(self.report)
        if not counts:
            return
        heads = self._heads()
        table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
        table.add_column("", width=self._name_width(), overflow="ellipsis", no_wrap=True)
        for head in heads.values():
            table.add_column(self.text(head), justify="center", no_wrap=True)
        for cell in self._rows():
            table.add_row(self._name(cell), *(self._mark(counts, cell, area) for area in heads))
        self.console.print(table)
        self._legend(heads)

    def _rows(self) -> Iterable[CellRow]:
        ran = [cell for cell in self.report.cells if cell.has_run]
        yield from (cell for cell in ran if cell.is_artefact and cell.claims_expected)
        for group in grouped(cell for cell in ran if not cell.is_artefact).values():
            yield from group

    def _name_width(self) -> int:
        """What the columns of areas leave to the cells' names, each with three letters or marks."""
        rest = self.console.width - 4 * len(self.report.areas) - 1
        longest = max((len(cell.setting) for cell in self.report.cells), default=0)
        return max(NARROW + longest, min(NAME_WIDTH, rest))

    def _heads(self) -> dict[str, str]:
        """Area -> its column's head: the name where all fit, else the letters of its claims."""
        areas = self.report.areas
        if NAME_WIDTH + sum(len(area) + 1 for area in areas) < self.console.width:
            return {area: area for area in areas}
        letters: dict[str, str] = {}
        for claim in self.report.claims:
            letters.setdefault(claim.area, claim.id.partition("-")[0][:3])
        return letters

    def _legend(self, heads: dict[str, str]) -> None:
        short = [f"{head} {area}" for area, head in heads.items() if head != area]
        if short:
            self.console.print(self.text(", ".join(short), "dim"))

    def _name(self, cell: CellRow) -> Text:
        mark = "" if cell.is_artefact or cell.support == "required" else " *"
        arch = "" if cell.is_artefact else f" {cell.arch}"
        tail = f"{cell.setting}{arch}{mark}"
        room = self._name_width() - len(tail)
        title = cell.linux if len(cell.linux) <= room else f"{cell.linux[: room - 2]}.."
        return self.text(f"{title}{tail}")

    def _mark(self, counts: Grid, cell: CellRow, area: str) -> Text:
        found = counts.get((cell.id, area), Counter())
        worst = gravest(found)
        if worst is None:
            return Text("")
        grave = worst in {Outcome.FAILED, Outcome.UNKNOWN}
        return Text(f"{self.symbols[worst]}{found[worst] if grave else ''}", style=STYLES[worst])

    def _problems(self) -> None:
        found = problems(self.report)
        for (outcome, claim), verdicts in list(found.items())[:MAX_SHOWN]:
            self._problem(outcome, claim, verdicts)
        if len(found) > MAX_SHOWN:
            self.console.print(f"... and {len(found) - MAX_SHOWN} more in the report")

    def _problem(self, outcome: Outcome, claim_id: str, verdicts: list[Verdict]) -> None:
        claim = next(claim for claim in self.report.claims if claim.id == claim_id)
        named = ", ".join(verdict.cell for verdict in verdicts[:3])
        more = f" and {len(verdicts) - 3} more" if len(verdicts) > 3 else ""  # noqa: PLR2004 - as shown
        mark = self.text(f"{self.symbols[outcome]} {claim.id}", STYLES[outcome])
        self.console.print()
        self.console.print(mark + Text(" ") + self.text(claim.says))
        self._indented(f"{outcome} in {named}{more}: {verdicts[0].reason}")
        self._indented(f"remedy: {claim.remedy}")

    def _indented(self, value: str) -> None:
        for line in self.text(value).wrap(self.console, self.console.width - 2):
            self.console.print(Text("  ") + line)
