"""What `--dist` names: a tree or an archive, someone's Python, told apart without running it."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import stat
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from everylinux import archives, zips
from everylinux.errors import DistributionError
from everylinux.model import Arch, Distribution
from everylinux.places import builds_root, cache_root

# e_machine of the ELF header (gABI, "Machine")
MACHINES = {62: Arch("x86_64"), 3: Arch("x86")}
OTHER_MACHINES = {
    40: "arm",
    183: "aarch64",
    243: "riscv64",
    21: "ppc64",
    22: "s390x",
    258: "loongarch64",
}
INTERPRETER = re.compile(r"python(3\.\d+)(-real)?")
MANIFEST_BYTES = 64 << 20
DEPTH = 3  # how deep below what was named the tree may lie: opt/python/bin, python/install/bin


def resolve(path: Path, *, profile: str = "", names: tuple[str, ...] = ()) -> Distribution:
    """Return the Python at `path` (a tree or an archive); DistributionError says what is wrong.

    `profile` overrules what the tree claims to be: with our manifest `standalone`, in a system's
    /usr `system`, else `relocatable`. `names` are what it is called, if not as the file or folder.
    """
    folder, called = opened(path)
    return _read(_root(folder, path), profile, names or called)


def because(found: Distribution, why: str) -> Distribution:
    """The same with another word on why it has its profile."""
    return replace(found, because=why)


def opened(path: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder that a tree, an archive or a wheel stands for, and what the thing is called.

    Some wheels carry nothing but an archive of a tree: then it is that tree, and both names count.
    """
    if not path.exists():
        raise DistributionError(f"{path} does not exist", move="name a tree or an archive")
    if path.is_dir():
        return path, (path.absolute().name,)
    folder = _unpacked(path)
    within = sorted(folder.rglob("*.tar.*")) if path.suffix == ".whl" else []
    if len(within) != 1 or list(folder.rglob("bin/python3*")):
        return folder, (path.name,)
    return _unpacked(within[0]), (path.name, within[0].name)


def newest(python: str) -> Path | None:
    """The newest finished build of a Python, or None.

    A build is a folder of `builds_root()` with exactly one tree in it (docs/forge.md). Its age is
    that of the folder: what is in the tree has the time of the sources. A build of the edition
    `current` for this machine comes before all others (forge/publish.py names the folders).
    """
    found = [
        manifest.parent
        for manifest in builds_root().glob("*/*/manifest.json")
        if (manifest.parent / f"bin/python{python}").exists()
    ]
    usual = f"python-{python}-{platform.machine()}-"
    found = [tree for tree in found if tree.parent.name.startswith(usual)] or found
    return max(found, key=lambda tree: tree.parent.stat().st_mtime_ns, default=None)


def _unpacked(archive: Path) -> Path:
    """The archive's tree in the cache, by the archive's digest."""
    if not archive.is_file():
        raise DistributionError(f"{archive} is neither a folder nor a file")
    if archive.stat().st_size == 0:
        raise DistributionError(f"{archive} is empty", move="get the archive anew")
    with archive.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    closed = cache_root() / "subjects"  # setuid bits are kept, so nobody else may enter
    closed.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = closed / digest
    if target.exists():
        return target
    if not zips.is_zip(archive):
        archives.extract(archive, target, archives.DISTRIBUTION)
        return target
    with tempfile.TemporaryDirectory(prefix=".zip.", dir=closed) as work:
        tar = Path(work, archive.name)  # refusals name the archive
        zips.to_tar(archive, tar, archives.DISTRIBUTION)
        archives.extract(tar, target, replace(archives.DISTRIBUTION, strip_top=False))
    return target


def _root(folder: Path, named: Path) -> Path:
    """The folder that has bin/python3.N and lib/python3.N, at `folder` or a little below it."""
    for depth in range(DEPTH + 1):
        for candidate in sorted(folder.glob("/".join(["*"] * depth)) if depth else [folder]):
            if candidate.is_dir() and _versions(candidate):
                return candidate
    raise DistributionError(
        f"{named} has no bin/python3.N with a lib/python3.N beside it",
        move="name the folder that has bin/ and lib/, or its archive",
    )


