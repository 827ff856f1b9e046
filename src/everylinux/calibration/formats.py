"""A calibration as a page (one file, offline, light and dark, no script), as Markdown and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from everylinux.calibration.pairing import Agreement, Calibration, Comparison, Pair, Side
from everylinux.model import Outcome
from everylinux.report.grid import SYMBOLS
from everylinux.report.text import pretty, visible
from everylinux.report.to_html import environment, joined, policy
from everylinux.report.to_markdown import escaped

SCHEMA = 1
STYLES = ("tokens.css", "compare.css")
EVIDENCE_CHARS = 4000
TONES = {
    Agreement.AGREE: "passed",
    Agreement.DIFFER: "failed",
    Agreement.FLOOR_ONLY: "unknown",
    Agreement.REAL_ONLY: "unknown",
    Agreement.NEITHER: "skipped",
}
UNEXPLAINED = "unexplained"
LISTED = (Agreement.DIFFER, Agreement.FLOOR_ONLY, Agreement.REAL_ONLY)


def listed(pair: Pair) -> list[Comparison]:
    """What is told one by one: differences, what one did not judge, what both could not tell."""
    unknown = [one for one in pair.open if one.agreement is Agreement.NEITHER]
    return [one for kind in LISTED for one in pair.of(kind)] + unknown


def explained(one: Comparison) -> str:
    """The reviewed reason, else that of the one that skipped it, else `unexplained`."""
    if one.why is not None:
        return one.why.why
    return UNEXPLAINED if one.open else one.silent


def to_html(found: Calibration) -> str:
    """The text of calibration.html."""
    style = joined(STYLES)
    return environment().get_template("calibration.html").render(
        found=found,
        kinds=[(kind, kind.value, TONES[kind]) for kind in Agreement],
        areas=list(_areas(found)),
        listed=listed,
        explained=explained,
        claims=found.claims,
        mark=_mark,
        detail=_detail,
        rows=[(claim, [_of(pair, claim) for pair in found.pairs]) for claim in _ids(found)],
        style=style,
        policy=policy("", style),
    )  # fmt: skip


def _ids(found: Calibration) -> list[str]:
    seen = {one.claim for pair in found.pairs for one in pair.comparisons}
    return sorted(seen, key=lambda id_: (found.claims[id_].area, id_))


def _of(pair: Pair, claim: str) -> Comparison | None:
    return next((one for one in pair.comparisons if one.claim == claim), None)


def _areas(found: Calibration) -> Iterator[tuple[str, list[Counter[Agreement]]]]:
    """Each area with its counts in each pair."""
    for area in dict.fromkeys(found.claims[id_].area for id_ in _ids(found)):
        yield area, [_counted(found, pair, area) for pair in found.pairs]


def _counted(found: Calibration, pair: Pair, area: str) -> Counter[Agreement]:
    return Counter(
        one.agreement for one in pair.comparisons if found.claims[one.claim].area == area
    )


def _mark(side: Side) -> tuple[str, str]:
    """The outcome's name and its symbol."""
    outcome = side.outcome or Outcome.SKIPPED
    return outcome.value, SYMBOLS[outcome]


def _detail(side: Side) -> str:
    """Reason and evidence of one side."""
    text = visible(side.reason, keep="\n")
    if side.evidence:
        text = f"{text}\n{pretty(dict(side.evidence))}".lstrip()
    cut = f"{text[:EVIDENCE_CHARS]}\n... cut: all of it is in report.json"
    return text if len(text) <= EVIDENCE_CHARS else cut


def to_markdown(found: Calibration) -> str:
    """The text of calibration.md: figures, then each difference with its explanation."""
    head = ("real kernel", "floor", "userland", *(kind.value for kind in Agreement), UNEXPLAINED)
    text = "# Floors beside real kernels\n\n" + _line(*head) + _line(*("---" for _ in head))
    text += "".join(_line(*_figures(pair)) for pair in found.pairs)
    for pair in found.pairs:
        rows = "".join(_difference(one) for one in listed(pair))
        if rows:
            text += f"\n## {escaped(pair.real)}\n\n" + _line("claim", "floor", "real", "why")
            text += _line(*("---",) * 4) + rows
    return text + "".join(f"\n> {note}\n" for note in notes(found))


def notes(found: Calibration) -> Iterable[str]:
    """What a reader should know besides."""
    for cell in found.alone:
        yield f"{escaped(cell)}: no report has the floor of its release beside it"
    for row in found.idle:
        claims, kernels = ", ".join(row.claims), ", ".join(row.kernels)
        yield f"explained.yaml: {escaped(claims)} agree under {escaped(kernels)} by now"


def _figures(pair: Pair) -> Iterator[str]:
    posture = "" if pair.posture == "default" else f"+{pair.posture}"
    yield from (escaped(pair.real), escaped(pair.floor), escaped(pair.distro + posture))
    yield from (str(pair.counts[kind]) for kind in Agreement)
    yield str(len(pair.open))


def _difference(one: Comparison) -> str:
    link = f" ({one.why.link})" if one.why else ""
    sides = (_mark(one.floor)[0], _mark(one.real)[0])
    return _line(one.claim, *sides, escaped(explained(one)) + link)


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def to_json(found: Calibration) -> str:
    """The text of calibration.json: `pairs`, each with `counts` and every claim on both sides."""
    document = {
        "schema": SCHEMA,
        "open": found.open,
        "pairs": [_pair(pair) for pair in found.pairs],
        "alone": list(found.alone),
        "idle": [asdict(row) for row in found.idle],
    }
    return json.dumps(document, indent=1) + "\n"


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "real": pair.real,
        "floor": pair.floor,
        "userland": pair.distro,
        "posture": pair.posture,
        "counts": {kind.value: pair.counts[kind] for kind in Agreement},
        "open": [one.claim for one in pair.open],
        "claims": [_comparison(one) for one in pair.comparisons],
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    """Both outcomes; reasons and evidence where they are not as one."""
    told: dict[str, Any] = {"claim": one.claim, "agreement": one.agreement.value}
    told |= {"floor": one.floor.outcome, "real": one.real.outcome}
    if one.agreement in LISTED:
        told["why"] = asdict(one.why) if one.why else explained(one)
        told["evidence"] = {"floor": asdict(one.floor), "real": asdict(one.real)}
    return told
