"""Copies of an untrusted root's folders, to be changed and laid over its own in a sibling cell."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ETC = "/etc"
COPY_BYTES = 64 << 20  # of a folder
# Docker lays its own over these three, and does not start where one is missing from an /etc that
# is mounted read-only (daemon/container_operations_unix.go).
MOUNTED = ("resolv.conf", "hosts", "hostname")


def copy_folder(source: Path, target: Path) -> None:
    """Copy what is in a folder, links as links; sockets, pipes and devices are left out.

    OSError where it is a link, which leads to the host's files, or has more than 64 MiB.
    """
    if source.is_symlink():
        raise OSError(f"{source.name} is a link")
    size = sum(path.lstat().st_size for path in source.rglob("*"))
    if size > COPY_BYTES:
        raise OSError(f"{source.name} is too large to copy: {size} bytes")
    shutil.copytree(source, target, symlinks=True, ignore=_special)


@contextmanager
def etc(root: Path, hosts: str = "") -> Iterator[Path]:
    """A copy of a root's /etc; `hosts` is for its hosts, if missing or a link. OSError."""
    source = root / ETC[1:]
    with tempfile.TemporaryDirectory(prefix="everylinux-etc-") as work:
        copy = Path(work, "etc")
        if source.is_symlink() or source.is_dir():
            copy_folder(source, copy)
        copy.mkdir(exist_ok=True)
        for name in MOUNTED:
            _complete(copy / name, hosts if name == "hosts" else "")
        for folder in (copy.parent, copy):
            folder.chmod(0o755)
        yield copy


def _special(folder: str, names: list[str]) -> set[str]:
    paths = {name: Path(folder, name) for name in names}
    return {n for n, p in paths.items() if not (p.is_symlink() or p.is_file() or p.is_dir())}


def _complete(path: Path, text: str) -> None:
    """A file with a text, unless there is one; a link, which may lead out of /etc, is not."""
    if path.is_symlink():
        path.unlink()
    if not path.exists():
        path.write_text(text)
        path.chmod(0o644)
