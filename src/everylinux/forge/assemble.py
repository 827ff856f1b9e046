"""The step `distribution`: the finished tree, its manifest and its archives.

    inputs/opt/python            CPython as installed     -> python/{bin,include,lib,share}
    inputs/opt/shared_libraries  what it was linked with  -> python/shared_libraries/lib
    inputs/opt/musl              the loader               -> python/shared_libraries/lib/libc.so
    inputs/opt/launcher          one static program       -> python/bin/{python,pip,...}
    inputs/opt/bootstrap         or a wrapper in sh       -> the same: see assemble_bootstrap.py
    inputs/opt/licenses          one folder a component   -> python/licenses

`inputs` are hard links into the cache: everything is copied, nothing is changed there.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from everylinux.forge.assemble_bootstrap import install_wrappers
from everylinux.forge.assemble_building import deviations, install_compiler
from everylinux.forge.assemble_elf import finish_elf, needed_libraries
from everylinux.forge.assemble_pip import install_pip
from everylinux.forge.assemble_text import (
    rewrite_config,
    rewrite_pkgconfig,
    rewrite_scripts,
    rewrite_sysconfig,
)
from everylinux.forge.contract import Recipe, Settings
from everylinux.forge.manifest import write_manifest
from everylinux.forge.pack import pack
from everylinux.forge.papers import write_sbom, write_statement

TREE = "python"

# What is not shipped, by its path in the tree, and why. The manifest says the same.
OMITTED = {
    "lib/python{v}/test/*": "CPython's tests: 30 MB of sources; test.support and the runner stay",
    "lib/python{v}/config-{v}-*": "the build's makefile: sysconfig has its variables",
    "lib/python{v}/idlelib/idle_test": "IDLE's tests",
    "lib/python{v}/lib-dynload/_test*": "modules that only CPython's tests use",
    "lib/python{v}/lib-dynload/_ctypes_test*": "the same",
    "lib/python{v}/lib-dynload/_xxtestfuzz*": "the same",
    "lib/python{v}/lib-dynload/xx*": "examples of extension modules",
    "lib/python{v}/unittest/test": "unittest's tests",
    "lib/python{v}/ctypes/test": "ctypes' tests",
    "lib/python{v}/tkinter/test": "tkinter's tests",
    "lib/python{v}/distutils/tests": "distutils' tests",
    "lib/python{v}/lib2to3/tests": "2to3's tests",
    "lib/python{v}/_sysconfig_vars_*.json": "sysconfig's variables again, with the build's places",
    "lib/tk8.6/demos": "Tk's demonstrations",
}
KEPT = (
    "test/__init__.py",
    "test/__main__.py",
    "test/regrtest.py",
    "test/support",
    "test/libregrtest",
)

# Programs that are the launcher under another name; what they run lies beside, NAME-real.
TOOLS = ("python", "pip", "idle{v}", "pydoc{v}", "python{v}-config")
LINKS = {
    "python3": "python",
    "python{v}": "python",
    "pip3": "pip",
    "pip{v}": "pip",
    "idle3": "idle{v}",
    "pydoc3": "pydoc{v}",
    "python3-config": "python{v}-config",
}
SCRIPTS = {
    "idle{v}-real": "from idlelib.pyshell import main\n\nmain()\n",
    "pydoc{v}-real": "import pydoc\n\npydoc.cli()\n",
}
CONVERTER = "2to3-{v}"  # went with lib2to3 in 3.13
CONVERTER_SCRIPT = (
    'import sys\n\nfrom lib2to3.main import main\n\nsys.exit(main("lib2to3.fixes"))\n'
)
# Libraries that nothing in the tree links with: gettext's, see docs/build.md; a release's own of
# its compiler, for extension modules in C++.
UNLINKED = (
    "gettext/lib/libintl.so.8",
    "shared_libraries/lib/libgcc_s.so.1",
    "shared_libraries/lib/libstdc++.so.6",
)
# A second name, the specification's, for the library with wide characters.
ALIASES = {"libncurses.so.6": "libncursesw.so.6"}
SCRIPT_FOLDERS = ("tcl8", "tcl8.6", "tk8.6")


def distribution(recipe: Recipe, settings: Settings, inputs: Path, output: Path) -> None:
    """Put the tree together, finish it, describe it, pack it."""
    del recipe
    opt, tree, version = inputs / "opt", output / TREE, settings.python
    copy_python(opt / "python", tree, version)
    copy_libraries(opt, tree, settings)
    copy_programs(opt, tree, version)
    rewrite_sysconfig(tree, settings)
    install_compiler(opt, tree, settings)
    rewrite_pkgconfig(tree)
    rewrite_scripts(tree, version)
    install_pip(tree, version)
    copy_licences(opt / "licenses", tree)
    finish_elf(tree, settings)
    if settings.start == "bootstrap":
        install_wrappers(opt, tree, settings)
    compile_library(tree, version, settings.jobs)
    set_modes(tree)
    omitted = {_filled(pattern, version): why for pattern, why in OMITTED.items()}
    notes = {"omitted": omitted, "deviations": deviations(opt, settings)}
    write_manifest(tree, inputs / "build.json", opt / "licenses", notes)
    write_sbom(tree)
    name = f"python-{version}-{settings.arch}"
    write_statement(tree, name, pack(tree, output, name, settings))


def _filled(text: str, version: str) -> str:
    return text.replace("{v}", version)


def copy_python(source: Path, tree: Path, version: str) -> None:
    """CPython as installed, without what is not shipped and without bytecode."""
    library = source / "lib" / f"python{version}"
    left_out = [_filled(pattern, version) for pattern in OMITTED]

    def ignored(folder: str, names: list[str]) -> set[str]:
        place = Path(folder).relative_to(source)
        return {name for name in names if _is_left_out(place / name, left_out, library.name)}

    shutil.copytree(source, tree, symlinks=True, ignore=ignored)
    for name in KEPT:
        _copy(library / name, tree / "lib" / library.name / name)


def _is_left_out(path: Path, patterns: list[str], library: str) -> bool:
    if path.name == "__pycache__" or path.suffix in {".a", ".la", ".opt-1", ".opt-2"}:
        return True
    if path.parent == Path("lib", library) and path.name == "test":
        return False
    return any(fnmatch.fnmatch(str(path), pattern) for pattern in patterns)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        without = shutil.ignore_patterns("__pycache__", "demos")
        shutil.copytree(source, target, symlinks=True, ignore=without, dirs_exist_ok=True)
    else:
        shutil.copy(source, target)


def copy_libraries(opt: Path, tree: Path, settings: Settings) -> None:
    """Every library that something in the tree asks for, under its soname; musl as libc.so."""
    target = tree / "shared_libraries" / "lib"
    target.mkdir(parents=True)
    available = opt / "shared_libraries" / "lib"
    for name in needed_libraries(tree, available):
        shutil.copy(available / name, target / name)
    for path in UNLINKED:
        if (opt / path).exists():
            shutil.copy(opt / path, target / Path(path).name)
    for name, real in ALIASES.items():
        (target / name).symlink_to(real)
    shutil.copy(opt / "musl" / "lib" / "libc.so", target / "libc.so")
    # Empty: musl would search /lib and /usr/lib of the host after our folders.
    search = tree / "shared_libraries" / "etc" / f"ld-musl-{settings.machine}.path"
    search.parent.mkdir()
    search.write_bytes(b"")
    for name in SCRIPT_FOLDERS:
        _copy(available / name, tree / "lib" / name)


def copy_programs(opt: Path, tree: Path, version: str) -> None:
    """The launcher under each name, the interpreter as pythonX.Y-real, scripts as NAME-real."""
    folder = tree / "bin"
    shutil.move(folder / f"python{version}", folder / f"python{version}-real")
    for path in sorted(folder.iterdir()):
        if not path.name.endswith("-real"):
            path.unlink()
    for name in TOOLS:
        shutil.copy(opt / "launcher" / "launcher", folder / _filled(name, version))
    for name, target in LINKS.items():
        (folder / _filled(name, version)).symlink_to(_filled(target, version))
    scripts = dict(SCRIPTS)
    if (tree / "lib" / f"python{version}" / "lib2to3").is_dir():
        shutil.copy(opt / "launcher" / "launcher", folder / _filled(CONVERTER, version))
        scripts[f"{CONVERTER}-real"] = CONVERTER_SCRIPT
    for name, text in scripts.items():
        (folder / _filled(name, version)).write_text(text)
    config = next((opt / "python" / "lib").glob(f"python{version}/config-*/python-config.py"))
    (folder / f"python{version}-config-real").write_text(rewrite_config(config.read_text("utf-8")))


def copy_licences(source: Path, tree: Path) -> None:
    """The texts that the components' licences ask for, one folder each."""
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        texts = [path for path in sorted(folder.iterdir()) if path.name != "SPDX"]
        for text in texts:
            _copy(text, tree / "licenses" / folder.name / text.name)


