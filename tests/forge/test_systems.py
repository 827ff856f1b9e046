"""forge/systems.py: what the commands of a step are, and what they may depend on."""

from __future__ import annotations

import dataclasses
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from everylinux.forge.compilers import WRAPPER
from everylinux.forge.contract import Command, Recipe, Settings
from everylinux.forge.recipe import load_recipes
from everylinux.forge.systems import SYSTEMS
from everylinux.model import Arch

RECIPES = load_recipes(Path(__file__).parents[2] / "build" / "recipes")
BUILT = sorted(name for name, recipe in RECIPES.items() if recipe.system in SYSTEMS)
TOOLS = ("linux-headers", "linux-source", "binutils", "gcc", "cross-musl", "musl", "xheaders")
COMPILED = [
    name
    for name in BUILT
    if (
        RECIPES[name].system not in TOOLS
        and not RECIPES[name].system.startswith("toolchain")
        and not RECIPES[name].project
    )
    or name in {"agent", "launcher"}
]


def commands(name: str, **changes: object) -> tuple[Command, ...]:
    settings = dataclasses.replace(Settings(), **changes)  # type: ignore[arg-type]
    return SYSTEMS[RECIPES[name].system](RECIPES[name], settings)


def words(name: str) -> Iterator[str]:
    for command in commands(name):
        yield from command.argv
        yield from command.env.values()


@pytest.mark.parametrize("name", BUILT)
def test_they_are_values(name: str) -> None:
    """Asked twice they are the same, all text, and absolute where they name a folder."""
    assert commands(name) == commands(name)
    assert all(command.cwd.startswith("/") for command in commands(name))
    assert all(isinstance(word, str) for word in words(name))


@pytest.mark.parametrize("name", BUILT)
def test_jobs_change_speed_only(name: str) -> None:
    """The number of jobs shows in `make -jN` and `ninja -jN`, nowhere else."""
    one, many = repr(commands(name, jobs=1)), repr(commands(name, jobs=7))

    assert many.replace("-j7", "-j1") == one


@pytest.mark.parametrize("name", BUILT)
def test_no_place_of_this_machine(name: str) -> None:
    """No command names a folder of the checkout, of the user or of /usr/local."""
    for word in words(name):
        assert str(Path.home()) not in word or str(Path.home()) == "/"
        assert "/usr/local/bin" not in word
        assert str(Path(__file__).parents[2]) not in word


