"""`everylinux build`: the distribution from source."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from everylinux import places
from everylinux.commands.build_root import build_root
from everylinux.errors import UsageError
from everylinux.forge import publish, toolchain
from everylinux.forge import verify as reproducible
from everylinux.forge.contract import MACHINES, STARTS, TARGET, Command, Settings
from everylinux.forge.driver import Forge, Plan
from everylinux.forge.editions import Edition, load_editions, promised, select
from everylinux.forge.keys import Project
from everylinux.forge.lock import load_lock
from everylinux.forge.progress import Progress
from everylinux.forge.sandbox import argv
from everylinux.forge.sources import Sources, providers
from everylinux.forge.step import log_path, prepare, workplace
from everylinux.forge.store import FAILED, Store
from everylinux.model import Arch

SHELL = Command(("/bin/sh", "-i"))


@click.command()
@click.option("--python", default="", metavar="3.N", help="[the edition's first]")
@click.option("--arch", default="x86_64", show_default=True, type=click.Choice(sorted(MACHINES)))
@click.option("--edition", default="current", show_default=True, help="A file of build/editions.")
@click.option(
    "--nearest", is_flag=True, help="Take the edition's stand-ins for archives that cannot be had."
)
@click.option("--start", type=click.Choice(STARTS), help="What bin/python is. [the edition's]")
@click.option(
    "--profile",
    default="quick",
    show_default=True,
    type=click.Choice(["quick", "release"]),
    help="quick: the host's gcc, no PGO and LTO; release: both, by a gcc of our own.",
)
@click.option(
    "--sources",
    multiple=True,
    envvar="EVERYLINUX_SOURCES",
    metavar="upstream|debian|DIR",
    help="Where archives come from; repeat it for several, in this order. [upstream, debian]",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), help="A new or empty folder."
)
@click.option(
    "--jobs", type=click.IntRange(1, 1024), default=lambda: os.cpu_count() or 1, help="Processes."
)
@click.option("--dry-run", is_flag=True, help="Check recipes and lock, print the plan.")
@click.option("--offline", is_flag=True, help="Never leave the machine.")
@click.option("--check", is_flag=True, help="Verify every cached step, not only those used.")
@click.option(
    "--verify", "twice", is_flag=True, help="Build twice in two worlds and compare every byte."
)
@click.option("--prune", is_flag=True, help="Remove cached steps unused for a week, then build.")
@click.option("--until", metavar="STEP", help="Build this step and what it needs, no more.")
@click.option("--enter", metavar="STEP", help="Open a shell in the sandbox of a step.")
def build(  # noqa: PLR0913 - one parameter for each option
    *,
    python: str,
    arch: str,
    edition: str,
    nearest: bool,
    start: str | None,
    profile: str,
    sources: tuple[str, ...],
    output: Path | None,
    jobs: int,
    dry_run: bool,
    offline: bool,
    check: bool,
    twice: bool,
    prune: bool,
    until: str | None,
    enter: str | None,
) -> None:
    """Build the distribution from source; the path of the finished tree is printed last."""
    chosen = the_edition(edition)
    settings = Settings(
        python=python or next(iter(chosen.pythons)),
        arch=Arch(arch),
        profile=profile,
        jobs=jobs,
        edition=edition,
        start=start or chosen.start,
        nearest=nearest,
    )
    with Progress.shown() as progress:
        forge = make(chosen, settings, sources, progress, offline=offline)
        plan = forge.plan(enter or until or TARGET)
        if dry_run:
            show(forge, plan)
            return
        if twice:
            source = forge.project.build / "otherworld" / "otherworld.c"
            reproducible.verify(forge, plan, source, progress)
            return
        if check:
            verify(forge, plan, progress)
        if prune:
            gone = forge.store.prune({step.key for step in plan.steps.values()})
            progress.line(f"pruned {gone} folders")
        if not enter:
            click.echo(finished(forge, plan, progress, output))
            return
    look_around(forge, plan, enter)


def the_edition(name: str) -> Edition:
    """The edition of a name; UsageError with the names there are."""
    editions = load_editions(places.project_root() / "build" / "editions")
    if name not in editions:
        raise UsageError(f"there is no edition {name}", move=f"there are {', '.join(editions)}")
    return editions[name]


def make(  # noqa: PLR0913 - what a build is, and where its recipes and archives come from
    edition: Edition,
    settings: Settings,
    names: tuple[str, ...],
    progress: Progress,
    *,
    offline: bool = False,
    recipes_in: Path | None = None,
) -> Forge:
    """Read the checkout's build/, or `recipes_in` for it.

    RecipeError for any mistake in it, EverylinuxError for a missing tool.
    """
    from everylinux.forge import recipe, systems  # noqa: PLC0415 - only where a build is asked for

    machine = Path("/")
    if settings.profile == "release":
        toolchain.missing(("bwrap",))
        root = build_root(progress.line, offline=offline)
        machine, programs = root.path, root.programs
    else:
        toolchain.missing()
        toolchain.missing_for(settings.arch)
        programs = toolchain.fingerprint()
    data, cache = recipes_in or places.project_root() / "build", places.cache_root()
    store = Store(cache)
    store.make()
    store.sweep()
    lock = load_lock(data / "lock.yaml")
    recipes = select(recipe.load_recipes(data / "recipes"), edition, settings)
    return Forge(
        project=Project(data, systems.SYSTEMS, systems.HOST_STEPS),
        recipes=recipes,
        lock=lock,
        promises=tuple(promised(edition, settings, recipes, lock)),
        settings=settings,
        store=store,
        sources=Sources(
            cache / "sources", providers(names, cache), offline=offline, say=progress.line
        ),
        toolchain=programs,
        machine=machine,
    )


def finished(forge: Forge, plan: Plan, progress: Progress, output: Path | None) -> Path:
    """Build, publish, and give the path of the finished tree (of a step: in the cache)."""
    plan = forge.fetch(plan)
    tell_corrupt(forge, plan, progress)
    forge.run(plan, progress)
    key = plan.steps[plan.target].key
    if plan.target != TARGET:
        return forge.store.tree(key)
    target = output or places.builds_root() / publish.name(forge.settings, key)
    return publish.publish(forge.store.tree(key), target.absolute(), key)


def tell_corrupt(forge: Forge, plan: Plan, progress: Progress) -> None:
    """Say which cached steps are not as they were written."""
    names = {step.key: name for name, step in plan.steps.items()}
    for key in dict.fromkeys(forge.store.corrupt):
        progress.line(f"{names.get(key, key)}: the cached step is damaged, it is built anew")


def verify(forge: Forge, plan: Plan, progress: Progress) -> None:
    """Verify all cached steps of the plan; damaged ones are removed."""
    for step in plan.steps.values():
        forge.store.has(step.key)
    for key in forge.store.corrupt:
        forge.store.discard(key)
    good = sum(forge.store.has(step.key) for step in plan.steps.values())
    progress.line(f"verified {good} of {len(plan.steps)} steps")


def show(forge: Forge, plan: Plan) -> None:
    """Print the plan."""
    for name, step in plan.steps.items():
        state = (
            "build" if name in plan.todo else "cached" if forge.store.has(step.key) else "unused"
        )
        needs = " ".join(step.recipe.needs) or "-"
        click.echo(f"{state:6} {step.key} {name} {forge.version(name)} <- {needs}")


def look_around(forge: Forge, plan: Plan, name: str) -> None:
    """Open a shell where a failed step stopped, or where a step would begin."""
    if name not in forge.recipes:
        raise UsageError(f"there is no step {name}")
    step = plan.steps[name]
    shop = forge.workshop()
    with forge.store.building(step.key):
        work = workplace(shop, step)
        if not (work.root / FAILED).exists():
            needed = forge.fetch(plan)
            for need in set(plan.todo) - {name}:
                raise UsageError(f"{name} needs {need}, which is not built", move="build it first")
            with log_path(forge.store, step).open("wb") as log:
                work = prepare(shop, needed.steps[name], log)
        line = argv(work, forge.settings, SHELL, terminal=True)
        sys.stderr.write(f"in the sandbox of {name}; leave with exit\n")
        raise SystemExit(subprocess.run(line, env={"PATH": os.defpath}, check=False).returncode)
