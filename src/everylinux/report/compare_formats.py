"""A comparison as a page (one file, offline, light and dark, no script), as Markdown and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from everylinux.model import Claim, Outcome
from everylinux.report.compare import FIGURES, FLOORS, SCHEMA, Comparison, Judgement, Side
from everylinux.report.grid import SYMBOLS
from everylinux.report.text import pretty, size, visible
from everylinux.report.to_html import environment, joined, policy
from everylinux.report.to_markdown import escaped

STYLES = ("tokens.css", "compare.css")
EVIDENCE_CHARS = 1600
BLANK = SYMBOLS[Outcome.SKIPPED]


def table(found: Comparison) -> list[tuple[str, list[str]]]:
    """What each side is, as rows of text: a title, and a text for each side."""
    rows = [
        (name, [side.versions.get(name, "") for side in found.sides]) for name in _titles(found)
    ]
    rows += [(f"Lowest {libc}", [_floor(side, libc) for side in found.sides]) for libc in FLOORS]
    rows += [
        ("Profile", [_profile(side) for side in found.sides]),
        ("Size", [size(side.about["size_bytes"]) for side in found.sides]),
    ]
    for name, (title, unit) in FIGURES.items():
        rows.append((title, [_figure(side.figures.get(name), unit) for side in found.sides]))
    rows += [
        ("Judged in", [", ".join(side.cells) for side in found.sides]),
        ("Does not start in", [", ".join(side.dead) for side in found.sides]),
        ("Claims", [_counts(side) for side in found.sides]),
    ]
    return [(title, [text or BLANK for text in texts]) for title, texts in rows if any(texts)]


def _titles(found: Comparison) -> Iterable[str]:
    return dict.fromkeys(title for side in found.sides for title in side.versions)


def _profile(side: Side) -> str:
    return ": ".join(filter(None, (side.about["profile"], side.about.get("because", ""))))


def _floor(side: Side, libc: str) -> str:
    floor = side.floors.get(libc)
    if not floor:
        return ""
    names = ", ".join(floor["symbols"][:3])
    return f"{floor['release']} ({floor['file'].rsplit('/', 1)[-1]}: {names})"


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    return f"{value * 1000:.1f} ms" if unit == "seconds" else size(value)


def _counts(side: Side) -> str:
    counts = side.counts
    kinds = (Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN, Outcome.SKIPPED)
    text = ", ".join(f"{counts[kind]} {kind.value}" for kind in kinds if counts[kind])
    return text if side.complete else f"{text}; the run was not finished"


def sections(found: Comparison) -> list[tuple[str, str, tuple[Claim, ...]]]:
    """The lists of claims: title, what it holds, and the claims."""
    return [
        ("Where they differ", "Kept by one of them, broken by another.", found.apart),
        (
            "Broken by all that promise it",
            f"Those that do not promise it show {BLANK}.",
            found.together,
        ),
        ("Not told", "A probe could not tell for one of them.", found.unsure),
    ]


def to_html(found: Comparison) -> str:
    """The text of compare.html."""
    style = joined(STYLES)
    return environment().get_template("compare.html").render(
        found=found,
        table=table(found),
        sections=sections(found),
        areas=[(area, [_area(found, area, side) for side in found.sides]) for area in found.areas],
        cell=lambda claim, side: _cell(side.judgements.get(claim.id)),
        details=lambda claim: list(_details(found, claim)),
        symbols=[(outcome.value, symbol) for outcome, symbol in SYMBOLS.items()],
        style=style,
        policy=policy("", style),
    )  # fmt: skip


def _area(found: Comparison, area: str, side: Side) -> dict[str, int]:
    counts = found.by_area(area, side)
    return {outcome.value: counts[outcome] for outcome in SYMBOLS}


def _cell(judgement: Judgement | None) -> tuple[str, str]:
    """The outcome's name and its symbol."""
    if judgement is None:
        return "skipped", ""
    return judgement.outcome.value, SYMBOLS[judgement.outcome]


def _details(found: Comparison, claim: Claim) -> Iterable[tuple[str, str, str, str]]:
    """Label, outcome, where and why, of each side that did not keep the claim."""
    for side in found.sides:
        judgement = side.judgements.get(claim.id)
        if judgement and judgement.outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
            where = ", ".join(judgement.where)
            yield side.label, judgement.outcome.value, where, _why(judgement)


def _why(judgement: Judgement) -> str:
    text = pretty(dict(judgement.evidence)) if judgement.evidence else visible(judgement.reason)
    cut = f"{text[:EVIDENCE_CHARS]}\n... cut: all of it is in report.json"
    return text if len(text) <= EVIDENCE_CHARS else cut


def to_markdown(found: Comparison) -> str:
    """The text of compare.md."""
    labels = [escaped(side.label) for side in found.sides]
    head = _line("", *labels) + _line("---", *("---" for _ in labels))
    rows = "".join(_line(escaped(title), *map(escaped, texts)) for title, texts in table(found))
    text = f"# {' · '.join(labels)}\n\n{head}{rows}"
    for title, says, claims in sections(found):
        if claims:
            text += f"\n## {title}\n\n{says}\n\n" + _line("claim", *labels)
            text += _line("---", *("---" for _ in labels))
            text += "".join(_claim(found, claim) for claim in claims)
    return text


def _claim(found: Comparison, claim: Claim) -> str:
    cells = (_cell(side.judgements.get(claim.id))[1] for side in found.sides)
    return _line(f"{claim.id} {escaped(claim.says)}", *cells)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def to_json(found: Comparison) -> str:
    """The text of compare.json: `sides`, `claims` with an outcome for each side, three lists."""
    document: Mapping[str, Any] = {
        "schema": SCHEMA,
        "sides": [_side(side) for side in found.sides],
        "claims": [
            {**asdict(claim), "outcomes": found.outcomes(claim.id)} for claim in found.claims
        ],
        "apart": [claim.id for claim in found.apart],
        "together": [claim.id for claim in found.together],
        "unsure": [claim.id for claim in found.unsure],
    }
    return json.dumps(document, indent=1) + "\n"


def _side(side: Side) -> dict[str, Any]:
    about = {name: side.about[name] for name in ("name", "arch", "profile", "digest", "size_bytes")}
    return {
        "label": side.label,
        **about,
        "because": side.about.get("because", ""),
        "cells": list(side.cells),
        "does_not_start_in": list(side.dead),
        "counts": {outcome.value: side.counts[outcome] for outcome in SYMBOLS},
        "figures": dict(side.figures),
        "floors": dict(side.floors),
        "versions": dict(side.versions),
    }
