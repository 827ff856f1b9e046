"""Where things lie on this machine: the cache, finished builds, the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from everylinux.errors import UsageError


def cache_root() -> Path:
    """The folder of everything that can be made again: EVERYLINUX_CACHE, else the user's cache."""
    chosen = os.environ.get("EVERYLINUX_CACHE")
    return Path(chosen).absolute() if chosen else platformdirs.user_cache_path("everylinux")


def builds_root() -> Path:
    """The folder that has one folder per finished build, each with the tree and its archives."""
    return cache_root() / "builds"


def variants_root() -> Path:
    """The folder of builds that are broken on purpose, where nobody takes them for good ones."""
    return cache_root() / "variants"


def project_root() -> Path:
    """The checkout that has build/recipes: the current folder or one above it, else the package's.

    UsageError where there is none (an installed wheel carries no recipes).
    """
    here = Path.cwd()
    for folder in (here, *here.parents, *Path(__file__).resolve().parents):
        if (folder / "build" / "recipes").is_dir() and (folder / "src" / "everylinux").is_dir():
            return folder
    msg = "no build/recipes in this folder or above it"
    raise UsageError(msg, move="run it in a checkout of everylinux")
