"""A cache of its own for each test, and tarballs made on the spot."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pytest

from everylinux.images import RootStore

Member = tuple[str, str, str]  # name, kind, content or target
GOOD: tuple[Member, ...] = (
    (".", "dir", ""),
    ("bin", "dir", ""),
    ("bin/busybox", "file", "#!"),
    ("bin/sh", "link", "/bin/busybox"),
    ("bin/ls", "hard", "bin/busybox"),
    ("etc/motd", "file", "hello"),
    ("lib64", "link", "lib"),
)
KINDS = {
    "dir": tarfile.DIRTYPE,
    "file": tarfile.REGTYPE,
    "link": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
    "fifo": tarfile.FIFOTYPE,
}
OPENERS: dict[str, Callable[[str, Literal["w"]], tarfile.TarFile]] = {
    "tar": tarfile.TarFile.taropen,
    "gz": tarfile.TarFile.gzopen,
    "xz": tarfile.TarFile.xzopen,
}
MakeTar = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the user's cache, tarballs or pins."""
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("EVERYLINUX_ROOTFS_DIR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def store(cache: Path) -> RootStore:
    """The store of the test's cache."""
    assert RootStore().folder == cache / "rootfs"
    return RootStore()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of tarballs."""
    path = tmp_path / "tarballs"
    path.mkdir()
    return path


@pytest.fixture
def make_tar(folder: Path) -> MakeTar:
    """Write a tarball into the folder of tarballs."""

    def make(name: str = "one-x86_64.tar.gz", members: Sequence[Member] = GOOD) -> Path:
        opener = OPENERS[name.rpartition(".")[2]]
        with opener(str(folder / name), "w") as tar:
            for path, kind, text in members:
                info = tarfile.TarInfo(path)
                info.type, info.mode = KINDS[kind], 0o700 if kind == "dir" else 0o4755
                data = text.encode() if kind == "file" else b""
                info.size, info.linkname = len(data), "" if kind == "file" else text
                tar.addfile(info, io.BytesIO(data))
        return folder / name

    return make
