"""Process 1 of the machine: compiled here once from build/machine, as the agent is."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from everylinux.errors import EngineError, UsageError
from everylinux.model import Arch
from everylinux.places import cache_root, project_root

FLAGS = ("-std=gnu99", "-Os", "-static", "-Wall", "-Wextra", "-Werror", "-s")
COMPILERS = {
    "x86_64": (("musl-gcc",), ("gcc",)),
    "x86": (("i386-linux-musl-gcc",), ("i686-linux-musl-gcc",), ("gcc", "-m32")),
}
"""In order; a C library's own least kernel counts: glibc's is 3.2, musl has none."""
SECONDS = 120.0
MOVE = "install musl-tools (and gcc-multilib for 32-bit kernels)"


def program(name: str, arch: Arch) -> Path:
    """A static program for a kernel of `arch`: `machine` (process 1) or `agent`.

    EngineError if there is no source or no compiler for it.
    """
    try:
        folder = project_root() / "build" / name
    except UsageError:
        raise EngineError(f"there is no source of {name}", move="run from a checkout") from None
    sources = sorted([*folder.glob("*.c"), *folder.glob("*.h")])
    target = cache_root() / "machine" / f"{name}-{arch}-{_digest(sources)[:16]}"
    if not target.is_file():
        _compile([path for path in sources if path.suffix == ".c"], arch, target)
    return target


def _digest(sources: Sequence[Path]) -> str:
    total = hashlib.sha256(repr((FLAGS, COMPILERS)).encode())
    for path in sources:
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _compile(sources: Sequence[Path], arch: Arch, target: Path) -> None:
    """Compile beside the target and move it there: two at once do not harm each other."""
    said = f"no C compiler for {arch}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        output = Path(folder, "program")
        for compiler in COMPILERS[arch]:
            if shutil.which(compiler[0]) is None:
                continue
            argv = [*compiler, *FLAGS, *map(str, sources), "-o", str(output)]
            done = subprocess.run(
                argv, capture_output=True, text=True, check=False, timeout=SECONDS
            )
            if done.returncode == 0:
                output.chmod(0o755)
                output.replace(target)
                return
            said = (done.stderr.strip().splitlines() or ["the compiler said nothing"])[0]
    raise EngineError(f"cannot compile {target.name}: {said}", move=MOVE)
