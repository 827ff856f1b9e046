"""The Pythons that are compared: ours, Debian's two, python-build-standalone's, and given ones."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from everylinux.places import builds_root, cache_root
from measure import CannotMeasureError
from root import SUBJECTS, Place


@dataclass(frozen=True, slots=True)
class Subject:
    """One Python: its name, its program as the root has it, and what must be bound for it."""

    name: str
    program: str
    place: Place | None = None
    says: str = ""  # where it comes from


@dataclass(frozen=True, slots=True)
class Published:
    """A package of the Python Package Index that carries a python-build-standalone build."""

    name: str
    package: str
    version: str
    sha256: str
    python: str
    says: str


DEBIAN = (
    Subject("debian-3.13", "/usr/bin/python3.13", says="Debian trixie's python3.13"),
    Subject("debian-3.11", "/usr/bin/python3.11", says="Debian bookworm's python3.11, on trixie"),
)
KRUNNER = "backend-ai-krunner-static-gnu"
STANDALONE = (
    Published(
        "standalone-3.13",
        KRUNNER,
        "4.4.0",
        "c343d8b16b0dde2992c1c6687c1cac9b7c7a49ec1b77c5d75b1dc316ad040811",
        "3.13",
        f"python-build-standalone 3.13.2, glibc, as {KRUNNER} 4.4.0 carries it",
    ),
    Published(
        "standalone-3.11",
        KRUNNER,
        "4.0.0",
        "ad45262da1f9f769d0a05d8a4594301920f279579913d9518c70e9649bfc8c5e",
        "3.11",
        f"python-build-standalone 3.11.1, glibc, as {KRUNNER} 4.0.0 carries it",
    ),
)


def given(words: Sequence[str]) -> list[Subject]:
    """The subjects of `--subject NAME=PATH`; CannotMeasureError for what is no tree."""
    pairs = [word.partition("=") for word in words]
    return [from_tree(name, Path(path).absolute()) for name, _, path in pairs]


def from_tree(name: str, tree: Path, says: str = "") -> Subject:
    """A tree with bin/python3, read-only at /subjects/NAME."""
    if not (tree / "bin" / "python3").exists():
        msg = f"--subject {name}: {tree} has no bin/python3"
        raise CannotMeasureError(msg)
    inside = SUBJECTS / name
    return Subject(
        name, str(inside / "bin" / "python3"), Place(tree, inside), says or str(tree.name)
    )


def ours(python: str) -> list[Subject]:
    """The newest release build of a Python, else the newest quick one, else none."""
    found = []
    for file in builds_root().glob("*/*/manifest.json"):
        about = json.loads(file.read_text())
        if (file.parent / f"bin/python{python}").exists() and about.get("arch") == "x86_64":
            rank = (about.get("profile") == "release", file.parent.parent.stat().st_mtime_ns)
            found.append((rank, file.parent, str(about.get("profile"))))
    if not found:
        return []
    _, tree, profile = max(found)
    says = f"ours: {profile}, build {tree.parent.name}"
    return [from_tree(f"ours-{python}", tree, says)]


def standalone(one: Published) -> Subject:
    """A published build, downloaded once by pip and checked by its sha256; CannotMeasureError."""
    target = cache_root() / "bench" / one.name
    target.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{target}.lock"):
        if not (target / "bin" / f"python{one.python}").exists():
            with tempfile.TemporaryDirectory(dir=target.parent) as folder:
                _unpack(_download(one, Path(folder)), Path(folder, "tree"))
                _bare(Path(folder, "tree"), one.python)
                Path(folder, "tree").rename(target)
    program = f"{SUBJECTS / one.name}/bin/python{one.python}"
    return Subject(one.name, program, Place(target, SUBJECTS / one.name), one.says)


def _download(one: Published, folder: Path) -> Path:
    line = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
    wanted = f"{one.package}=={one.version}"
    done = subprocess.run([*line, wanted], capture_output=True, text=True, check=False)
    wheel = next(folder.glob("*.whl"), None)
    if done.returncode or wheel is None:
        msg = f"pip download {wanted}: {(done.stderr.strip().splitlines() or ['nothing'])[-1]}"
        raise CannotMeasureError(msg)
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != one.sha256:
        msg = f"{wheel.name} has sha256 {found}, not {one.sha256}"
        raise CannotMeasureError(msg)
    return wheel


def _unpack(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        name = next(n for n in packed.namelist() if n.endswith(".x86_64.tar.xz"))
        with packed.open(name) as stream, tarfile.open(fileobj=stream, mode="r|xz") as archive:
            archive.extractall(target, filter="tar")


def _bare(tree: Path, python: str) -> None:
    """Without what the carrier's packages run at each start, and with its library compiled."""
    packages = tree / "lib" / f"python{python}" / "site-packages"
    for path in [*packages.glob("*.pth")]:
        path.unlink()
    program = tree / "bin" / f"python{python}"
    line = [str(program), "-I", "-m", "compileall", "-q", str(packages.parent)]
    subprocess.run(line, capture_output=True, check=False)  # files that are no Python fail alone


def named(subjects: Sequence[Subject]) -> Mapping[str, Subject]:
    """By name; CannotMeasureError if two have one."""
    found = {subject.name: subject for subject in subjects}
    if len(found) != len(subjects):
        msg = "two subjects have one name: give --subject another NAME"
        raise CannotMeasureError(msg)
    return found
