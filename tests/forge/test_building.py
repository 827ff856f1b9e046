"""The compiler wrapper and what comes into the tree with it; compilers here print their words."""

from __future__ import annotations

import os
import runpy
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from everylinux.errors import BuildError
from everylinux.forge import assemble_building
from everylinux.forge.contract import OUT, X86, X86_64, Recipe, Settings
from everylinux.forge.project_files import project_files
from everylinux.model import Arch

PROJECT = Path(__file__).parents[2] / "build"
DATA = "lib/python3.13/_sysconfigdata__linux_x86_64-linux-musl.py"
REWRITTEN = """_prefix = __file__.rpartition("/lib/python")[0]
build_time_vars = {"CC": "cc", "CXX": "c++", "LDSHARED": "cc -shared -s", "AR": "ar", "N": 1}
"""
# A compiler that answers as gcc does, and else prints the words that it was given, one a line.
GCC = """#!/bin/sh
case "$1" in
    --version) echo '{version}' ;;
    -dumpmachine) echo '{machine}' ;;
    -print-file-name=include) echo /gcc/include ;;
    *) printf '%s\\n' "tree=$EVERYLINUX_TREE" "$@" ;;
esac
"""


def _tree(folder: Path, arch: Arch = X86_64) -> Path:
    """A tree with the wrapper, in a path with a space and a quote."""
    opt, tree = folder / "opt", folder / "it's a tree"
    for name in ("wrapper", "fortify"):
        shutil.copytree(PROJECT / name, opt / name)
    for name in ("stdio.h", "bits/alltypes.h", "linux/types.h", "asm/types.h"):
        path = opt / "musl/include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tree / DATA).parent.mkdir(parents=True)
    (tree / DATA).write_text(REWRITTEN)
    (tree / "bin").mkdir()
    assemble_building.install_compiler(opt, tree, Settings(arch=arch))
    (tree / "bin/everylinux-cc").chmod(0o755)
    return tree


def _compiler(
    folder: Path,
    name: str = "gcc",
    version: str = "gcc (Debian) 12",
    machine: str = "x86_64-linux-gnu",
) -> Path:
    path = folder / "host" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(GCC.format(version=version, machine=machine))
    path.chmod(0o755)
    return path


