"""Compare Pythons side by side: starts, memory and pyperformance, in one root, in turns.

    python benchmarks/performance.py [--subject NAME=PATH ...] [--suite daily|whole|none] [--fast]
                                     [--only NAME ...] [--suite-only NAME ...] [--rounds N]
                                     [--output FILE]

Writes FILE (reports/performance.json), a table and SVG plots beside it; with `--docs` those of
docs/performance.md too. A part or a subject that cannot be had is left out, and said. Exit status
0: all was measured; 1: something was not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import figures
import root
import subjects
from everylinux.places import cache_root
from everylinux.probes.performance import MEASURE, TWENTY
from machine import describe
from measure import CannotMeasureError
from root import WORK, Place
from subjects import Subject

PROJECT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).parent / "inside"
WORK_CODE = root.SUBJECTS / ".code"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON = "3.13"
PYPERFORMANCE = "pyperformance==1.14.0"
CASES = {
    "-c pass": ["-c", "pass"],
    "-I -S -c pass": ["-I", "-S", "-c", "pass"],
    "--version": ["--version"],
    "20 modules": ["-c", f"import {TWENTY}"],
}
MEMORY = {"-c pass": MEASURE, "20 modules": f"import {TWENTY}\n{MEASURE}"}
DAILY = (
    *("2to3", "async_tree", "chaos", "deltablue", "go", "json_loads"),
    *("nbody", "pickle_pure_python", "pyflate", "regex_compile", "sqlite_synth", "telco"),
)
"""Twelve that need nothing but the standard library: calls, numbers, text, C modules, asyncio."""

Data = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, draw."""
    chosen = parser().parse_args(arguments)
    missing: list[str] = []
    chosen_subjects = list(found(chosen, missing))
    document: Data = {
        "machine": describe(PROJECT),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "subjects": {one.name: {"says": one.says} for one in chosen_subjects},
        "options": {"rounds": chosen.rounds, "suite": chosen.suite, "fast": chosen.fast},
        **measured(chosen, chosen_subjects, missing),
        "missing": missing,
    }
    write(chosen.output, document)
    figures.draw(document, chosen.output.parent)
    print(figures.text(document))  # noqa: T201 - it is a program
    if chosen.docs:
        figures.publish(document, PROJECT / "docs")
    for line in missing:
        print(f"not measured: {line}", file=sys.stderr)  # noqa: T201
    return 1 if missing or document["pyperformance"].get("failed") else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description="Compare Pythons side by side.")
    made.add_argument("--subject", action="append", default=[], metavar="NAME=PATH")
    made.add_argument("--only", action="append", metavar="NAME", help="subjects; repeatable")
    made.add_argument("--suite-only", action="append", metavar="NAME", help="in pyperformance")
    made.add_argument("--suite", choices=["daily", "whole", "none"], default="daily")
    made.add_argument("--fast", action="store_true", help="pyperf's --fast: rougher figures")
    made.add_argument("--rounds", type=int, default=40, help="of starts")
    made.add_argument("--suite-rounds", type=int, default=1)
    made.add_argument("--resume", action="store_true", help="go on with an interrupted suite")
    made.add_argument("--output", type=Path, default=PROJECT / "reports" / "performance.json")
    made.add_argument("--docs", action="store_true", help="renew docs/performance.md")
    return made


def found(chosen: argparse.Namespace, missing: list[str]) -> Iterator[Subject]:
    """The subjects that can be had; why the others cannot goes into `missing`."""
    everyone: list[Callable[[], list[Subject]]] = [
        lambda: subjects.ours(PYTHON),
        lambda: subjects.given(chosen.subject),
        lambda: list(subjects.DEBIAN),
        *(lambda one=one: [subjects.standalone(one)] for one in subjects.STANDALONE),
    ]
    seen: list[Subject] = []
    for some in everyone:
        try:
            seen += some()
        except CannotMeasureError as error:
            missing.append(str(error))
    yield from subjects.named(named_in(seen, chosen.only)).values()


