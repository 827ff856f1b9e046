"""Builds the trees of the faults that only another build has: `everylinux sabotage`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from everylinux import places
from everylinux.commands import build
from everylinux.forge.contract import TARGET, Settings
from everylinux.forge.progress import Progress
from everylinux.sabotage.registry import Fault

EDITION = "current"
SOURCES = ("upstream", "debian")


def build_all(faults: Iterable[Fault]) -> None:
    """Build each variant among the faults, all but what it changes from the cache.

    BuildError if one cannot be built: a fault that breaks the build is no fault of a distribution.
    """
    for fault in faults:
        if fault.kind == "variant":
            _build(fault)


def _build(fault: Fault) -> Path:
    edition = build.the_edition(EDITION)
    settings = Settings(
        python=next(iter(edition.pythons)),
        profile="quick",
        jobs=os.cpu_count() or 1,
        edition=EDITION,
        start=edition.start,
    )
    with tempfile.TemporaryDirectory(prefix="everylinux-variant-") as work:
        recipes = Path(work) / "build"
        shutil.copytree(places.project_root() / "build", recipes, symlinks=True)
        fault.apply(recipes)
        with Progress.shown() as progress:
            progress.line(f"variant {fault.name}")
            forge = build.make(edition, settings, SOURCES, progress, recipes_in=recipes)
            target = places.variants_root() / fault.name
            return build.finished(forge, forge.plan(TARGET), progress, target)
