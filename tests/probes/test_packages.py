"""Wheels are fetched once or told to be lacking; what packages do in a cell is told as it was."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.results import result

from everylinux.engines.fake import FakeBox, Recording
from everylinux.model import Arch, Cell, Distribution, Image, Result
from everylinux.probes import packages, packages_wheels
from everylinux.probes.packages import Packages, families, wanted
from everylinux.probes.packages_commands import TEMP
from everylinux.probes.packages_wheels import MARK, NoWheelsError, Wanted, wheels

IMAGE = Image("debian12", Arch("x86_64"), "Debian", "12")
SUBJECT = Distribution(Path("/"), "3.13", Arch("x86_64"), "digest")
WANTED = Wanted("3.13", Arch("x86_64"), ("numpy==2.5.5",), "markupsafe==3.0.4")
Argv = tuple[str, ...]


def box(said: Any = None) -> FakeBox:  # noqa: ANN401 - what interpreters print
    """A cell in which every interpreter prints the same."""

    def answer(argv: Argv, uid: int | None) -> Result:
        assert argv
        assert uid is None
        return result(out=json.dumps(said).encode())

    return FakeBox(Cell(IMAGE, "3.13", "fake"), SUBJECT, Recording(), answer)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """An empty cache, and a pip that has every wheel; its command lines."""
    asked: list[list[str]] = []

    def pip(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(argv)
        target = Path(argv[argv.index("--dest") + 1])
        target.mkdir(parents=True)
        (target / f"{argv[-1].partition('=')[0]}.whl").write_text(argv[-1])
        return subprocess.CompletedProcess(argv, 0, "", "")

    monkeypatch.setattr(packages_wheels, "cache_root", lambda: tmp_path)
    monkeypatch.setattr(subprocess, "run", pip)
    return asked


def test_wheels_are_fetched_once(index: list[list[str]]) -> None:
    """For musl, and one for glibc apart; by their kind of machine; then never asked for again."""
    folder = wheels(WANTED, offline=False)
    assert wheels(WANTED, offline=True) == folder

    musl, glibc = index
    assert [tag for tag in musl if tag.endswith("linux_1_2_x86_64")] == ["musllinux_1_2_x86_64"]
    assert not [tag for tag in musl if tag.startswith("manylinux")]
    assert "manylinux_2_28_x86_64" in glibc
    assert {"--only-binary", "cp313", "abi3"} <= set(musl)
    assert sorted(json.loads((folder / MARK).read_text())) == [
        "foreign/markupsafe.whl",
        "numpy.whl",
    ]
    wheels(replace(WANTED, arch=Arch("x86")), offline=False)
    assert "musllinux_1_2_i686" in index[2]
    assert not list(folder.parent.glob(".wheels.*"))


def test_a_wheel_that_changed_is_refused(index: list[list[str]]) -> None:
    """What was fetched first is what is judged."""
    folder = wheels(WANTED, offline=False)
    (folder / "numpy.whl").write_text("other")

    assert index
    with pytest.raises(NoWheelsError, match=r"numpy\.whl differs"):
        wheels(WANTED, offline=True)


@pytest.mark.usefixtures("index")
def test_why_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offline, an index that has them not, and one that does not answer; nothing is left."""
    with pytest.raises(NoWheelsError, match="--offline"):
        wheels(WANTED, offline=True)

    said = "WARNING: x\nERROR: No matching distribution found for numpy==2.5.5\n\n"
    monkeypatch.setattr(
        subprocess, "run", lambda argv, **_: subprocess.CompletedProcess(argv, 1, "", said)
    )
    with pytest.raises(NoWheelsError, match="pip: No matching distribution found for numpy"):
        wheels(WANTED, offline=False)

    def slow(argv: list[str], **_: object) -> None:
        raise subprocess.TimeoutExpired(argv, 600)

    monkeypatch.setattr(subprocess, "run", slow)
    with pytest.raises(NoWheelsError, match="none answered"):
        wheels(WANTED, offline=False)
    assert not WANTED.folder.exists()


def test_nothing_is_done_unasked(index: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the option, and without wheels, each section says what is lacking."""
    monkeypatch.delenv(packages.ASKED, raising=False)
    found = Packages().gather(box())
    assert {row.value["lacks"] for row in found.values()} == {
        "was not asked for: --packages installs from an index"
    }
    assert tuple(found) == Packages.sections

    monkeypatch.setenv(packages.ASKED, "1")
    monkeypatch.setenv(packages.OFFLINE, "1")
    found = Packages().gather(box())
    assert all("needs an index" in row.value["lacks"] for row in found.values())
    assert index == []


def test_code_of_the_userland_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the tree, in the environment or in no file is none of it."""
    own = ["/everylinux/subject/lib/x.so", f"{TEMP}/pip/lib/y.so", "/dev/zero"]
    told = {"told": "3", "maps": [*own, "/usr/lib/libc.so.6"]}
    row = {"archs": ["x86_64"], "version": "1", "use": "print(3)", "answer": "3"}
    monkeypatch.setattr(packages, "families", lambda _arch: {"numbers": {"numpy": row}})

    found = packages.installed(box(told), "/python", "pip")

    assert found["numbers"]["uses"]["numpy"] == {"told": "3", "strangers": ["/usr/lib/libc.so.6"]}
    assert found["numbers"]["installed"]["status"] == 0


def test_a_package_that_crashes_is_a_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    """With how it ended, and an installer that was stopped has no status but its words."""
    row = {"archs": ["x86_64"], "version": "1", "use": "x", "answer": "3"}
    monkeypatch.setattr(packages, "families", lambda _arch: {"numbers": {"numpy": row}})
    dead = result(status=None, signal=11, timed_out=False, err=b"boom")
    cell = FakeBox(Cell(IMAGE, "3.13", "fake"), SUBJECT, Recording(), lambda _argv, _uid: dead)

    found = packages.installed(cell, "/python", "uv")["numbers"]

    assert found["uses"]["numpy"]["failed"].startswith("signal 11")
    assert found["installed"] == {"status": "signal 11", "out": "", "said": "boom"}


@pytest.mark.parametrize("arch", ["x86_64", "x86"])
def test_the_table_is_whole(arch: str) -> None:
    """Each row is pinned, asks for something and knows the answer; fifty have 64 bit."""
    rows = {name: row for found in families(arch).values() for name, row in found.items()}

    assert len(rows) >= {"x86_64": 50, "x86": 10}[arch]
    for name, row in rows.items():
        assert set(row) == {"version", "archs", "use", "answer"}, name
        assert row["version"][0].isdigit()
        assert row["answer"]
        assert "print(" in row["use"]
        compile(row["use"], name, "exec")
    cell = box()
    cell.distribution = replace(SUBJECT, arch=Arch(arch))
    pins = wanted(cell).pins
    assert [pin.partition("==")[0] for pin in pins[:-3]] == sorted(
        {*rows, "charset-normalizer", "xxhash"}
    )
