"""forge/assemble*.py on small trees: what is kept, what is written anew, which mode it has."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from everylinux.errors import BuildError
from everylinux.forge import assemble, assemble_elf, assemble_pip, assemble_text
from everylinux.forge.contract import Settings

VERSION = "3.13"
LIBRARY = f"lib/python{VERSION}"


def tree_of(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def relative(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}


def test_what_is_left_out(tmp_path: Path) -> None:
    """Tests, bytecode, the makefile and static libraries stay behind; test.support does not."""
    kept = (
        *("bin/python3.13", "include/python3.13/Python.h", f"{LIBRARY}/os.py"),
        *(f"{LIBRARY}/test/__init__.py", f"{LIBRARY}/test/__main__.py"),
        *(f"{LIBRARY}/test/regrtest.py", f"{LIBRARY}/test/support/os_helper.py"),
        *(f"{LIBRARY}/test/libregrtest/main.py", f"{LIBRARY}/unittest/test.py"),
        f"{LIBRARY}/lib-dynload/_ssl.so",
    )
    left = (
        *(
            f"{LIBRARY}/test/test_os.py",
            f"{LIBRARY}/test/test_x/a.py",
            f"{LIBRARY}/__pycache__/os.pyc",
        ),
        *(f"{LIBRARY}/test/support/__pycache__/x.pyc", f"{LIBRARY}/config-3.13-x86_64/Makefile"),
        *(f"{LIBRARY}/idlelib/idle_test/x.py", f"{LIBRARY}/lib-dynload/_testcapi.so", "lib/libx.a"),
        *(f"{LIBRARY}/lib-dynload/xxlimited.so", f"{LIBRARY}/lib-dynload/_ctypes_test.so"),
    )
    source = tree_of(tmp_path / "source", *kept, *left)

    assemble.copy_python(source, tmp_path / "tree", VERSION)

    assert relative(tmp_path / "tree") == set(kept)


@pytest.mark.parametrize(
    ("path", "mode"),
    [
        ("bin/python", 0o755),
        ("bin/python3.13-real", 0o444),
        ("bin/pip3.13-real", 0o444),
        ("shared_libraries/lib/libz.so.1", 0o444),
        ("lib/libpython3.13.so.1.0", 0o444),
        (f"{LIBRARY}/lib-dynload/_ssl.cpython-313-x86_64-linux-musl.so", 0o444),
        (f"{LIBRARY}/os.py", 0o644),
        (f"{LIBRARY}/__pycache__/os.cpython-313.pyc", 0o644),
        ("share/man/man1/python3.13.1", 0o644),
    ],
)
def test_modes(path: str, mode: int) -> None:
    """The specification's File Permissions."""
    assert assemble.mode_of(Path(path), folder=False) == mode


def test_modes_are_set(tmp_path: Path) -> None:
    """On every file and folder, whatever they had; links are left alone."""
    tree = tree_of(tmp_path / "tree", "bin/python", "lib/a.so", "lib/a.py")
    (tree / "bin" / "python3").symlink_to("python")
    (tree / "lib" / "a.py").chmod(0o777)
    (tree / "lib").chmod(0o700)

    assemble.set_modes(tree)

    found = {str(p.relative_to(tree)): p.lstat().st_mode & 0o777 for p in tree.rglob("*")}
    assert found == {
        "bin": 0o755,
        "bin/python": 0o755,
        "bin/python3": 0o777,
        "lib": 0o755,
        "lib/a.so": 0o444,
        "lib/a.py": 0o644,
    }


CONFIG = """#!/opt/python/bin/python3.13
import getopt
import sys
import sysconfig

print("Usage: {0}".format(sys.argv[0]))
getvar = sysconfig.get_config_var
if True:
        libs = []
        if True:
            if not getvar('Py_ENABLE_SHARED'):
                libs.insert(0, '-L' + getvar('LIBPL'))
"""


def test_programs(tmp_path: Path) -> None:
    """Programs are the launcher; what they run lies beside, and every link is relative."""
    opt, tree = tmp_path / "opt", tmp_path / "tree"
    tree_of(opt, "launcher/launcher")
    config = opt / "python" / LIBRARY / "config-3.13-x" / "python-config.py"
    config.parent.mkdir(parents=True)
    config.write_text(CONFIG)
    tree_of(tree, "bin/python3.13", "bin/idle3.13", "bin/2to3", "bin/python3-config")

    assemble.copy_programs(opt, tree, VERSION)

    folder = tree / "bin"
    launchers = {p.name for p in folder.iterdir() if p.read_text() == "launcher/launcher"}
    links = {p.name: str(p.readlink()) for p in folder.iterdir() if p.is_symlink()}
    assert links == {
        "python3": "python",
        "python3.13": "python",
        "pip3": "pip",
        "pip3.13": "pip",
        "idle3": "idle3.13",
        "pydoc3": "pydoc3.13",
        "python3-config": "python3.13-config",
    }
    assert launchers == {*links, "python", "pip", "idle3.13", "pydoc3.13", "python3.13-config"}
    assert (folder / "python3.13-real").read_text() == "bin/python3.13"
    assert {p.name for p in folder.iterdir()} - launchers == {
        *("python3.13-real", "idle3.13-real", "pydoc3.13-real", "python3.13-config-real")
    }


