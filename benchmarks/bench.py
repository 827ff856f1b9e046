"""Measure what the project promises to be fast at, and write reports/bench.json.

    python benchmarks/bench.py [--only NAME ...] [--output FILE] [--distro ID]

The file is `{"machine": {...}, "results": [{"name", "unit", "value", ...}]}`. A measure that cannot
run here has `"value": null` and says why in `"error"`.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from commands import ratio_of_commands
from machine import describe
from measure import Context, Measurement, collect
from pythons import PROMISED as PYTHONS
from pythons import pythons
from runs import MEASURES as RUNS
from runs import areas

ROOT = Path(__file__).resolve().parents[1]
MEASURES = {"command": ratio_of_commands, "pythons": pythons, **RUNS}
"""What can be measured: a function each, which may give several results."""
PROMISED = {
    "command": {"command.agent": "s", "command.testinfra-podman": "s", "command.ratio": ""},
    "pythons": PYTHONS,
    "suites": {f"suite.{area}": "s" for area in areas(ROOT)},
    "matrix.n2": {"matrix.n2": "s", "controller.peak_rss": "bytes"},
}
"""The results of a measure that gives other ones than its own name in seconds: unit by name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, and show a table; 0 if all measures that were asked for could run."""
    parser = argparse.ArgumentParser(description="Measure, and write reports/bench.json.")
    parser.add_argument("--only", action="append", choices=sorted(MEASURES), help="repeatable")
    parser.add_argument("--output", type=Path, default=ROOT / "reports" / "bench.json")
    parser.add_argument("--distro", default="alpine320", help="the cell of the warm measures")
    chosen = parser.parse_args(arguments)
    names = [name for name in MEASURES if not chosen.only or name in chosen.only]
    context = Context(ROOT, chosen.distro)
    results: list[Measurement] = []
    for name in names:
        results += collect(PROMISED.get(name, {name: "s"}), MEASURES[name], context)
        write(chosen.output, results)  # Ctrl-C in the next measure does not lose this one
    for result in results:
        value = "-" if result.value is None else f"{result.value:.6g} {result.unit}"
        print(f"{result.name:26} {value:>20}  {result.error}")  # noqa: T201 - it is a program
    return 1 if any(result.error for result in results) else 0


def write(path: Path, results: Sequence[Measurement]) -> None:
    """Write the document whole or not at all."""
    document = {
        "machine": describe(ROOT),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "results": [result.to_json() for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=2) + "\n")
    part.replace(path)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what runs, as Ctrl-C does
    sys.exit(main())
