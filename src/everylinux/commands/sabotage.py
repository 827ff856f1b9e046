"""`everylinux sabotage`: breaks copies of a good distribution, and counts what the suites see."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from everylinux import distribution, planning, preparing
from everylinux.checks import Expected
from everylinux.commands import claims, variants
from everylinux.errors import EngineError, UsageError
from everylinux.model import Cell, RootFs
from everylinux.places import project_root
from everylinux.sabotage import alarms, copying, judging, registry, results, running
from everylinux.sabotage.judging import Judgement, Place
from everylinux.sabotage.registry import Fault
from everylinux.sabotage.results import Result, State
from everylinux.sabotage.running import Bench

KEPT = Path("reports/sabotage.json")
CELL = "alpine320-x86_64"
WORKERS = 2
INTERRUPTED = 130
STYLES = {State.BY_ANOTHER: "yellow", State.SURVIVED: "red", State.BROKEN: "magenta"}


@click.command()
@click.option("--dist", type=click.Path(path_type=Path), help="A good tree; default: newest build.")
@click.option("--only", default="*", help="A fault's name, or a glob.")
@click.option("--json", "kept", default="", help=f"Where results go, - is stdout ({KEPT}).")
@click.option("--cell", "where", default=CELL, show_default=True, help="DISTRO-ARCH to run in.")
@click.option("--engine", default="auto", show_default=True, help="bubblewrap, podman, docker.")
@click.option("-n", "workers", default=WORKERS, show_default=True, help="Processes.")
@click.option("--false-alarms", default=0, metavar="N", help="Judge the good tree N times instead.")
@click.option("--build-variants", "build", is_flag=True, help="Build what some faults need, first.")
@click.option("--list", "listed", is_flag=True, help="List the faults and end.")
def sabotage(  # noqa: PLR0913 - the options of the command line
    *,
    dist: Path | None,
    only: str,
    kept: str,
    where: str,
    engine: str,
    workers: int,
    false_alarms: int,
    build: bool,
    listed: bool,
) -> None:
    """Break copies of a good distribution, and tell which claims see it.

    The status is 0 if each fault is killed by the claims that it names and nothing unrelated turns
    red; 1 if not; 2 if it could not be tried; 130 after Ctrl-C, which keeps what was learnt.
    """
    project = project_root()
    tuple(claims.load(project))  # declares them
    faults = registry.load(project)
    chosen = registry.select(faults, only)
    if listed:
        for one in chosen:
            click.echo(f"{one.name}\t{one.kind}\t{','.join(sorted(one.kills))}\t{one.of}")
        return
    started = time.monotonic()
    run = Run(chosen, kept, project)
    try:
        with preparing.one_line(_say, sys.exit):
            if build:
                variants.build_all(chosen)
            run.begin(dist, where, engine, workers, false_alarms)
    finally:
        run.seconds = time.monotonic() - started
    sys.exit(run.end())


def _say(text: str) -> None:
    click.echo(text, err=True)


class Run:
    """One run: what was learnt stays, whatever ends it."""

    def __init__(self, chosen: tuple[Fault, ...], kept: str, project: Path) -> None:
        """Nothing is tried yet."""
        self.seconds = 0.0
        self._chosen = chosen
        self._kept = kept
        self._project = project
        self._results: list[Result] = []
        self._about: dict[str, Any] = {}
        self._flips: Mapping[str, Any] | None = None
        self._interrupted = False

    def begin(self, dist: Path | None, where: str, engine: str, workers: int, count: int) -> None:
        """Judge the good tree, then the broken ones."""
        original = distribution.resolve(_tree(dist), profile="")
        root = _root(where)
        with copying.workshop(original.root) as shop:
            good = copying.subject(original, shop.good)
            expected = Expected.of(good, self._project)
            judging.files(good)  # before the fork: what is parsed now is known to all processes
            with running.pool(workers) as made:
                name = made.submit(running.engine, engine).result()
                if name.startswith(":"):
                    raise EngineError(name[1:])
                place = Place(Cell(root.image, good.python, name), root)
                bench = Bench(good, expected, place, shop, shop.state())
                self._about = {
                    "dist": str(original.root),
                    "digest": original.digest,
                    "cell": place.cell.id,
                    "engine": name,
                    "workers": workers,
                }
                self._try(made, bench, count)

    def _try(self, made: ProcessPoolExecutor, bench: Bench, count: int) -> None:
        try:
            before = self._baseline(made, bench)
            if count:
                self._alarms(made, bench, before, count)
            else:
                self._faults(made, bench, before)
        except KeyboardInterrupt:
            self._interrupted = True
            _say("everylinux: interrupted: waiting for what is being judged")

    def _baseline(self, made: ProcessPoolExecutor, bench: Bench) -> Judgement:
        found = running.baseline(made, bench)
        _say(f"the good tree: {len(found.outcomes)} claims, {len(found.red)} of them red")
        if found.red:
            worst = "; ".join(f"{name}: {why}" for name, why in found.red.items())[:600]
            move = "mend the distribution or the claim first: pytest suites/ --dist PATH"
            raise UsageError(f"the good tree is not green: {worst}", move=move)
        return found

    def _faults(self, made: ProcessPoolExecutor, bench: Bench, before: Judgement) -> None:
        # the longest first: what needs a cell
        order = sorted(self._chosen, key=lambda fault: (fault.kind == "static", fault.name))
        tasks = [running.Task(bench, fault.name, before) for fault in order]
        for number, row in enumerate(running.attempts(made, tasks), 1):
            self._results.append(row)
            _say(results.line(number, len(tasks), row))

    def _alarms(
        self, made: ProcessPoolExecutor, bench: Bench, before: Judgement, count: int
    ) -> None:
        found: list[Judgement] = []
        with alarms.load() as told:
            _say(told)
            self._about["load"] = told
            for number, one in enumerate(alarms.judgements(made, bench, count), 1):
                found.append(one)
                self._flips = alarms.flips(found, before)
                self._about["judgements"] = number
                _say(f"[{number}/{count}] {len(one.red)} red, {len(self._flips)} flipped so far")

    def end(self) -> int:
        """Write the results, show them, and decide the exit status."""
        self._write()
        if self._flips is not None:
            for name, seen in self._flips.items():
                click.echo(f"{name} flipped: {seen}")
            bad = bool(self._flips)
        else:
            _show(self._results, self.seconds)
            bad = not all(row.good for row in self._results)
        return INTERRUPTED if self._interrupted else int(bad)

    def _write(self) -> None:
        about = {**self._about, "seconds": round(self.seconds, 1)}
        if self._flips is not None:
            found = {"schema": 1, **about, "flips": self._flips}
        else:
            faults = {fault.name: fault for fault in self._chosen}
            found = results.document(faults, self._results, about)
        text = json.dumps(found, indent=1) + "\n"
        if self._kept == "-":
            click.echo(text, nl=False)
            return
        path = Path(self._kept) if self._kept else self._project / KEPT
        with preparing.one_line(_say, sys.exit):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        _say(f"results: {path}")


def _tree(dist: Path | None) -> Path:
    found = dist or distribution.newest(planning.PYTHONS[0])
    if found is None:
        raise UsageError("nothing was built here", move="everylinux build, or name a --dist")
    return found.absolute()


def _root(where: str) -> RootFs:
    distro, _, arch = where.rpartition("-")
    options = planning.Options(distros=(distro,), archs=(arch,))
    chosen = planning.choose_images(options, _say)
    if not chosen.roots:
        why = chosen.not_run[0].reason if chosen.not_run else "no such cell"
        raise UsageError(f"{where}: {why}", move="name another --cell: pytest suites --list-cells")
    return chosen.roots[0]


def _show(found: list[Result], seconds: float) -> None:
    """A table of what was not killed as it should, then the figures."""
    console = Console(stderr=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("state", "fault", "what is wrong"):
        table.add_column(title, overflow="fold")
    for row in sorted(found, key=lambda row: (row.state, row.fault)):
        if not row.good or row.state is State.SKIPPED:
            words = [row.reason, f"not red: {', '.join(row.missing)}" if row.missing else ""]
            words += [f"unrelated: {', '.join(row.unrelated)}"] if row.unrelated else []
            state = Text(row.state, style=STYLES.get(row.state, ""))
            table.add_row(state, Text(row.fault), Text("; ".join(filter(None, words))))
    with suppress(BrokenPipeError):
        if table.row_count:
            console.print(table)
        counts = {state: sum(row.state is state for row in found) for state in State}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        unrelated = sum(len(row.unrelated) for row in found)
        console.print(
            f"{len(found)} faults: {told}; {unrelated} unrelated;"
            f" kill rate {results.rate(found):.1%}; {seconds:.0f} s"
        )
