"""Process 1 of the machine: compiled here once from build/machine, as the agent is."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from everylinux.errors import EngineError, UsageError
from everylinux.model import Arch
from everylinux.places import cache_root, project_root

FLAGS = ("-std=gnu99", "-Os", "-static", "-Wall", "-Wextra", "-Werror", "-s")
COMPILERS = {
    "x86_64": (("musl-gcc",), ("gcc",)),
    "x86": (("i386-linux-musl-gcc",), ("i686-linux-musl-gcc",), ("gcc", "-m32")),
}
"""In order; a C library's own least kernel counts: glibc's is 3.2, musl has none. For 32 bit the
forge's own musl is tried before gcc's library, where a 32-bit build was ever made here."""
CLASS_32 = b"\x7fELF\x01"
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
        for compiler in _compilers(arch):
            if shutil.which(compiler[0]) is None:
                continue
            argv = [*compiler, *FLAGS, *map(str, sources), "-o", str(output), *_libraries(compiler)]
            done = subprocess.run(
                argv, capture_output=True, text=True, check=False, timeout=SECONDS
            )
            if done.returncode == 0:
                output.chmod(0o755)
                output.replace(target)
                return
            said = (done.stderr.strip().splitlines() or ["the compiler said nothing"])[0]
    raise EngineError(f"cannot compile {target.name}: {said}", move=MOVE)


def _compilers(arch: Arch) -> Iterator[tuple[str, ...]]:
    *first, last = COMPILERS[arch]
    yield from first
    musl = _musl_32() if arch == "x86" else None
    if musl and shutil.which("gcc"):
        own = subprocess.run(
            ["gcc", "-print-file-name=include"], capture_output=True, text=True, check=False
        ).stdout.strip()
        yield (
            *("gcc", "-m32", "-march=i686", "-nostdinc", "-nostartfiles", "-nodefaultlibs"),
            *("-fno-stack-protector", "-isystem", str(musl / "include"), "-isystem", own),
            *(str(musl / "lib" / name) for name in ("crt1.o", "crti.o", "crtn.o")),
            f"-L{musl / 'lib'}",
        )
    yield last


def _libraries(compiler: tuple[str, ...]) -> tuple[str, ...]:
    return ("-lc", "-lgcc", "-lc") if "-nodefaultlibs" in compiler else ()


def _musl_32() -> Path | None:
    """The forge's musl for 32 bit, out of the steps that it keeps; the newest."""
    found = sorted(cache_root().glob("steps/*/tree/opt/musl"), key=lambda p: p.stat().st_mtime)
    return next((musl for musl in reversed(found) if _is_32(musl / "lib" / "crt1.o")), None)


def _is_32(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(CLASS_32)) == CLASS_32
    except OSError:
        return False
