"""Roots of all kinds: other libcs, 32 bit, no shell, odd paths."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.cell import FOLDERS, AgentEngine
from everylinux.errors import EngineError
from everylinux.model import AGENT, Arch, Cell, Distribution, Image, RootFs

from .conftest import TARBALLS, MakeRoot, Open

NAMES = sorted(path.name.rpartition(".tar")[0] for path in TARBALLS.glob("*.tar.*"))


@pytest.mark.parametrize("name", NAMES)
def test_every_root_is_a_cell(bubblewrap: Bubblewrap, open_cell: Open, name: str) -> None:
    """Each real root opens, runs its own shell (32 bit ones too), and is as it was after."""
    with open_cell(bubblewrap, name) as box:
        result = box.run(["/bin/sh", "-c", "echo $((6*7)); test ! -w /etc/passwd || echo w"])
        assert result.out.split()[:1] == [b"42"], result
        assert box.stat("/bin/sh").kind in {"file", "link"}


@pytest.mark.parametrize("name", ["alpine-3.20.3-x86", "busybox-glibc-x86_64"])
def test_a_root_is_not_changed(
    engine: AgentEngine, open_cell: Open, make_root: MakeRoot, name: str
) -> None:
    """An engine that needs mount points in a root makes them elsewhere."""
    root = make_root(name).path

    def seen() -> list[tuple[str, int]]:
        return sorted((str(p), p.lstat().st_mtime_ns) for p in [root, *root.rglob("*")])

    before = seen()
    with open_cell(engine, name) as box:
        assert box.run(["/bin/busybox", "true"]).ok
    assert seen() == before


def bare(folder: Path) -> RootFs:
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    return RootFs(Image("bare", Arch("x86_64"), "bare", ""), folder, "sha256:bare", "made")


def test_a_root_without_a_shell(engine: AgentEngine, subject: Distribution, tmp_path: Path) -> None:
    """A root with nothing in it is a cell: the agent needs no shell and no libc."""
    root = bare(tmp_path / "root")
    tmp_path.chmod(0o755)
    with engine.open(Cell(root.image, "3.13", engine.name), subject, root) as box:
        assert box.run(["/bin/sh"]).error == "ENOENT"
        assert box.run([str(AGENT), "--join"]).status == 71
        # A script whose interpreter is missing: execve's own errno, not a shell's 127.
        assert box.run(["/everylinux/subject/bin/hello"]).error == "ENOENT"
        box.put("/tmp/\udcffä b/\n", b"odd")  # noqa: S108
        assert [e.path for e in box.walk("/tmp")] == ["", "\udcffä b", "\udcffä b/\n"]  # noqa: S108


def test_a_root_below_an_odd_path(
    bubblewrap: Bubblewrap, subject: Distribution, tmp_path: Path
) -> None:
    """Spaces, commas and bytes that are not UTF-8 in the host's path do no harm."""
    root = bare(tmp_path / "a b,c:d \udcff")
    with bubblewrap.open(Cell(root.image, "3.13", "bubblewrap"), subject, root) as box:
        assert box.run([str(AGENT), "--join"]).status == 71


def test_a_root_without_our_folders(
    bubblewrap: Bubblewrap, subject: Distribution, tmp_path: Path
) -> None:
    """A root that lacks a mount point is refused with its name; nothing is made in it."""
    root = bare(tmp_path / "root")
    shutil.rmtree(root.path / "everylinux")
    with pytest.raises(EngineError, match="has no /everylinux: unpack it again"):
        bubblewrap.open(Cell(root.image, "3.13", "bubblewrap"), subject, root)
    assert not (root.path / "everylinux").exists()


def test_a_missing_subject(bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    """A tree that vanished is told by its name."""
    root = bare(tmp_path / "root")
    gone = Distribution(tmp_path / "gone", "3.13", Arch("x86_64"), "")
    with pytest.raises(EngineError, match=r"no folder .*gone"):
        bubblewrap.open(Cell(root.image, "3.13", "bubblewrap"), gone, root)
