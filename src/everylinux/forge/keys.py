"""The key of a step: everything that may change what it leaves."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import zstandard

from everylinux.errors import RecipeError
from everylinux.forge.contract import Command, HostStep, Recipe, Settings, System
from everylinux.forge.lock import Form
from everylinux.forge.store import digests

SCHEMA = 1  # of keys and of the sandbox: raise it when either changes what a step sees
PACKAGE = "everylinux.forge"


@dataclass(frozen=True, slots=True)
class Project:
    """The data of a checkout, and the code that knows how."""

    build: Path  # the checkout's build/
    systems: Mapping[str, System]
    host_steps: Mapping[str, HostStep]

    def patches(self, recipe: Recipe) -> Path:
        """The folder of a recipe's patches; it may not be there."""
        return self.build / "patches" / (recipe.patches or recipe.name)

    def parts(self, recipe: Recipe) -> tuple[Path, ...]:
        """The folders of the checkout that a recipe reads."""
        return tuple(self.build / name for name in recipe.project)


def commands(project: Project, recipe: Recipe, settings: Settings) -> tuple[Command, ...] | None:
    """The commands of a step; None if it is one of the host's; RecipeError if it is neither."""
    if recipe.system in project.host_steps:
        return None
    if recipe.system in project.systems:
        return project.systems[recipe.system](recipe, settings)
    known = ", ".join(sorted({*project.systems, *project.host_steps}))
    file = recipe.file or f"{recipe.name}.yaml"
    raise RecipeError(file, "system", f"{recipe.system} is not known", move=f"known are {known}")


@dataclass(frozen=True, slots=True)
class Given:
    """What a key covers beside the recipe itself."""

    settings: Settings
    forms: tuple[Form, ...]  # the archives that are used
    toolchain: Mapping[str, str]
    needs: Mapping[str, str]  # keys of the direct needs, by name


def inputs(project: Project, recipe: Recipe, given: Given) -> dict[str, Any]:
    """All that the key covers, as JSON."""
    one = dataclasses.replace(given.settings, jobs=1)
    steps = commands(project, recipe, one)
    return {
        "schema": SCHEMA,
        "recipe": recipe.digest,
        "name": recipe.name,
        "arch": one.arch,
        "source_date_epoch": one.source_date_epoch,
        "how": _host(project, recipe, one) if steps is None else _plain(steps),
        "sources": [[form.entry, form.sha256] for form in given.forms],
        "patches": contents(project.patches(recipe)),
        "project": {part.name: _part(recipe, part) for part in project.parts(recipe)},
        "toolchain": dict(given.toolchain),
        "needs": dict(given.needs),
    }


def key(covered: Mapping[str, Any]) -> str:
    """The key: 32 hex digits."""
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def contents(folder: Path) -> dict[str, list[Any]]:
    """Path -> [executable, sha256 or link target]: without what a checkout's umask changes."""
    found = digests(folder)
    return {
        path: [isinstance(mode, int) and bool(mode & 0o100), content]
        for path, (mode, content) in found.items()
        if content != "folder"
    }


def _plain(steps: Sequence[Command]) -> list[Any]:
    return [[list(step.argv), step.cwd, dict(step.env)] for step in steps]


def _part(recipe: Recipe, part: Path) -> Any:  # noqa: ANN401 - JSON
    found = contents(part)
    if not found:
        file = recipe.file or f"{recipe.name}.yaml"
        raise RecipeError(file, "project", f"build/{part.name} is not there or is empty")
    return found


def _host(project: Project, recipe: Recipe, settings: Settings) -> dict[str, Any]:
    step = project.host_steps[recipe.system]
    return {
        "settings": dataclasses.asdict(settings),
        "code": code_digest(step.__module__),
        "python": platform.python_version(),
        "zstandard": zstandard.__version__,
        "cyclonedx": importlib.metadata.version("cyclonedx-python-lib"),
    }


@cache
def code_digest(module: str) -> str:
    """The sha256 of a module's source and of those of this package that it imports."""
    seen: dict[str, str] = {}
    todo = [module]
    while todo:
        name = todo.pop()
        source = _source(name)
        if name in seen or source is None:
            continue
        seen[name] = hashlib.sha256(source).hexdigest()
        todo += _imports(source)
    return hashlib.sha256(json.dumps(sorted(seen.items())).encode()).hexdigest()


def _source(name: str) -> bytes | None:
    loaded = sys.modules.get(name)
    place = getattr(loaded, "__file__", None)
    if place is None:
        spec = importlib.util.find_spec(name) if name.startswith(PACKAGE) else None
        place = spec.origin if spec else None
    return Path(place).read_bytes() if place and Path(place).is_file() else None


def _imports(source: bytes) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.startswith(PACKAGE)]
    return [name for name in found if _is_module(name)]


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
