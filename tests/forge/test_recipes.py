"""forge/recipe.py and the recipes of this checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from everylinux.errors import RecipeError
from everylinux.forge.contract import TARGET, Recipe, Settings
from everylinux.forge.editions import load_editions, select
from everylinux.forge.lock import load_lock
from everylinux.forge.order import check_sources, closure, ordered
from everylinux.forge.recipe import load_recipes
from everylinux.forge.systems import HOST_STEPS, SYSTEMS

BUILD = Path(__file__).parents[2] / "build"

# The specification's "Dependency Build Order", by the names of our recipes
FIGURE = (
    *("musl", "zlib", "libffi", "expat", "gdbm", "xz", "gettext", "ncurses", "openssl"),
    *("readline", "tcl", "bzip2", "sqlite3"),
)


def written(folder: Path, text: str, name: str = "xz") -> Path:
    (folder / f"{name}.yaml").write_text(text)
    return folder


def test_a_recipe(tmp_path: Path) -> None:
    """Every field arrives; what is left out has its default."""
    text = (
        "name: xz\nneeds: [musl]\nsystem: autotools\nconfigure: [--disable-xz]\n"
        "environment: {A: b}\ninstalls: [lib/liblzma.so.5]\n"
        "licence: {spdx: 0BSD, file: xz/COPYING}\n"
    )

    recipe = load_recipes(written(tmp_path, text))["xz"]

    assert (recipe.name, recipe.system, recipe.needs) == ("xz", "autotools", ("musl",))
    assert (recipe.sources, recipe.configure) == (("xz",), ("--disable-xz",))
    assert (recipe.installs, recipe.project) == (("lib/liblzma.so.5",), ())
    assert dict(recipe.environment) == {"A": "b"}
    assert dict(recipe.licence) == {"spdx": "0BSD", "file": "xz/COPYING"}
    assert recipe.file == "xz.yaml"


def test_digest_is_of_the_content(tmp_path: Path) -> None:
    """A comment and the order of keys change nothing; a flag does."""
    texts = (
        "name: xz\nsystem: autotools\nconfigure: [a]\n",
        "# why\nsystem: autotools\n\nconfigure:\n  - a\nname: xz\n",
        "name: xz\nsystem: autotools\nconfigure: [b]\n",
    )

    one, same, other = (load_recipes(written(tmp_path, text))["xz"].digest for text in texts)

    assert one == same != other


def test_what_looks_like_a_number_is_text(tmp_path: Path) -> None:
    """YAML would make 3.1 of 3.10, and true of yes."""
    text = "name: xz\nsystem: a\nconfigure: [3.10, yes, 1]\n"

    assert load_recipes(written(tmp_path, text))["xz"].configure == ("3.10", "yes", "1")


@pytest.mark.parametrize(
    ("text", "where", "cause"),
    [
        ("name: xz\n", "system", "is missing"),
        ("name: xz\nsystem: a\nneed: [b]\n", "need", "unknown key; known are name, system"),
        ("name: xz\nsystem: a\nneeds: b\n", "needs", "expected a list, found 'b'"),
        ("name: xz\nsystem: a\nneeds: [b, b]\n", "needs", "'b' stands twice in the list"),
        ("name: xz\nsystem: a\nconfigure: [~]\n", "configure.0", "expected text, found nothing"),
        (
            "name: xz\nsystem: a\ninstalls: [/lib/x]\n",
            "installs.0",
            "expected a path below /opt, found '/lib/x'",
        ),
        ("name: xz\nsystem: a\nlicence: {file: x}\n", "licence.spdx", "is missing"),
        ("name: xy\nsystem: a\n", "name", "xy is not the file's name"),
        ("name: xz\nsystem: a\nsystem: b\n", "system", "stands twice, first at line 2"),
        ("- xz\n", "", "expected a mapping, found a list"),
        ("name: [\n", "", "not YAML at line 2"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, where: str, cause: str) -> None:
    """Each mistake names the file, the dotted path and what was expected."""
    with pytest.raises(RecipeError) as caught:
        load_recipes(written(tmp_path, text))

    assert caught.value.file == "xz.yaml"
    assert caught.value.where == where
    assert cause in caught.value.cause
    assert caught.value.move


def test_no_recipes(tmp_path: Path) -> None:
    """A folder without recipes is a mistake, not an empty build."""
    with pytest.raises(RecipeError, match="no recipe there"):
        load_recipes(tmp_path)


def current() -> dict[str, Recipe]:
    """The recipes as the edition `current` has them."""
    edition = load_editions(BUILD / "editions")["current"]
    return select(load_recipes(BUILD / "recipes"), edition, Settings())


def test_those_of_this_checkout() -> None:
    """They load, every need and source is known, and every system is."""
    recipes = current()
    check_sources(recipes, load_lock(BUILD / "lock.yaml"))

    assert ordered(recipes, TARGET)[-1] == TARGET
    assert {recipe.system for recipe in recipes.values()} <= {*SYSTEMS, *HOST_STEPS}


def test_the_figure_is_kept() -> None:
    """What the specification builds before CPython is built, musl before all of it."""
    recipes = current()

    assert set(FIGURE) <= closure(recipes, TARGET)
    assert all("musl" in closure(recipes, name) for name in FIGURE[1:])
    assert "ncurses" in closure(recipes, "readline")
    assert set(FIGURE) - {"gettext"} <= closure(recipes, "cpython")


def test_every_source_has_a_licence() -> None:
    """Whatever comes from elsewhere names its licence and the file that has it."""
    recipes = load_recipes(BUILD / "recipes")
    bare = [r.name for r in recipes.values() if r.sources and not r.licence.get("file")]

    assert bare == []


def test_every_step_says_what_it_installs() -> None:
    """A step that silently installs nothing is a failed step."""
    recipes = load_recipes(BUILD / "recipes")

    assert [r.name for r in recipes.values() if r.name != TARGET and not r.installs] == []


@pytest.mark.parametrize("patch", sorted((BUILD / "patches").glob("*/*.patch")), ids=str)
def test_patches_say_why(patch: Path) -> None:
    """Each patch has a header: why, where upstream has it, when it can go; and changes files."""
    lines = patch.read_text("utf-8").splitlines()

    assert [line.partition(": ")[0] for line in lines[:3]] == ["Why", "Upstream", "Drop when"]
    assert all(len(line.partition(": ")[2]) > 3 for line in lines[:3])
    assert any(re.match(r"\+\+\+ b/\S", line) for line in lines)
    used = {recipe.patches for recipe in load_recipes(BUILD / "recipes").values()}
    assert patch.parent.name in used