def _called(
    tree: Path, *words: str, name: str = "everylinux-cc", **environment: str
) -> subprocess.CompletedProcess[str]:
    """The wrapper with a PATH of the host's shell programs and the folder of fake compilers."""
    own = tree.parent / "host"
    own.mkdir(exist_ok=True)
    for program in ("sh", "readlink", "mkdir", "ln", "dirname"):
        if not (own / program).exists() and (found := shutil.which(program)):
            (own / program).symlink_to(found)
    return subprocess.run(
        [tree / "bin" / name, *words],
        env={"PATH": str(own), "HOME": str(tree.parent / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_no_compiler(tmp_path: Path) -> None:
    """One line, what to install, status 127."""
    done = _called(_tree(tmp_path), "-c", "x.c")

    assert done.returncode == 127
    assert len(done.stderr.splitlines()) == 1
    assert "no C compiler" in done.stderr
    assert "install gcc" in done.stderr


def test_a_compiler_that_is_not_there(tmp_path: Path) -> None:
    """EVERYLINUX_CC that names nothing is told as such."""
    _compiler(tmp_path)
    done = _called(_tree(tmp_path), "-c", "x.c", EVERYLINUX_CC="/nowhere/gcc")

    assert (done.returncode, "/nowhere/gcc is not there" in done.stderr) == (127, True)


def test_clang_is_refused(tmp_path: Path) -> None:
    """It does not read gcc's specs, so libraries of the host would be linked."""
    _compiler(tmp_path, version="Debian clang version 14")
    done = _called(_tree(tmp_path), "-c", "x.c")

    assert (done.returncode, "is clang" in done.stderr) == (126, True)


def test_c_plus_plus_is_refused_on_glibc(tmp_path: Path) -> None:
    """The host's libstdc++ is glibc's, and its headers as well."""
    _compiler(tmp_path, "g++")
    done = _called(_tree(tmp_path), "-c", "x.cc", name="everylinux-c++")

    assert (done.returncode, "C++" in done.stderr) == (126, True)
    assert len(done.stderr.splitlines()) == 1


def test_musl_hosts_compile_as_they_are(tmp_path: Path) -> None:
    """A gcc of musl's own gets the words it was given and -fPIC; C++ brings its library along."""
    _compiler(tmp_path, "g++", machine="x86_64-alpine-linux-musl")
    _compiler(tmp_path, machine="x86_64-alpine-linux-musl")
    tree = _tree(tmp_path)

    assert _called(tree, "-c", "x.c").stdout.splitlines()[1:] == ["-fPIC", "-c", "x.c"]
    words = _called(tree, "x.o", name="everylinux-c++").stdout.splitlines()[1:]
    assert words == ["-fPIC", "x.o", "-static-libstdc++", "-static-libgcc"]


def test_no_program_has_copies_of_our_types(tmp_path: Path) -> None:
    """Code for a PIE alone would make the linker copy them; what comes later still counts."""
    _compiler(tmp_path)
    words = _called(_tree(tmp_path), "-fPIE", "-c", "-fpie", "x.c", "-fno-pic").stdout.splitlines()

    assert [w for w in words if w.lower().startswith(("-fpi", "-fno-pi"))] == [
        *("-fPIC", "-fPIC", "-fPIC", "-fno-pic")
    ]


def test_only_the_trees_headers_are_searched(tmp_path: Path) -> None:
    """Checked headers first, then musl's, then the compiler's own; links lead to the tree."""
    _compiler(tmp_path)
    tree = _tree(tmp_path)
    link = tmp_path / "linked-cc"
    link.symlink_to(tree / "bin/everylinux-cc")
    words = _called(tree, "-c", "a b.c").stdout.splitlines()
    by_link = subprocess.run(
        [link, "-c", "a b.c"],
        env={"PATH": str(tmp_path / "host"), "HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    assert words[0] == f"tree={tree}"
    at = [words.index(w) for w in (f"-I{tree}/lib/musl/fortify", f"{tree}/lib/musl/include")]
    assert [*at, words.index("/gcc/include")] == sorted([*at, words.index("/gcc/include")])
    assert {"-nostdinc", "-m64"} < set(words)
    assert words[-2:] == ["-c", "a b.c"]
    assert by_link.stdout.splitlines() == words


@pytest.mark.parametrize(
    ("words", "added"),
    [
        (["x.o", "-o", "x"], ["start.c"]),
        (["-shared", "x.o", "-o", "x.so"], []),
        (["-c", "x.c"], []),
        (["--help"], []),
    ],
)
def test_programs_get_a_start(words: list[str], added: list[str], tmp_path: Path) -> None:
    """What is linked as a program gets musl's beginning, nothing else does."""
    _compiler(tmp_path)
    tree = _tree(tmp_path)
    given = _called(tree, *words).stdout.splitlines()

    assert [Path(word).name for word in given if word.endswith(("start.c", "stack.c"))] == added


def test_32_bits(tmp_path: Path) -> None:
    """The other architecture has its own words, and the stack protector's function."""
    _compiler(tmp_path)
    tree = _tree(tmp_path, X86)
    given = _called(tree, "-shared", "x.o").stdout.splitlines()
    specs = (tree / "lib/musl/everylinux-cc.specs").read_text()

    assert {"-m32", "-march=i686", f"{tree}/lib/musl/stack.c"} < set(given)
    assert ("elf_i386" in specs, "ld-musl-i386.so.1" in specs, "@" in specs) == (True, True, False)


def test_musls_parts_of_libc_are_no_libraries(tmp_path: Path) -> None:
    """-lm and the like are in libc.so; what is another library stays."""
    _compiler(tmp_path)
    given = _called(_tree(tmp_path), "-shared", "x.o", "-lm", "-lpthread", "-lz").stdout

    assert [word for word in given.splitlines() if word.startswith("-l")] == ["-lz"]


def test_the_hosts_folders_are_not_searched(tmp_path: Path) -> None:
    """CPATH and its like would bring the host's headers back."""
    path = _compiler(tmp_path)
    path.write_text(path.read_text().replace('"tree=', '"cpath=$CPATH$LIBRARY_PATH" "tree='))
    given = _called(_tree(tmp_path), "-c", "x.c", CPATH="/usr/include", LIBRARY_PATH="/usr/lib")

    assert given.stdout.splitlines()[0] == "cpath="


def test_what_is_put_into_the_tree(tmp_path: Path) -> None:
    """Headers without Linux' own, checked headers, sources; no object file and no readme."""
    tree = _tree(tmp_path)
    place = tree / "lib/musl"
    found = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}

    assert {"include/stdio.h", "include/bits/alltypes.h", "fortify/string.h", "start.c"} < found
    assert [n for n in found if n.startswith(("include/linux", "include/asm"))] == []
    assert [n for n in found if n.endswith((".o", ".a", ".md"))] == []
    assert os.readlink(tree / "bin/everylinux-c++") == "everylinux-cc"  # noqa: PTH115


def test_sysconfig_names_the_wrapper(tmp_path: Path) -> None:
    """By its place at import, quoted for shlex; other values stay."""
    tree = _tree(tmp_path)
    variables = runpy.run_path(str(tree / DATA))["build_time_vars"]

    assert shlex.split(variables["CC"]) == [f"{tree}/bin/everylinux-cc"]
    assert shlex.split(variables["CXX"]) == [f"{tree}/bin/everylinux-c++"]
    assert shlex.split(variables["LDSHARED"]) == [f"{tree}/bin/everylinux-cc", "-shared", "-s"]
    assert variables["LDSHARED"].startswith(variables["CC"])  # distutils replaces it by that
    assert (variables["AR"], variables["N"]) == ("ar", 1)


def test_sysconfig_must_know_its_place(tmp_path: Path) -> None:
    """Data that was not rewritten would name the build's folder."""
    path = tmp_path / DATA
    path.parent.mkdir(parents=True)
    path.write_text("build_time_vars = {}\n")

    with pytest.raises(BuildError, match="rewrite_sysconfig"):
        assemble_building.name_compiler(tmp_path, "3.13")


def test_project_files_are_copied() -> None:
    """The step's one command copies each folder to opt/NAME."""
    recipe = Recipe("fortify", "project_files", "", project=("fortify", "wrapper"))
    (command,) = project_files(recipe, Settings())

    assert f"cp -R /build/project/fortify {OUT}/opt/fortify" in command.argv[-1]
    assert f"cp -R /build/project/wrapper {OUT}/opt/wrapper" in command.argv[-1]


def test_deviations_are_of_the_profile() -> None:
    """What only a quick build leaves out is no deviation of a release; each row has a reason."""
    quick = assemble_building.deviations(PROJECT, Settings())
    release = assemble_building.deviations(PROJECT, Settings(profile="release"))
    lost = {row["flag"] for row in quick} - {row["flag"] for row in release}

    assert lost == {"--enable-optimizations", "--with-lto"}
    assert all(row["reason"] and row["component"] for row in quick)
