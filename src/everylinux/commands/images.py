"""`everylinux images`: what the matrix names, what of it is here, and how to get the rest."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from everylinux.errors import EverylinuxError, UsageError
from everylinux.images import RootStore, gather, providers
from everylinux.images.cached import CacheProvider
from everylinux.images.pruning import prune as prune_store
from everylinux.images.registry import RegistryProvider
from everylinux.matrix import Matrix, load
from everylinux.model import Image, NotRun, RootFs
from everylinux.pins import LOCK_NAME, change_pins

NOTHING = 3  # as a run in which nothing could run
Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The matrix and what the user's words name in it."""

    matrix: Matrix
    images: tuple[Image, ...]


_matrix = click.option(
    "--matrix",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The matrix file, the project's own without it.",
)


def _choice(function: Command) -> Command:
    """Add the options that choose images; the command gets them as one `chosen`."""

    @functools.wraps(function)
    def choose(
        path: Path | None, distros: Sequence[str], archs: Sequence[str], **rest: object
    ) -> None:
        matrix = load(path)
        function(Chosen(matrix, matrix.select(distros, archs)), **rest)

    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table."),
        _matrix,
        click.option("--arch", "archs", multiple=True, help="x86_64 or x86; a list, repeatable."),
        click.option(
            "--distro", "distros", multiple=True, help="Ids, globs, lists; may be given repeatedly."
        ),
    ):
        choose = option(choose)
    return choose


_tarballs = click.option(
    "--rootfs-dir",
    type=click.Path(path_type=Path),
    help="A folder of root tarballs. Also: EVERYLINUX_ROOTFS_DIR.",
)


@click.group(invoke_without_command=True)
@click.pass_context
def images(context: click.Context) -> None:
    """List, fetch, pin and prune root filesystems of the matrix."""
    if context.invoked_subcommand is None:
        context.invoke(list_images)


@images.command("list")
@_choice
@_tarballs
def list_images(chosen: Chosen, *, as_json: bool, rootfs_dir: Path | None) -> None:
    """Show each image, who has it, and whether it is in the cache. Never leaves the machine."""
    store = RootStore()
    chain = [p for p in providers(store, rootfs_dir) if not isinstance(p, CacheProvider)]
    cache = CacheProvider(store)
    rows = []
    for image in chosen.images:
        offers = {p.name: text for p in chain if (text := p.offers(image))}
        marker = cache.marker(image)
        rows.append(
            _facts(image)
            | {"providers": offers, "cached": marker is not None}
            | {"bytes": marker.bytes if marker else None, "origin": marker.origin if marker else ""}
        )
    _show(rows, _list_table, as_json=as_json)


def _facts(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "arch": image.arch,
        "name": image.name,
        "release": image.release,
        "support": image.support.value,
        "libc": image.libc,
        "eol": image.eol,
        "digest": image.digest,
    }


