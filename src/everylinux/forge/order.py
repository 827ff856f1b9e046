"""The order of steps: a directed graph without circles, and what of it must be built."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter

from everylinux.errors import RecipeError, UsageError
from everylinux.forge.contract import Recipe
from everylinux.forge.lock import Entry


def ordered(recipes: Mapping[str, Recipe], target: str) -> tuple[str, ...]:
    """`target` and all it needs, each after what it needs, by name where that leaves a choice.

    RecipeError for an unknown need or a circle anywhere among the recipes; UsageError for an
    unknown target.
    """
    if target not in recipes:
        raise UsageError(f"there is no recipe {target}", move=f"there are {', '.join(recipes)}")
    for recipe in recipes.values():
        _known(recipe, recipes)
    try:
        TopologicalSorter({name: recipe.needs for name, recipe in recipes.items()}).prepare()
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        first = recipes[error.args[1][0]]
        raise RecipeError(_file(first), "needs", f"a circle: {circle}", move="break it") from None
    return _sorted(recipes, {target, *closure(recipes, target)})


def _sorted(recipes: Mapping[str, Recipe], names: set[str]) -> tuple[str, ...]:
    sorter = TopologicalSorter({name: recipes[name].needs for name in names})
    sorter.prepare()
    result: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        result += ready
        sorter.done(*ready)
    return tuple(result)


def closure(recipes: Mapping[str, Recipe], name: str) -> frozenset[str]:
    """Everything that a recipe needs, transitively, without itself."""
    found: set[str] = set()
    todo = list(recipes[name].needs)
    while todo:
        need = todo.pop()
        if need not in found:
            found.add(need)
            todo += recipes[need].needs
    return frozenset(found)


def _known(recipe: Recipe, recipes: Mapping[str, Recipe]) -> None:
    for index, need in enumerate(recipe.needs):
        if need not in recipes:
            near = difflib.get_close_matches(need, recipes, 1)
            move = f"did you mean {near[0]}?" if near else "add its recipe"
            where = f"needs.{index}"
            raise RecipeError(_file(recipe), where, f"there is no recipe {need}", move=move)


def check_sources(recipes: Mapping[str, Recipe], lock: Mapping[str, Entry]) -> None:
    """RecipeError for a source that the lock does not pin."""
    for recipe in recipes.values():
        for index, source in enumerate(recipe.sources):
            if source not in lock:
                cause = f"the lock pins no {source}"
                where = f"sources.{index}"
                raise RecipeError(_file(recipe), where, cause, move="pin it in build/lock.yaml")


def to_build(
    recipes: Mapping[str, Recipe], target: str, cached: Callable[[str], bool]
) -> frozenset[str]:
    """What must be built for `target`: asks `cached` only for what is used."""
    found: set[str] = set()
    asked: dict[str, bool] = {}
    todo = [target]
    while todo:
        name = todo.pop()
        if name not in asked:
            asked[name] = cached(name)
            if not asked[name]:
                found.add(name)
                todo += closure(recipes, name)
    return frozenset(found)


def _file(recipe: Recipe) -> str:
    return recipe.file or f"{recipe.name}.yaml"
