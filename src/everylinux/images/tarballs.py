"""Root filesystems from a folder of tarballs: the matrix's own names, an INDEX.tsv, or id-arch."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from everylinux.archives import ROOT_FILESYSTEM, Unpacked, extract
from everylinux.errors import ImageError
from everylinux.images.base import Absent
from everylinux.images.store import RootStore, Wanted
from everylinux.model import Image, RootFs

INDEX = "INDEX.tsv"
INDEX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Tarball:
    """A tarball that is there, and the sha256 it must have ("" where nobody says)."""

    path: Path
    sha256: str


class TarballProvider:
    """Tarballs of one folder, unpacked into the store."""

    name = "tarball"
    local = True

    def __init__(self, folder: Path, store: RootStore) -> None:
        """ImageError if the folder or its INDEX.tsv cannot be read."""
        if not folder.is_dir():
            raise ImageError(
                f"{folder} is no folder", move="give --rootfs-dir a folder of root tarballs"
            )
        self.folder, self.store = folder, store
        self.index = _index(folder / INDEX)

    def find(self, image: Image, *, offline: bool) -> RootFs | Absent:  # noqa: ARG002 - a local place
        """Check and unpack the image's tarball."""
        tarball = self.locate(image)
        if tarball is None:
            return Absent(f"no {self.wanted(image)} in {self.folder}")
        digest = self._digest(image, tarball)
        origin = f"tarball {tarball.path.name}"
        return self.store.add(
            Wanted(image, digest, origin), lambda root: _unpack(tarball.path, root)
        )

    def prepare(self, images: Sequence[Image]) -> None:
        """Nothing to prepare."""

    def offers(self, image: Image) -> str:
        """Name the tarball."""
        tarball = self.locate(image)
        return tarball.path.name if tarball else ""

    def wanted(self, image: Image) -> str:
        """Name the file that would be taken."""
        return image.tarball or f"{image.id}-{image.arch}.tar*"

    def locate(self, image: Image) -> Tarball | None:
        """Find the image's tarball by the matrix's name, the index, or `id-arch.tar*`."""
        if image.tarball and (self.folder / image.tarball).is_file():
            return Tarball(self.folder / image.tarball, image.tarball_sha256)
        for row in self.index:
            if _names(row, image) and (self.folder / row["file"]).is_file():
                return Tarball(self.folder / row["file"], row.get("sha256") or "")
        found = sorted(self.folder.glob(f"{image.id}-{image.arch}.tar*"))
        if len(found) > 1:
            names = " and ".join(path.name for path in found)
            raise ImageError(f"{names} both claim {image.id}-{image.arch}", move="remove one")
        return Tarball(found[0], "") if found else None

    def _digest(self, image: Image, tarball: Tarball) -> str:
        try:
            with tarball.path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            cause = f"{tarball.path} cannot be read ({error.strerror})"
            raise ImageError(cause, move="mend its permissions") from None
        if tarball.sha256 and found != tarball.sha256:
            raise ImageError(
                f"{tarball.path.name} has sha256 {found}, expected {tarball.sha256}",
                move=f"get it anew, or rename your own to {image.id}-{image.arch}.tar in a folder"
                " of its own",
            )
        return f"sha256:{found}"


def _unpack(path: Path, root: Path) -> Unpacked:
    return extract(path, root, ROOT_FILESYSTEM)


def _names(row: dict[str, str], image: Image) -> bool:
    """Whether an index row means this image: by `id`, else by `distro` and `version`."""
    if row.get("arch") != image.arch:
        return False
    if row.get("id"):
        return row["id"] == image.id
    version, release = row.get("version") or "", image.release
    same = (row.get("distro") or "").casefold() == image.name.casefold()
    return same and bool(version) and (release == version or release.startswith(f"{version} "))


def _index(path: Path) -> tuple[dict[str, str], ...]:
    """Read an index: tab-separated, with at least the columns `file` and `arch`."""
    if not path.exists():
        return ()
    try:
        with path.open("rb") as file:
            text = file.read(INDEX_BYTES).decode("utf-8")
        rows = csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
        found = tuple({str(k): str(v or "") for k, v in row.items()} for row in rows)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ImageError(f"{path} cannot be read ({error})", move="mend or remove it") from None
    for row in found:
        if not row.get("file") or not row.get("arch") or "/" in row["file"]:
            cause = f"{path} needs the columns file (a plain name) and arch in each row"
            raise ImageError(cause, move="mend or remove it")
    return found
