"""What a run judges and where, decided before anything is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from everylinux.engines.fake import Fake
from everylinux.errors import UsageError
from everylinux.model import Arch, Cell, Distribution, Image, NotRun, RootFs, Support
from everylinux.planning import (
    FOREIGN,
    NO_SHELL,
    Choice,
    Options,
    Plan,
    Setting,
    make_plan,
    settle,
    startable,
)

IMAGES = tuple(
    Image(id_, Arch(arch), "Some", "1", ca=("/etc/ssl",), support=Support.REQUIRED)
    for id_, arch in (("one", "x86"), ("one", "x86_64"), ("two", "x86_64"))
)
PLAN = Plan(
    folder=Path("/reports/1"),
    project=Path("/project"),
    distribution=Distribution(Path("/tree"), "3.13", Arch("x86_64"), "0", manifest={"a": [1]}),
    engine="fake",
    engine_note="fake, as asked",
    roots=tuple(RootFs(image, Path("/root"), "sha256:0", "here") for image in IMAGES[:2]),
    not_run=(NotRun(IMAGES[2], "nobody has it"),),
)


def test_a_plan_travels_as_text() -> None:
    """Workers of xdist get exactly what the controller decided."""
    assert Plan.from_json(PLAN.to_json()) == PLAN


def test_cells_are_named_by_image_architecture_and_python() -> None:
    """The name is the pytest id, the report's key and the folder of the facts."""
    assert list(PLAN.cells) == ["one-x86-3.13", "one-x86_64-3.13"]
    assert PLAN.root_of["one-x86-3.13"].image == IMAGES[0]


def test_the_summary_counts_what_cannot_run() -> None:
    """One line before the first cell is opened."""
    said = "Python 3.13 for x86_64 (standalone) in 2 cells of fake, as asked, 1 cannot run"
    assert PLAN.summary == said


def test_a_profile_is_checked_before_anything_is_read(tmp_path: Path) -> None:
    """A typo does not cost a digest of a tree."""
    options = Options(profile="portable", dist=tmp_path / "nothing")
    with pytest.raises(UsageError, match="no profile is called 'portable'"):
        make_plan(options, tmp_path, print)


@pytest.mark.parametrize("start", ["bootstrap", "launcher", None])
def test_a_wrapper_needs_a_shell(start: str | None) -> None:
    """Only a tree that starts by the wrapper cannot run where there is no shell, and it is said."""
    without, with_one = PLAN.roots[0], replace(PLAN.roots[1], image=replace(IMAGES[1], shell="ash"))  # noqa: S604 - no subprocess
    subject = replace(PLAN.distribution, manifest={"start": start} if start else {})

    chosen = startable(Choice((without, with_one), PLAN.not_run), subject)

    if start == "bootstrap":
        assert chosen.roots == (with_one,)
        assert chosen.not_run == (*PLAN.not_run, NotRun(without.image, NO_SHELL))
    else:
        assert chosen == Choice((without, with_one), PLAN.not_run)


@pytest.mark.parametrize("profile", ["standalone", "relocatable"])
def test_what_brings_no_c_library_needs_its_own_architecture(profile: str) -> None:
    """A userland of x86 says nothing about a tree for x86_64 that borrows the C library."""
    subject = replace(PLAN.distribution, profile=profile)
    chosen = startable(Choice(PLAN.roots, PLAN.not_run), subject)
    kept = PLAN.roots if profile == "standalone" else PLAN.roots[1:]
    assert (chosen.roots, chosen.not_run) == (kept, PLAN.not_run)


def test_who_asks_for_another_architecture_only_is_told() -> None:
    """It is not as if nothing had been asked for."""
    subject = replace(PLAN.distribution, profile="relocatable")
    chosen = startable(Choice(PLAN.roots[:1]), subject)
    assert (chosen.roots, chosen.not_run) == ((), (NotRun(IMAGES[0], FOREIGN),))


class Refusing(Fake):
    """Gives every kernel but 3.10."""

    def refuses(self, cell: Cell) -> str:
        return "too busy" if cell.kernel == "3.10" else ""


def test_each_root_under_each_kernel_in_each_posture() -> None:
    """The engine's refusal is a cell that does not run, with its own name; the rest are cells."""
    options = Options(kernels=("native,3.10",), postures=("default", "no-shm"))

    chosen = settle(Choice(PLAN.roots[:1], PLAN.not_run), options, Refusing(), "3.13")

    image = PLAN.roots[0].image
    assert chosen.roots == PLAN.roots[:1] * 2
    assert chosen.settings == (Setting(), Setting("native", "no-shm"))
    refused = [NotRun(image, "too busy", "3.10", posture) for posture in ("default", "no-shm")]
    assert chosen.not_run == (*PLAN.not_run, *refused)


def test_declared_is_what_was_shipped() -> None:
    """One that shipped no kernel that is known runs under the machine's own, once."""
    old = replace(PLAN.roots[0], image=replace(IMAGES[0], kernel="2.6.32-754"))
    options = Options(kernels=("declared", "native"))

    chosen = settle(Choice((old, PLAN.roots[1])), options, Refusing(), "3.13")

    assert [
        (root.image.kernel, at.kernel)
        for root, at in zip(chosen.roots, chosen.settings, strict=True)
    ] == [
        ("2.6.32-754", "2.6.32"),
        ("2.6.32-754", "native"),
        ("", "native"),
    ]


def test_a_plan_with_settings_travels_too() -> None:
    """One root is there once for each cell, and each cell has its own name."""
    settings = (Setting("2.6.32"), Setting("4.4+eperm", "openshift"))
    lost = NotRun(IMAGES[2], "nobody has it", "3.10", "mdwe")
    plan = replace(PLAN, roots=PLAN.roots[:1] * 2, settings=settings, not_run=(lost,))

    assert Plan.from_json(plan.to_json()) == plan
    assert list(plan.cells) == ["one-x86-3.13@2.6.32", "one-x86-3.13@4.4+eperm+openshift"]
    assert plan.root_of["one-x86-3.13@2.6.32"] == PLAN.roots[0]
    assert [cell.kernel for cell in plan.cells.values()] == ["2.6.32", "4.4+eperm"]