def _versions(root: Path) -> list[str]:
    try:
        names = [entry.name for entry in (root / "bin").iterdir()]
    except OSError:
        return []
    versions = {match[1] for name in names if (match := INTERPRETER.fullmatch(name))}
    usable = (v for v in versions if (root / "lib" / f"python{v}").is_dir())
    return sorted(usable, key=lambda version: int(version.partition(".")[2]))


def _read(root: Path, profile: str, names: tuple[str, ...]) -> Distribution:
    python = _versions(root)[-1]
    manifest = _manifest(root)
    claimed, because = _claimed(root, python, manifest)
    if profile and profile != claimed:
        claimed, because = profile, f"asked for; by itself {claimed}: {because}"
    return Distribution(
        root=root,
        python=python,
        arch=_arch(root, python),
        digest=tree_digest(root),
        profile=claimed,
        manifest=manifest,
        names=names,
        because=because,
    )


def _claimed(root: Path, python: str, manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The profile that a tree's own look asks for, and why."""
    if manifest.get("components"):
        return "standalone", "manifest.json names the components that it was built from"
    about = [root / "lib/os-release", root.parent / "etc/os-release"]
    if root.name == "usr" and any(path.is_file() for path in about):
        return "system", "it lies in the /usr of a system that has an os-release"
    return "relocatable", f"bin/python{python} in a tree without a manifest of ours, in no /usr"


def _manifest(root: Path) -> Mapping[str, Any]:
    path = root / "manifest.json"
    if not _within(root, path) or path.stat().st_size > MANIFEST_BYTES:
        return {}
    try:
        found = json.loads(path.read_text())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _arch(root: Path, python: str) -> Arch:
    names = (f"bin/python{python}-real", f"bin/python{python}", f"lib/libpython{python}.so.1.0")
    for name in names:
        machine = _machine(root / name) if _within(root, root / name) else None
        if machine in MACHINES:
            return MACHINES[machine]
        if machine is not None:
            what = OTHER_MACHINES.get(machine, f"ELF machine {machine}")
            move = "judge it on such a machine; here are x86_64 and x86"
            raise DistributionError(f"{root / name} is for {what}", move=move)
    raise DistributionError(
        f"no ELF file among {', '.join(names)} of {root}", move="is it a Python for Linux?"
    )


def _within(root: Path, path: Path) -> bool:
    """Whether a path leads to a file of the tree: an archive's links may lead anywhere."""
    return path.is_file() and path.resolve().is_relative_to(root.resolve())


def _machine(path: Path) -> int | None:
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        head = stream.read(20)
    if len(head) < 20 or head[:4] != b"\x7fELF":  # noqa: PLR2004 - e_machine ends at byte 20
        return None
    order = "<" if head[5] == 1 else ">"
    return int(struct.unpack(f"{order}H", head[18:20])[0])


def tree_digest(root: Path) -> str:
    """Digest of a tree: sha256 over each path's kind, mode and content, sorted by path."""
    total = hashlib.sha256()
    for line in _lines(root):
        total.update(line)
    return total.hexdigest()


def tree_state(root: Path) -> str:
    """Digest of what lstat(2) says of all that is in a tree, times of change included.

    Whatever is changed in a tree (content, mode, owner, attribute) changes it, and so does a copy:
    it says that nothing happened since, not that two trees are alike.
    """
    return state(root, root.rglob("*"))


def state(root: Path, paths: Iterable[Path]) -> str:
    """The same of any files and folders below `root`; one that is not there is told as such."""
    total = hashlib.sha256()
    for path in sorted(paths):
        line = f"{path.relative_to(root)}\0{_row(path)}\n"
        total.update(line.encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _row(path: Path) -> tuple[int, ...]:
    try:
        info = path.lstat()
    except FileNotFoundError:
        return ()
    owner, times = (info.st_uid, info.st_gid), (info.st_mtime_ns, info.st_ctime_ns)
    return (info.st_mode, *owner, info.st_ino, *times)


def _lines(root: Path) -> Iterator[bytes]:
    for path in sorted(root.rglob("*")):
        info = path.lstat()
        name = str(path.relative_to(root)).encode("utf-8", "surrogateescape")
        yield b"%s\0%o\0%s\n" % (name, info.st_mode, _content(path, info.st_mode))


def _content(path: Path, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return str(path.readlink()).encode("utf-8", "surrogateescape")
    if not stat.S_ISREG(mode):
        return b""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()
