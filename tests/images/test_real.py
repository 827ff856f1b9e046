"""The real tarballs of the matrix, where they are."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from everylinux.images import gather, rootfs_dir
from everylinux.matrix import load
from everylinux.model import RootFs

BWRAP = ("bwrap", "--unshare-all", "--die-with-parent")


@pytest.fixture
def roots() -> tuple[RootFs, ...]:
    """Every image that has a tarball here."""
    folder, _ = rootfs_dir()
    if folder is None:
        pytest.skip("no folder of tarballs beside the checkout, and EVERYLINUX_ROOTFS_DIR is unset")
    wanted = [image for image in load().images if (folder / image.tarball).is_file()]
    found, not_run = gather([image for image in wanted if image.tarball], offline=True)
    assert not_run == ()
    return found


def test_every_tarball_unpacks_and_its_shell_runs(roots: tuple[RootFs, ...]) -> None:
    """Each real root is complete: where the matrix says there is a shell, it counts to 42."""
    if not shutil.which("bwrap"):
        pytest.skip("bubblewrap is not installed")
    said = {}
    for root in roots:
        argv = [*BWRAP, "--ro-bind", str(root.path), "/", "/bin/sh", "-c", "echo $((6*7))"]
        done = subprocess.run(argv, capture_output=True, check=False)
        said[f"{root.image.id}-{root.image.arch}"] = done.stdout

    assert said == dict.fromkeys(said, b"42\n")
    assert len(said) == len(roots) > 0
