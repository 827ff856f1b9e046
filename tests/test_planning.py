"""What a run judges and where, decided before anything is opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from everylinux.errors import UsageError
from everylinux.model import Arch, Distribution, Image, NotRun, RootFs, Support
from everylinux.planning import NO_SHELL, Choice, Options, Plan, make_plan, startable

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
