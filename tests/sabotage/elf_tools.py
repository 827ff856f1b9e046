"""Tools that change ELF files of a tree: patchelf, and a compiler in place of the build's."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from everylinux.model import Arch, Distribution
from everylinux.probes.static.elf import ElfProbe
from tests.sabotage import miniature
from tests.sabotage.elf_bytes import occurrences
from tests.sabotage.tree import private, write

X86_64 = Arch("x86_64")


def patchelf(path: Path, *arguments: str) -> None:
    """Run patchelf on the tree's own copy of a file."""
    mode = path.stat().st_mode & 0o7777
    private(path).chmod(0o600)
    subprocess.run(["patchelf", *arguments, str(path)], check=True, timeout=60)
    path.chmod(mode)


def compiled(path: Path, *flags: str, more: str = "", strip: bool = True) -> None:
    """Put an extension module in place of another, compiled with flags it should not have."""
    libc, name = path.parents[3] / "shared_libraries/lib/libc.so", path.name.split(".", 1)[0]
    source = miniature.BODY.format(name=f"PyInit_{name}", extern="", use="") + more
    mode = path.stat().st_mode & 0o7777
    rpath = "-Wl,-rpath,$ORIGIN/../../../shared_libraries/lib"
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / path.name
        links = ["-shared", rpath, *flags, *miniature.linked(libc)]
        miniature.compile_object(made, source, Path(work), *links, strip=strip)
        write(path, made.read_bytes(), mode)


def unwanted(tree: Path, path: Path) -> str:
    """A name that an object exports, nobody in the tree asks for, and rename() can change."""
    objects = _objects(tree)
    wanted = {name for facts in objects.values() for name in facts["undefined"]}
    exports = objects[str(path.relative_to(tree))]["exports"]
    return _renamable(path, [name for name in exports if name not in wanted], len("my_free"))


def asked(tree: Path, path: Path) -> str:
    """A name that an object asks for and rename() can change."""
    return _renamable(path, _objects(tree)[str(path.relative_to(tree))]["undefined"], len("open"))


def _objects(tree: Path) -> dict[str, Any]:
    found = ElfProbe().gather(Distribution(tree, miniature.PYTHON, X86_64, ""))["elf"].value
    return dict(found["objects"])


def _renamable(path: Path, names: list[str], shortest: int) -> str:
    content = path.read_bytes()
    for name in names:
        plain = not name.startswith("_") and len(name) >= shortest
        if plain and occurrences(content, name) == 1:
            return name
    raise LookupError(f"no name of {path} can be changed")
