"""What users need to compile extension modules: musl's headers, and a wrapper.

    inputs/opt/musl      headers            -> python/lib/musl/include
    inputs/opt/fortify   checked functions  -> python/lib/musl/fortify
    inputs/opt/wrapper   the program        -> python/bin/everylinux-cc, everylinux-c++
    inputs/opt/flags     deviations.yaml    -> the manifest's `deviations`

sysconfig names the wrapper as CC, by its place at import, so setuptools calls it also after a move.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from everylinux.errors import BuildError
from everylinux.forge.contract import X86, X86_64, Settings

PROGRAM = "everylinux-cc"
SPECS = "everylinux-cc.specs"
FOLDER = "lib/musl"
SOURCES = ("start.c", "stack.c")  # what a link needs; no object files in the tree
KERNEL = frozenset(
    ("linux", "asm", "asm-generic", "mtd", "rdma", "sound", "video", "xen", "misc", "drm")
)

WORDS = {
    X86_64: {"@word@": "-m64", "@emulation@": "-m elf_x86_64"},
    X86: {"@word@": "-m32 -march=i686", "@emulation@": "-m elf_i386"},
}

# Each variable of sysconfig that begins with a compiler, as rewrite_sysconfig left it.
_FOOTER = """
# The compiler wrapper beside, quoted as shlex.split() and distutils read it.
_tools = {"cc": "everylinux-cc", "c++": "everylinux-c++"}
for _name, _value in build_time_vars.items():
    _tool, _, _rest = _value.partition(" ") if isinstance(_value, str) else ("", "", "")
    if _tool in _tools:
        _tool = _prefix + "/bin/" + _tools[_tool]
        if not _tool.replace("/", "").replace("-", "").replace("+", "").replace(".", "").isalnum():
            _tool = "'" + _tool.replace("'", "'\\"'\\"'") + "'"
        build_time_vars[_name] = (_tool + " " + _rest).rstrip()
"""


def install_compiler(opt: Path, tree: Path, settings: Settings) -> None:
    """Put the wrapper and all it needs into a tree whose sysconfig data is already rewritten."""
    place, headers = tree / FOLDER, opt / "musl/include"
    shutil.copytree(headers, place / "include", ignore=_without_kernel(headers))
    shutil.copytree(opt / "fortify", place / "fortify", ignore=shutil.ignore_patterns("*.md"))
    for name in SOURCES:
        shutil.copy(opt / "wrapper" / name, place / name)
    words = {**WORDS[settings.arch], "@machine@": settings.machine}
    _fill(opt / "wrapper" / PROGRAM, tree / "bin" / PROGRAM, words)
    _fill(opt / "wrapper" / SPECS, place / SPECS, words)
    (tree / "bin/everylinux-c++").symlink_to(PROGRAM)
    name_compiler(tree, settings.python)


def _without_kernel(headers: Path) -> Callable[[str, list[str]], set[str]]:
    """Linux' headers stay out (7 MB): the wrapper finds those of the user's machine."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        return set(names) & KERNEL if Path(folder) == headers else set()

    return ignored


def _fill(source: Path, target: Path, words: Mapping[str, str]) -> None:
    text = source.read_text("utf-8")
    for word, value in words.items():
        text = text.replace(word, value)
    target.write_text(text, "utf-8")


def name_compiler(tree: Path, version: str) -> None:
    """Let sysconfig name the wrapper; BuildError if rewrite_sysconfig did not run before."""
    for path in (tree / "lib" / f"python{version}").glob("_sysconfigdata_*.py"):
        text = path.read_text("utf-8")
        if "_prefix = " not in text:
            raise BuildError(f"{path.name} does not know its place", move="call rewrite_sysconfig")
        path.write_text(text + _FOOTER, "utf-8")


def deviations(opt: Path, settings: Settings) -> list[dict[str, str]]:
    """Rows of build/flags/deviations.yaml that hold in this profile, for the manifest."""
    rows = yaml.safe_load((opt / "flags/deviations.yaml").read_text("utf-8"))["deviations"]
    return [row for row in rows if row.get("profile", settings.profile) == settings.profile]
