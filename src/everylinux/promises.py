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
    chosen = dict(_stand_ins(project, manifest, python))
    recipes = {path.stem for path in (project / "build/recipes").glob("*.yaml")}
    found = dict(archives)  # a component with an entry of its name needs no recipe read
    for component in (recipes - archives.keys()) | chosen.keys():
        recipe = chosen.get(component, component)
        path = project / "build/recipes" / f"{recipe}.yaml"
        sources = _read(path).get("sources", [recipe]) if path.exists() else []
        if sources and sources[0] in archives:
            found[component] = archives[sources[0]]
    return found


def _stand_ins(project: Path, manifest: Data, python: str) -> Iterator[tuple[str, str]]:
    """Yield (component, recipe), the last of a component wins."""
    about = manifest.get("edition")
    about = about if isinstance(about, dict) else {}
    path = project / "build/editions" / f"{about.get('name', 'current')}.yaml"
    if path.parent != project / "build/editions" or not path.is_file():
        return
    edition = _read(path)
    yield from edition.get("recipes", {}).items()
    yield from edition["pythons"].get(python, {}).get("recipes", {}).items()
    if manifest.get("profile") == "release":
        yield from edition.get("release", {}).items()
    if about.get("nearest") is True and "nearest" in edition:
        yield from edition["nearest"]["recipes"].items()
        yield from edition["nearest"]["pythons"].get(python, {}).items()


def _read(path: Path) -> Any:  # noqa: ANN401 - any YAML
    return read_yaml(path, wrong=RecipeError, numbers=True).value
