"""A little tree with every paper, written by the forge's own code: no program in it runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from everylinux.forge.contract import Settings
from everylinux.forge.manifest import entry, paths
from everylinux.forge.pack import pack
from everylinux.forge.papers import write_sbom, write_statement
from tests.sabotage.tree import write

NAME = "python-3.13-x86_64"
EPOCH = 1_750_000_000
SITE = "lib/python3.13/site-packages/pip-25.1.1.dist-info"
FOLDER = Path(__file__).parents[2] / "build/patches"
COMPONENTS = {
    "musl": ("1.2.6", "MIT", "Permission is hereby granted, free of charge, to any person"),
    "openssl": ("3.5.7", "Apache-2.0", "Apache License\n Version 2.0, January 2004"),
    "readline": (
        "8.2",
        "GPL-3.0-or-later",
        "GNU GENERAL PUBLIC LICENSE\nVersion 3\nEND OF TERMS AND CONDITIONS",
    ),
    "xz": ("5.8.4", "LicenseRef-xz-public-domain AND 0BSD",
           "public domain\nPermission to use, copy, modify, and/or distribute this software"),
    "cpython": ("3.14.10", "Python-2.0.1", "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2"),
}  # fmt: skip
PATCHES = {
    name: sorted(path.name for path in (FOLDER / name).glob("*.patch"))
    for name in ("musl", "openssl")
}
LIBRARIES = ("libc.so", "libcrypto.so.3", "libreadline.so.8", "liblzma.so.5")


def build(folder: Path) -> Path:
    """Make `folder`/python and what lies beside it; the tree."""
    tree = folder / "python"
    for name in LIBRARIES:
        write(tree / "shared_libraries/lib" / name, name)
    for name, (_, _, text) in COMPONENTS.items():
        write(tree / "licenses" / name / "COPYING", text)
    write(tree / SITE / "METADATA", "Name: pip\nVersion: 25.1.1\nLicense-Expression: MIT\n\n")
    manifest = {**_settings(), "files": [entry(tree, path) for path in paths(tree)]}
    write(tree / "manifest.json", json.dumps(manifest))
    write_sbom(tree)
    write_statement(tree, NAME, pack(tree, folder, NAME, Settings(source_date_epoch=EPOCH)))
    return tree


def _settings() -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "standalone-python",
        "python": "3.13",
        "arch": "x86_64",
        "libc": "musl 1.2.6",
        "profile": "quick",
        "edition": {"name": "current", "nearest": False, "matrix": []},
        "start": "launcher",
        "source_date_epoch": EPOCH,
        "toolchain": {"gcc": "gcc 12.2.0"},
        "components": [_component(name) for name in COMPONENTS],
        "flags": {},
    }


def _component(name: str) -> dict[str, Any]:
    version, licence, _ = COMPONENTS[name]
    digest = f"{len(name):064x}"
    origin = {"kind": "upstream", "urls": [f"https://example.org/{name}-{version}.tar.gz"]}
    return {
        "name": name,
        "version": version,
        "origin": origin,
        "sha256": digest,
        "licence": licence,
        "sources": [
            {
                "name": name,
                "version": version,
                "file": f"{name}-{version}.tar.gz",
                "sha256": digest,
                "origin": origin,
            }
        ],
        "patches": [{"file": file, "sha256": "a" * 64} for file in PATCHES.get(name, ())],
    }
