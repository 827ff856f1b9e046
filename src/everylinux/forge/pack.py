"""The archives beside the tree: the same bytes from the same tree, wherever and whenever packed."""

from __future__ import annotations

import gzip
import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO, cast

import zstandard

from everylinux.forge.contract import Settings

LEVELS = {"quick": 9, "release": 19}
"""Of zstd, by profile: the archive has 22.4 MB at level 9 and 20.0 MB at 19, which takes longer."""
Opener = Callable[[IO[bytes]], AbstractContextManager[IO[bytes]]]


def pack(tree: Path, folder: Path, name: str, settings: Settings) -> list[Path]:
    """Write NAME.tar.zst and NAME.tar.gz into `folder`, and a SHA256SUMS of both."""
    ways: dict[str, Opener] = {
        ".tar.zst": partial(_zstd, level=LEVELS[settings.profile]),
        ".tar.gz": _gzip,
    }
    epoch = settings.source_date_epoch

    def write(suffix: str) -> Path:
        return _write(tree, folder / f"{name}{suffix}", ways[suffix], epoch)

    with ThreadPoolExecutor(min(settings.jobs, len(ways))) as pool:  # both release the GIL
        made = list(pool.map(write, ways))
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


def _zstd(file: IO[bytes], level: int) -> AbstractContextManager[IO[bytes]]:
    # one thread: how the work is divided would show in the bytes
    writer = zstandard.ZstdCompressor(level=level, write_checksum=True).stream_writer(
        file, closefd=False
    )
    return cast("AbstractContextManager[IO[bytes]]", writer)


def _gzip(file: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    writer = gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=9, mtime=0)
    return cast("AbstractContextManager[IO[bytes]]", writer)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
