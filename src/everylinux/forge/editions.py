"""build/editions/*.yaml: which recipe stands for each component, and which versions are promised.

A recipe's `needs` name components. A component is the recipe of its name, unless the edition, the
Python, the profile or `nearest` (in this order, the last wins) says that another stands for it.
What then stands there may differ for an architecture: `arch` names recipes for recipes.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.errors import RecipeError, UsageError
from everylinux.forge.contract import Recipe, Settings
from everylinux.forge.lock import Entry
from everylinux.strict_yaml import read_yaml, validate

SCHEMA = Path(__file__).with_name("editions.schema.json")
MOVE = "mend the edition"


@dataclass(frozen=True, slots=True)
class Edition:
    """One file of build/editions."""

    name: str
    start: str  # launcher | bootstrap
    matrix: Mapping[str, str]  # component -> promised version
    pythons: Mapping[str, Mapping[str, Any]]  # "3.13" -> version, recipes
    recipes: Mapping[str, str]
    release: Mapping[str, str]
    nearest: Mapping[str, Any]  # why, recipes, pythons; empty if nothing stands in
    arch: Mapping[str, Mapping[str, str]]  # "x86" -> recipe -> the one instead of it
    file: str


def load_editions(folder: Path) -> dict[str, Edition]:
    """All editions by name; RecipeError with the dotted path of a file's first mistake."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise RecipeError(str(folder), "", "no edition there", move="name the folder of *.yaml")
    schema = json.loads(SCHEMA.read_text("utf-8"))
    return {file.stem: _load(file, schema) for file in files}


def _load(file: Path, schema: Mapping[str, Any]) -> Edition:
    document = read_yaml(file, wrong=RecipeError)
    validate(document, schema)
    raw = document.value
    if raw["name"] != file.stem:
        cause = f"{raw['name']} is not the file's name"
        raise RecipeError(file.name, "name", cause, move=f"call it {file.stem}")
    return Edition(
        name=raw["name"],
        start=raw["start"],
        matrix=raw["matrix"],
        pythons=raw["pythons"],
        recipes=raw.get("recipes", {}),
        release=raw.get("release", {}),
        nearest=raw.get("nearest", {}),
        arch=raw.get("arch", {}),
        file=file.name,
    )


def select(
    recipes: Mapping[str, Recipe], edition: Edition, settings: Settings
) -> dict[str, Recipe]:
    """All recipes, with each component replaced by what stands for it; RecipeError, UsageError."""
    if settings.python not in edition.pythons:
        cause = f"the edition {edition.name} has no Python {settings.python}"
        raise UsageError(cause, move=f"it has {', '.join(edition.pythons)}")
    names = {name: name for name in recipes}
    for where, stands in _layers(edition, settings):
        _known(recipes, edition.file, where, stands)
        names.update(stands)
    instead = edition.arch.get(settings.arch, {})
    _known(recipes, edition.file, f"arch.{settings.arch}", instead)
    return {
        component: dataclasses.replace(recipes[instead.get(name, name)], name=component)
        for component, name in names.items()
    }


def _known(recipes: Mapping[str, Recipe], file: str, where: str, stands: Mapping[str, str]) -> None:
    for component, name in stands.items():
        if name not in recipes:
            cause = f"there is no recipe {name}"
            raise RecipeError(file, f"{where}.{component}", cause, move=MOVE)


def _layers(edition: Edition, settings: Settings) -> list[tuple[str, Mapping[str, str]]]:
    python = settings.python
    layers = [
        ("recipes", edition.recipes),
        (f"pythons.{python}.recipes", edition.pythons[python]["recipes"]),
    ]
    if settings.profile == "release":
        layers.append(("release", edition.release))
    if settings.nearest:
        if python not in edition.nearest.get("pythons", {}):
            cause = f"the edition {edition.name} names nothing nearest for Python {python}"
            known = ", ".join(edition.nearest.get("pythons", {})) or "no Python"
            raise UsageError(cause, move=f"it does for {known}")
        layers.append(("nearest.recipes", edition.nearest["recipes"]))
        layers.append((f"nearest.pythons.{python}", edition.nearest["pythons"][python]))
    return layers


def promised(
    edition: Edition, settings: Settings, recipes: Mapping[str, Recipe], lock: Mapping[str, Entry]
) -> list[dict[str, Any]]:
    """The edition's dependency matrix against what is built: component, promised, built, exact."""
    wanted = {**edition.matrix, "cpython": edition.pythons[settings.python]["version"]}
    rows = []
    for component, version in sorted(wanted.items()):
        sources = recipes[component].sources if component in recipes else ()
        built = lock[sources[0]].version if sources and sources[0] in lock else ""
        rows.append(
            {
                "component": component,
                "promised": version,
                "built": built,
                "exact": built == version,
            }
        )
    return rows
