"""What the cache of root filesystems need not keep: only what is ours, and nobody names."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from everylinux.archives import remove_tree
from everylinux.images.cached import recipe_key
from everylinux.images.store import RootStore
from everylinux.model import Image

ABANDONED_SECONDS = 86_400.0  # a download folder that old belongs to a killed process


@dataclass(frozen=True, slots=True)
class Removed:
    """One thing that was removed from the cache."""

    what: str
    bytes: int


def prune(store: RootStore, images: Iterable[Image]) -> tuple[Removed, ...]:
    """Remove the trees that no image names (by tarball, digest or recipe) and old leftovers.

    Of trees made by the same recipe only the newest is kept. Nothing else in the folder is touched.
    """
    known = list(images)
    digests = {f"sha256:{image.tarball_sha256}" for image in known} | {i.digest for i in known}
    newest = _newest(store, {recipe_key(image) for image in known if image.recipe})
    removed = []
    for marker in store.markers():
        if marker.digest not in digests | newest:
            store.remove(marker.digest)
            removed.append(Removed(f"{marker.image} ({marker.origin})", marker.bytes))
    return (*removed, *_leftovers(store))


def _newest(store: RootStore, recipes: set[str]) -> set[str]:
    made = (m for m in store.markers() if m.recipe in recipes)
    ordered = sorted(made, key=lambda marker: marker.created)
    return set({marker.recipe: marker.digest for marker in ordered}.values())


def _leftovers(store: RootStore) -> list[Removed]:
    removed = []
    for pattern in (".scratch.*", ".sha256-*"):
        for path in store.folder.glob(pattern):
            if path.is_dir() and time.time() - path.lstat().st_mtime > ABANDONED_SECONDS:
                remove_tree(path)
                removed.append(Removed(f"leftover {path.name}", 0))
    return removed
