"""Whole runs as a user starts them: a warm cell, the local matrix, a build."""

from __future__ import annotations

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
    "matrix.n1": matrix(1),
    "matrix.n2": matrix(2),
    "build.noop": build_noop,
    "build.cold": build_cold,
}
