"""Whole runs as a user starts them: a warm cell, the local matrix, a build."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import measure
from everylinux.places import cache_root
from measure import CannotMeasureError, Context, Measurement, Run

KEPT = ("sources", "apt")
"""Folders of the cache that a cold build keeps: it is to measure building, not the network."""

WARM_ROUNDS = 3
NOOP_ROUNDS = 5
SUITE_ROUNDS = 2
SKIPPED = "nothing but skips"  # of an area that is for another tree, or needs an index


def suites(context: Context, *options: str) -> Run:
    """Run pytest over the suites; verdicts that are not all good are no figure."""
    with tempfile.TemporaryDirectory() as reports:
        argv = [sys.executable, "-m", "pytest", "suites", "-q", "--offline", *options]
        return measure.run([*argv, f"--report-dir={reports}"], context.project)


def cell_warm(context: Context) -> Iterator[Measurement]:
    """All claims in one cell, with everything unpacked: the first run only warms up."""
    one = [f"--distro={context.distro}", "--arch=x86_64", "-n", "2"]
    suites(context, *one)
    seconds = [suites(context, *one).seconds for _ in range(WARM_ROUNDS)]
    yield measure.timed("cell.warm", seconds)


def areas(project: Path) -> list[str]:
    """The folders of claims."""
    return sorted({path.parent.name for path in (project / "suites").glob("*/test_*.py")})


def suite_costs(context: Context) -> Iterator[Measurement]:
    """What each area adds to a warm run: seconds of its claims, judged alone by one process.

    Most of that is its probe, for which the claim that asks first waits. What pytest itself takes
    is in `command`. Facts of the artefact's files are kept from run to run, so they cost nothing.
    """
    for area in areas(context.project):
        try:
            yield suite_cost(context, area)
        except CannotMeasureError as error:  # the others still stand
            name, why = f"suite.{area}", str(error)
            if SKIPPED in why:  # by the claims themselves: there is nothing to mend here
                yield Measurement(name, "s", None, more={"skipped": why})
            else:
                yield Measurement(name, "s", None, why)


def suite_cost(context: Context, area: str) -> Measurement:
    """What one area adds; the first run only warms up."""
    rounds = [judged(context, area) for _ in range(SUITE_ROUNDS + 1)][1:]
    seconds = [sum(verdict["seconds"] for verdict in verdicts) for verdicts, _ in rounds]
    more = {"claims": len(rounds[0][0]), "command": min(run.seconds for _, run in rounds)}
    cost = measure.timed(f"suite.{area}", seconds)
    return Measurement(cost.name, cost.unit, cost.value, more={**cost.more, **more})


def judged(context: Context, area: str) -> tuple[list[dict[str, float]], Run]:
    """The verdicts of one area in one cell, and the run that gave them."""
    with tempfile.TemporaryDirectory() as reports:
        argv = [sys.executable, "-m", "pytest", f"suites/{area}", "-q", "--offline"]
        argv += [f"--distro={context.distro}", "--arch=x86_64", f"--report-dir={reports}"]
        done = measure.run(argv, context.project)
        report = json.loads(Path(reports, "latest", "report.json").read_text("utf-8"))
    verdicts: list[dict[str, float]] = report["verdicts"]
    return verdicts, done


def matrix(workers: int) -> Callable[[Context], Iterator[Measurement]]:
    """Every cell that can be had on this machine, with so many workers."""

    def local(context: Context) -> Iterator[Measurement]:
        done = suites(context, "-n", str(workers))
        yield Measurement(f"matrix.n{workers}", "s", done.seconds, more={"samples": 1})
        name = "controller.peak_rss" if workers > 1 else "controller.peak_rss.n1"
        yield Measurement(name, "bytes", done.peak_rss_bytes, more={"workers": workers})

    return local


def build_cold(context: Context) -> Iterator[Measurement]:
    """A build whose cache holds nothing but what was downloaded before."""
    with tempfile.TemporaryDirectory(dir=cache_root().parent, prefix="bench-") as cache:
        keep_downloads(cache_root(), Path(cache))
        done = build(context, {"EVERYLINUX_CACHE": cache})
    yield Measurement("build.cold", "s", done.seconds, more={"samples": 1})


def build_noop(context: Context) -> Iterator[Measurement]:
    """A build with nothing to do."""
    build(context, {})
    seconds = [build(context, {}).seconds for _ in range(NOOP_ROUNDS)]
    yield measure.timed("build.noop", seconds)


def build(context: Context, env: dict[str, str]) -> Run:
    """Build as a user does."""
    return measure.run([sys.executable, "-m", "everylinux", "build"], context.project, env)


def keep_downloads(old: Path, new: Path) -> None:
    """Hard-link the downloads into an empty cache; CannotMeasureError where there are none."""
    found = [name for name in KEPT if (old / name).is_dir()]
    if not found:
        msg = f"no downloads in the cache ({', '.join(KEPT)}): run `everylinux build` first"
        raise CannotMeasureError(msg)
    for name in found:
        shutil.copytree(old / name, new / name, symlinks=True, copy_function=os.link)


MEASURES = {
    "cell.warm": cell_warm,
    "suites": suite_costs,
    "matrix.n1": matrix(1),
    "matrix.n2": matrix(2),
    "build.noop": build_noop,
    "build.cold": build_cold,
}
