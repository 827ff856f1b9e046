"""The cache: complete or absent, checked, safe under two processes and on a bad disk."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from everylinux.errors import ImageError
from everylinux.images import RootStore, gather
from everylinux.images.pruning import prune
from everylinux.images.store import MARKER, Wanted
from everylinux.model import Arch, Image, RootFs

MakeTar = Callable[..., Path]


def image(**more: str) -> Image:
    """The image that the tests want."""
    return Image("one", Arch("x86_64"), "One", "1.0 (first)", **more)  # type: ignore[arg-type]


DIGEST = "sha256:" + "c" * 64


def fill(root: Path) -> None:
    """Make a small tree."""
    (root / "etc").mkdir(parents=True)
    (root / "etc/name").write_text("one")
    (root / "etc/link").symlink_to("name")


def add(store: RootStore, digest: str = DIGEST, recipe: str = "") -> RootFs:
    """Add the small tree."""
    return store.add(Wanted(image(), digest, "test", recipe), fill)


def test_a_tree_is_made_once(store: RootStore) -> None:
    """A second wish for the same digest is served from the cache."""
    first = add(store)

    def never(root: Path) -> None:
        raise AssertionError(root)

    assert store.add(Wanted(image(), DIGEST, "test"), never).path == first.path


def _damage_size(root: Path) -> None:
    (root / "etc/name").write_text("other")


def _damage_missing(root: Path) -> None:
    (root / "etc/name").unlink()


def _damage_more(root: Path) -> None:
    (root / "etc/more").write_text("")


def _damage_mode(root: Path) -> None:
    (root / "etc/name").chmod(0o4755)


def _damage_link(root: Path) -> None:
    (root / "etc/link").unlink()
    (root / "etc/link").symlink_to("gone")


def _damage_marker(root: Path) -> None:
    (root.parent / MARKER).write_text('{"digest": ')


def _damage_no_marker(root: Path) -> None:
    (root.parent / MARKER).unlink()


def _damage_other_marker(root: Path) -> None:
    data = json.loads((root.parent / MARKER).read_text())
    (root.parent / MARKER).write_text(json.dumps(data | {"digest": "sha256:" + "d" * 64}))


DAMAGES = {
    function.__name__.removeprefix("_damage_"): function
    for function in (
        _damage_size,
        _damage_missing,
        _damage_more,
        _damage_mode,
        _damage_link,
        _damage_marker,
        _damage_no_marker,
        _damage_other_marker,
    )
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_damaged_tree_is_noticed_and_made_anew(store: RootStore, kind: str) -> None:
    """What no longer looks as it did is not used, and made again when it is wanted."""
    DAMAGES[kind](add(store).path)

    assert store.find(image(), DIGEST) is None

    root = add(store).path
    assert sorted(path.name for path in (root / "etc").iterdir()) == ["link", "name"]
    assert (root / "etc/name").read_text() == "one"


def test_a_failed_fill_leaves_nothing(store: RootStore) -> None:
    """A tree is there whole or not at all."""

    def fail(root: Path) -> None:
        fill(root)
        msg = "half way"
        raise ImageError(msg)

    with pytest.raises(ImageError, match="half way"):
        store.add(Wanted(image(), DIGEST, "test"), fail)
    assert [path.suffix for path in store.folder.iterdir()] == [".lock"]


def test_what_a_killed_process_left_is_swept(store: RootStore, tmp_path: Path) -> None:
    """After kill -9 in the middle, the next run makes the tree and removes the rest."""
    script = tmp_path / "victim.py"
    script.write_text(
        "import sys, time\n"
        "from everylinux.images.store import RootStore, Wanted\n"
        "from everylinux.model import Arch, Arch, Image\n"
        "def fill(root):\n"
        "    root.mkdir(); (root / 'half').write_text('x'); print('ready', flush=True)\n"
        "    time.sleep(60)\n"
        f"wanted = Wanted(Image('one', Arch('x86_64'), 'One', '1'), {DIGEST!r}, 'test')\n"
        "RootStore().add(wanted, fill)\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"ready\n"
        victim.kill()

    root = add(store)

    assert not (root.path / "half").exists()
    assert [path for path in store.folder.iterdir() if path.name.startswith(".")] == []


def _gather(folder: Path, wanted: Image) -> str:
    roots, _ = gather([wanted], rootfs_dir=folder, offline=True)
    return str(roots[0].path)


def test_two_processes_at_once_share_one_tree(make_tar: MakeTar, folder: Path) -> None:
    """Four processes that want the same image get the same complete tree."""
    members = [(f"etc/{number}", "file", "x" * number) for number in range(500)]
    make_tar(members=members)

    with multiprocessing.get_context("spawn").Pool(4) as pool:
        paths = pool.starmap(_gather, [(folder, image())] * 4)

    assert len(set(paths)) == 1
    assert len(list(Path(paths[0], "etc").iterdir())) == 500


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Path:
    """A file system of 1 MiB (needs root)."""
    place = tmp_path / "tiny"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "everylinux-test", place],
        check=False,
        capture_output=True,
    )
    if made.returncode:
        pytest.skip("a small file system cannot be mounted here")
    return place


def _tell(folder: Path, monkeypatch: pytest.MonkeyPatch, place: Path) -> str:
    monkeypatch.setenv("EVERYLINUX_CACHE", str(place))
    try:
        with pytest.raises(ImageError) as caught:
            gather([image()], rootfs_dir=folder, offline=True)
    finally:
        left = [str(path) for path in place.rglob("*") if path.is_file() and path.suffix != ".lock"]
        subprocess.run(["umount", place], check=False, capture_output=True)
    assert left == []
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_a_full_disk_is_one_line(
    make_tar: MakeTar, folder: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the cache's disk is full, the line says so and what to do; nothing half made stays."""
    make_tar(members=(("big", "file", "x" * (3 << 20)),))

    line = _tell(folder, monkeypatch, tiny_disk)

    assert "No space left on device" in line
    assert "everylinux images prune" in line
    assert "EVERYLINUX_CACHE" in line


