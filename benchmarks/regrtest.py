"""Run CPython's own test suite on a copy of a finished tree, one process for each test file.

    python benchmarks/regrtest.py [TREE] [--only test_json ...] [--jobs 2] [--output FILE] [--again]

The tree lacks the tests; they come from the cached step that built its CPython (with `_testcapi`
and the like), else from the source archive in the cache (then tests of those modules skip
themselves). What a test file did is written to FILE (reports/regrtest.json) as soon as it ends, and
a second run goes on with the rest; `--again` runs the failed ones anew. Failures that
build/regrtest/expected.yaml explains are listed apart; all others, and explained ones that pass,
make the exit status 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import yaml

from everylinux import distribution
from everylinux.forge.publish import MARK
from everylinux.places import cache_root

PROJECT = Path(__file__).resolve().parents[1]
EXPECTED = PROJECT / "build" / "regrtest" / "expected.yaml"
PYTHON = "3.13"
SECONDS = 1200  # for one test file; regrtest's own limit of a worker in CPython's CI
RESOURCES = "all,-network,-urlfetch,-gui,-audio,-largefile"  # what a sandbox has
OUTCOMES = {0: "passed", 2: "failed", 3: "environment changed", 4: "skipped", 124: "timed out"}
"""Exit status of one file (Lib/test/libregrtest/runtests.py and results.py: EXITCODE_*)."""
TAIL_BYTES = 4000
BAD = re.compile(r"^(?:FAIL|ERROR): \S+ \(([\w.]+)\)", re.MULTILINE)
"""A failure as unittest prints it; those of subtests are in no JUnit file."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one test file did; `tests` counts test methods, `bad` names those that failed."""

    name: str
    outcome: str  # passed | failed | skipped | timed out | environment changed | died
    seconds: float
    tests: int
    skipped: int
    bad: tuple[str, ...]
    tail: str  # the end of what it printed, unless it passed


@dataclass(frozen=True, slots=True)
class Known:
    """A failure that is explained: a test file, or a method by its id; globs."""

    test: str
    reason: str
    upstream: str
    whose: str  # musl | sandbox | upstream | ours


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, write, and say what is unexpected."""
    chosen = parser().parse_args(arguments)
    tree = chosen.tree or distribution.newest(PYTHON)
    if tree is None:
        return say(f"regrtest: no finished build of Python {PYTHON}: run `everylinux build`", 2)
    with tempfile.TemporaryDirectory(prefix="regrtest-") as folder:
        copy, whence = prepared(Path(tree).absolute(), Path(folder))
        results = resumed(chosen.output, tree, again=chosen.again)
        names = chosen.only or listed(copy)
        todo = [name for name in names if name not in results]
        for outcome in run_all(copy, todo, chosen.jobs):
            results[outcome.name] = outcome
            write(chosen.output, tree, whence, results)
            print(f"[{len(results)}] {outcome.name}: {outcome.outcome}", flush=True)  # noqa: T201
    return say(*judged(results, load_expected(EXPECTED)))


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(description="Run CPython's own tests on a finished tree.")
    made.add_argument("tree", nargs="?", type=Path, help="[the newest build]")
    made.add_argument("--only", action="append", metavar="TEST", help="repeatable")
    made.add_argument("--jobs", type=int, default=2)
    made.add_argument("--again", action="store_true", help="run what failed before anew")
    made.add_argument("--output", type=Path, default=PROJECT / "reports" / "regrtest.json")
    return made


def say(text: str, status: int) -> int:
    """Print, and give the status back."""
    print(text)  # noqa: T201 - it is a program
    return status


def prepared(tree: Path, folder: Path) -> tuple[Path, str]:
    """A copy of the tree with the tests in it, and where they came from; SystemExit."""
    copy = folder / "python"
    shutil.copytree(tree, copy, symlinks=True)
    library = next((copy / "lib").glob("python3.*"))
    step = built_by(tree) / library.name
    if (step / "test" / "test_json").is_dir():
        shutil.copytree(step / "test", library / "test", symlinks=True, dirs_exist_ok=True)
        for module in (step / "lib-dynload").iterdir():
            if not (library / "lib-dynload" / module.name).exists():
                shutil.copy2(module, library / "lib-dynload")
        return copy, "the step that built it"
    archive = archive_of(tree)
    if not archive.exists():
        sys.exit(f"regrtest: neither the step nor the archive of {tree} is cached: build it again")
    _unpack_tests(archive, library)
    return copy, "the source archive: without _testcapi and its like"


def built_by(tree: Path) -> Path:
    """The lib/ of the cached step that built the tree's CPython; it may not be there."""
    steps = cache_root() / "steps"
    try:
        key = json.loads((tree.parent / MARK).read_text())["key"]
        needs = json.loads((steps / key / "entry.json").read_text())["covered"]["needs"]
        return steps / str(needs["cpython"]) / "tree" / "opt" / "python" / "lib"
    except (OSError, ValueError, KeyError):
        return steps / "none"


def archive_of(tree: Path) -> Path:
    """The source archive of the tree's CPython in the cache; it may not be there."""
    rows = json.loads((tree / "manifest.json").read_text())["components"]
    cpython = next(row for row in rows if row["name"] == "cpython")
    return cache_root() / "sources" / str(cpython["sources"][0]["sha256"])


