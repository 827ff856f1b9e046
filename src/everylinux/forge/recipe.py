"""build/recipes/*.yaml: one file per component, checked against a schema, as frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from everylinux.errors import RecipeError
from everylinux.forge.contract import Recipe
from everylinux.strict_yaml import read_yaml, validate

SCHEMA = Path(__file__).with_name("recipe.schema.json")


def load_recipes(folder: Path) -> dict[str, Recipe]:
    """All recipes of a folder by name, sorted; RecipeError for the first mistake in a file."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise RecipeError(
            str(folder), "", "no recipe there", move="name the folder of *.yaml files"
        )
    schema = json.loads(SCHEMA.read_text("utf-8"))
    recipes = [_load(file, schema) for file in files]
    return {recipe.name: recipe for recipe in recipes}


def _load(file: Path, schema: Mapping[str, Any]) -> Recipe:
    document = read_yaml(file, wrong=RecipeError)
    validate(document, schema)
    if document.value["name"] != file.stem:
        cause = f"{document.value['name']} is not the file's name"
        raise RecipeError(file.name, "name", cause, move=f"call it {file.stem}")
    return _recipe(file, document.value)


def _recipe(file: Path, raw: Mapping[str, Any]) -> Recipe:
    return Recipe(
        name=raw["name"],
        system=raw["system"],
        digest=_digest(raw),
        needs=tuple(raw.get("needs", ())),
        sources=tuple(raw.get("sources", (raw["name"],))),
        configure=tuple(raw.get("configure", ())),
        project=tuple(raw.get("project", ())),
        installs=tuple(raw.get("installs", ())),
        file=file.name,
        environment=MappingProxyType(dict(raw.get("environment", {}))),
        licence=MappingProxyType(dict(raw.get("licence", {}))),
        patches=raw.get("patches", raw["name"]),
    )


def _digest(raw: Mapping[str, Any]) -> str:
    """Of the content, so that a comment or the order of keys rebuilds nothing."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
