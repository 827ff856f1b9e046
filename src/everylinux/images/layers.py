"""An image's layers as one tar, whiteouts applied (OCI image specification, layer.md)."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, cast

from everylinux.compression import Bounded, RefusedError, opened
from everylinux.errors import ArchiveError

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"
LAYER_BYTES = 4 << 30  # as archives.ROOT_FILESYSTEM, for each layer


def merge(layers: Sequence[Path], target: Path) -> Path:
    """Write one tar with what the layers (lowest first) amount to; the unpacker judges it.

    Two passes: the first finds for each path the layer that has the last word, the second copies
    in order, so that hard links stand after what they link to.
    """
    visible = _visible(layers)
    with tarfile.open(target, "w") as merged:
        for number, layer in enumerate(layers):
            for tar, member in _members(layer):
                if visible.get(_path(member)) == number:
                    merged.addfile(member, tar.extractfile(member) if member.isreg() else None)
    return target


def _visible(layers: Sequence[Path]) -> dict[str, int]:
    visible: dict[str, int] = {}
    folders: set[str] = set()  # also those that have no member of their own
    for number, layer in enumerate(layers):
        for _tar, member in _members(layer):
            path = PurePosixPath(_path(member))
            if path.name == OPAQUE:
                _hide(visible, str(path.parent), number, itself=False)
            elif path.name.startswith(WHITEOUT):
                hidden = path.with_name(path.name.removeprefix(WHITEOUT))
                _hide(visible, str(hidden), number, itself=True)
            else:
                if not member.isdir() and str(path) in folders:  # in a lower folder's place
                    _hide(visible, str(path), number, itself=True)
                visible[str(path)] = number
                folders.update(map(str, (path, *path.parents) if member.isdir() else path.parents))
    return visible


def _hide(visible: dict[str, int], path: str, number: int, *, itself: bool) -> None:
    """Forget what lower layers have at or below a path."""
    below = "" if path == "." else f"{path}/"
    for known in [known for known in visible if known.startswith(below) or known == path]:
        if visible[known] < number and (itself or known != path):
            del visible[known]


def _path(member: tarfile.TarInfo) -> str:
    return str(PurePosixPath(member.name.removeprefix("/")))


def _members(layer: Path) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Every member of a layer, one after the other; ArchiveError for what is no tar."""
    try:
        with layer.open("rb") as raw:
            stream = cast("IO[bytes]", Bounded(opened(raw), LAYER_BYTES))
            with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as tar:
                yield from ((tar, member) for member in tar)
    except (tarfile.TarError, RefusedError, EOFError, zlib.error) as error:
        cause = f"a layer of the image was refused: {error}"
        raise ArchiveError(cause, move="nothing of it was kept") from None