def test_config_knows_its_name() -> None:
    """python3.13-config names itself without -real and finds libpython in the tree."""
    text = assemble_text.rewrite_config(CONFIG)

    assert "/opt/python" not in text
    assert '_NAME = sys.argv[0].removesuffix("-real")' in text
    assert "libs.insert(0, '-L' + getvar('LIBDIR'))" in text
    compile(text, "config", "exec")


def test_config_that_changed() -> None:
    """A python-config.py that is written otherwise fails the build."""
    with pytest.raises(BuildError, match=r"python-config\.py has no"):
        assemble_text.rewrite_config("#!x\nimport sysconfig\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x86_64-linux-musl-gcc", "cc"),
        (
            "x86_64-linux-musl-gcc -shared -L/opt/shared_libraries/lib -Wl,-z,now",
            "cc -shared -Wl,-z,now",
        ),
        ("gcc-ar", "ar"),
        ("/opt/python/lib/python3.13", "@prefix@/lib/python3.13"),
        ("-I/opt/python/include", "-I@prefix@/include"),
        ("-Wl,-rpath,/opt/shared_libraries/lib", ""),
        ("-IObjects -IInclude -I. -I./Include -DX", "-DX"),
        ("-L. -lpython3.13", "-lpython3.13"),
        ("/build/src/cpython/Modules/x.c", "./Modules/x.c"),
        ("-I/build/src/cpython/Include -O3", "-O3"),
        ("--with-openssl=/opt/shared_libraries", "--with-openssl=@prefix@/shared_libraries"),
        ("-Wl,-z,relro -lm -ldl", "-Wl,-z,relro -lm -ldl"),
        ("", ""),
    ],
)
def test_neutral_text(before: str, after: str) -> None:
    """No folder and no tool of the build is left; what a user needs is."""
    assert assemble_text.neutral_text(before) == after


def test_sysconfig_follows_the_tree(tmp_path: Path) -> None:
    """The data module says where the tree lies, wherever that is, and keeps numbers."""
    tree = tmp_path / "a b" / "tree"
    path = tree / LIBRARY / "_sysconfigdata__linux_x86_64-linux-musl.py"
    path.parent.mkdir(parents=True)
    path.write_text(
        "# generated\nbuild_time_vars = {'prefix': '/opt/python', 'CC': 'x86_64-linux-musl-gcc',\n"
        " 'N': 1, 'LIBDIR': '/opt/python/lib'}\n"
    )

    assemble_text.rewrite_sysconfig(tree, Settings())

    spec = importlib.util.spec_from_file_location("data", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.build_time_vars == {
        "prefix": str(tree),
        "CC": "cc",
        "N": 1,
        "LIBDIR": f"{tree}/lib",
    }
    assert "/opt" not in path.read_text()


def test_sysconfig_is_missing(tmp_path: Path) -> None:
    """A tree without sysconfig data fails the build."""
    with pytest.raises(BuildError, match="0 files of sysconfig data"):
        assemble_text.rewrite_sysconfig(tmp_path, Settings())


def test_pkgconfig(tmp_path: Path) -> None:
    """A .pc file's prefix comes from its own place."""
    path = tree_of(tmp_path, "lib/pkgconfig/python-3.13.pc") / "lib/pkgconfig/python-3.13.pc"
    path.write_text("prefix=/opt/python\nlibdir=${prefix}/lib\nCflags: -I/opt/python/include\n")

    assemble_text.rewrite_pkgconfig(tmp_path)

    assert path.read_text() == (
        "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\nCflags: -I${prefix}/include\n"
    )


def test_pkgconfig_of_programs(tmp_path: Path) -> None:
    """A program that embeds is compiled so that no linker copies libpython's types into it."""
    name = "lib/pkgconfig/python-3.13-embed.pc"
    path = tree_of(tmp_path, name) / name
    path.write_text("prefix=/opt/python\nCflags: -I/opt/python/include\n")

    assemble_text.rewrite_pkgconfig(tmp_path)

    assert path.read_text().splitlines()[-1] == "Cflags: -fPIC -I${prefix}/include"


def wheel(tree: Path, name: str = "pip-25.1.1-py3-none-any.whl") -> None:
    folder = tree / LIBRARY / "ensurepip" / "_bundled"
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("pip/__init__.py", "")
        archive.writestr("pip-25.1.1.dist-info/METADATA", "Name: pip\n")
        archive.writestr("pip-25.1.1.dist-info/RECORD", "stale")


def test_pip(tmp_path: Path) -> None:
    """RECORD lists what is there, our programs too, so that pip can replace itself."""
    tree = tree_of(tmp_path, "bin/pip", "bin/pip3", "bin/pip3.13")
    wheel(tree)

    assemble_pip.install_pip(tree, VERSION)

    site = tree / LIBRARY / "site-packages"
    with (site / "pip-25.1.1.dist-info" / "RECORD").open(newline="") as file:
        rows = {name: (digest, size) for name, digest, size in csv.reader(file)}
    assert all((site / name).exists() for name in rows)
    assert {name for name in rows if "bin/" in name} == {
        f"../../../bin/{name}" for name in ("pip", "pip3", "pip3.13", "pip3.13-real")
    }
    assert rows["pip-25.1.1.dist-info/RECORD"] == ("", "")
    assert rows["../../../bin/pip"][1] == "7"
    compile((tree / "bin" / "pip3.13-real").read_text(), "pip", "exec")


def test_pip_is_ambiguous(tmp_path: Path) -> None:
    """Two wheels fail the build: nobody knows which of them it would be."""
    wheel(tmp_path)
    wheel(tmp_path, "pip-25.2-py3-none-any.whl")

    with pytest.raises(BuildError, match="2 wheels of pip"):
        assemble_pip.install_pip(tmp_path, VERSION)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("bin/python3.13-real", "$ORIGIN/../shared_libraries/lib:$ORIGIN/../lib"),
        ("lib/libpython3.13.so.1.0", "$ORIGIN/../shared_libraries/lib:$ORIGIN/../lib"),
        ("shared_libraries/lib/libssl.so.3", "$ORIGIN"),
        (
            f"{LIBRARY}/lib-dynload/_ssl.so",
            "$ORIGIN/../../../shared_libraries/lib:$ORIGIN/../../../lib",
        ),
    ],
)
def test_search_paths(path: str, expected: str) -> None:
    """Every search path is relative to the object, the specification's order first."""
    assert assemble_elf.search_path(Path(path)) == expected


