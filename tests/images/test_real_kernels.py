"""Where real kernels come from: a folder of the user's, checked; packages; what is said without."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from everylinux.errors import ImageError
from everylinux.images import kernels
from everylinux.model import Arch, Kernel

X86_64 = Arch("x86_64")
FILE = Kernel("3.2", "3.2", X86_64, file="vmlinuz", sha256=hashlib.sha256(b"kernel").hexdigest())
PACKAGE = Kernel("6.1-debian", "6.1", X86_64, package="linux-image-amd64", suite="bookworm")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the environment names; an empty cache."""
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path / "cache"))
    named = tmp_path / "kernels"
    named.mkdir()
    monkeypatch.setenv(kernels.ENVIRONMENT, str(named))
    return named


def test_a_file_of_the_folder(folder: Path) -> None:
    """Found by the matrix's name, once it is there."""
    assert kernels.absent(FILE) == f"no vmlinuz in {folder}"
    with pytest.raises(ImageError, match=r"kernel 3\.2: no vmlinuz in"):
        kernels.fetch(FILE)

    (folder / "vmlinuz").write_bytes(b"kernel")
    assert kernels.absent(FILE) == ""
    assert kernels.fetch(FILE) == kernels.local(FILE) == folder / "vmlinuz"


def test_another_file_of_that_name_is_refused(folder: Path) -> None:
    """By its sha256, in one line with the next move."""
    (folder / "vmlinuz").write_bytes(b"another")

    with pytest.raises(ImageError, match=r"vmlinuz has sha256 .*, expected .*: get it anew"):
        kernels.fetch(FILE)


def test_a_packages_kernel_may_lie_in_the_folder(folder: Path) -> None:
    """Under the matrix's id: nothing is fetched then."""
    (folder / PACKAGE.id).write_bytes(b"mine")

    assert kernels.fetch(PACKAGE) == folder / PACKAGE.id


def test_a_packages_kernel_is_kept(folder: Path, tmp_path: Path) -> None:
    """What was unpacked once is taken from the cache, the newest of several."""
    place = tmp_path / "cache" / "kernels" / PACKAGE.id
    place.mkdir(parents=True)
    for name in ("vmlinuz-6.1.0-1-amd64", "vmlinuz-6.1.0-2-amd64"):
        (place / name).write_bytes(b"kept")

    assert folder
    assert kernels.fetch(PACKAGE) == place / "vmlinuz-6.1.0-2-amd64"


@pytest.mark.usefixtures("folder")
def test_without_apt_it_says_what_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine that is no Debian can name a folder."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert "in a folder, and that in EVERYLINUX_KERNELS_DIR" in kernels.absent(PACKAGE)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.usefixtures("folder")
def test_a_package_of_debian(tmp_path: Path) -> None:
    """Through apt, with its keys, into the cache; the machine's own apt is as it was."""
    before = Path("/var/lib/apt/lists").stat().st_mtime_ns
    if reason := kernels.absent(PACKAGE):
        pytest.skip(reason)
    found = kernels.fetch(PACKAGE)

    assert found.parent == tmp_path / "cache" / "kernels" / PACKAGE.id
    assert b"HdrS" in found.read_bytes()[:1024]  # Documentation/arch/x86/boot.rst
    assert Path("/var/lib/apt/lists").stat().st_mtime_ns == before
