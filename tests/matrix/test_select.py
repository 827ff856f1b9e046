"""Choosing images by ids, globs, lists and architectures."""

from __future__ import annotations

from pathlib import Path

import pytest

from everylinux.errors import UsageError
from everylinux.matrix import Matrix, load
from everylinux.model import Support

ROW = "{{name: N, release: '1', support: {support}, arch: {{{archs}}}{more}}}"


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    """Three distributions, one with two userlands, one with an alias, one retired."""
    both, one = "x86_64: {}, x86: {}", "x86_64: {}"
    rows = [
        "alpine36: " + ROW.format(support="required", archs=both, more=""),
        "centos6: " + ROW.format(support="required", archs=one, more=", aliases: [el6]"),
        "oldone: " + ROW.format(support="retired", archs=one, more=""),
    ]
    path = tmp_path / "matrix.yaml"
    path.write_text("version: 1\nca_layouts: {}\ndistros:\n  " + "\n  ".join(rows) + "\n")
    return load(path)


def names(matrix: Matrix, patterns: list[str], archs: list[str] | None = None) -> list[str]:
    """What is selected, as `id-arch`."""
    return [f"{image.id}-{image.arch}" for image in matrix.select(patterns, archs or [])]


ALPINES = ["alpine36-x86", "alpine36-x86_64"]
CENTOS = ["centos6-x86_64"]


@pytest.mark.parametrize(
    ("patterns", "archs", "expected"),
    [
        ([], [], ALPINES + CENTOS),
        (["alpine36"], [], ALPINES),
        (["alpine36-x86"], [], ALPINES[:1]),
        (["alp*"], ["x86"], ALPINES[:1]),
        (["centos6,alpine36-x86_64"], [], [ALPINES[1], *CENTOS]),
        (["centos6", "centos6", "cent*"], [], CENTOS),
        (["el6"], [], CENTOS),
        (["el6-x86_64"], [], CENTOS),
        (["*-x86"], [], ALPINES[:1]),
        (["*"], ["x86,x86_64"], [*ALPINES, *CENTOS, "oldone-x86_64"]),
        (["oldone"], [], ["oldone-x86_64"]),
        ([" centos6 , "], [], CENTOS),
    ],
)
def test_patterns_choose(
    matrix: Matrix, patterns: list[str], archs: list[str], expected: list[str]
) -> None:
    """Ids, aliases, id-arch, globs and lists choose images, sorted and each once."""
    assert names(matrix, patterns, archs) == expected


def test_retired_rows_are_only_meant_when_named(matrix: Matrix) -> None:
    """Without patterns no retired row is judged; by name it is."""
    assert all(image.support is not Support.RETIRED for image in matrix.select())
    assert names(matrix, ["oldone"]) == ["oldone-x86_64"]


@pytest.mark.parametrize(
    ("pattern", "near"),
    [("centos5", "centos6"), ("alpin36", "alpine36"), ("alpine36-x87", "alpine36-x86")],
)
def test_an_unknown_distribution_offers_the_nearest(
    matrix: Matrix, pattern: str, near: str
) -> None:
    """A misspelt name is told, with names that are like it."""
    with pytest.raises(UsageError, match=rf"'{pattern}': did you mean .*{near}") as caught:
        matrix.select([pattern])

    assert caught.value.exit_code == 2


def test_a_name_like_no_other_points_to_the_list(matrix: Matrix) -> None:
    """Where nothing is near, the command that lists all is named."""
    with pytest.raises(UsageError, match="everylinux images list"):
        matrix.select(["zzz*"])


def test_one_unknown_name_among_good_ones_is_told(matrix: Matrix) -> None:
    """A list with one wrong name is not run without it."""
    with pytest.raises(UsageError, match="'nope'"):
        matrix.select(["centos6,nope"])


def test_an_unknown_architecture_is_told(matrix: Matrix) -> None:
    """An architecture that we do not build for names those that there are."""
    with pytest.raises(UsageError, match="x86_64 or x86"):
        matrix.select([], ["arm64"])


def test_an_architecture_that_leaves_nothing_is_told(matrix: Matrix) -> None:
    """Nothing to run is a mistake of the user's, not an empty success."""
    with pytest.raises(UsageError, match="userland of x86"):
        matrix.select(["centos6"], ["x86"])
