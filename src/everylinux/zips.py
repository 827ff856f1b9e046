"""Zip archives (wheels are such) written as tar, so that one unpacker judges what is in either."""

from __future__ import annotations

import stat
import tarfile
import zipfile
from pathlib import Path

from everylinux.archives import Policy
from everylinux.errors import ArchiveError

MAGIC = b"PK\x03\x04"
WHOLE = 0o100644
"""The mode of a member whose packer told none (zips made on Windows)."""


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive that holds something."""
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def to_tar(archive: Path, target: Path, policy: Policy) -> None:
    """Write the members of `archive` into the tar `target`; ArchiveError past `policy`'s bounds.

    Names and kinds are judged when the tar is unpacked (archives.py); links stay what they are.
    """
    try:
        with zipfile.ZipFile(archive) as source, tarfile.open(target, "w") as tar:
            _check(archive, source, policy)
            for row in source.infolist():
                _add(source, row, tar)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        raise ArchiveError(
            f"{archive.name} was refused: {error}", move="get the archive anew"
        ) from None


def _check(archive: Path, source: zipfile.ZipFile, policy: Policy) -> None:
    rows = source.infolist()
    total = sum(row.file_size for row in rows)
    packed = max(1, archive.stat().st_size)
    if len(rows) > policy.members or total > policy.total_bytes or total > policy.ratio * packed:
        cause = f"{archive.name} was refused: {len(rows)} members with {total} bytes"
        raise ArchiveError(cause, move="is it a bomb?")


def _add(source: zipfile.ZipFile, row: zipfile.ZipInfo, tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo(row.filename.rstrip("/"))
    mode = (row.external_attr >> 16) or WHOLE
    member.mode = stat.S_IMODE(mode)
    if row.is_dir():
        member.type, member.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(member)
    elif stat.S_ISLNK(mode):
        member.type, member.linkname = tarfile.SYMTYPE, source.read(row).decode("utf-8", "replace")
        tar.addfile(member)
    else:
        member.size = row.file_size
        with source.open(row) as stream:
            tar.addfile(member, stream)
