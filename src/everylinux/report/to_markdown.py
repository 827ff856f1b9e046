"""report.md: a comment below a pull request. Everything from outside is escaped or in code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from everylinux.model import Claim, Outcome, Verdict
from everylinux.report.families import grouped
from everylinux.report.findings import findings
from everylinux.report.grid import SYMBOLS, Grid, gravest, grid
from everylinux.report.model import CellRow, Report
from everylinux.report.summary import Summary, caveats, headline
from everylinux.report.text import one_line, seconds

MAX_PROBLEMS = 40
MAX_NAMED = 12
MAX_CHARS = 600
MAX_COMMENT = 60_000
"""GitHub refuses a comment of more than 65536 characters."""
MARKS = {0: "✅", 1: "❌", 3: "⚠️"}
SPECIAL = re.compile(r"([\\`*_\[\]!|~>$])")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is: no tag, link, image, table cell or mention."""
    safe = SPECIAL.sub(r"\\\1", one_line(text)[:MAX_CHARS])
    safe = safe.replace("&", "&amp;").replace("<", "&lt;")
    return safe.replace("@", "@\u2060").replace("://", ":\u2060//").replace("www.", "www\u2060.")


def code(text: str) -> str:
    """Text as a code span, also in a table and whatever back quotes it holds."""
    safe = one_line(text)[:MAX_CHARS].replace("|", "\u2223")
    longest = max((len(run) for run in re.findall("`+", safe)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {safe} {fence}" if longest else f"`{safe or ' '}`"


def to_markdown(report: Report, summary: Summary) -> str:
    """The text of report.md, short enough for a comment."""
    status, why = summary.verdict
    parts = [
        f"## {MARKS[status]} {headline(summary)}",
        _subject(report, summary, f"exit {status}: {why}"),
        *(f"> {text}." for text in caveats(summary)),
        *_problems(report),
        *_findings(report),
        *_matrix(report),
        *_not_run(report),
    ]
    return _fit(parts)


def _fit(parts: list[str]) -> str:
    kept: list[str] = []
    for part in parts:
        if sum(map(len, kept)) + len(part) > MAX_COMMENT:
            kept.append("*Cut here: the rest is in report.html.*")
            break
        kept.append(part)
    return "\n\n".join(kept) + "\n"


def _subject(report: Report, summary: Summary, why: str) -> str:
    subject = report.distribution
    counts = ", ".join(
        f"{SYMBOLS[o]} {summary.outcomes[o]:,} {o}" for o in SYMBOLS if summary.outcomes.get(o)
    )
    return (
        f"**{escaped(subject.name)}**, Python {escaped(subject.python)},"
        f" {escaped(subject.arch)} {escaped(subject.libc)} {code(subject.digest[:19])}  \n"
        f"{counts or 'no verdict'}  \n{escaped(why)} · run {code(report.run.id)}"
        f" · {escaped(report.run.engine)}"
    )


def problems(report: Report) -> dict[tuple[Outcome, str], list[Verdict]]:
    """The failed, then the unknown verdicts, by claim; the most frequent first."""
    found: dict[tuple[Outcome, str], list[Verdict]] = {}
    for verdict in report.verdicts:
        if verdict.outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
            found.setdefault((verdict.outcome, verdict.claim), []).append(verdict)
    order = list(SYMBOLS)
    return dict(
        sorted(found.items(), key=lambda kv: (order.index(kv[0][0]), -len(kv[1]), kv[0][1]))
    )


def _problems(report: Report) -> Iterator[str]:
    found = problems(report)
    claims = {claim.id: claim for claim in report.claims}
    cells = {cell.id: cell for cell in report.cells}
    if found:
        yield "### What fails or is unknown"
    for (outcome, claim), verdicts in list(found.items())[:MAX_PROBLEMS]:
        yield _problem(outcome, claims[claim], verdicts, cells)
    if len(found) > MAX_PROBLEMS:
        yield f"... and {len(found) - MAX_PROBLEMS} more in report.html."


def _problem(
    outcome: Outcome, claim: Claim, verdicts: list[Verdict], cells: dict[str, CellRow]
) -> str:
    named = ", ".join(code(cells[v.cell].id) for v in verdicts[:MAX_NAMED])
    more = f" and {len(verdicts) - MAX_NAMED} more" if len(verdicts) > MAX_NAMED else ""
    return (
        f"- {SYMBOLS[outcome]} **{escaped(claim.id)}** {escaped(claim.says)}"
        f" ({outcome} in {len(verdicts)})\n"
        f"  - in {named}{more}\n"
        f"  - saw: {code(verdicts[0].reason)}\n"
        f"  - remedy: {escaped(claim.remedy)}"
    )


def _findings(report: Report) -> Iterator[str]:
    found = findings(report)
    if found:
        yield "### Findings: weaknesses of the design, and what is done about them"
    for row in found:
        yield (
            f"- **{escaped(row.claim)}** {escaped(row.weakness)}\n"
            f"  - mitigation: {escaped(row.mitigation)} ({escaped(row.measured)})"
        )


def _matrix(report: Report) -> Iterator[str]:
    counts = grid(report)
    cells = [cell for cell in report.cells if cell.has_run]
    if not counts:
        return
    areas = report.areas
    head = "| | " + " | ".join(map(escaped, areas)) + " |\n|---|" + ":-:|" * len(areas)
    own = (cell for cell in cells if cell.is_artefact and cell.claims_expected)
    artefact = [_row(cell, areas, counts) for cell in own]
    groups = grouped(cell for cell in cells if not cell.is_artefact).values()
    rows = [_row(cell, areas, counts) for group in groups for cell in group]
    yield "### Where"
    yield "\n".join([head, *artefact, *rows])


def _row(cell: CellRow, areas: tuple[str, ...], counts: Grid) -> str:
    marks = " | ".join(_mark(counts, cell.id, area) for area in areas)
    support = "" if cell.is_artefact or cell.support == "required" else f" *{cell.support}*"
    arch = "" if cell.is_artefact else f" {escaped(cell.arch)}"
    return f"| {escaped(cell.title)}{arch}{support} | {marks} |"


def _mark(counts: Grid, cell: str, area: str) -> str:
    found = counts.get((cell, area), Counter())
    worst = gravest(found)
    if worst is None:
        return ""
    few = worst in {Outcome.FAILED, Outcome.UNKNOWN}
    return f"{SYMBOLS[worst]} {found[worst]}" if few else SYMBOLS[worst]


def _not_run(report: Report) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for cell in report.linuxes:
        if not cell.has_run:
            by_reason.setdefault(cell.reason, []).append(f"{cell.title} {cell.arch}")
    if by_reason:
        yield "<details><summary>Cells not run</summary>"
        for reason, names in by_reason.items():
            yield f"- {code(reason)}: {', '.join(map(escaped, names))}"
        yield "</details>"
    took = sum(verdict.seconds for verdict in report.verdicts)
    yield f"*{len(report.verdicts):,} verdicts, {seconds(took)} of judging.*"
