"""manifest.json: every file of the tree, and what it was made of, by what, how."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

NAME = "manifest.json"
SCHEMA = 1
FLAGS = ("CC", "CFLAGS", "CPPFLAGS", "LDFLAGS", "LDFLAGS_NODIST", "OPT")
CHUNK = 1 << 20


def write_manifest(tree: Path, build: Path, licences: Path, notes: Mapping[str, Any]) -> None:
    """Describe a finished tree; `build` is the driver's BUILD_INFO, `notes` go in as they are."""
    info = json.loads(build.read_text("utf-8"))
    made = [component(row, licences) for row in info["components"]]
    settings = info["settings"]
    content = {
        "schema": SCHEMA,
        "name": "standalone-python",
        "python": settings["python"],
        "arch": settings["arch"],
        "libc": _libc(made),
        "profile": settings["profile"],
        "edition": {
            "name": settings["edition"],
            "nearest": settings["nearest"],
            "matrix": info["promises"],
        },
        "start": settings["start"],
        "source_date_epoch": settings["source_date_epoch"],
        "toolchain": info["toolchain"],
        "components": [row for row in made if row["sources"]],
        "made_here": [row for row in made if not row["sources"]],
        "flags": {row["name"]: row["flags"] for row in made},
        **notes,
        "files": [entry(tree, path) for path in paths(tree)],
    }
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    target = tree / NAME
    target.write_text(text, "utf-8")
    target.chmod(0o644)


def _libc(made: list[dict[str, Any]]) -> str:
    versions = [row["version"] for row in made if row["name"] == "musl"]
    return f"musl {versions[0]}" if versions else "musl"


def component(row: Mapping[str, Any], licences: Path) -> dict[str, Any]:
    """One component: the first source is what it is named after."""
    sources = row["sources"]
    first = sources[0] if sources else {}
    spdx = licences / row["recipe"] / "SPDX"
    return {
        "name": row["recipe"],
        "version": first.get("version", ""),
        "origin": first.get("origin", {}),
        "sha256": first.get("sha256", ""),
        "licence": spdx.read_text("utf-8").strip() if spdx.exists() else "",
        "sources": sources,
        "patches": row["patches"],
        "flags": flags(row),
    }


def flags(row: Mapping[str, Any]) -> dict[str, Any]:
    """How a component was built: its commands, and the flags they were given."""
    given: dict[str, str] = {}
    for environment in row["env"]:
        given |= {name: environment[name] for name in FLAGS if environment.get(name)}
    commands = [shlex.join(argv) for argv in row["flags"]]
    configure = [argv for argv in row["flags"] if Path(argv[0]).name not in {"sh", "make"}]
    return {**given, "configure": configure[0][1:] if configure else [], "commands": commands}


def paths(tree: Path) -> Iterator[Path]:
    """Every file, link and folder but the manifest, by path."""
    found = [
        Path(folder, name) for folder, names, files in os.walk(tree) for name in (*names, *files)
    ]
    yield from sorted((path for path in found if path != tree / NAME), key=str)


def entry(tree: Path, path: Path) -> dict[str, Any]:
    """`path, kind, mode`, and `size, sha256` of a file or `target` of a link."""
    name = path.relative_to(tree).as_posix()
    if path.is_symlink():
        return {"path": name, "kind": "link", "mode": "0777", "target": str(path.readlink())}
    mode = f"{path.stat().st_mode & 0o7777:04o}"
    if path.is_dir():
        return {"path": name, "kind": "dir", "mode": mode}
    size, digest = path.stat().st_size, sha256(path)
    return {"path": name, "kind": "file", "mode": mode, "size": size, "sha256": digest}


def sha256(path: Path) -> str:
    """Of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
