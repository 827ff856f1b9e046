"""forge/editions.py: which recipe stands for each component."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from everylinux import promises
from everylinux.errors import EverylinuxError, RecipeError, UsageError
from everylinux.forge.contract import MACHINES, TARGET, X86, Recipe, Settings
from everylinux.forge.editions import load_editions, promised, select
from everylinux.forge.lock import load_lock
from everylinux.forge.order import check_sources, closure, ordered
from everylinux.forge.recipe import load_recipes

PROJECT = Path(__file__).parents[2]
BUILD = PROJECT / "build"
RECIPES = load_recipes(BUILD / "recipes")
EDITIONS = load_editions(BUILD / "editions")
LOCK = load_lock(BUILD / "lock.yaml")
GOOD: dict[str, Any] = {
    "name": "a",
    "says": "all",
    "start": "launcher",
    "matrix": {"zlib": "1"},
    "pythons": {"3.13": {"version": "3.13.5", "recipes": {"cpython": "cpython-3.13"}}},
}
CHOICES = [
    Settings(edition=edition.name, python=python, arch=arch, profile=profile, nearest=nearest)
    for edition in EDITIONS.values()
    for python in edition.pythons
    for arch in MACHINES
    for profile in ("quick", "release")
    for nearest in (False, True)
    if not nearest or python in edition.nearest.get("pythons", {})
]


def ids(settings: Settings) -> str:
    words = (settings.edition, settings.python, settings.arch, settings.profile)
    return "-".join((*words, "nearest" if settings.nearest else "exact"))


def chosen(settings: Settings) -> dict[str, Recipe]:
    return select(RECIPES, EDITIONS[settings.edition], settings)


@pytest.mark.parametrize("settings", CHOICES, ids=ids)
def test_every_choice_can_be_planned(settings: Settings) -> None:
    """Its recipes have no circle, every need is there and every source is pinned."""
    recipes = chosen(settings)
    check_sources(recipes, LOCK)

    assert ordered(recipes, TARGET)[-1] == TARGET


@pytest.mark.parametrize("settings", CHOICES, ids=ids)
def test_what_is_promised(settings: Settings) -> None:
    """The exact editions build what their matrix says; the nearest one says where it does not."""
    rows = promised(EDITIONS[settings.edition], settings, chosen(settings), LOCK)
    needed = closure(chosen(settings), TARGET)
    built = [row for row in rows if row["component"] in needed]

    assert {row["component"] for row in rows} == {*EDITIONS[settings.edition].matrix, "cpython"}
    if not settings.nearest and settings.edition == "reference":
        assert [row for row in built if not row["exact"]] == []
    assert all(row["exact"] == (row["promised"] == row["built"]) for row in rows)


@pytest.mark.parametrize("settings", CHOICES, ids=ids)
def test_the_harness_reads_the_same(settings: Settings) -> None:
    """What the suites expect of each component is what the builder takes."""
    edition = {"name": settings.edition, "nearest": settings.nearest}
    manifest = {"edition": edition, "arch": settings.arch, "profile": settings.profile}
    expected = promises.pinned(PROJECT, manifest, settings.python)
    recipes = chosen(settings)

    for name in closure(recipes, TARGET):
        if recipes[name].sources:
            source = LOCK[recipes[name].sources[0]]
            assert expected[name]["version"] == source.version, name


def test_a_manifest_names_no_other_file() -> None:
    """An edition with a path in its name, as a hostile manifest may have, is not read."""
    manifest = {"edition": {"name": "../recipes/zlib"}}

    assert promises.pinned(PROJECT, manifest, "3.13")["zlib"]["version"] == "1.3.2"


def test_a_component_keeps_its_name() -> None:
    """OpenSSL 1.1.1 stands for openssl, with its own sources, patches and licence."""
    recipe = chosen(Settings(edition="reference", python="3.11"))["openssl"]

    assert (recipe.name, recipe.sources) == ("openssl", ("openssl-1.1.1w",))
    assert (recipe.patches, recipe.licence["spdx"]) == ("openssl-1.1.1w", "OpenSSL")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": "b"}, "a.yaml: name: b is not the file's name"),
        ({"start": "magic"}, "a.yaml: start: expected one of launcher, bootstrap, found 'magic'"),
        ({"pythons": {}}, "a.yaml: pythons: "),
        ({"pythons": {"3.13": {"version": "3.13"}}}, "a.yaml: pythons.3.13"),
        ({"recipes": {"zlib": None}}, "a.yaml: recipes.zlib: expected text, found nothing"),
        ({"more": 1}, "a.yaml: more: unknown key; known are name"),
    ],
)
def test_mistakes_have_their_path(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    """A mistake in a file is told with the dotted path."""
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({**GOOD, **change}))

    with pytest.raises(RecipeError) as error:
        load_editions(tmp_path)
    assert says in str(error.value)


@pytest.mark.parametrize("settings", [one for one in CHOICES if one.arch == X86], ids=ids)
def test_x86_is_not_said_to_have_mimalloc(settings: Settings) -> None:
    """The manifest, the bill and the licences name the sources: 32 bit has musl's own malloc."""
    musl = chosen(settings)["musl"]

    assert (musl.name, len(musl.sources), musl.patches) == ("musl", 1, "musl")
    assert not [word for word in musl.configure if "malloc=" in word]
    assert "mimalloc" not in musl.licence["file"]


