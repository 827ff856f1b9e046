"""`everylinux regrtest`: CPython's own test suite in cells, gone on with, and explained."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from everylinux import distribution, planning, preparing
from everylinux.engines.registry import choose
from everylinux.errors import EngineError, UsageError
from everylinux.forge.publish import MARK
from everylinux.model import Cell, Distribution
from everylinux.regrtest import judging, known, running, trees
from everylinux.regrtest.keeping import Kept, Key
from everylinux.regrtest.running import Job, Place

DISTRO = "debian12"
UNKNOWN = 3
"""As of `pytest suites/`: a cell could not be run, so nothing is known of it."""


@click.command()
@click.argument("tests", nargs=-1)
@click.option("--dist", type=click.Path(path_type=Path), help="A built tree; default: the newest.")
@click.option("--distro", "distros", multiple=True, default=(DISTRO,), show_default=True)
@click.option("--arch", "archs", multiple=True, help="Of the userlands; default: as the tree.")
@click.option("--sample", is_flag=True, help="The fixed sample of test files.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True)
@click.option("--again", is_flag=True, help="Run what did not pass before anew.")
@click.option("--engine", default="auto", show_default=True, help="bubblewrap, podman, docker.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("reports/regrtest"))
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def regrtest(  # noqa: PLR0913 - the options of the command line
    *,
    tests: tuple[str, ...],
    dist: Path | None,
    distros: tuple[str, ...],
    archs: tuple[str, ...],
    sample: bool,
    jobs: int,
    again: bool,
    engine: str,
    out: Path,
    as_json: bool,
) -> None:
    """Run CPython's own TESTS (all of them, if none is named) in cells.

    What a test file did is kept at once in a file for each cell, and a second start goes on with
    the rest. The status is 1 for a failure that nobody explained, for an explanation whose day has
    passed and for one whose tests pass; 3 where a cell could not run something.
    """
    with preparing.one_line(_say, sys.exit):
        tree = _tree(dist)
        run = Run(tree, engine, out, again=again)
        places = run.places(distros, archs or (distribution.resolve(tree).arch,))
        with tempfile.TemporaryDirectory(prefix="everylinux-regrtest-") as folder:
            run.prepare(Path(folder))
            run.go(places, known.sample() if sample else tests, jobs)
        sys.exit(run.end(as_json=as_json))


def _say(text: str) -> None:
    click.echo(text, err=True)


def _tree(dist: Path | None) -> Path:
    found = dist or distribution.newest(planning.PYTHONS[0])
    if found is None:
        raise UsageError("nothing was built here", move="everylinux build, or name a --dist")
    return found.absolute()


class Run:
    """One start: every cell with what was kept of it."""

    def __init__(self, tree: Path, engine: str, out: Path, *, again: bool) -> None:
        """Nothing is opened yet."""
        self.original = distribution.resolve(tree)
        self._engine = choose(engine)
        self._out = out
        self._again = again
        self._subject = self.original
        self._tests = ""
        self._known = known.load()
        self._kept: dict[str, Kept] = {}
        self._lost: dict[str, dict[str, str]] = {}  # cell -> test file -> why it was not run

    def places(self, distros: Sequence[str], archs: Sequence[str]) -> tuple[Place, ...]:
        """The cells that were asked for; UsageError where none can be had."""
        options = planning.Options(distros=tuple(distros), archs=tuple(archs))
        chosen = planning.startable(planning.choose_images(options, _say), self.original)
        for lost in chosen.not_run:
            _say(f"everylinux: {lost.image.id}-{lost.image.arch} cannot run: {lost.reason}")
            self._lost[f"{lost.image.id}-{lost.image.arch}"] = {"": lost.reason}
        if not chosen.roots:
            raise UsageError("no cell can be had", move="pytest suites/ --list-cells")
        name, python = self._engine.name, self.original.python
        return tuple(Place(Cell(root.image, python, name), root) for root in chosen.roots)

    def prepare(self, folder: Path) -> None:
        """Copy the tree, with the tests."""
        copy, self._tests = trees.prepared(self.original.root, folder, MARK)
        kept = self.original
        self._subject = Distribution(copy, kept.python, kept.arch, kept.digest, kept.profile)
        _say(f"everylinux: {kept.root}; tests from {self._tests}")

    def go(self, places: Sequence[Place], names: Sequence[str], workers: int) -> None:
        """Run what is not kept yet; cells take turns, so that each soon has something."""
        names = names or running.listed(self._engine, places[0], self._subject)
        for place in places:
            self._kept[place.cell.id] = self._taken_up(place)
        todo = [Job(place, name) for name in names for place in places if self._wants(place, name)]
        _say(f"everylinux: {len(todo)} of {len(names) * len(places)} test files are to be run")
        for number, (job, found) in enumerate(
            running.run_all(self._engine, self._subject, todo, workers), 1
        ):
            cell = job.place.cell.id
            if isinstance(found, EngineError):
                self._lost.setdefault(cell, {})[job.name] = str(found)
                told = f"not run: {found}"
            else:
                self._kept[cell].add(found)
                told = f"{found.outcome} ({found.seconds} s)"
            _say(f"[{number}/{len(todo)}] {cell} {job.name}: {told}")

    def _taken_up(self, place: Place) -> Kept:
        subject = self.original
        key = Key(place.cell.id, subject.digest, place.root.digest, self._tests)
        kept = Kept(self._out, key)
        kept.read(again=self._again)
        return kept

    def _wants(self, place: Place, name: str) -> bool:
        return name not in self._kept[place.cell.id].outcomes

    def end(self, *, as_json: bool) -> int:
        """Tell what was found; the exit status."""
        today = datetime.now(UTC).date()
        found = [
            judging.judge(cell, kept.outcomes, self._known, today, self._lost.get(cell, {}))
            for cell, kept in self._kept.items()
        ]
        if as_json:
            about = {"schema": 1, "dist": str(self.original.root), "digest": self.original.digest}
            cells = [verdict.to_json() for verdict in found]
            click.echo(json.dumps({**about, "tests": self._tests, "cells": cells}, indent=1))
        else:
            for verdict in found:
                _show(verdict, self._kept[verdict.cell].path)
        bad = not all(verdict.good for verdict in found)
        return 1 if bad else UNKNOWN if self._lost else 0


def _show(verdict: judging.Verdict, path: Path) -> None:
    counts = ", ".join(f"{number} {outcome}" for outcome, number in verdict.counts.items())
    click.echo(f"{verdict.cell}: {counts or 'nothing was run'}; {verdict.tests} tests")
    click.echo(f"  {len(verdict.explained)} failures are explained; all outcomes: {path}")
    for title, rows in (
        ("not explained", verdict.open),
        ("explained until a day that has passed", verdict.over),
        ("explained, but it passes", verdict.passing),
        ("not run", verdict.not_run),
    ):
        for row in rows:
            click.echo(f"  {title}: {row}")
