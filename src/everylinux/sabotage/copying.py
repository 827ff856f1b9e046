"""Copies of a tree that cost no room, and a manifest that tells the truth about each.

The distribution itself is copied once, byte by byte: a fault that wrote into a file in place would
change that copy and never what the user has. All others are hard links to it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from everylinux.engines import owner
from everylinux.errors import EverylinuxError
from everylinux.model import Distribution
from everylinux.places import cache_root
from everylinux.probes.static.papers import ARCHIVES, STATEMENTS, SUMS
from everylinux.probes.static.tree import Item, walk

MANIFEST = "manifest.json"
TREE = "python"
MARK = "sabotage"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where copies are made: `good` is the first one, with the papers that lay beside it."""

    folder: Path
    good: Path

    @contextmanager
    def copy(self, name: str) -> Iterator[Path]:
        """A tree of hard links, removed afterwards."""
        folder = self.folder / name
        _copy(self.good.parent, folder, os.link)
        try:
            yield folder / TREE
        finally:
            _remove(folder)

    def state(self) -> dict[str, tuple[int, int, int]]:
        """Mode, size and time of all of the good copy: a fault must leave them as they are."""
        found = {str(path): path.lstat() for path in self.good.rglob("*")}
        return {path: (s.st_mode, s.st_size, s.st_mtime_ns) for path, s in found.items()}


@contextmanager
def workshop(original: Path) -> Iterator[Workshop]:
    """A folder in the cache with a copy of the distribution; removed at the end."""
    home = cache_root() / MARK  # not work/: a build that starts removes what is no step of its own
    home.mkdir(parents=True, exist_ok=True)
    sweep(home)
    folder = home / f"{owner.new_name()}.{MARK}"
    good = folder / "good"
    try:
        good.mkdir(parents=True, mode=0o755)
        shutil.copytree(original, good / TREE, symlinks=True)
        for pattern in (SUMS, STATEMENTS, ARCHIVES):
            for path in original.parent.glob(pattern):
                shutil.copy2(path, good / path.name)
        yield Workshop(folder, good / TREE)
    finally:
        _remove(folder)


def sweep(home: Path) -> None:
    """Remove what killed runs left."""
    for folder in home.glob(f"{owner.PREFIX}*.{MARK}"):
        if owner.is_left(folder.stem):
            _remove(folder)


def _copy(source: Path, target: Path, function: Any) -> None:  # noqa: ANN401 - os.link
    shutil.copytree(source, target, symlinks=True, copy_function=function)


def _remove(folder: Path) -> None:
    """Also where a fault closed a folder to its owner."""
    for place, _, _ in os.walk(folder):
        if not os.access(place, os.W_OK | os.X_OK):
            Path(place).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def truthful(tree: Path) -> None:
    """Write what is there now into the manifest's list of files; nothing where there is none.

    A fault may have changed what the manifest says besides: that stays.
    """
    path = tree / MANIFEST
    if not path.is_file():
        return
    manifest = json.loads(path.read_text())
    items = (i for i in walk(tree) if i.path and i.path != MANIFEST and i.kind != "other")
    manifest["files"] = [_row(item) for item in items]
    mode = path.stat().st_mode & 0o7777
    path.unlink()  # a hard link to the good one
    path.write_text(json.dumps(manifest))
    path.chmod(mode)


def _row(item: Item) -> dict[str, Any]:
    mode = f"{item.info.st_mode & 0o7777:04o}"
    if item.kind == "link":
        return {"path": item.path, "kind": "link", "target": item.target}
    if item.kind == "dir":
        return {"path": item.path, "kind": "dir", "mode": mode}
    sha256 = item.identity.sha256 if item.identity else ""
    row = {"path": item.path, "kind": "file", "mode": mode}
    return {**row, "size": item.info.st_size, "sha256": sha256}


def subject(good: Distribution, tree: Path) -> Distribution:
    """The broken tree as the suites see it: nothing of the good one but its version and profile."""
    path = tree / MANIFEST
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        found = {}
    manifest = found if isinstance(found, dict) else {}
    return replace(good, root=tree, digest=f"sabotage {tree.parent.name}", manifest=manifest)


class SpoiltError(EverylinuxError):
    """A fault wrote into a file in place: everything after it would be judged wrongly."""
