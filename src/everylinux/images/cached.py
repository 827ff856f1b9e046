"""Root filesystems that were unpacked or made before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from everylinux.images.base import Absent
from everylinux.images.store import Marker, RootStore
from everylinux.model import Image, RootFs


class CacheProvider:
    """The store itself, by every digest that the matrix gives an image."""

    name = "cache"
    local = True

    def __init__(self, store: RootStore) -> None:
        """Look in `store`."""
        self.store = store

    def find(self, image: Image, *, offline: bool) -> RootFs | Absent:  # noqa: ARG002 - a local place
        """Return the tree of the first digest that is there and whole."""
        for marker in self._markers(image):
            if found := self.store.find(image, marker.digest):
                return found
        return Absent("")

    def prepare(self, images: Sequence[Image]) -> None:
        """Nothing to prepare."""

    def offers(self, image: Image) -> str:
        """Say where the cached tree came from."""
        marker = self.marker(image)
        return marker.origin if marker else ""

    def marker(self, image: Image) -> Marker | None:
        """Return what is known of the image's tree, None if it is not in the cache."""
        return next(iter(self._markers(image)), None)

    def _markers(self, image: Image) -> list[Marker]:
        digests = (f"sha256:{image.tarball_sha256}" if image.tarball_sha256 else "", image.digest)
        found = [marker for d in digests if d and (marker := self.store.marker(d))]
        if image.recipe:
            key = recipe_key(image)
            made = (marker for marker in self.store.markers() if marker.recipe == key)
            found += sorted(made, key=lambda marker: marker.created, reverse=True)
        return found


def recipe_key(image: Image) -> str:
    """Return what a recipe stands for: equal for equal recipes of one architecture."""
    text = json.dumps({**image.recipe, "arch": image.arch}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
