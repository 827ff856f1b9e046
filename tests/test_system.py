"""A system's own Python is judged where it lies, and its files apart from the rest of /usr."""

from __future__ import annotations

from pathlib import Path

import pytest

from everylinux import system
from everylinux.errors import UsageError
from everylinux.model import Arch, Image, RootFs
from everylinux.probes.base import python_of

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00\x3e\x00" + bytes(44)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path / "cache"))


def root(path: Path, *, python: bool = True) -> RootFs:
    (path / "usr/bin").mkdir(parents=True)
    (path / "usr/bin/other").write_bytes(ELF)
    if python:
        (path / "usr/bin/python3.13").write_bytes(ELF)
        (path / "usr/bin/python3").symlink_to("python3.13")
        (path / "usr/lib/python3.13").mkdir(parents=True)
        (path / "usr/lib/python3.13/site.py").symlink_to("/etc/python3.13/site.py")
    image = Image("linux1", Arch("x86_64"), "Linux", "1")
    return RootFs(image, path, "sha256:test", "test")


def test_the_systems_python_runs_where_it_lies(tmp_path: Path) -> None:
    """The profile is `system`, and what else is in /usr is not judged."""
    found = system.resolve((root(tmp_path / "root"),), "")
    assert (found.profile, found.python) == ("system", "3.13")
    assert python_of(found) == "/usr/bin/python3.13"
    names = {path.relative_to(found.root).as_posix() for path in found.root.rglob("*")}
    assert "lib/python3.13/site.py" in names
    assert "bin/other" not in names
    assert "Linux 1" in found.because


def test_the_copy_is_made_once(tmp_path: Path) -> None:
    """The second time it is the same folder."""
    one = root(tmp_path / "root")
    assert system.resolve((one,), "").root == system.resolve((one,), "").root


def test_several_roots_are_too_many(tmp_path: Path) -> None:
    """Each Linux has a Python of its own, so one is judged at a time."""
    one = root(tmp_path / "root")
    for roots in ((), (one, one)):
        with pytest.raises(UsageError, match="one Linux at a time"):
            system.resolve(roots, "")


def test_a_root_without_a_python_is_told(tmp_path: Path) -> None:
    """Nothing is kept of it."""
    with pytest.raises(UsageError, match="no Python"):
        system.resolve((root(tmp_path / "root", python=False),), "")
    assert list((tmp_path / "cache/subjects").iterdir()) == []
