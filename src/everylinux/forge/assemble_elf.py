"""ELF files of the tree: which libraries they ask for, stripped, with search paths of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from everylinux.errors import BuildError
from everylinux.forge.contract import MACHINE, Settings

LIBC = "libc.so"
INTERPRETER = "/lib/ld-musl-{machine}.so.1"  # where a musl distribution has its loader; not used
LIBRARIES = "shared_libraries/lib"


def elf_files(tree: Path) -> Iterator[Path]:
    """Every ELF file, sorted; links are not followed."""
    for folder, names, files in os.walk(tree):
        names.sort()
        for name in sorted(files):
            path = Path(folder, name)
            if not path.is_symlink() and is_elf(path):
                yield path


def is_elf(path: Path) -> bool:
    """Whether a file begins as ELF files do."""
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def needed_libraries(tree: Path, available: Path) -> list[str]:
    """The sonames that the tree's files ask for, and those that these ask for, sorted."""
    objects = list(elf_files(tree))
    own = {path.name for path in objects}
    todo = sorted({name for path in objects for name in needed(path)} - own - {LIBC})
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in found:
            continue
        if not (available / name).exists():
            raise BuildError(f"no component installs {name}", move="add its recipe")
        found.add(name)
        todo += sorted(needed(available / name) - own - {LIBC})
    return sorted(found)


def needed(path: Path) -> set[str]:
    """What a dynamic object asks for (DT_NEEDED)."""
    return set(_run("patchelf", "--print-needed", str(path)).split())


def finish_elf(tree: Path, settings: Settings) -> None:
    """Strip all, then write search paths: the other way round breaks what patchelf moved."""
    real = tree / "bin" / f"python{settings.python}-real"
    for path in elf_files(tree):
        if is_launcher(path):
            continue
        path.chmod(0o755)
        _run("strip", "--strip-unneeded", str(path))
        if path.name == LIBC:
            continue
        _run("patchelf", "--set-rpath", search_path(path.relative_to(tree)), str(path))
    interpreter = INTERPRETER.format(machine=settings.machine)
    _run("patchelf", "--set-interpreter", interpreter, str(real))


def is_launcher(path: Path) -> bool:
    """Whether it is the launcher under one of its names: its own step stripped it."""
    return path.parent.name == "bin" and not path.name.endswith("-real")


def search_path(path: PurePosixPath | Path) -> str:
    """Relative to the object: its own folder for a shared library, else both of the tree's."""
    if str(path.parent) == LIBRARIES:
        return "$ORIGIN"
    up = "/".join(".." for _ in path.parent.parts)
    return f"$ORIGIN/{up}/{LIBRARIES}:$ORIGIN/{up}/lib"


def _run(program: str, *arguments: str) -> str:
    command = (*_of_the_machine(program), *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"{program} {' '.join(arguments)}: {done.stderr.strip()[:300]}")
    return done.stdout


def _of_the_machine(program: str) -> tuple[str, ...]:
    """The program of the build's own root, run by that root's loader; the host's without one.

    A Debian of x86_64 has its loader and libraries at these places (Debian policy, multiarch).
    """
    machine = Path(os.environ.get(MACHINE, "/"))
    if machine == Path("/"):
        return (program,)
    loader = machine / "lib64/ld-linux-x86-64.so.2"
    libraries = machine / "usr/lib/x86_64-linux-gnu"
    return (str(loader), "--library-path", str(libraries), str(machine / "usr/bin" / program))
