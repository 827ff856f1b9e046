"""Which entry of build/lock.yaml each component of an edition is built from.

The harness's own reading of build/editions and build/recipes: the builder has another (forge), and
both must agree; what a distribution says of itself is only the name of its edition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from everylinux.errors import RecipeError
from everylinux.strict_yaml import read_yaml

Data = Mapping[str, Any]


def pinned(project: Path, manifest: Data, python: str) -> dict[str, Data]:
    """Component -> its entry in the lock, for the edition that a manifest names.

    Without one (somebody else's Python) it is the edition `current`.
    """
    archives = _read(project / "build/lock.yaml")["archives"]
    chosen, instead = dict(_stand_ins(project, manifest, python)), _instead(project, manifest)
    recipes = {path.stem for path in (project / "build/recipes").glob("*.yaml")}
    found = dict(archives)  # a component with an entry of its name needs no recipe read
    for component in (recipes - archives.keys()) | chosen.keys():
        recipe = chosen.get(component, component)
        recipe = instead.get(recipe, recipe)
        path = project / "build/recipes" / f"{recipe}.yaml"
        sources = _read(path).get("sources", [recipe]) if path.exists() else []
        if sources and sources[0] in archives:
            found[component] = archives[sources[0]]
    return found


def _stand_ins(project: Path, manifest: Data, python: str) -> Iterator[tuple[str, str]]:
    """Yield (component, recipe), the last of a component wins."""
    edition, about = _edition(project, manifest), _about(manifest)
    if not edition:
        return
    yield from edition.get("recipes", {}).items()
    yield from edition["pythons"].get(python, {}).get("recipes", {}).items()
    if manifest.get("profile") == "release":
        yield from edition.get("release", {}).items()
    if about.get("nearest") is True and "nearest" in edition:
        yield from edition["nearest"]["recipes"].items()
        yield from edition["nearest"]["pythons"].get(python, {}).items()


def _instead(project: Path, manifest: Data) -> Data:
    """Recipe -> the one instead of it on the manifest's architecture."""
    found: Data = _edition(project, manifest).get("arch", {}).get(str(manifest.get("arch")), {})
    return found


def _about(manifest: Data) -> Data:
    about = manifest.get("edition")
    return about if isinstance(about, dict) else {}


def _edition(project: Path, manifest: Data) -> Data:
    """The edition that a manifest names, empty if there is none of that name."""
    path = project / "build/editions" / f"{_about(manifest).get('name', 'current')}.yaml"
    if path.parent != project / "build/editions" or not path.is_file():
        return {}
    found: Data = _read(path)
    return found


def _read(path: Path) -> Any:  # noqa: ANN401 - any YAML
    return read_yaml(path, wrong=RecipeError, numbers=True).value
