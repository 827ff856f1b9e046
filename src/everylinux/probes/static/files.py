"""The section `files`: kind, mode, owner, size, link target and digest of everything."""

from __future__ import annotations

import _imp
import os
import posixpath
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.model import Distribution, Section
from everylinux.probes.static.tree import Item, TreeTooLarge, walk


@dataclass(frozen=True, slots=True)
class FilesProbe:
    """Gathers `files.entries`: path -> kind, mode, owner, size and, by kind, the rest.

    Each has `mode`, `uid`, `gid`, `size`, `mtime`. A link has `target`, `inside` (it stays within
    the tree, by its text), `end` (where it leads) and `resolves`; a file has `sha256` (or `error`),
    bytecode also `pyc` (magic number, flags, source's mtime and size), `pyc_hash` and, if it was
    compiled from a hash, `source_hash` of the source beside it; anything may have `attributes`, the
    names of its extended attributes.
    """

    name: str = "files"
    sections: tuple[str, ...] = ("files",)
    schema: int = 1

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Walk the tree; an unreadable or oversized tree is an error of the section."""
        try:
            items = walk(distribution.root)
        except (OSError, TreeTooLarge) as error:
            return {"files": Section(error=f"{type(error).__name__}: {error}")}
        kinds = {item.path: item.kind for item in items}
        targets = {i.path: i.target for i in items if i.kind == "link"}
        entries = {item.path: _entry(item, kinds, targets) for item in items}
        return {"files": Section(value={"entries": entries})}


def _entry(item: Item, kinds: Mapping[str, str], targets: Mapping[str, str]) -> dict[str, Any]:
    info = item.info
    entry: dict[str, Any] = {
        "kind": item.kind,
        "mode": info.st_mode & 0o7777,
        "uid": info.st_uid,
        "gid": info.st_gid,
        "size": info.st_size,
        "mtime": int(info.st_mtime),
    }
    entry |= _by_kind(item, kinds, targets)
    if names := _attributes(item):
        entry["attributes"] = names
    return entry


def _by_kind(item: Item, kinds: Mapping[str, str], targets: Mapping[str, str]) -> dict[str, Any]:
    if item.kind == "link":
        end = follow(item.path, targets)
        return {
            "target": targets[item.path],
            "inside": end is not None,
            "end": end or "",
            "resolves": end is not None and end in kinds and kinds[end] != "link",
        }
    if item.kind == "file":
        return _content(item)
    return {}


PYC = struct.Struct(
    "<HxxIII"
)  # magic number, flags, mtime, size: Lib/importlib/_bootstrap_external


def _content(item: Item) -> dict[str, Any]:
    if item.identity is None:
        return {"error": item.error}
    facts: dict[str, Any] = {"sha256": item.identity.sha256}
    if item.path.endswith(".pyc") and len(item.identity.head) >= PYC.size:
        facts["pyc"] = list(PYC.unpack_from(item.identity.head))
        facts["pyc_hash"] = item.identity.head[8:16].hex()
        facts["source_hash"] = _source_hash(item)
    return facts


SOURCE_BYTES = 16 << 20
"""A source beyond this is not hashed; the biggest of the standard library has 0.3 MB."""


def _source_hash(item: Item) -> str:
    """PEP 552's hash of the source beside bytecode that says it was compiled from a hash, or ""."""
    token = int.from_bytes(item.identity.head[:4], "little") if item.identity else 0
    source = item.absolute.parent.parent / f"{item.absolute.name.split('.', 1)[0]}.py"
    if not item.identity or not item.identity.head[4] & 1 or not _is_plain(source):
        return ""
    return _imp.source_hash(token, source.read_bytes()).hex()


def _is_plain(source: Path) -> bool:
    try:
        info = source.lstat()
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and info.st_size <= SOURCE_BYTES


def _attributes(item: Item) -> list[str]:
    try:
        return sorted(os.listxattr(item.absolute, follow_symlinks=False))
    except OSError:  # a file system without extended attributes has none
        return []


HOPS = 40
"""As many links as Linux follows in one path (path_resolution(7), ELOOP)."""


def follow(path: str, targets: Mapping[str, str]) -> str | None:
    """Where a path ends when links are followed within the tree; None if it leaves it or loops.

    Only text is looked at, never the file system, so a hostile link leads nowhere. `targets` maps
    each link of the tree to what it names.
    """
    pending, done = path.split("/"), list[str]()
    hops = 0
    while pending:
        step = pending.pop(0)
        if step == "..":
            if not done:
                return None
            done.pop()
            continue
        if step in {"", "."}:
            continue
        done.append(step)
        target = targets.get("/".join(done))
        if target is None:
            continue
        hops += 1
        if hops > HOPS or posixpath.isabs(target):
            return None
        done.pop()
        pending = target.split("/") + pending
    return "/".join(done)
