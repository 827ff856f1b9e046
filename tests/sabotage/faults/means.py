"""What faults break a real tree with: sources and their bytecode, strings in programs, start-up."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import lief

from everylinux.sabotage.registry import Apply, fault
from tests.sabotage.tree import edit, library, one, remove, stdlib, write

SECONDS = 60
EVERY_START = "encodings/__init__.py"
"""A module that each start imports: os, site and their like are frozen in it, and so is this one
where build/patches/cpython-3.13 says so; `thaw` has it read from its file again."""


def compile_source(tree: Path, path: Path) -> None:
    """Compile a source as the forge does, by the good tree's interpreter: the broken one may not.

    Bytecode that names its source's hash and is not checked (PEP 552), with a relative path in it.
    """
    python = tree.parent.parent / "good/python/bin/python3"
    for bytecode in path.parent.glob(f"__pycache__/{path.stem}.cpython-3*.pyc"):
        bytecode.unlink()  # a hard link
    mode = ("--invalidation-mode", "unchecked-hash", "-s", str(tree))
    command = [str(python), "-I", "-B", "-m", "compileall", "-q", *mode, str(path)]
    subprocess.run(command, check=True, timeout=SECONDS, cwd="/", umask=0o022)


def rewrite(tree: Path, name: str, change: Callable[[str], str]) -> None:
    """Change the text of a module of the library, and compile it; LookupError if nothing changed.

    A folder's time stays: it is no fault.
    """
    path = stdlib(tree) / name
    before = path.read_text("utf-8")
    after = change(before)
    if after == before:
        raise LookupError(f"nothing in {name} was changed")
    write(path, after.encode())
    compile_source(tree, path)


def replace(tree: Path, name: str, old: str, new: str) -> None:
    """Replace a piece of a module's text."""
    rewrite(tree, name, lambda text: text.replace(old, new))


def append(tree: Path, name: str, text: str) -> None:
    """Add lines at the end of a module."""
    rewrite(tree, name, lambda before: f"{before}\n{text}\n")
    if name == EVERY_START:
        thaw(tree, "encodings")


def thaw(tree: Path, module: str) -> None:
    """Let a frozen module be read from its file: in the table it loses its first letter.

    The table's names are pointers that the loader relocates: an addend in .rela.dyn, or the word
    itself (RELR, and REL of 32 bit).
    """
    path = core(tree)
    binary = lief.ELF.parse(path)
    assert isinstance(binary, lief.ELF.Binary)
    size = 8 if binary.header.identity_class == lief.ELF.Header.CLASS.ELF64 else 4
    tables = [s for s in binary.sections if s.name in (".rela.dyn", ".data.rel.ro")]

    def change(content: bytearray) -> None:
        for found in re.finditer(rb"(?<=\0)%s(?=\0)" % re.escape(module.encode()), bytes(content)):
            place = binary.offset_to_virtual_address(found.start())
            assert isinstance(place, int)
            for table in tables:
                for at in range(table.offset, table.offset + table.size, size):
                    if content[at : at + size] == place.to_bytes(size, "little"):
                        content[at : at + size] = (place + 1).to_bytes(size, "little")

    edit(path, change)


def add_module(tree: Path, name: str, text: str) -> None:
    """A new module of the library, or of site-packages, compiled."""
    path = stdlib(tree) / name
    write(path, text)
    compile_source(tree, path)


def drop_module(tree: Path, name: str) -> None:
    """Remove a module and its bytecode."""
    path = stdlib(tree) / name
    path.unlink()
    for bytecode in path.parent.glob(f"__pycache__/{path.stem}.cpython-3*.pyc"):
        bytecode.unlink()


def drop_folder(path: Path) -> None:
    """Remove a folder; FileNotFoundError where there is none."""
    shutil.rmtree(path)


def drop(path: Path) -> None:
    """Remove a file and the links that lead to it."""
    remove(path)


def patch(path: Path, old: bytes, new: bytes) -> None:
    """Replace bytes by as many others, wherever they stand; LookupError if they do not."""
    if len(old) != len(new):
        raise ValueError(f"{old!r} and {new!r} are not of one length")

    def change(content: bytearray) -> None:
        if old not in content:
            raise LookupError(f"{old!r} is not in {path}")
        content[:] = content.replace(old, new)

    edit(path, change)


def name_in(path: Path, old: str, new: str) -> None:
    """Replace a whole string of a program, between zero bytes, by one that is no longer."""
    if len(new) > len(old):
        raise ValueError(f"{new!r} is longer than {old!r}")
    before = old.encode().join([b"\0", b"\0"])
    patch(path, before, (b"\0" + new.encode()).ljust(len(before), b"\0"))


def lib(tree: Path, name: str) -> Path:
    """A bundled library by the beginning of its name."""
    return library(tree, f"{name}.so*")


def core(tree: Path) -> Path:
    """The shared libpython."""
    return one(tree, ["lib/libpython3.*.so.1.0"])


def at_start(
    code: str, *kills: str, of: str, says: str, name: str, allows: tuple[str, ...] = ()
) -> None:
    """Declare a fault that runs code at each start of the interpreter."""

    def apply(tree: Path) -> None:
        append(tree, EVERY_START, code)

    apply.__doc__ = says
    declared: Apply = apply
    fault(*kills, of=of, kind="behaviour", allows=allows, name=name)(declared)
