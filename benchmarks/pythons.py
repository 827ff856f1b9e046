"""Ours beside other Pythons, as one measure of bench.py: ratios, and docs/performance.md anew."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

import figures
from measure import CannotMeasureError, Context, Measurement

OURS = "ours-"
PROMISED = {"pythons.start": "", "pythons.rss": "", "pythons.suite": ""}


def pythons(context: Context) -> Iterator[Measurement]:
    """Ratios of ours: start and memory to the best other, the suite to Debian's python3.13."""
    target = context.project / "reports" / "performance.json"
    target.unlink(missing_ok=True)
    program = str(context.project / "benchmarks" / "performance.py")
    line = [sys.executable, program, "--docs", "--output", str(target)]
    done = subprocess.run(line, cwd=context.project, capture_output=True, text=True, check=False)
    if not target.exists():
        msg = (done.stderr.strip().splitlines() or ["performance.py wrote nothing"])[-1]
        raise CannotMeasureError(msg)
    yield from ratios(json.loads(target.read_text()))


def ratios(document: Mapping[str, Any]) -> Iterator[Measurement]:
    """Those of the three that the document can tell."""
    starts = document["starts"].get("seconds", {}).get("-c pass", {})
    yield from _best("pythons.start", {name: median(values) for name, values in starts.items()})
    memory = document["starts"].get("memory", {}).get("20 modules", {})
    peaks = {name: median(one["VmHWM"] for one in seen) for name, seen in memory.items()}
    yield from _best("pythons.rss", peaks)
    for name, (mean, count) in figures.means(document).items():
        if name.startswith(OURS):
            more = {"subject": name, "benchmarks": count, "against": figures.reference(document)}
            yield Measurement("pythons.suite", "", mean, more=more)


def _best(name: str, values: Mapping[str, float]) -> Iterator[Measurement]:
    ours = {one: value for one, value in values.items() if one.startswith(OURS)}
    others = {one: value for one, value in values.items() if one not in ours}
    if ours and others:
        mine, best = min(ours, key=ours.__getitem__), min(others, key=others.__getitem__)
        more = {"subject": mine, "against": best}
        yield Measurement(name, "", ours[mine] / others[best], more=more)
