"""The chain of providers: the first that has an image gives it; what nobody has is *not run*."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from everylinux.errors import UsageError
from everylinux.images.base import Absent, RootFsProvider
from everylinux.images.cached import CacheProvider
from everylinux.images.debian import DebianProvider
from everylinux.images.registry import RegistryProvider
from everylinux.images.store import RootStore
from everylinux.images.tarballs import TarballProvider
from everylinux.model import Image, NotRun, RootFs
from everylinux.places import project_root

ENVIRONMENT = "EVERYLINUX_ROOTFS_DIR"
WORKERS = 2  # at once: each may run a package manager or a decompressor

Progress = Callable[[str], object]


def rootfs_dir(chosen: Path | None = None) -> tuple[Path | None, bool]:
    """Return the folder of tarballs and whether somebody asked for it.

    What was chosen, else EVERYLINUX_ROOTFS_DIR, else `../shared/rootfs` beside the checkout if it
    is there.
    """
    named = os.environ.get(ENVIRONMENT, "")
    if chosen or named:
        return (chosen or Path(named)).absolute(), True
    try:
        beside = project_root().parent / "shared" / "rootfs"
    except UsageError:
        return None, False
    return (beside, False) if beside.is_dir() else (None, False)


def providers(store: RootStore, chosen: Path | None = None) -> tuple[RootFsProvider, ...]:
    """Return the chain. A folder that somebody asked for comes first: it is meant to be used."""
    folder, asked = rootfs_dir(chosen)
    tarballs = [TarballProvider(folder, store)] if folder else []
    cache: list[RootFsProvider] = [CacheProvider(store)]
    local = [*tarballs, *cache] if asked else [*cache, *tarballs]
    return (*local, RegistryProvider(store), DebianProvider(store))


def gather(
    images: Sequence[Image],
    *,
    rootfs_dir: Path | None = None,
    offline: bool = False,
    progress: Progress = lambda _line: None,
) -> tuple[tuple[RootFs, ...], tuple[NotRun, ...]]:
    """Return a root filesystem for each image that can be had, and why the others cannot.

    At most two are fetched or made at once. `progress` gets a line for each that was not in the
    cache. Raises ArchiveError and ImageError for what is there and wrong.
    """
    chain = providers(RootStore(), rootfs_dir)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="images") as pool:
        found = list(pool.map(lambda image: fetch(image, chain, progress, offline=offline), images))
    roots = tuple(item for item in found if isinstance(item, RootFs))
    return roots, tuple(item for item in found if isinstance(item, NotRun))


def fetch(
    image: Image, chain: Sequence[RootFsProvider], progress: Progress, *, offline: bool
) -> RootFs | NotRun:
    """Ask one provider after the other."""
    reasons = []
    for provider in chain:
        if provider.name not in {"cache", "tarball"} and not offline and provider.offers(image):
            progress(f"{image.id}-{image.arch}: {provider.name}: {provider.offers(image)}")
        found = provider.find(image, offline=offline)
        if not isinstance(found, Absent):
            return found
        reasons.append(f"{provider.name}: {found.reason}")
    return NotRun(image, "; ".join(reasons))