def library(folder: Path, name: str, *needs: str) -> Path:
    """A real shared library with these needs, by the host's compiler."""
    folder.mkdir(parents=True, exist_ok=True)
    line = ["cc", "-shared", "-nostdlib", "-o", str(folder / name), f"-Wl,-soname,{name}"]
    line += [
        "-Wl,--no-as-needed",
        "-L",
        str(folder),
        *(f"-l:{need}" for need in needs),
        "-xc",
        "/dev/null",
    ]
    subprocess.run(line, check=True, timeout=60)
    return folder / name


def test_needed_libraries(tmp_path: Path) -> None:
    """What the tree asks for is carried, and what that asks for; never musl."""
    available, tree = tmp_path / "available", tmp_path / "tree"
    for name, needs in (("libc.so", ()), ("liba.so.1", ()), ("libb.so.1", ("liba.so.1",))):
        library(available, name, *needs)
    library(available, "libunused.so.1")
    line = ["cc", "-shared", "-nostdlib", "-o", str(tmp_path / "x.so"), "-Wl,--no-as-needed"]
    line += [str(available / "libb.so.1"), str(available / "libc.so"), "-xc", "/dev/null"]
    subprocess.run(line, check=True, timeout=60)
    tree.mkdir()
    (tmp_path / "x.so").rename(tree / "x.so")

    assert assemble_elf.needed_libraries(tree, available) == ["liba.so.1", "libb.so.1"]

    (available / "liba.so.1").unlink()
    with pytest.raises(BuildError, match=r"no component installs liba\.so\.1"):
        assemble_elf.needed_libraries(tree, available)


def test_finish_elf(tmp_path: Path) -> None:
    """Objects are stripped and search beside themselves; texts named like them are left alone."""
    tree = tmp_path / "tree"
    made = library(tree / "shared_libraries" / "lib", "liba.so.1")
    (tree / "bin").mkdir()
    real = tree / "bin" / "python3.13-real"
    source = tmp_path / "main.c"
    source.write_text("int main(void){return 0;}")
    subprocess.run(["cc", "-g", "-o", real, source], check=True, timeout=60)
    (tree / "bin" / "pip3.13-real").write_text("text")

    assemble_elf.finish_elf(tree, Settings())

    shown = subprocess.run(["readelf", "-dlS", real], capture_output=True, text=True, check=True)
    assert "[$ORIGIN/../shared_libraries/lib:$ORIGIN/../lib]" in shown.stdout
    assert "/lib/ld-musl-x86_64.so.1" in shown.stdout
    assert ".debug_info" not in shown.stdout
    assert ".symtab" not in shown.stdout
    path = subprocess.run(["patchelf", "--print-rpath", made], capture_output=True, check=True)
    assert path.stdout == b"$ORIGIN\n"


def test_scripts_are_python() -> None:
    """What idle and pydoc run compiles."""
    assert sys.version_info >= (3, 11)
    for text in assemble.SCRIPTS.values():
        compile(text, "script", "exec")


def test_scripts_name_no_place(tmp_path: Path) -> None:
    """A module of the standard library that names an interpreter of upstream's names env."""
    library = tmp_path / "lib/python3.11"
    library.mkdir(parents=True)
    (library / "cgi.py").write_text("#! /usr/local/bin/python\n\n# why\n")
    (library / "other.py").write_text("# /usr/local/bin/python\n")

    assemble_text.rewrite_scripts(tmp_path, "3.11")

    assert (library / "cgi.py").read_text() == "#!/usr/bin/env python3\n\n# why\n"
    assert (library / "other.py").read_text() == "# /usr/local/bin/python\n"
