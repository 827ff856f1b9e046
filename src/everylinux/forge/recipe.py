"""build/recipes/*.yaml: one file per component, checked against a schema, as frozen values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import yaml

from everylinux.errors import RecipeError
from everylinux.forge.contract import Recipe

SCHEMA = Path(__file__).with_name("recipe.schema.json")
MOVE = "mend the recipe"


def load_recipes(folder: Path) -> dict[str, Recipe]:
    """All recipes of a folder by name, sorted; RecipeError for the first mistake in a file."""
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise RecipeError(
            str(folder), "", "no recipe there", move="name the folder of *.yaml files"
        )
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text("utf-8")))
    recipes = [_load(file, validator) for file in files]
    return {recipe.name: recipe for recipe in recipes}


def _load(file: Path, validator: jsonschema.Draft202012Validator) -> Recipe:
    raw = _read(file)
    mistakes = sorted(validator.iter_errors(raw), key=lambda error: list(map(str, error.path)))
    if mistakes:
        where = ".".join(map(str, mistakes[0].absolute_path))
        raise RecipeError(file.name, where, mistakes[0].message[:200], move=MOVE)
    if raw["name"] != file.stem:
        cause = f"{raw['name']} is not the file's name"
        raise RecipeError(file.name, "name", cause, move=f"call it {file.stem}")
    return _recipe(file, raw)


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: YAML would silently take the last."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    twice = {str(key) for key in keys if keys.count(key) > 1}
    if twice:
        problem = f"{', '.join(sorted(twice))} stands twice"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def _read(file: Path) -> Any:  # noqa: ANN401 - judged by the schema
    try:
        return yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise RecipeError(file.name, "", f"cannot be read ({error.strerror})", move=MOVE) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(file.name, "", f"is no YAML: {error}", move=MOVE) from None


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
