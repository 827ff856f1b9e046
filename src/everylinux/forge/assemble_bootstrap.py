"""The specification's way to start: wrappers in sh instead of the launcher.

    inputs/opt/bootstrap/python-wrapper   -> python/bin/{python,pip,...}, filled in
    python/bin/pythonX.Y-real             its PT_INTERP becomes the place in /tmp

It works on a tree that is otherwise finished: a wrapper holds the digest of the loader as shipped.
docs/bootstrap.md says what this way withstands.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from everylinux.errors import BuildError
from everylinux.forge.contract import Settings

WRAPPER = "bootstrap/python-wrapper"
LOADER = "shared_libraries/lib/libc.so"
# spec: Standalone Python Variables, magic_bootstraping_libc_path; build/bootstrap has it as well
MAGIC = "/tmp/StAnDaLoNeMuSlInTeRpReTeR-musl-{machine}.so"  # noqa: S108 - the specification's
DIGITS = 16
"""Of the loader's sha256, in the name of a private copy: two versions have a file each."""


def install_wrappers(opt: Path, tree: Path, settings: Settings) -> None:
    """Replace the launcher by the wrapper under each name; BuildError if patchelf cannot."""
    text = (opt / WRAPPER).read_text("utf-8")
    real = f"python{settings.python}-real"
    for path in launchers(tree):
        words = {
            "@REAL@": real,
            "@TOOL@": tool_of(path, settings.python),
            "@MACHINE@": settings.machine,
            "@DIGEST@": loader_digest(tree),
        }
        path.write_text(_filled(text, words), "utf-8")
        path.chmod(0o755)
    _set_interpreter(tree / "bin" / real, MAGIC.format(machine=settings.machine))


def launchers(tree: Path) -> list[Path]:
    """The programs of a tree that start its interpreter: the ELF files of bin/ without -real."""
    return [
        path
        for path in sorted((tree / "bin").iterdir())
        if not path.is_symlink()
        and not path.name.endswith("-real")
        and path.read_bytes()[:4] == b"\x7fELF"
    ]


def tool_of(program: Path, version: str) -> str:
    """What a program runs: NAME-real or NAMEX.Y-real beside it, "" for the interpreter alone."""
    if program.name == "python":
        return ""
    for name in (f"{program.name}-real", f"{program.name}{version}-real"):
        if (program.parent / name).is_file():
            return name
    raise BuildError(f"bin/{program.name} has no script beside it", move="install it first")


def loader_digest(tree: Path) -> str:
    """The first hexadecimal digits of the sha256 of a tree's loader."""
    return hashlib.sha256((tree / LOADER).read_bytes()).hexdigest()[:DIGITS]


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        if word not in text:
            raise BuildError(f"{WRAPPER} has no {word}", move="see build/bootstrap/python-wrapper")
        text = text.replace(word, value)
    return text


def _set_interpreter(program: Path, interpreter: str) -> None:
    mode = program.stat().st_mode
    program.chmod(0o755)
    command = ("patchelf", "--set-interpreter", interpreter, str(program))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    program.chmod(mode & 0o7777)
    if done.returncode:
        raise BuildError(f"{' '.join(command)}: {done.stderr.strip()[:300]}")