def _list_table(rows: Sequence[dict[str, Any]]) -> Table:
    cached = [row for row in rows if row["cached"]]
    size = decimal(sum(row["bytes"] for row in cached))
    title = f"{len(rows)} images, {len(cached)} in the cache ({size})"
    table = _table(title, "image", "libc", "support", "cached", "from")
    for row in rows:
        table.add_row(
            f"{row['id']}-{row['arch']}",
            row["libc"],
            row["support"],
            decimal(row["bytes"]) if row["cached"] else "",
            ", ".join(row["providers"]),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(columns):
        table.add_column(name, overflow="fold", no_wrap=number == 0)
    return table


@images.command()
@_choice
@_tarballs
@click.option("--offline", is_flag=True, help="Use only what is on this machine.")
def fetch(chosen: Chosen, *, as_json: bool, rootfs_dir: Path | None, offline: bool) -> None:
    """Unpack, pull or make the images, and say why those that cannot be had are missing."""
    roots, not_run = gather(chosen.images, rootfs_dir=rootfs_dir, offline=offline, progress=_say)
    rows = sorted([*map(_had, roots), *map(_missing, not_run)], key=lambda r: (r["id"], r["arch"]))
    _show(rows, _fetch_table, as_json=as_json)
    if not roots:
        sys.exit(NOTHING)


def _had(root: RootFs) -> dict[str, Any]:
    return _facts(root.image) | {"path": str(root.path), "origin": root.origin, "reason": ""}


def _missing(not_run: NotRun) -> dict[str, Any]:
    return _facts(not_run.image) | {"path": "", "origin": "", "reason": not_run.reason}


def _fetch_table(rows: Sequence[dict[str, Any]]) -> Table:
    had = sum(bool(row["path"]) for row in rows)
    table = _table(f"{had} of {len(rows)} images are here", "image", "from", "missing because")
    for row in rows:
        table.add_row(f"{row['id']}-{row['arch']}", row["origin"], row["reason"])
    return table


@images.command()
@_choice
def pin(chosen: Chosen, *, as_json: bool) -> None:
    """Ask the registries what the tags of unpinned images mean, and write it into the lock."""
    matrix = chosen.matrix
    provider = RegistryProvider(RootStore(), lock=matrix.path.with_name(LOCK_NAME), say=_say)
    wanted = [image for image in chosen.images if _pinnable(matrix, image)]
    if not wanted:
        raise UsageError("matrix.yaml itself pins all of these", move="change the digest there")
    provider.prepare(wanted)
    rows = [_pin_one(provider, image) for image in wanted]
    _show(rows, _pin_table, as_json=as_json)
    if not any(row["digest"] for row in rows):
        sys.exit(NOTHING)


def _pinnable(matrix: Matrix, image: Image) -> bool:
    return bool(image.reference) and (not image.digest or f"{image.id}-{image.arch}" in matrix.pins)


def _pin_one(provider: RegistryProvider, image: Image) -> dict[str, Any]:
    row = {"id": image.id, "arch": image.arch, "reference": image.reference}
    try:
        return row | {"digest": provider.pin(image).digest, "reason": ""}
    except EverylinuxError as error:
        return row | {"digest": "", "reason": str(error)}


def _pin_table(rows: Sequence[dict[str, Any]]) -> Table:
    pinned = sum(bool(row["digest"]) for row in rows)
    table = _table(
        f"{pinned} of {len(rows)} images pinned",
        "image",
        "reference",
        "digest",
        "not pinned because",
    )
    for row in rows:
        image = f"{row['id']}-{row['arch']}"
        table.add_row(image, row["reference"], row["digest"], row["reason"])
    return table


@images.command()
@_matrix
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def prune(path: Path | None, *, as_json: bool) -> None:
    """Remove cached images and pins that the matrix no longer names; nothing else."""
    matrix = load(path)
    references = {f"{image.id}-{image.arch}": image.reference for image in matrix.images}
    stale = [name for name, pin in matrix.pins.items() if references.get(name) != pin.reference]
    if stale:
        change_pins(matrix.path.with_name(LOCK_NAME), dict.fromkeys(stale))
    rows: list[dict[str, Any]] = [{"what": f"pin {name}", "bytes": 0} for name in stale]
    rows += [
        {"what": item.what, "bytes": item.bytes} for item in prune_store(RootStore(), matrix.images)
    ]
    _show(rows, _prune_table, as_json=as_json)


def _prune_table(rows: Sequence[dict[str, Any]]) -> Table:
    size = decimal(sum(row["bytes"] for row in rows))
    title = f"removed {len(rows)} things, {size}" if rows else "nothing to remove"
    table = _table(title, "removed", "size")
    for row in rows:
        table.add_row(row["what"], decimal(row["bytes"]))
    return table


def _show(
    rows: list[dict[str, Any]], table: Callable[[Sequence[dict[str, Any]]], Table], *, as_json: bool
) -> None:
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        Console(highlight=False, markup=False).print(table(rows))


def _say(line: str) -> None:
    click.echo(line, err=True)
