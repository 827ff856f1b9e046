"""Wheels for cells that have no network: fetched once on the host, by the host's own pip.

Which index is asked is what pip is configured with there; none is named here. The folder in the
cache is complete or not there; the digests of its files are noted when they are fetched, and held
to each time.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from everylinux.model import Arch
from everylinux.places import cache_root

SECONDS = 600
MARK = "digests.json"
MACHINE = {"x86_64": "x86_64", "x86": "i686"}
MUSL = ("musllinux_1_2", "musllinux_1_1")
GLIBC = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
FOREIGN = "foreign"
"""Below the folder: a wheel that nothing linked with musl can use."""


class NoWheelsError(Exception):
    """Wheels cannot be had here; the text says why, for a reader of the report."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a cell's wheels are for."""

    python: str  # "3.13"
    arch: Arch
    pins: tuple[str, ...]  # requirements with versions, for musl
    foreign: str  # one more, for glibc

    @property
    def folder(self) -> Path:
        """Where they lie in the cache, by all that decides which they are."""
        text = json.dumps([self.python, self.arch, sorted(self.pins), self.foreign])
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        return cache_root() / "wheels" / f"{self.python}-{self.arch}-{name}"


def wheels(wanted: Wanted, *, offline: bool) -> Path:
    """The folder of the wheels, fetched if need be and allowed; NoWheelsError."""
    folder = wanted.folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / MARK).is_file():
            if offline:
                raise NoWheelsError("an index: --offline, and the wheels were never fetched")
            _fetch(wanted, folder)
    _hold(folder)
    return folder


def _fetch(wanted: Wanted, folder: Path) -> None:
    """Fetch into a folder beside, and move it into place when it is whole."""
    with tempfile.TemporaryDirectory(prefix=".wheels.", dir=folder.parent) as work:
        made = Path(work) / "wheels"
        _download(wanted, MUSL, wanted.pins, made)
        _download(wanted, GLIBC, ["--no-deps", wanted.foreign], made / FOREIGN)
        (made / MARK).write_text(json.dumps(_digests(made), indent=1) + "\n")
        for path in (made, made / FOREIGN):
            path.chmod(0o755)
        made.rename(folder)


def _download(wanted: Wanted, tags: Iterable[str], words: Sequence[str], target: Path) -> None:
    argv = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input"]
    argv += ["--only-binary", ":all:", "--implementation", "cp", "--dest", str(target)]
    argv += ["--python-version", wanted.python]
    for tag in tags:
        argv += ["--platform", f"{tag}_{MACHINE[wanted.arch]}"]
    for abi in (f"cp{wanted.python.replace('.', '')}", "abi3", "none"):
        argv += ["--abi", abi]
    try:
        done = subprocess.run(
            [*argv, *words], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoWheelsError(f"an index: none answered within {SECONDS} s") from None
    if done.returncode:
        raise NoWheelsError(f"wheels from the index of this machine's pip: {_last(done.stderr)}")


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no reason is given"])[-1][:200]


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of each wheel, by its path in the folder."""
    found = {}
    for path in sorted(folder.rglob("*.whl")):
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        found[path.relative_to(folder).as_posix()] = digest
    return found


def _hold(folder: Path) -> None:
    """NoWheelsError if a wheel is not what was fetched first."""
    noted: Mapping[str, str] = json.loads((folder / MARK).read_text())
    found = _digests(folder)
    changed = sorted(name for name in noted.keys() | found if noted.get(name) != found.get(name))
    if changed:
        raise NoWheelsError(f"wheels as they were fetched: {changed[0]} differs; remove {folder}")
