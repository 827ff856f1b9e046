"""Root filesystems from a registry, by digest, through podman, docker or skopeo."""

from __future__ import annotations

import datetime as dt
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from everylinux.archives import ROOT_FILESYSTEM, extract
from everylinux.errors import ImageError
from everylinux.images.base import Absent, Say
from everylinux.images.pullers import Puller, PullError, first_puller
from everylinux.images.reach import address, unreachable
from everylinux.images.store import RootStore, Wanted
from everylinux.model import Image, RootFs
from everylinux.pins import LOCK_NAME, Pin, matrix_path, save_pin

# What a registry says of one image, not of itself: another image may still be had.
OF_IMAGE = re.compile(r"(?i)manifest unknown|not found|denied|unauthorized|no image|digest")


class RegistryProvider:
    """Pulls what the matrix names; a registry that cannot be reached is asked once in a run."""

    name = "registry"
    local = False

    def __init__(
        self,
        store: RootStore,
        *,
        lock: Path | None = None,
        puller: Puller | None = None,
        say: Say = print,
    ) -> None:
        """`lock` is matrix.lock.yaml, the project's own without it."""
        self.store = store
        self.lock = lock or matrix_path().with_name(LOCK_NAME)
        self.puller = puller or first_puller()
        self.say = say
        self._down: dict[str, str] = {}  # registry's address -> why, "" if it answered
        self._guard = threading.Lock()

    def prepare(self, images: Sequence[Image]) -> None:
        """Ask all registries that the images name at once whether they answer."""
        references = {
            address(image.reference): image.reference for image in images if image.reference
        }
        if references and self.puller:
            with ThreadPoolExecutor(len(references)) as pool:
                self._down.update(zip(references, pool.map(unreachable, references), strict=True))

    def offers(self, image: Image) -> str:
        """Name the reference, with its digest if it is pinned."""
        if not image.reference:
            return ""
        return f"{image.reference}@{image.digest[:19]}" if image.digest else image.reference

    def find(self, image: Image, *, offline: bool) -> RootFs | Absent:
        """Pull the image by its digest; without one, by its tag, and pin what was found."""
        if reason := self._cannot(image, offline=offline):
            return Absent(reason)
        try:
            return self._pull(image)
        except PullError as error:
            if not OF_IMAGE.search(str(error)):
                self._down[address(image.reference)] = str(error)
            return Absent(str(error))

    def pin(self, image: Image) -> Pin:
        """Ask the registry what the tag means today, and write it into the lock; ImageError."""
        if reason := self._cannot(image, offline=False):
            raise ImageError(f"{image.id}-{image.arch} cannot be pinned: {reason}")
        assert self.puller is not None
        try:
            with self.store.scratch() as folder:
                digest = self.puller.resolve(image, Path(folder))
        except PullError as error:
            raise ImageError(f"{image.id}-{image.arch} cannot be pinned: {error}") from None
        return self._save(image, digest)

    def _cannot(self, image: Image, *, offline: bool) -> str:
        if not image.reference:
            return "matrix.yaml knows no image reference"
        if offline:
            return "offline"
        if self.puller is None:
            return "none of podman, docker and skopeo is installed"
        return self._reach(image.reference)

    def _reach(self, reference: str) -> str:
        where = address(reference)
        with self._guard:
            if where not in self._down:
                self._down[where] = unreachable(where)
            return self._down[where]

    def _pull(self, image: Image) -> RootFs:
        assert self.puller is not None
        with self.store.scratch() as scratch:
            folder = Path(scratch)
            self.say(f"{image.id}-{image.arch}: {self.puller.tool} pull {self.offers(image)}")
            digest = image.digest or self.puller.resolve(image, folder)
            origin = f"registry {image.reference.rpartition(':')[0]}@{digest}"
            puller = self.puller

            def fill(root: Path) -> object:
                return extract(puller.export(image, digest, folder), root, ROOT_FILESYSTEM)

            found = self.store.add(Wanted(image, digest, origin), fill)
        if not image.digest:
            self._save(image, digest)
        return found

    def _save(self, image: Image, digest: str) -> Pin:
        today = dt.datetime.now(dt.UTC).date().isoformat()
        pin = Pin(image.reference, digest, today)
        save_pin(self.lock, f"{image.id}-{image.arch}", pin)
        return pin