@pytest.mark.parametrize("name", COMPILED)
def test_hardened(name: str) -> None:
    """Everything that is compiled is hardened: stack protector, full RELRO, no code on stacks."""
    text = " ".join(words(name))

    for flag in (
        *("-fstack-protector-strong", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"),
        "-Wl,-z,separate-code",
    ):
        assert flag in text, flag


@pytest.mark.parametrize("name", [n for n in BUILT if RECIPES[n].licence])
def test_licence_is_kept(name: str) -> None:
    """A step carries its licence's name and text into its output."""
    last = commands(name)[-1].argv[-1]

    assert RECIPES[name].licence["spdx"] in last
    for text in RECIPES[name].licence["file"].split():
        assert f"cp /build/src/{text} /build/out/opt/licenses/{name}/" in last


def test_scripts_stop_at_failures() -> None:
    """Every shell line is run with -e and -u: a failed make is a failed step."""
    for name in BUILT:
        for command in commands(name):
            if command.argv[0] == "/bin/sh":
                assert command.argv[1] == "-euc"


def test_cpython_flags_do_not_leak_into_make() -> None:
    """CFLAGS and their like are given to configure alone: else sysconfig carries them twice."""
    _, configure, *rest = commands("cpython-3.13")

    assert "CFLAGS" in configure.env
    assert configure.env["CFLAGS"].count("-DTHREAD_STACK_SIZE=") == 1
    assert all(not command.env for command in rest)


def test_configure_of_the_recipe_is_used() -> None:
    """What a recipe says reaches configure, in its order."""
    recipe = Recipe("x", "autotools", "0", sources=("x",), configure=("--b", "--a"))
    found = [c.argv for c in SYSTEMS["autotools"](recipe, Settings()) if c.argv[0] == "./configure"]

    assert [argv[-2:] for argv in found] == [("--b", "--a")]


@pytest.mark.parametrize("profile", ["quick", "release"])
def test_pgo_and_lto_are_asserted(profile: str) -> None:
    """A release asks for both, and fails if configure dropped one without a word."""
    text = " ".join(" ".join(c.argv) for c in commands("cpython-3.13", profile=profile))

    for word in ("--enable-optimizations", "--with-lto", "PGO_PROF_USE_FLAG", "-fprofile-use"):
        assert (word in text) is (profile == "release"), word


@pytest.mark.parametrize("profile", ["quick", "release"])
def test_what_no_training_ran_is_quick_too(profile: str) -> None:
    """In a release, as it is compiled and as it is linked; quick has no training."""
    configure = next(c for c in commands("cpython-3.13", profile=profile) if "OPT" in c.env)

    for name in ("CFLAGS_NODIST", "LDFLAGS_NODIST"):
        assert ("-fprofile-partial-training" in configure.env[name]) is (profile == "release")
        assert ("hot-bb-count-ws-permille=999" in configure.env[name]) is (profile == "release")


@pytest.mark.parametrize("arch", ["x86_64", "x86"])
def test_counts_that_are_given_are_used(arch: str) -> None:
    """Those of this Python and architecture, not a training; else the training keeps its own."""
    made = commands("cpython-3.13", profile="release", arch=Arch(arch))
    text = " ".join(" ".join(c.argv) for c in made)
    name = f"cpython-3.13-{arch}.tar.xz"

    assert f"tar -xJf /build/project/profiles/{name}; touch profile-run-stamp" in text
    assert f"> /build/out/opt/profile/{name}" in text
    assert "if grep -e 'expected version' /build/home/make.log; then exit 1; fi" in text


@pytest.mark.parametrize("name", ["cpython-3.13", "cpython-3.11.2"])
def test_what_a_training_runs(name: str) -> None:
    """CPython's tests, and the programs of build/profiles where the step can read them."""
    tasks = {c.env.get("PROFILE_TASK", "") for c in commands(name, profile="release")} - {""}

    (task,) = tasks
    assert task.startswith("-m test --pgo")
    given = "profiles" in RECIPES[name].project
    assert task.endswith("./$(BUILDPYTHON) workload.py") is given is (name == "cpython-3.13")
    assert "/build" not in task  # sysconfig keeps it: LAY-201


def test_programs_of_a_training_run() -> None:
    """Each asserts what it computes: a release whose training breaks would be found out late."""
    program = Path(__file__).parents[2] / "build" / "profiles" / "workload.py"
    subprocess.run([sys.executable, str(program), "1"], check=True, timeout=120)


@pytest.mark.parametrize(("arch", "triplet"), [("x86_64", "x86_64"), ("x86", "i386")])
def test_architectures(arch: str, triplet: str) -> None:
    """Compiler and --build are those of the architecture, and of no other."""
    other = {"x86_64": "i386", "i386": "x86_64"}[triplet]
    for name in COMPILED:
        text = repr(commands(name, arch=Arch(arch)))
        assert f"{triplet}-linux-musl" in text, name
        assert f"{other}-linux-musl" not in text, name


def test_wrapper_names() -> None:
    """The compiler's name has "gcc" in it, by which CPython chooses its flags, and its triplet."""
    names = {command.env.get("CC", "") for name in COMPILED for command in commands(name)} - {""}

    assert names == {"x86_64-linux-musl-gcc"}
    assert "--print-multiarch" in WRAPPER
    assert shlex.split(WRAPPER.splitlines()[0], comments=False)
