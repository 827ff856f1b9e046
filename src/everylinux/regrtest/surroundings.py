"""What a machine has and an unpacked image may lack: `localhost` in /etc/hosts.

Container engines and installers write that file, so images leave it out; the tests bind sockets to
`localhost` everywhere. Nothing else is added: what a userland lacks is what is tried.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ETC = "/etc"
HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost\n"
MOUNTED = ("hosts", "hostname", "resolv.conf")
"""Docker lays its own over these, and does not start where one is missing from an /etc of ours."""


@contextmanager
def etc(root: Path) -> Iterator[Mapping[str, Path]]:
    """A copy of a root filesystem's /etc with these files, as a Box's `sibling` takes it."""
    with tempfile.TemporaryDirectory(prefix="everylinux-etc-") as work:
        copy = Path(work, "etc")
        if (root / "etc").is_dir():
            shutil.copytree(root / "etc", copy, symlinks=True, ignore=_others)
        copy.mkdir(exist_ok=True)
        for name in MOUNTED:
            _complete(copy / name, HOSTS if name == "hosts" else "")
        for folder in (copy.parent, copy):
            folder.chmod(0o755)
        yield {ETC: copy}


def _others(folder: str, names: list[str]) -> set[str]:
    """What cannot be copied: devices, sockets and pipes."""
    plain = (name for name in names if _plain(Path(folder, name)))
    return set(names) - set(plain)


def _plain(path: Path) -> bool:
    return path.is_symlink() or path.is_file() or path.is_dir()


def _complete(path: Path, text: str) -> None:
    """A file with a text, unless there is one; a link, which may lead out of /etc, is not."""
    if path.is_symlink():
        path.unlink()
    if not path.exists():
        path.write_text(text)
        path.chmod(0o644)
