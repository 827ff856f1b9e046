"""The child that runs one host step: `python -m everylinux.forge.hosted ORDER.json`."""

from __future__ import annotations

import importlib
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from everylinux.forge.contract import HostStep, Recipe, Settings


@dataclass(frozen=True, slots=True)
class Order:
    """What to run; written by the driver, read by the child."""

    module: str
    function: str
    recipe: Recipe
    settings: Settings
    inputs: str
    output: str
    search: tuple[str, ...]  # sys.path of the driver


def write(path: Path, order: Order) -> None:
    """Write an order; the values are plain data."""
    recipe = {name: getattr(order.recipe, name) for name in order.recipe.__dataclass_fields__}
    settings = {name: getattr(order.settings, name) for name in order.settings.__dataclass_fields__}
    fields = {name: getattr(order, name) for name in order.__dataclass_fields__}
    path.write_text(json.dumps({**fields, "recipe": recipe, "settings": settings}, default=dict))


def run(path: Path) -> None:
    """Run the step of an order."""
    raw = json.loads(path.read_text())
    sys.path[:] = raw["search"]
    os.umask(0o022)
    step = cast("HostStep", getattr(importlib.import_module(raw["module"]), raw["function"]))
    fields: dict[str, Any] = {name: _frozen(value) for name, value in raw["recipe"].items()}
    recipe = Recipe(**fields)
    settings = Settings(**raw["settings"])
    step(recipe, settings, Path(raw["inputs"]), Path(raw["output"]))


def _frozen(value: object) -> object:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


if __name__ == "__main__":
    run(Path(sys.argv[1]))
