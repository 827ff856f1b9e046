"""`everylinux floors`: the oldest musl and glibc that wheels, trees and libraries run on."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from everylinux import distribution
from everylinux.errors import DistributionError
from everylinux.model import Arch, Distribution
from everylinux.probes.static.elf import MAGIC, ElfProbe
from everylinux.symbols import floors as reading
from everylinux.symbols.floors import Floor
from everylinux.symbols.said import Said, by_names

MACHINES = {"X86_64": Arch("x86_64"), "I386": Arch("x86")}
NAMED = 8  # symbols on a line of the terminal


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--says", default="", metavar="TAG", help="Judge by this tag, not by the names.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def floors(*, paths: tuple[Path, ...], says: str, as_json: bool) -> None:
    """Tell the lowest release of musl and glibc that has every symbol that PATHS ask for.

    PATHS are wheels, archives, trees or libraries. What says a tag by its name (musllinux_1_2,
    manylinux2014 ...) is judged by it: status 1 if something needs a newer C library than it says,
    or another one.
    """
    rows = [_row(path, says) for path in paths]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    else:
        for row in rows:
            _show(row)
    sys.exit(any(f["above"] or f["strangers"] for row in rows for f in row["floors"].values()))


def _row(path: Path, says: str) -> dict[str, Any]:
    """One path: `path`, `by` (the name that says something), `floors` by C library."""
    with _objects(path) as (objects, search, names):
        said = by_names([says] if says else names)
        machines = {facts["machine"] for facts in objects.values()} & MACHINES.keys()
        if objects and len(machines) != 1:
            cause = f"{path} has objects for {sorted(machines) or 'another machine'}"
            raise DistributionError(cause, move="name what is for one of x86_64 and x86")
        arch = MACHINES[machines.pop()] if objects else Arch("x86_64")
        found = reading.floors(objects, search, arch)
    about = {libc: _of(found, libc, said) for libc in ("musl", "glibc")}
    kept = {libc: row for libc, row in about.items() if row["release"] or row["says"]}
    return {"path": str(path), "by": said.by, "objects": len(found), "floors": kept}


def _of(found: Mapping[str, Floor], libc: str, said: Said) -> dict[str, Any]:
    """What is needed of one C library, where, and what is above what was said."""
    top = reading.highest(found, libc)
    limit = said.of(libc)
    wrong = reading.above(found, libc, limit) if limit else {}
    return {
        "release": top[1].release if top else "",
        "file": top[0] if top else "",
        "symbols": list(top[1].symbols) if top else [],
        "says": limit,
        "strangers": sum(floor.libc != libc for floor in found.values()) if limit else 0,
        "above": {
            path: {"release": floor.release, "symbols": list(floor.symbols)}
            for path, floor in sorted(wrong.items())
        },
    }


@contextmanager
def _objects(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]]:
    """The ELF objects of a path, where they find each other, and what the thing is called."""
    with tempfile.TemporaryDirectory(prefix="everylinux-floors-") as work:
        folder, names = _opened(path, Path(work))
        subject = Distribution(folder, "", Arch(""), "")
        section = ElfProbe().gather(subject)["elf"]
        if section.error:
            raise DistributionError(f"{path}: {section.error}")
        yield section.value["objects"], section.value["search"], names


def _opened(path: Path, work: Path) -> tuple[Path, tuple[str, ...]]:
    if not path.is_file() or not _is_elf(path):
        return distribution.opened(path)
    shutil.copy(path, work)
    return work, (path.name,)


def _is_elf(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def _show(row: Mapping[str, Any]) -> None:
    click.echo(f"{row['path']}")
    if not row["floors"]:
        click.echo("  no object asks for musl or glibc: it says nothing and needs nothing of them")
    for libc, found in row["floors"].items():
        click.echo(f"  {libc:6}{_needs(found)}{_says(found)}")
        for path, floor in found["above"].items():
            names = ", ".join(floor["symbols"][:NAMED])
            click.echo(f"        {path} needs {libc} {floor['release']}: {names}")


def _needs(found: Mapping[str, Any]) -> str:
    if not found["release"]:
        return "needed by nothing"
    return f"{found['release']} needed by {found['file']} ({', '.join(found['symbols'][:NAMED])})"


def _says(found: Mapping[str, Any]) -> str:
    if not found["says"]:
        return ""
    if found["strangers"]:
        return f"; says {found['says']}, but has {found['strangers']} objects for another C library"
    return f"; says {found['says']}: {'too little' if found['above'] else 'enough'}"
