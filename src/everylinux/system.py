"""A system's own Python as a subject: `--dist system` judges that of the cell's root filesystem.

It is run where it lies, in /usr of its own root. Its files are judged in a copy of what belongs to
Python there: all else in /usr is none of its promises.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from everylinux import distribution
from everylinux.errors import UsageError
from everylinux.model import Distribution, RootFs
from everylinux.places import cache_root

WORD = Path("system")
"""What `--dist` is given; a folder of that name is written ./system."""
OWN = (
    "bin/python3*",
    "bin/pip3*",
    "bin/pydoc3*",
    "lib/python3",
    "lib/python3.*",
    "lib/*/libpython3*",
    "include/python3*",
    "share/man/man1/python3*",
)
"""Below /usr: where Debian, Fedora and Alpine put Python's files, by their packages' lists."""


def resolve(roots: tuple[RootFs, ...], profile: str) -> Distribution:
    """The Python of the one root that was chosen; UsageError for none, and for more than one."""
    if len(roots) != 1:
        cause = f"--dist system judges one Linux at a time, and {len(roots)} are chosen"
        raise UsageError(cause, move="name one: --distro debian12py-x86_64")
    (root,) = roots
    view = _view(root)
    about = f"{root.image.name} {root.image.release}"
    found = distribution.resolve(view, profile=profile or "system", names=(about,))
    return distribution.because(found, f"the Python of {about} itself, where it lies")


def _view(root: RootFs) -> Path:
    """A copy of the root's own Python as a tree, made once."""
    key = hashlib.sha256(f"{root.digest} {OWN}".encode()).hexdigest()
    target = cache_root() / "subjects" / f"system-{key[:32]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        work = Path(tempfile.mkdtemp(prefix=".system.", dir=target.parent))
        for path in _own(root.path / "usr"):
            _copy(path, work / "usr" / path.relative_to(root.path / "usr"))
        if not (work / "usr").exists():
            shutil.rmtree(work)
            cause = f"{root.image.id} has no Python in /usr"
            raise UsageError(cause, move="name a Linux that has one: debian12py, debian13py")
        work.chmod(0o755)
        work.rename(target)
    return target / "usr"


def _own(usr: Path) -> Iterator[Path]:
    for pattern in OWN:
        yield from sorted(usr.glob(pattern))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
