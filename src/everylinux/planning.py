"""What a run judges and where: the artefact, the cells that can run, those that cannot and why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, is_dataclass
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

from everylinux import distribution, images, matrix, postures, system
from everylinux.checks import PROFILES
from everylinux.engines.base import Engine
from everylinux.engines.registry import choose
from everylinux.errors import BuildError, UsageError
from everylinux.kernels import choosing
from everylinux.matrix import Matrix
from everylinux.model import (
    DEFAULT,
    NATIVE,
    Cell,
    Distribution,
    Image,
    NotRun,
    RootFs,
    Support,
    as_row,
)
from everylinux.places import project_root

Say = Callable[[str], None]
PYTHONS = ("3.13",)
"""Versions that the build stage makes; `--dist` may be any."""
NOT_ITS_OWN = "a system's own Python runs in its own root: --dist system --distro ID"
FOREIGN = "a userland of another architecture has no C library for it, and this tree brings none"
NO_SHELL = "the distribution starts by a wrapper in sh, and this Linux has no shell"


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    distros: tuple[str, ...] = ()
    archs: tuple[str, ...] = ()
    python: str = ""
    engine: str = "auto"
    dist: Path | None = None
    profile: str = ""
    rootfs_dir: Path | None = None
    offline: bool = False
    kernels: tuple[str, ...] = ()
    postures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What a cell differs in beside its userland."""

    kernel: str = NATIVE
    posture: str = DEFAULT


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that every worker must agree on; travels as JSON."""

    folder: Path  # of the run
    project: Path
    distribution: Distribution
    engine: str
    engine_note: str
    roots: tuple[RootFs, ...]  # sorted by image: one for each cell, so one may be there again
    not_run: tuple[NotRun, ...] = ()
    settings: tuple[Setting, ...] = ()  # as many as roots; empty: all native and default

    @property
    def cells(self) -> dict[str, Cell]:
        """The cells that can run, by id, in order."""
        python = self.distribution.python
        settings = self.settings or (Setting(),) * len(self.roots)
        cells = (
            Cell(root.image, python, self.engine, at.kernel, at.posture)
            for root, at in zip(self.roots, settings, strict=True)
        )
        return {cell.id: cell for cell in cells}

    @property
    def root_of(self) -> dict[str, RootFs]:
        """Each cell's root filesystem."""
        return dict(zip(self.cells, self.roots, strict=True))

    @property
    def summary(self) -> str:
        """What will be judged and where, in one line."""
        subject = self.distribution
        lost = f", {len(self.not_run)} cannot run" if self.not_run else ""
        return (
            f"Python {subject.python} for {subject.arch} ({subject.profile}) in {len(self.roots)}"
            f" {'cell' if len(self.roots) == 1 else 'cells'} of {self.engine_note}{lost}"
        )

    def to_json(self) -> str:
        """The plan as text."""
        return json.dumps(as_row(self), default=_plain)

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """The plan from text."""
        data = json.loads(text)
        return cls(
            folder=Path(data["folder"]),
            project=Path(data["project"]),
            distribution=_distribution(data["distribution"]),
            engine=data["engine"],
            engine_note=data["engine_note"],
            roots=tuple(_root(found) for found in data["roots"]),
            not_run=tuple(NotRun(**{**r, "image": _image(r["image"])}) for r in data["not_run"]),
            settings=tuple(Setting(**found) for found in data["settings"]),
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - what json cannot write
    return as_row(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _distribution(data: Mapping[str, Any]) -> Distribution:
    names = tuple(data.get("names", ()))
    return Distribution(**{**data, "root": Path(data["root"]), "names": names})


def _image(data: Mapping[str, Any]) -> Image:
    return Image(**{**data, "ca": tuple(data["ca"]), "support": Support(data["support"])})


def _root(data: Mapping[str, Any]) -> RootFs:
    return RootFs(**{**data, "image": _image(data["image"]), "path": Path(data["path"])})


@dataclass(frozen=True, slots=True)
class Choice:
    """The images that the user's words name, and which of them can be had."""

    roots: tuple[RootFs, ...]
    not_run: tuple[NotRun, ...] = field(default=())
    settings: tuple[Setting, ...] = ()  # as of Plan


def choose_images(options: Options, say: Say, table: Matrix | None = None) -> Choice:
    """Find a root filesystem for each image that was asked for; `table` if it was read before."""
    wanted = (table or matrix.load()).select(options.distros, options.archs)
    roots, not_run = images.gather(
        wanted, rootfs_dir=options.rootfs_dir, offline=options.offline, progress=say
    )
    return Choice(tuple(sorted(roots, key=lambda root: root.image)), tuple(not_run))


def startable(chosen: Choice, subject: Distribution) -> Choice:
    """Without the images that have no shell, where the distribution starts by a wrapper in sh.

    And without those of another architecture where it does not promise to bring all that it needs.
    """
    if subject.profile != "standalone":
        chosen = _of_its_kind(chosen, subject)
    if subject.manifest.get("start") != "bootstrap":
        return chosen
    lost = [root.image for root in chosen.roots if not root.image.shell]
    return Choice(
        tuple(root for root in chosen.roots if root.image.shell),
        (*chosen.not_run, *(NotRun(image, NO_SHELL) for image in lost)),
    )


def _of_its_kind(chosen: Choice, subject: Distribution) -> Choice:
    """The images of its architecture; who asked for others only is told that they cannot run."""
    roots = tuple(root for root in chosen.roots if root.image.arch == subject.arch)
    rows = tuple(row for row in chosen.not_run if row.image.arch == subject.arch)
    if roots or rows:
        return Choice(roots, rows)
    lost = tuple(NotRun(root.image, FOREIGN) for root in chosen.roots)
    return Choice((), (*chosen.not_run, *lost))


def settle(
    chosen: Choice,
    options: Options,
    engine: Engine,
    python: str,
    table: Matrix | None = None,
) -> Choice:
    """Each root under each kernel and in each posture; what the engine refuses is told as such."""
    known = (table or matrix.load()).kernels
    kernels = choosing.words(options.kernels, known)
    kept: list[tuple[RootFs, Setting]] = []
    lost = list(chosen.not_run)
    for root, word, posture in product(chosen.roots, kernels, postures.named(options.postures)):
        kernel = choosing.kernel_for(word, root.image, known, boots=engine.boots)
        reason = engine.refuses(Cell(root.image, python, engine.name, kernel, posture))
        if reason:
            lost.append(NotRun(root.image, reason, kernel, posture))
        else:
            kept.append((root, Setting(kernel, posture)))
    unique = dict.fromkeys(kept)  # native and declared may be one
    return Choice(tuple(r for r, _ in unique), tuple(lost), tuple(s for _, s in unique))


def make_plan(options: Options, folder: Path, say: Say) -> Plan:
    """Decide what to judge and where; UsageError and its like where that cannot be."""
    if options.profile and options.profile not in PROFILES:
        raise UsageError(f"no profile is called {options.profile!r}", move=", ".join(PROFILES))
    table = matrix.load()
    choosing.words(options.kernels, table.kernels)  # a typo is told before a digest
    postures.named(options.postures)
    chosen, subject = _chosen(options, say, table)
    engine = choose(options.engine)
    chosen = settle(chosen, options, engine, subject.python, table)
    return Plan(
        folder=folder,
        project=project_root(),
        distribution=subject,
        engine=engine.name,
        engine_note=f"{engine.name}, {'chosen' if options.engine == 'auto' else 'as asked'}",
        roots=chosen.roots,
        not_run=chosen.not_run,
        settings=chosen.settings,
    )


def _chosen(options: Options, say: Say, table: Matrix) -> tuple[Choice, Distribution]:
    """The images and the artefact; a system's own Python is that of its image."""
    if options.dist == system.WORD:
        chosen = choose_images(options, say, table)
        return chosen, system.resolve(chosen.roots, options.profile)
    subject = _subject(options, say)
    chosen = startable(choose_images(options, say, table), subject)
    if subject.profile != "system":
        return chosen, subject
    lost = tuple(NotRun(root.image, NOT_ITS_OWN) for root in chosen.roots)
    return Choice((), (*chosen.not_run, *lost)), subject


def _subject(options: Options, say: Say) -> Distribution:
    """The artefact: what was named, else the newest build, else a new one."""
    if options.dist:
        found = distribution.resolve(options.dist, profile=options.profile)
        if options.python and options.python != found.python:
            raise UsageError(
                f"{options.dist} is Python {found.python}, not {options.python}",
                move="leave --python out, or name another --dist",
            )
        return found
    python = options.python or PYTHONS[0]
    if python not in PYTHONS:
        raise UsageError(
            f"no recipe builds Python {python}", move=f"{', '.join(PYTHONS)}, or name a --dist"
        )
    path = distribution.newest(python) or _build(python, options, say)
    return distribution.resolve(path, profile=options.profile)


def _build(python: str, options: Options, say: Say) -> Path:
    """Build one by the command line, which shows its own progress on stderr."""
    say(f"no build of Python {python} yet: building one (about 10 minutes)")
    argv = [sys.executable, "-m", "everylinux", "build", "--python", python]
    argv += ["--offline"] if options.offline else []
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=False, text=True)
    if done.returncode or not done.stdout.strip():
        raise BuildError("the build failed", move="its last lines stand above")
    return Path(PurePosixPath(done.stdout.strip().splitlines()[-1]))
