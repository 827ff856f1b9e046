"""The machine's first file system: the cell's root, the distribution, the agent, process 1.

It is the only one, too: a kernel of an installer has no driver for a disk built in. A kernel takes
archives one after the other, so that the two large ones are made once and kept by their content.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from everylinux.errors import EngineError
from everylinux.model import AGENT, CELL, MOVED, PROBES, RUN, SUBJECT
from everylinux.places import cache_root
from everylinux.qemu.cpio import Archive

INIT = CELL / "machine" / "init"
BINDS = CELL / "machine" / "binds"
EXTRA = CELL / "machine" / "extra"
FORM = 2
"""Of kept archives; to be raised when they are made otherwise."""
KEPT = 6
"""Archives that are kept: about 100 to 400 MB each."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is to be in it, by places on the host."""

    root: Path
    root_digest: str  # changes when the root does; "": it is not worth keeping
    subject: Path
    subject_digest: str
    agent: Path
    init: Path
    probes: Path | None
    extra: Mapping[str, Path]  # path in the cell -> a file or folder to be seen there


def write(content: Content, target: Path) -> None:
    """Write the archives to `target`; EngineError without room, or for a file of over 4 GiB."""

    def root(archive: Archive) -> None:
        archive.tree(content.root, "")

    def subject(archive: Archive) -> None:
        archive.folders(str(CELL))
        archive.tree(content.subject, str(SUBJECT))

    try:
        with target.open("wb") as stream:
            _add(f"root-{content.root_digest}" if content.root_digest else "", root, stream)
            digest = content.subject_digest
            _add(f"subject-{digest}" if digest else "", subject, stream)
            _small(content, stream)
    except OSError as error:
        cause = f"no file system for the machine: {error}"
        raise EngineError(cause, move="make room in the cache and in TMPDIR") from None


def _add(name: str, fill: Callable[[Archive], None], stream: IO[bytes]) -> None:
    """Append an archive, out of the cache if it has a name there."""
    if not name:
        _fill(stream, fill)
        return
    with _kept(name, fill).open("rb") as source:
        shutil.copyfileobj(source, stream, 1 << 20)


def _fill(stream: IO[bytes], fill: Callable[[Archive], None]) -> None:
    archive = Archive(stream)
    fill(archive)
    archive.close()


def _kept(name: str, fill: Callable[[Archive], None]) -> Path:
    """An archive of the cache; made beside its place, so that two at once do no harm."""
    folder = cache_root() / "machine" / "archives"
    path = folder / f"{FORM}-{name.replace(':', '-')[:80]}.cpio"
    if path.is_file():
        os.utime(path)
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
        try:
            _fill(stream, fill)
        except BaseException:
            Path(stream.name).unlink()
            raise
    Path(stream.name).replace(path)
    _forget(folder)
    return path


def _forget(folder: Path) -> None:
    """Keep the archives that were used last."""
    found = sorted(folder.glob("*.cpio"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in found[KEPT:]:
        path.unlink(missing_ok=True)


def _small(content: Content, stream: IO[bytes]) -> None:
    """All that is small or changes: our own programs, and what this cell has beside others."""
    archive = Archive(stream)
    binds = {str(SUBJECT): str(SUBJECT)}
    for place in (*MOVED.values(), RUN, INIT.parent, EXTRA):
        archive.folders(str(place))
    binds |= {str(at): str(SUBJECT) for at in MOVED.values()}
    archive.data(str(AGENT), content.agent.read_bytes(), 0o755)
    archive.data(str(INIT), content.init.read_bytes(), 0o755)
    if content.probes:
        archive.tree(content.probes, str(PROBES))
    for number, (at, source) in enumerate(content.extra.items()):
        archive.tree(source, str(EXTRA / str(number)))
        binds[at] = str(EXTRA / str(number))
    listed = "".join(f"{source}\0{at}\0" for at, source in binds.items())
    archive.data(str(BINDS), listed.encode(), 0o600)
    archive.close()
