"""Writes suites/layout/library.yaml: what CPython's own archives have as the standard library.

    python -m tests.sabotage.library VERSION=ARCHIVE=PATCHES ...

ARCHIVE is CPython's source archive of VERSION, whose sha256 stands in build/lock.yaml; PATCHES the
folder of build/patches that is applied to it: what a patch changes is listed, and not judged.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[2] / "suites/layout/library.yaml"
HEX = 16  # digits of each sha256 that are kept: 64 bits
HEAD = """\
# What CPython's archives have as sources of the standard library, without its tests: the first 16
# digits of each sha256. `patched` are those that a patch of build/patches changes. Made by
# `python -m tests.sabotage.library`, from the archives that build/lock.yaml pins.
"""


def rows(archive: Path) -> Iterator[tuple[str, str]]:
    """Path below Lib/ and digest of each source."""
    with tarfile.open(archive) as stream:
        for member in stream:
            path = member.name.partition("/Lib/")[2]
            if member.isfile() and path.endswith(".py") and not path.startswith("test/"):
                content = stream.extractfile(member)
                assert content is not None
                yield path, hashlib.sha256(_placed(content.read())).hexdigest()[:HEX]


def _placed(source: bytes) -> bytes:
    """A source as the spec's layout has it: no script names /usr/local (cgi.py until 3.12)."""
    return re.sub(rb"\A#! ?/usr/local/bin/python\n", b"#!/usr/bin/env python3\n", source)


def patched(folder: Path) -> set[str]:
    """The sources below Lib/ that patches change."""
    text = "".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.patch")))
    return set(re.findall(r"(?m)^\+\+\+ [^\s/]+/Lib/(\S+\.py)", text))


def page(arguments: list[str]) -> Iterator[str]:
    """The table, line by line."""
    for argument in sorted(arguments):
        version, archive, patches = argument.split("=")
        yield f"'{version}':"
        changed = sorted(patched(Path(patches)))
        yield f"  patched: [{', '.join(changed)}]"
        yield "  sources:"
        yield from (f"    {path}: '{digest}'" for path, digest in sorted(rows(Path(archive))))


if __name__ == "__main__":
    TABLE.write_text(HEAD + "\n".join(page(sys.argv[1:])) + "\n")