def test_a_read_only_cache_is_one_line(
    make_tar: MakeTar, folder: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that cannot be written is told, with the way out."""
    make_tar()
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)

    assert "Read-only file system" in _tell(folder, monkeypatch, tiny_disk)


def test_a_read_only_cache_can_still_be_read(
    make_tar: MakeTar, folder: Path, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in a cache that cannot be written is served from it."""
    tarball = make_tar()
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tiny_disk))
    [root], _ = gather([image()], rootfs_dir=folder, offline=True)
    subprocess.run(["mount", "-o", "remount,ro", tiny_disk], check=True)
    wanted = image(tarball=tarball.name, tarball_sha256=root.digest.removeprefix("sha256:"))
    try:
        roots, _ = gather([wanted], offline=True)
    finally:
        subprocess.run(["umount", tiny_disk], check=True)

    assert [found.path for found in roots] == [root.path]


def test_prune_removes_what_nobody_names_and_nothing_else(store: RootStore) -> None:
    """The matrix decides what stays; files that are not ours stay, too."""
    other = "sha256:" + "e" * 64
    add(store)
    add(store, other)
    (store.folder / "mine").mkdir()
    (store.folder / "notes.txt").write_text("keep")

    removed = prune(store, [image(digest=DIGEST)])

    assert [item.what for item in removed] == ["one-x86_64 (test)"]
    assert store.marker(DIGEST) is not None
    assert store.marker(other) is None
    assert (store.folder / "mine").is_dir()
    assert (store.folder / "notes.txt").read_text() == "keep"


def test_prune_removes_old_downloads_of_killed_processes(store: RootStore) -> None:
    """A download folder of yesterday is a leftover, one of now may be in use."""
    add(store)
    for name, age in ((".scratch.old", 2 * 86_400), (".scratch.new", 0)):
        (store.folder / name).mkdir()
        then = time.time() - age
        os.utime(store.folder / name, (then, then))

    removed = prune(store, [image(digest=DIGEST)])

    assert [item.what for item in removed] == ["leftover .scratch.old"]
    assert (store.folder / ".scratch.new").is_dir()
