"""A build: plan, sources, steps in parallel."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everylinux.forge.contract import Recipe, Settings
from everylinux.forge.keys import Given, Project, commands, inputs, key
from everylinux.forge.lock import Entry, Form
from everylinux.forge.order import check_sources, closure, ordered, to_build
from everylinux.forge.progress import Progress
from everylinux.forge.sources import Sources
from everylinux.forge.step import Children, Step, StepFailedError, Workshop, build, log_path
from everylinux.forge.store import Store

FETCHES = 4  # archives at a time

LONG = ("openssl", "tcl", "sqlite3", "libx11", "ncurses", "util-linux")
"""The steps that take longest (docs/build.md), longest first: started late, they end alone."""

WHOLE = frozenset({"binutils", "gcc", "cpython"})
"""Steps that most others wait for, or that wait for most others: what runs beside one soon ends, so
it has all processes from its start. With a share of them, a core was idle for three minutes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps of a target in build order, and which of them must be built."""

    target: str
    steps: Mapping[str, Step]
    todo: frozenset[str]


@dataclass(slots=True)
class Forge:
    """Builds one target of one project."""

    project: Project
    recipes: Mapping[str, Recipe]
    lock: Mapping[str, Entry]
    settings: Settings
    store: Store
    sources: Sources
    toolchain: Mapping[str, str]
    children: Children = field(default_factory=Children)
    promises: tuple[Mapping[str, Any], ...] = ()  # editions.promised
    machine: Path = Path("/")  # whose programs build

    def plan(self, target: str) -> Plan:
        """What would be done; asks no network. RecipeError for any mistake in the data."""
        names = ordered(self.recipes, target)
        check_sources(self.recipes, self.lock)
        steps: dict[str, Step] = {}
        for name in names:
            steps[name] = self._step(name, steps)
        todo = to_build(self.recipes, target, lambda name: self.store.has(steps[name].key))
        return Plan(target, steps, todo)

    def _step(self, name: str, done: Mapping[str, Step]) -> Step:
        recipe = self.recipes[name]
        forms = tuple(self.sources.chosen(self.lock[source]) for source in recipe.sources)
        needs = {need: done[need].key for need in sorted(recipe.needs)}
        covered = inputs(self.project, recipe, Given(self.settings, forms, self.toolchain, needs))
        below = closure(self.recipes, name)
        needed = [step for step in done.values() if step.recipe.name in below]
        return Step(
            recipe=recipe,
            key=key(covered),
            forms=forms,
            needed=tuple(step.key for step in needed),
            covered=covered,
            settings=self.settings,
            info=self._info(recipe, needed),
        )

    def _info(self, recipe: Recipe, needed: Iterable[Step]) -> dict[str, object]:
        if recipe.system not in self.project.host_steps:
            return {}
        settings = dataclasses.asdict(self.settings)
        del settings["jobs"]
        return {
            "settings": settings,
            "toolchain": dict(self.toolchain),
            "promises": [dict(row) for row in self.promises],
            "components": [self._component(step) for step in needed],
        }

    def _component(self, step: Step) -> dict[str, object]:
        one = dataclasses.replace(self.settings, jobs=1)
        steps = commands(self.project, step.recipe, one) or ()
        patches: Mapping[str, tuple[bool, str]] = step.covered["patches"]
        return {
            "recipe": step.recipe.name,
            "key": step.key,
            "flags": [list(command.argv) for command in steps],
            "env": [dict(command.env) for command in steps],
            "patches": [{"file": file, "sha256": sha} for file, (_, sha) in patches.items()],
            "sources": [self._source(form) for form in step.forms],
        }

    def _source(self, form: Form) -> dict[str, object]:
        return {
            "name": form.entry,
            "version": self.lock[form.entry].version,
            "file": form.file,
            "size": form.size,  # as the lock has it: what is fetched today must not matter
            "sha256": form.sha256,
            "origin": dict(form.origin),
        }

    def workshop(self) -> Workshop:
        """What all steps share."""
        return Workshop(self.store, self.project, self.children, self.sources.folder, self.machine)

    def version(self, name: str) -> str:
        """The version of a recipe's first source, "" if it has none."""
        sources = self.recipes[name].sources
        return self.lock[sources[0]].version if sources else ""

    def fetch(self, plan: Plan) -> Plan:
        """Get the archives that the plan's steps need; the plan anew, if a form changed."""
        while missing := self._missing(plan):
            self.sources.leave(missing)
            with ThreadPoolExecutor(FETCHES) as pool:
                list(pool.map(self.sources.obtain, missing))
            plan = self.plan(plan.target)
        return plan

    def _missing(self, plan: Plan) -> list[Entry]:
        names = {form.entry for name in plan.todo for form in plan.steps[name].forms}
        entries = [self.lock[name] for name in sorted(names)]
        return [entry for entry in entries if not self.sources.has(entry)]

    def run(self, plan: Plan, progress: Progress) -> None:
        """Build what the plan says; the first failure is raised when all that ran has ended."""
        progress.total = len(plan.todo) or 1
        if not plan.todo:
            progress.finished(plan.target, self.version(plan.target), "from cache")
        with ThreadPoolExecutor(max(1, self.settings.jobs)) as pool:
            try:
                self._schedule(plan, pool, progress)
            except BaseException:
                self.children.stop()
                raise

    def _schedule(self, plan: Plan, pool: ThreadPoolExecutor, progress: Progress) -> None:
        left = {name: self._open_needs(plan, name) for name in plan.todo}
        height = self._heights(plan)
        running: dict[Future[None], str] = {}
        failed: list[BaseException] = []
        jobs = max(1, self.settings.jobs)
        while running or (left and not failed):
            ready = [name for name, needs in left.items() if not needs and not failed]
            free = jobs - len(running)
            starting = sorted(ready, key=lambda name: (-height[name], _rank(name), name))[:free]
            share = max(1, jobs // max(1, len(running) + len(starting)))
            for name in starting:
                del left[name]
                step = _with_jobs(plan.steps[name], jobs if name in WHOLE else share)
                running[pool.submit(self._one, step, progress)] = name
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(future)
                if error := future.exception():
                    failed.append(error)
                for needs in left.values():
                    needs.discard(name)
        if failed:
            raise failed[0]

    def _open_needs(self, plan: Plan, name: str) -> set[str]:
        return set(closure(self.recipes, name) & plan.todo)

    def _heights(self, plan: Plan) -> dict[str, int]:
        """How many steps of the plan wait for each: what many wait for goes first."""
        return {
            name: sum(name in closure(self.recipes, other) for other in plan.todo)
            for name in plan.todo
        }

    def _one(self, step: Step, progress: Progress) -> None:
        name, version = step.recipe.name, self.version(step.recipe.name)
        shop = self.workshop()

        def waiting() -> None:
            progress.line(f"{name}: another build is at it, waiting")

        with self.store.building(step.key, self.children.stopping, waiting) as held:
            if not held:
                return
            if self.store.has(step.key):
                progress.finished(name, version, "from cache (another build made it)")
                return
            began = time.monotonic()
            progress.started(name, version, step.settings.jobs)
            try:
                build(shop, step, log_path(self.store, step))
            except StepFailedError as error:
                progress.finished(name, version, "failed", time.monotonic() - began)
                for line in error.last_lines():
                    progress.line(f"    | {line}")
                raise
            progress.finished(name, version, "built", time.monotonic() - began)


def _rank(name: str) -> int:
    """Where a step stands in LONG; what is not in it comes last."""
    return LONG.index(name) if name in LONG else len(LONG)


def _with_jobs(step: Step, jobs: int) -> Step:
    return dataclasses.replace(step, settings=dataclasses.replace(step.settings, jobs=jobs))
