"""Postures as data: names, patterns, and how a cell in one is called."""

from __future__ import annotations

import pytest

from everylinux.errors import UsageError
from everylinux.model import RUN, Arch, Cell, Image
from everylinux.postures import POSTURES, named

IMAGE = Image("debian12", Arch("x86_64"), "Debian", "12")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], ("default",)),
        (["openshift"], ("openshift",)),
        (["no-*"], ("no-proc", "no-shm")),
        (["mdwe,openshift", "mdwe"], ("mdwe", "openshift")),
        (["*"], tuple(POSTURES)),
    ],
)
def test_names(given: list[str], found: tuple[str, ...]) -> None:
    """Lists and globs, each once."""
    assert named(given) == found


def test_a_typo_is_told() -> None:
    """With all that there is."""
    with pytest.raises(UsageError, match="openshift") as caught:
        named(["openshit"])
    assert "openshit" in caught.value.cause


@pytest.mark.parametrize("name", [name for name in POSTURES if name != "default"])
def test_each_changes_something(name: str) -> None:
    """A posture like the default one would promise what nobody judged."""
    posture = POSTURES[name]
    changes = (posture.env, posture.files, posture.uid, posture.without, posture.memory_bytes)
    assert any(changes) or posture.noexec or posture.processes or posture.mdwe
    assert posture.says
    named_files = [value for value in posture.env.values() if value.startswith(str(RUN))]
    assert [value.rpartition("/")[2] for value in named_files] == list(posture.files)


@pytest.mark.parametrize(
    ("kernel", "posture", "id_"),
    [
        ("native", "default", "debian12-x86_64-3.13"),
        ("2.6.32", "default", "debian12-x86_64-3.13@2.6.32"),
        ("native", "openshift", "debian12-x86_64-3.13+openshift"),
        ("4.4+eperm", "no-proc", "debian12-x86_64-3.13@4.4+eperm+no-proc"),
    ],
)
def test_the_name_of_a_cell(kernel: str, posture: str, id_: str) -> None:
    """As ever where nothing is changed; the kernel, then the posture, where something is."""
    assert Cell(IMAGE, "3.13", "bubblewrap", kernel, posture).id == id_
