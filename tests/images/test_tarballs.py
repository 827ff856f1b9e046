"""Root filesystems from a folder of tarballs, through `gather`."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from everylinux.errors import ImageError
from everylinux.images import RootStore, gather
from everylinux.model import Arch, Image, RootFs

MakeTar = Callable[..., Path]


def image(**more: str) -> Image:
    """The image that the tests want."""
    return Image("one", Arch("x86_64"), "One", "1.0 (first)", **more)  # type: ignore[arg-type]


def get(wanted: Image, folder: Path) -> RootFs:
    """Gather one image that must be there."""
    roots, not_run = gather([wanted], rootfs_dir=folder, offline=True)
    assert not_run == ()
    return roots[0]


def sha256(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.xz"])
def test_a_tarball_named_by_id_and_architecture_is_unpacked(
    make_tar: MakeTar, folder: Path, suffix: str
) -> None:
    """A user's own folder needs no index: the file's name says which image it is."""
    tarball = make_tar(f"one-x86_64.{suffix}")

    root = get(image(), folder)

    assert (root.path / "etc/motd").read_text() == "hello"
    assert (root.path / "bin/sh").readlink() == Path("/bin/busybox")
    assert (root.path / "bin/ls").samefile(root.path / "bin/busybox")
    assert root.digest == f"sha256:{sha256(tarball)}"
    assert root.origin == f"tarball one-x86_64.{suffix}"


def test_the_root_can_be_used_by_engines(make_tar: MakeTar, folder: Path) -> None:
    """The top folder can be entered, mount points are there, no setuid bit survives."""
    make_tar()

    root = get(image(), folder).path

    assert stat.S_IMODE(root.stat().st_mode) == 0o755
    assert stat.S_IMODE((root / "tmp").stat().st_mode) == 0o1777
    assert all((root / name).is_dir() for name in ("everylinux", "proc", "dev", "sys", "run"))
    assert stat.S_IMODE((root / "bin/busybox").stat().st_mode) == 0o755


@pytest.mark.parametrize("target", ["/etc", "../../../outside", "var/tmp", "tmp"])
def test_a_mount_point_that_is_a_link_gives_way(
    make_tar: MakeTar, folder: Path, tmp_path: Path, target: str
) -> None:
    """A link in the place of a mount point is never followed, wherever it leads."""
    make_tar(members=(("tmp", "link", target), ("proc", "file", "x"), ("a", "file", "b")))

    root = get(image(), folder).path

    assert not (root / "tmp").is_symlink()
    assert (root / "tmp").is_dir()
    assert (root / "proc").is_dir()
    assert not (tmp_path / "outside").exists()


def test_device_nodes_are_left_out_and_counted(
    make_tar: MakeTar, folder: Path, store: RootStore
) -> None:
    """A node or a fifo in a root is normal, and never made on the host."""
    make_tar(members=(("dev/null", "char", ""), ("p", "fifo", ""), ("a", "file", "b")))

    root = get(image(), folder)

    assert not (root.path / "dev/null").exists()
    marker = store.marker(root.digest)
    assert marker is not None
    assert marker.skipped == 2


def test_the_matrix_names_the_file(make_tar: MakeTar, folder: Path) -> None:
    """A tarball that matrix.yaml names is found, and its hash is checked."""
    tarball = make_tar("original-name.tar.gz")
    wanted = image(tarball=tarball.name, tarball_sha256=sha256(tarball))

    assert get(wanted, folder).origin == "tarball original-name.tar.gz"


def test_a_wrong_hash_shows_both_and_keeps_nothing(
    make_tar: MakeTar, folder: Path, store: RootStore
) -> None:
    """A tarball that is not the one the matrix names is refused with both hashes."""
    tarball = make_tar("original-name.tar.gz")
    wanted = image(tarball=tarball.name, tarball_sha256="0" * 64)

    with pytest.raises(ImageError, match=f"{sha256(tarball)}, expected {'0' * 64}") as caught:
        get(wanted, folder)

    assert caught.value.exit_code == 2
    assert store.markers() == ()


@pytest.mark.parametrize(
    ("head", "row"),
    [
        ("file\tarch\tid", "x.tar.gz\tx86_64\tone"),
        ("file\tdistro\tversion\tarch", "x.tar.gz\tone\t1.0\tx86_64"),
        ("file\tdistro\tversion\tarch\tsha256", "x.tar.gz\tOne\t1.0 (first)\tx86_64\t{sha}"),
    ],
)
def test_an_index_names_tarballs(make_tar: MakeTar, folder: Path, head: str, row: str) -> None:
    """INDEX.tsv maps files to images by id, or by distribution and version."""
    tarball = make_tar("x.tar.gz")
    (folder / "INDEX.tsv").write_text(f"{head}\n{row.format(sha=sha256(tarball))}\n")

    assert get(image(), folder).origin == "tarball x.tar.gz"


def test_an_index_of_another_architecture_does_not_match(make_tar: MakeTar, folder: Path) -> None:
    """A 32-bit tarball is not taken for the 64-bit image."""
    make_tar("x.tar.gz")
    (folder / "INDEX.tsv").write_text("file\tarch\tid\nx.tar.gz\tx86\tone\n")

    _, not_run = gather([image()], rootfs_dir=folder, offline=True)

    assert [item.image.id for item in not_run] == ["one"]


def test_a_hash_of_the_index_is_checked(make_tar: MakeTar, folder: Path) -> None:
    """An index that states a hash is believed over the file."""
    make_tar("x.tar.gz")
    (folder / "INDEX.tsv").write_text(
        f"file\tarch\tid\tsha256\nx.tar.gz\tx86_64\tone\t{'1' * 64}\n"
    )

    with pytest.raises(ImageError, match=f"expected {'1' * 64}"):
        get(image(), folder)


@pytest.mark.parametrize(
    "index",
    [b"file\tdistro\nx\ty\n", b"file\tarch\n../x.tar\tx86\n", b"\xff\xfe", b"file\tarch\n\tx86\n"],
)
def test_a_broken_index_is_one_line(folder: Path, index: bytes) -> None:
    """An index that cannot be used is named, with the next move."""
    (folder / "INDEX.tsv").write_bytes(index)

    with pytest.raises(ImageError, match=r"INDEX\.tsv .*: mend or remove it"):
        get(image(), folder)


def test_two_tarballs_for_one_image_are_told(make_tar: MakeTar, folder: Path) -> None:
    """Nothing is guessed where two files claim the same image."""
    make_tar("one-x86_64.tar.gz")
    make_tar("one-x86_64.tar")

    with pytest.raises(ImageError, match="both claim one-x86_64"):
        get(image(), folder)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A mistyped --rootfs-dir is a mistake of the user's, not an empty folder."""
    with pytest.raises(ImageError, match="is no folder"):
        gather([image()], rootfs_dir=tmp_path / "none", offline=True)