def test_an_architecture_has_recipes_of_its_own(tmp_path: Path) -> None:
    """Whatever component a recipe stands for, and only there; one that is unknown is named."""
    change = {"recipes": {"xz": "zlib"}, "arch": {"x86": {"zlib": "zstd"}}}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({**GOOD, **change}))
    edition = load_editions(tmp_path)["a"]
    here, there = (select(RECIPES, edition, Settings(arch=arch)) for arch in MACHINES)

    assert [(here[name].name, here[name].sources) for name in ("xz", "zlib")] == [
        ("xz", ("zlib",)),
        ("zlib", ("zlib",)),
    ]
    assert [there[name].sources for name in ("xz", "zlib")] == [("zstd",), ("zstd",)]

    wrong = dataclasses.replace(edition, arch={"x86": {"zlib": "zlib-2"}})
    with pytest.raises(RecipeError, match=r"arch\.x86\.zlib: there is no recipe zlib-2"):
        select(RECIPES, wrong, Settings(arch=X86))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """YAML would take the last of two stand-ins without a word."""
    text = yaml.safe_dump({**GOOD, "recipes": {"zlib": "zlib"}})
    (tmp_path / "a.yaml").write_text(text.replace("  zlib: zlib\n", "  zlib: zlib\n" * 2))

    with pytest.raises(RecipeError, match=r"a\.yaml: recipes\.zlib: stands twice, first at line"):
        load_editions(tmp_path)


def test_an_unknown_stand_in(tmp_path: Path) -> None:
    """A recipe that is not there is named with its place in the edition."""
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({**GOOD, "recipes": {"zlib": "zlib-2"}}))
    edition = load_editions(tmp_path)["a"]

    with pytest.raises(RecipeError, match=r"recipes\.zlib: there is no recipe zlib-2"):
        select(RECIPES, edition, Settings())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"python": "3.9"}, "has no Python 3.9: it has 3.13"),
        ({"nearest": True}, "names nothing nearest for Python 3.13"),
    ],
)
def test_what_an_edition_has_not(change: dict[str, Any], says: str) -> None:
    """What cannot be built is said with what can."""
    settings = dataclasses.replace(Settings(), **change)

    with pytest.raises(UsageError) as error:
        chosen(settings)
    assert says in str(error.value)


def test_no_edition(tmp_path: Path) -> None:
    """A folder without editions is a mistake."""
    with pytest.raises(EverylinuxError, match="no edition there"):
        load_editions(tmp_path)
