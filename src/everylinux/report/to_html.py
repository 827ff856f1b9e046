"""report.html: one file that works offline. Data goes in as escaped JSON and is shown as text."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from everylinux.model import Outcome, Verdict
from everylinux.report.families import family, grouped
from everylinux.report.findings import findings
from everylinux.report.grid import SYMBOLS
from everylinux.report.model import CellRow, Report
from everylinux.report.summary import Judged, Summary, caveats, headline
from everylinux.report.text import pretty, seconds, size, visible

SCRIPTS = ("data.js", "page.js", "cell.js", "claims.js", "matrix.js", "plots.js", "main.js")
"""Joined in this order into one strict function, so that they share names and leak none."""
STYLES = ("tokens.css", "page.css", "matrix.css", "claims.css", "print.css")
GRAVE_CHARS = 64 << 10  # of one failed or unknown verdict's evidence
OTHER_CHARS = 8 << 10  # of any other's
PAGE_CHARS = 24 << 20  # of all evidence: a browser opens that within a second or two
TONES = {0: "passed", 1: "failed", 3: "unknown"}


@cache
def environment() -> Environment:
    """The templates, with everything escaped that they print."""
    loaded = Environment(
        loader=PackageLoader("everylinux.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.filters |= {"visible": visible, "size": size, "moment": _moment}
    return loaded


def to_html(report: Report, summary: Summary) -> str:
    """The text of report.html."""
    script, style = _script(), joined(STYLES)
    status, why = summary.verdict
    return environment().get_template("report.html").render(
        report=report,
        summary=summary,
        headline=headline(summary),
        caveats=caveats(summary),
        status=status,
        why=why,
        tone=TONES[status],
        took=_took(report),
        outcomes=[(o.value, SYMBOLS[o], summary.outcomes.get(o, 0)) for o in SYMBOLS],
        findings=findings(report),
        not_run=grouped(cell for cell in report.linuxes if not cell.has_run),
        style=style,
        script=script,
        policy=policy(script, style),
        data=embedded(page_data(report, summary)),
    )  # fmt: skip


def joined(names: tuple[str, ...]) -> str:
    """The text of several templates, one after the other."""
    folder = files("everylinux.report").joinpath("templates")
    return "".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def _script() -> str:
    return f'(() => {{\n"use strict";\n{joined(SCRIPTS)}}})();\n'


def policy(script: str, style: str) -> str:
    """A policy under which only our own script and style run, and nothing is fetched."""
    return (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)};"
        " base-uri 'none'; form-action 'none';"
        " require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _moment(text: str) -> str:
    """A moment for people: `2026-11-23 00:15:00 UTC`; what is none stays as it is."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except ValueError:
        return visible(text)


def _took(report: Report) -> str:
    try:
        ended = datetime.fromisoformat(report.run.finished)
        return seconds((ended - datetime.fromisoformat(report.run.started)).total_seconds())
    except (ValueError, TypeError):
        return ""


def embedded(data: Any) -> str:  # noqa: ANN401 - any JSON
    """JSON that may stand in a script element: no `<`, so it cannot end the element or open one.

    Beyond ASCII everything is an escape, so U+2028 and its like are none of the parser's business.
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page_data(report: Report, summary: Summary) -> dict[str, Any]:
    """What the page's script shows: every text visible, every repeated one stored once."""
    areas = {area: number for number, area in enumerate(report.areas)}
    cells = {cell.id: number for number, cell in enumerate(report.cells)}
    claims = {claim.id: number for number, claim in enumerate(report.claims)}
    outcomes = {outcome: number for number, outcome in enumerate(SYMBOLS)}
    store = _Store.empty()
    return {
        "areas": [visible(area) for area in areas],
        "outcomes": [[outcome.value, symbol] for outcome, symbol in SYMBOLS.items()],
        "cells": [_cell(row) for row in summary.cells],
        "claims": [
            [visible(c.id), areas[c.area], *map(visible, (c.says, c.source, c.remedy))]
            for c in report.claims
        ],
        "verdicts": [
            [
                claims[v.claim],
                cells[v.cell],
                outcomes[v.outcome],
                round(v.seconds * 1000, 1),
                store.text(visible(v.reason)),
                store.evidence(v),
            ]
            for v in report.verdicts
        ],
        "texts": store.texts,
        "evidence": store.found,
        "measures": [
            [cells[m.cell], visible(m.name), visible(m.unit), list(m.values), m.budget]
            for m in report.measures
            if m.values
        ],
    }


def _cell(row: Judged) -> dict[str, Any]:
    cell: CellRow = row.cell
    names = ("id", "arch", "libc", "kernel", "shell", "support", "eol", "origin", "digest")
    more = ("state", "judged_kernel", "posture")
    texts = {name: visible(getattr(cell, name)) for name in (*names, *more)}
    return {
        **texts,
        "title": visible(cell.title),
        "family": family(cell),
        "artefact": cell.is_artefact,
        "missing": row.missing,
        "verdict": row.state.value,
    }


@dataclass(slots=True)
class _Store:
    """Texts and evidence by number; the same evidence in thirty cells is stored once."""

    texts: list[str]
    found: list[list[list[str]]]
    numbers: dict[str, int]
    room: int

    @classmethod
    def empty(cls) -> _Store:
        """Number 0 is "no text" and "no evidence"."""
        return cls([""], [[]], {}, PAGE_CHARS)

    def text(self, value: str) -> int:
        """The number of a text."""
        if not value:
            return 0
        number = self.numbers.setdefault(f"t{value}", len(self.texts))
        if number == len(self.texts):
            self.texts.append(value)
        return number

    def evidence(self, verdict: Verdict) -> int:
        """The number of a verdict's evidence, cut to what the page has room for."""
        if not verdict.evidence:
            return 0
        grave = verdict.outcome in {Outcome.FAILED, Outcome.UNKNOWN}
        limit = min(GRAVE_CHARS if grave else OTHER_CHARS, self.room)
        pairs = _pairs(verdict, limit)
        key = f"e{json.dumps(pairs)}"
        number = self.numbers.setdefault(key, len(self.found))
        if number == len(self.found):
            self.found.append(pairs)
            self.room = max(0, self.room - len(key))
        return number


def _pairs(verdict: Verdict, limit: int) -> list[list[str]]:
    """Evidence as name and text, at most `limit` characters of text in all."""
    pairs = []
    for name, value in verdict.evidence.items():
        text = pretty(value)
        if len(text) > limit:
            text = f"{text[:limit]}\n... cut: {len(text):,} characters, all of them in report.json"
        limit = max(0, limit - len(text))
        pairs.append([visible(str(name)), text])
    return pairs
