"""Hostile and broken tarballs: refused in one line, exit 2, and nothing is kept."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from everylinux.errors import ArchiveError
from everylinux.images import RootStore, gather
from everylinux.model import Arch, Image

MakeTar = Callable[..., Path]
Member = tuple[str, str, str]  # name, kind, content or target


def image(**more: str) -> Image:
    """The image that the tests want."""
    return Image("one", Arch("x86_64"), "One", "1.0 (first)", **more)  # type: ignore[arg-type]


HOSTILE: dict[str, tuple[Member, ...]] = {
    "absolute path": (("/etc/evil", "file", "x"),),
    "dot-dot": (("../evil", "file", "x"),),
    "dot-dot inside": (("a/../../evil", "file", "x"),),
    "hard link out": (("a", "hard", "../../evil"),),
    "hard link to the host": (("a", "hard", "/etc/passwd"),),
    "file below a file": (("a", "file", "x"), ("a/b", "file", "x")),
    "link in a circle": (("a", "link", "a"), ("a/b", "file", "x")),
}


def refuse(folder: Path, store: RootStore, tmp_path: Path) -> str:
    """Gather the hostile image; return the one line that refused it."""
    before = sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts)
    with pytest.raises(ArchiveError) as caught:
        gather([image()], rootfs_dir=folder, offline=True)
    after = sorted(path for path in tmp_path.rglob("*") if "cache" not in path.parts)

    assert after == before
    assert [path for path in store.folder.iterdir() if path.suffix != ".lock"] == []
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_member_is_refused(
    make_tar: MakeTar, folder: Path, store: RootStore, tmp_path: Path, kind: str
) -> None:
    """A member that would leave the root refuses the whole tarball."""
    make_tar(members=(("ok", "file", "x"), *HOSTILE[kind]))

    assert "one-x86_64.tar.gz" in refuse(folder, store, tmp_path)


@pytest.mark.parametrize("target", ["{tmp}/outside", "../../../../../../../..{tmp}/outside"])
def test_a_member_below_a_link_out_stays_inside(
    make_tar: MakeTar, folder: Path, tmp_path: Path, target: str
) -> None:
    """A link that leads out is the root's own, as in a chroot: what lies below it stays in it."""
    (tmp_path / "outside").mkdir()
    link = target.format(tmp=tmp_path)
    make_tar(members=(("a", "link", link), ("a/evil", "file", "x")))

    roots, _ = gather([image()], rootfs_dir=folder, offline=True)

    assert list((tmp_path / "outside").iterdir()) == []
    assert (roots[0].path / str(tmp_path).lstrip("/") / "outside/evil").read_text() == "x"


@pytest.mark.parametrize("length", [0, 1, 100, -1, -20])
def test_a_truncated_tarball_is_refused(
    make_tar: MakeTar, folder: Path, store: RootStore, tmp_path: Path, length: int
) -> None:
    """A tarball that ends early is no smaller root filesystem."""
    tarball = make_tar()
    tarball.write_bytes(tarball.read_bytes()[:length])

    refuse(folder, store, tmp_path)


def test_what_is_no_archive_is_refused(folder: Path, store: RootStore, tmp_path: Path) -> None:
    """A text file with a tarball's name is no root."""
    (folder / "one-x86_64.tar.gz").write_text("not a tarball\n" * 100)

    refuse(folder, store, tmp_path)


def test_a_flipped_bit_is_refused(
    make_tar: MakeTar, folder: Path, store: RootStore, tmp_path: Path
) -> None:
    """A damaged download does not pass for a root."""
    data = bytearray(make_tar().read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "one-x86_64.tar.gz").write_bytes(data)

    refuse(folder, store, tmp_path)


def test_a_bomb_of_bytes_is_refused(folder: Path, store: RootStore, tmp_path: Path) -> None:
    """A small tarball that claims gigabytes is refused before they are written."""
    info = tarfile.TarInfo("bomb")
    info.size = 64 << 30
    head = info.tobuf()
    with gzip.open(folder / "one-x86_64.tar.gz", "wb") as file:
        file.write(head + bytes(1 << 20))

    refuse(folder, store, tmp_path)


def test_a_bomb_that_inflates_is_refused(folder: Path, store: RootStore, tmp_path: Path) -> None:
    """Zeros that inflate a thousandfold are refused by their ratio."""
    with tarfile.open(folder / "one-x86_64.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("zeros")
        info.size = 256 << 20
        with Path("/dev/zero").open("rb") as zeros:
            tar.addfile(info, zeros)

    refuse(folder, store, tmp_path)


def test_a_bomb_in_a_header_is_refused(folder: Path, store: RootStore, tmp_path: Path) -> None:
    """An extended header that is read whole into memory is bounded, too."""
    info = tarfile.TarInfo("header")
    info.type, info.size = tarfile.XHDTYPE, 60 << 30
    with gzip.open(folder / "one-x86_64.tar.gz", "wb") as file:
        file.write(info.tobuf() + bytes(4 << 20))

    refuse(folder, store, tmp_path)
