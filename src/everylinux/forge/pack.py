"""The archives beside the tree: the same bytes from the same tree, wherever and whenever packed."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, cast

import zstandard

LEVEL = 19  # of zstd
Opener = Callable[[IO[bytes]], AbstractContextManager[IO[bytes]]]


def pack(tree: Path, folder: Path, name: str, epoch: int) -> list[Path]:
    """Write NAME.tar.zst and NAME.tar.gz into `folder`, and a SHA256SUMS of both."""
    made = [_write(tree, folder / f"{name}{suffix}", way, epoch) for suffix, way in WAYS.items()]
    sums = [f"{_sha256(path)}  {path.name}\n" for path in made]
    (folder / "SHA256SUMS").write_text("".join(sums))
    return made


def _write(tree: Path, target: Path, way: Opener, epoch: int) -> Path:
    with target.open("wb") as file, way(file) as packed:
        archive = tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT)  # noqa: SIM115
        with archive:
            for path in members(tree):
                _add(archive, path, tree, epoch)
    target.chmod(0o644)
    return target


def members(tree: Path) -> Iterator[Path]:
    """The tree itself and all below it, a folder before what is in it."""
    found = [tree]
    for folder, names, files in os.walk(tree):
        found += [Path(folder, name) for name in (*names, *files)]
    yield from sorted(found, key=lambda path: path.parts)


def _add(archive: tarfile.TarFile, path: Path, tree: Path, epoch: int) -> None:
    info = tarfile.TarInfo(path.relative_to(tree.parent).as_posix())
    info.mtime = epoch
    info.mode = 0o777 if path.is_symlink() else path.stat().st_mode & 0o7777
    if path.is_symlink():
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
        archive.addfile(info)
    elif path.is_dir():
        info.type = tarfile.DIRTYPE
        archive.addfile(info)
    else:
        info.size = path.stat().st_size
        with path.open("rb") as file:
            archive.addfile(info, file)


def _zstd(file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    # one thread: how the work is divided would show in the bytes
    writer = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(
        file, closefd=False
    )
    return cast("AbstractContextManager[IO[bytes]]", writer)


def _gzip(file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    writer = gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0)
    return cast("AbstractContextManager[IO[bytes]]", writer)


WAYS: dict[str, Opener] = {".tar.zst": _zstd, ".tar.gz": _gzip}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
