"""How a fault changes a tree: hard-linked copies, replaced files, a manifest that stays true."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

from everylinux.probes.static.tree import Item, walk
from tests.sabotage import fault

MANIFEST = "manifest.json"


def copy(good: Path, to: Path) -> Path:
    """A copy that shares its files with `good`: replace them, never write into them."""
    return Path(shutil.copytree(good, to, symlinks=True, copy_function=os.link))


def write(path: Path, content: bytes | str, mode: int = 0o644) -> None:
    """Make or replace a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)


def private(path: Path) -> Path:
    """Give the tree its own copy of a file, with its mode and times; the path."""
    before = path.stat()
    write(path, path.read_bytes(), before.st_mode & 0o7777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return path


def remove(path: Path) -> None:
    """Remove a file, and the links beside it that lead to it."""
    path.unlink()
    for link in path.parent.iterdir():
        if link.is_symlink() and str(link.readlink()) == path.name:
            remove(link)


def chmod(path: Path, mode: int) -> None:
    """Change a mode in this tree only."""
    if path.is_dir():
        path.chmod(mode)
    else:
        private(path).chmod(mode)


def edit(path: Path, change: Callable[[bytearray], object]) -> None:
    """Change a file's bytes; its mode stays."""
    content = bytearray(path.read_bytes())
    change(content)
    write(path, bytes(content), path.stat().st_mode & 0o7777)


def truthful(tree: Path) -> None:
    """Write what is there now into the manifest's list of files, so that it does not catch it."""
    rows = [_row(item) for item in walk(tree) if item.path and item.kind != "other"]

    def change(manifest: dict[str, Any]) -> None:
        manifest["files"] = [row for row in rows if row["path"] != MANIFEST]

    edit_manifest(tree, change)


def _row(item: Item) -> dict[str, Any]:
    if item.kind == "link":
        return {"path": item.path, "kind": "link", "target": item.target}
    if item.kind == "dir":
        return {"path": item.path, "kind": "dir", "mode": f"{item.info.st_mode & 0o7777:04o}"}
    sha256 = item.identity.sha256 if item.identity else ""
    mode = f"{item.info.st_mode & 0o7777:04o}"
    size = item.info.st_size
    return {"path": item.path, "kind": "file", "mode": mode, "size": size, "sha256": sha256}


def edit_manifest(tree: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change manifest.json; a tree without one stays without."""
    path = tree / MANIFEST
    if not path.exists():
        return
    manifest = json.loads(path.read_text())
    change(manifest)
    write(path, json.dumps(manifest))


def breaks(
    *kills: str, root: bool = False
) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    """Register a fault of a tree whose manifest stays true; it turns exactly `kills` red."""

    def declare(apply: Callable[[Path], None]) -> Callable[[Path], None]:
        @wraps(apply)
        def whole(tree: Path) -> None:
            apply(tree)
            truthful(tree)

        return fault(kills=kills, root=root)(whole)

    return declare


def one(tree: Path, patterns: Iterable[str]) -> Path:
    """The first file that matches a pattern; the same in a miniature and in a real tree."""
    for pattern in patterns:
        for path in sorted(tree.glob(pattern)):
            if path.is_file() and not path.is_symlink():
                return path
    raise FileNotFoundError(f"nothing in {tree} matches {list(patterns)}")


def real(tree: Path) -> Path:
    """The real interpreter."""
    return one(tree, ["bin/python3.[0-9]-real", "bin/python3.[0-9][0-9]-real"])


def extension(tree: Path, name: str = "_bisect") -> Path:
    """An extension module."""
    return one(tree, [f"lib/python3.*/lib-dynload/{name}.*.so"])


def library(tree: Path, name: str = "libz.so.1") -> Path:
    """A bundled library."""
    return one(tree, [f"shared_libraries/lib/{name}"])


def stdlib(tree: Path) -> Path:
    """The folder of the standard library."""
    return one(tree, ["lib/python3.*/os.py"]).parent