def named_in(everyone: Sequence[Subject], names: Sequence[str] | None) -> list[Subject]:
    """Those of `names`; all where none is named."""
    return [one for one in everyone if not names or one.name in names]


def measured(
    chosen: argparse.Namespace, everyone: Sequence[Subject], missing: list[str]
) -> Mapping[str, Data]:
    """Starts, memory and pyperformance; {} for a part that cannot be had."""
    result: dict[str, Data] = {"starts": {}, "pyperformance": {}}
    with contextlib.ExitStack() as stack:
        try:
            place = root.root()
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            result["starts"] = starts(place, folder, everyone, chosen.rounds)
            if chosen.suite != "none":
                suite = named_in(everyone, chosen.suite_only)
                result["pyperformance"] = pyperformance(place, suite, chosen)
        except (CannotMeasureError, subprocess.CalledProcessError) as error:
            missing.append(str(error))
    return result


def starts(place: Path, folder: Path, everyone: Sequence[Subject], rounds: int) -> Data:
    """Seconds, page faults and memory of starts: see inside/starts.py."""
    order = {
        "subjects": {one.name: one.program for one in everyone},
        "cases": CASES,
        "memory": MEMORY,
        "rounds": rounds,
        "memory_rounds": 3,
    }
    (folder / "order.json").write_text(json.dumps(order))
    # The driver is a copy: what it runs must not share pages with Debian's own python3.13.
    (folder / "driver").write_bytes((place / "usr/bin/python3.13").read_bytes())
    (folder / "driver").chmod(0o755)
    places = [*_places(everyone), Place(folder, WORK, writable=True), Place(HERE, WORK_CODE)]
    line = root.entered(place, places, env={"PYTHONHOME": "/usr"})
    run([*line, f"{WORK}/driver", f"{WORK_CODE}/starts.py", f"{WORK}/order.json", f"{WORK}/r.json"])
    return dict(json.loads((folder / "r.json").read_text()))


def pyperformance(place: Path, everyone: Sequence[Subject], chosen: argparse.Namespace) -> Data:
    """Values of benchmarks: see inside/suite.py. What was prepared or measured once is kept."""
    folder = cache_root() / "bench" / "pyperformance"
    folder.mkdir(parents=True, exist_ok=True)
    order = {
        "subjects": {one.name: one.program for one in everyone},
        "benchmarks": list(DAILY) if chosen.suite == "daily" else [],
        "rounds": chosen.suite_rounds,
        "options": ["--fast"] if chosen.fast else [],
        "venvs": f"{WORK}/venvs",
    }
    (folder / "order.json").write_text(json.dumps(order))
    result = folder / "result.json"
    if not chosen.resume:
        result.unlink(missing_ok=True)
    places = [*_places(everyone), Place(folder, WORK, writable=True), Place(HERE, WORK_CODE)]
    online = root.entered(place, places, network=True)
    if not (folder / "driver" / "bin" / "pyperformance").exists():
        run([*online, "/usr/bin/python3.13", "-m", "venv", "--clear", f"{WORK}/driver"])
        run([*online, f"{WORK}/driver/bin/pip", "install", "-q", PYPERFORMANCE])
    program = [f"{WORK}/driver/bin/python", f"{WORK_CODE}/suite.py"]
    files = [f"{WORK}/order.json", f"{WORK}/result.json"]
    run([*online, *program, "prepare", *files])
    run([*online, *program, "run", *files])  # dask asks the routes for its own address
    return dict(json.loads(result.read_text()))


def _places(everyone: Sequence[Subject]) -> list[Place]:
    return [one.place for one in everyone if one.place]


def run(line: Sequence[str]) -> None:
    """Run a part; CannotMeasureError with its last line."""
    done = subprocess.run(line, capture_output=True, text=True, check=False, env={"PATH": PATH})
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        after = line[line.index("--") + 1 :]
        msg = f"{' '.join(after[:3])}: status {done.returncode}: {said[:400]}"
        raise CannotMeasureError(msg)


def write(path: Path, document: Mapping[str, object]) -> None:
    """Write the document whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1) + "\n")
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
