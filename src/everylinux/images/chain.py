"""The chain of providers: the first that has an image gives it; what nobody has is *not run*."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from everylinux.errors import UsageError
from everylinux.images.base import Absent, RootFsProvider, Say
from everylinux.images.cached import CacheProvider
from everylinux.images.debian import DebianProvider
from everylinux.images.processes import end_all
from everylinux.images.registry import RegistryProvider
from everylinux.images.store import RootStore
from everylinux.images.tarballs import TarballProvider
from everylinux.model import Image, NotRun, RootFs
from everylinux.places import project_root

ENVIRONMENT = "EVERYLINUX_ROOTFS_DIR"
WORKERS = 2  # at once: each may run a package manager or a decompressor


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


def providers(
    store: RootStore, chosen: Path | None = None, say: Say = print
) -> tuple[RootFsProvider, ...]:
    """Return the chain. A folder that somebody asked for comes first: it is meant to be used."""
    folder, asked = rootfs_dir(chosen)
    tarballs = [TarballProvider(folder, store)] if folder else []
    cache: list[RootFsProvider] = [CacheProvider(store)]
    local = [*tarballs, *cache] if asked else [*cache, *tarballs]
    return (*local, RegistryProvider(store, say=say), DebianProvider(store, say=say))


def gather(
    images: Sequence[Image],
    *,
    rootfs_dir: Path | None = None,
    offline: bool = False,
    progress: Say = lambda _line: None,
) -> tuple[tuple[RootFs, ...], tuple[NotRun, ...]]:
    """Return a root filesystem for each image that can be had, and why the others cannot.

    First what is on this machine, then, unless `offline`, what must be fetched or made; at most two
    at once. `progress` gets a line when something slow begins. Raises ArchiveError and ImageError
    for what is there and wrong.
    """
    chain = providers(RootStore(), rootfs_dir, progress)
    found = _ask([p for p in chain if p.local], images, offline=offline)
    missing = [image for image in images if isinstance(found[image], NotRun)]
    remote = [p for p in chain if not p.local]
    if not offline:
        for provider in remote:
            provider.prepare(missing)
    for image, later in _ask(remote, missing, offline=offline).items():
        found[image] = _both(found[image], later)
    roots = tuple(item for item in found.values() if isinstance(item, RootFs))
    return roots, tuple(item for item in found.values() if isinstance(item, NotRun))


def _ask(
    chain: Sequence[RootFsProvider], images: Sequence[Image], *, offline: bool
) -> dict[Image, RootFs | NotRun]:
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="images") as pool:
        found = pool.map(lambda image: fetch(image, chain, offline=offline), images)
        try:
            return dict(zip(images, found, strict=True))
        except BaseException:
            end_all()
            raise


def fetch(image: Image, chain: Sequence[RootFsProvider], *, offline: bool) -> RootFs | NotRun:
    """Ask one provider after the other."""
    reasons = []
    for provider in chain:
        found = provider.find(image, offline=offline)
        if not isinstance(found, Absent):
            return found
        reasons += [f"{provider.name}: {found.reason}"] if found.reason else []
    return NotRun(image, "; ".join(reasons))


def _both(first: RootFs | NotRun, later: RootFs | NotRun) -> RootFs | NotRun:
    """Join the reasons of both halves of the chain."""
    if isinstance(first, RootFs) or isinstance(later, RootFs):
        return later
    reasons = [reason for reason in (first.reason, later.reason) if reason]
    if not first.reason:  # no folder of tarballs was looked into
        reasons.append(f"a tarball {first.image.id}-{first.image.arch}.tar in --rootfs-dir helps")
    return NotRun(first.image, "; ".join(reasons))