def compile_library(tree: Path, version: str, jobs: int) -> None:
    """Bytecode by the tree's own interpreter: its first run, and a first proof that it starts.

    Unchecked hashes: no time stamp of a source that a copy or a package manager changes makes it
    stale, and nothing is read twice at a start. Folders are written relative to the tree.
    """
    library = tree / "lib" / f"python{version}"
    command = (  # -B: what this very run imports must not be written in another form
        *(str(tree / "bin" / "python"), "-I", "-B", "-m", "compileall", "-f", "-q"),
        *("-j", str(jobs)),
        *("--invalidation-mode", "unchecked-hash", "-s", str(tree), str(library)),
    )
    environment = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TMPDIR": tempfile.gettempdir()}
    subprocess.run(command, check=True, env=environment, cwd="/")


def set_modes(tree: Path) -> None:
    """The specification's File Permissions; of its two texts for programs the octal one."""
    tree.chmod(0o755)
    for path in _walk(tree):
        if not path.is_symlink():
            path.chmod(mode_of(path.relative_to(tree), folder=path.is_dir()))


def mode_of(path: Path, *, folder: bool) -> int:
    """The mode of a path of the tree: folders and programs 755, libraries 444, the rest 644."""
    if folder:
        return 0o755
    if path.name.endswith("-real") or path.suffix == ".so" or ".so." in path.name:
        return 0o444
    return 0o755 if path.parent == Path("bin") else 0o644


def _walk(tree: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(tree):
        for name in sorted((*names, *files)):
            yield Path(folder) / name