def test_the_environment_names_the_folder(
    make_tar: MakeTar, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EVERYLINUX_ROOTFS_DIR is as good as the option."""
    make_tar()
    monkeypatch.setenv("EVERYLINUX_ROOTFS_DIR", str(folder))

    roots, _ = gather([image()], offline=True)

    assert [root.origin for root in roots] == ["tarball one-x86_64.tar.gz"]


def test_a_folder_that_was_asked_for_beats_the_cache(make_tar: MakeTar, folder: Path) -> None:
    """Who names a folder with a tarball of his own means it, whatever was cached before."""
    first = make_tar()
    wanted = image(tarball=first.name, tarball_sha256=sha256(first))
    get(wanted, folder)
    own = folder / "own"
    own.mkdir()
    first.rename(own / "kept.tar.gz")
    (own / "kept.tar.gz").rename(own / "one-x86_64.tar.gz")
    make_tar("one-x86_64.tar", (("etc/motd", "file", "mine"),)).rename(own / "one-x86_64.tar.gz")

    with pytest.raises(ImageError, match="expected"):  # the matrix names this very file
        get(wanted, own)
    assert (get(image(), own).path / "etc/motd").read_text() == "mine"


def test_what_nobody_has_is_not_run_with_a_reason(folder: Path) -> None:
    """An image that cannot be had is named with what would help, and never a root."""
    roots, not_run = gather([image()], rootfs_dir=folder, offline=True)

    assert roots == ()
    assert "no one-x86_64.tar* in" in not_run[0].reason
    assert "no image reference" in not_run[0].reason