def _unpack_tests(archive: Path, library: Path) -> None:
    """Lib/test of a source archive beside the library."""
    with tarfile.open(archive) as packed:
        for member in packed:
            _, _, path = member.name.partition("/Lib/")
            if path.startswith("test/") and member.isfile():
                member.name = path
                packed.extract(member, library, filter="data")


def listed(tree: Path) -> list[str]:
    """The test files, as regrtest lists them."""
    line = [str(tree / "bin/python3"), "-m", "test", "--list-tests"]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment(tree))
    return done.stdout.split()


def environment(folder: Path) -> dict[str, str]:
    """A plain environment with a folder of its own."""
    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def run_all(tree: Path, names: Iterable[str], jobs: int) -> Iterator[Outcome]:
    """All outcomes, in order of their names, so many at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda name: run_one(tree, name), names)


def run_one(tree: Path, name: str) -> Outcome:
    """Run one test file in a process and a folder of its own."""
    with tempfile.TemporaryDirectory(dir=tree.parent) as folder:
        report = Path(folder, "junit.xml")
        line = [str(tree / "bin/python3"), "-m", "test", "-u", RESOURCES, "--junit-xml"]
        line += [str(report), "--tempdir", folder, "-v", name]
        began = time.monotonic()
        status, text = _ended(line, environment(tree), folder)
        seconds = round(time.monotonic() - began, 1)
        tests, skipped, bad = counted(report)
    bad = tuple(sorted({*bad, *BAD.findall(text)}))
    outcome = OUTCOMES.get(status, "died" if status < 0 else "failed")
    if outcome == "passed" and tests and tests == skipped:
        outcome = "skipped"
    tail = "" if outcome == "passed" else text[-TAIL_BYTES:]
    return Outcome(name, outcome, seconds, tests, skipped, bad, tail)


def _ended(line: Sequence[str], env: Mapping[str, str], folder: str) -> tuple[int, str]:
    """Status (124: it took too long) and what it printed."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            line,
            env=dict(env),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, 9)
            child.wait()
            status = 124
        output.seek(0)
        return status, output.read().decode(errors="replace")


def counted(report: Path) -> tuple[int, int, tuple[str, ...]]:
    """Methods run, skipped, and the ids of those that failed, out of regrtest's JUnit file."""
    if not report.exists() or not report.stat().st_size:
        return 0, 0, ()
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - our own child's
    skipped = sum(case.find("skipped") is not None for case in cases)
    broken = [c for c in cases if c.find("failure") is not None or c.find("error") is not None]
    return len(cases), skipped, tuple(sorted({str(case.get("name")) for case in broken}))


def resumed(path: Path, tree: Path, *, again: bool) -> dict[str, Outcome]:
    """What an earlier run of the same tree found; {} for another tree."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text())
    if document["tree"] != tree.parent.name:
        return {}
    rows = [Outcome(**{**row, "bad": tuple(row["bad"])}) for row in document["files"]]
    kept = {"passed", "skipped"} if again else {row.outcome for row in rows}
    return {row.name: row for row in rows if row.outcome in kept}


def write(path: Path, tree: Path, whence: str, results: Mapping[str, Outcome]) -> None:
    """Write the document whole or not at all."""
    rows = [dataclasses.asdict(results[name]) for name in sorted(results)]
    document: dict[str, Any] = {"tree": tree.parent.name, "tests": whence, "files": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, indent=1) + "\n")
    part.replace(path)


def load_expected(path: Path) -> list[Known]:
    """The explained failures; SystemExit for a row without a reason."""
    rows = yaml.safe_load(path.read_text())["expected"] or []
    for index, row in enumerate(rows):
        if set(row) != {"test", "reason", "upstream", "whose"} or not row["reason"]:
            sys.exit(f"{path.name}: expected.{index}: give test, reason, upstream and whose")
    return [Known(**row) for row in rows]


def judged(results: Mapping[str, Outcome], expected: Sequence[Known]) -> tuple[str, int]:
    """The summary, and 1 if a failure is not explained or an explained one passed."""
    found = {failure for row in results.values() for failure in failures(row)}
    unknown = sorted(f for f in found if not any(fnmatch.fnmatch(f, k.test) for k in expected))
    ran = {row.name for row in results.values()}
    stale = [
        k for k in expected if k.test.split(".")[0] in ran and not fnmatch.filter(found, k.test)
    ]
    counts = {o: sum(r.outcome == o for r in results.values()) for o in sorted(_outcomes(results))}
    lines = [", ".join(f"{number} {outcome}" for outcome, number in counts.items())]
    lines += [f"not explained: {failure}" for failure in unknown]
    lines += [f"explained, but it passes now: {known.test}" for known in stale]
    lines.append(f"{len(found) - len(unknown)} failures are explained in {EXPECTED.name}")
    return "\n".join(lines), 1 if unknown or stale else 0


def _outcomes(results: Mapping[str, Outcome]) -> set[str]:
    return {row.outcome for row in results.values()}


def failures(row: Outcome) -> list[str]:
    """What to explain: `FILE.CLASS.METHOD` of each bad method, else `FILE` if it did not pass."""
    if row.outcome in {"passed", "skipped"}:
        return []
    named = [bad.removeprefix("test.") for bad in row.bad]
    return [name if name.startswith(row.name) else f"{row.name}.{name}" for name in named] or [
        row.name
    ]


if __name__ == "__main__":
    sys.exit(main())
