"""build/launcher: how it finds its tree, what the interpreter sees, what it says when it cannot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from everylinux.distribution import newest

SOURCES = Path(__file__).parents[2] / "build" / "launcher"
ABOUT = """
import json, os, sys
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "base": sys.base_prefix,
    "argv0": sys.orig_argv[0], "exe": os.readlink("/proc/self/exe"),
    "comm": open("/proc/self/comm").read().strip(),
    "command": os.fsdecode(open("/proc/self/cmdline", "rb").read()).split(chr(0))[:-1],
}))
"""


def finished() -> Path | None:
    """The tree under test."""
    named = os.environ.get("EVERYLINUX_DIST")
    return Path(named).resolve() if named else newest("3.13")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest finished tree, moved: hard links, so that a test costs no copy."""
    found = finished()
    if found is None:
        pytest.skip("no finished tree: everylinux build, or EVERYLINUX_DIST")
    return copied(found, tmp_path_factory.mktemp("launcher") / "tree")


def linked(source: str, target: str) -> str:
    """A hard link, or a copy on another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


def copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, symlinks=True, copy_function=linked)
    return target


def about(argv: Sequence[str | Path], **how: object) -> dict[str, object]:
    """What an interpreter says of itself."""
    done = subprocess.run(
        [*argv, "-I", "-B", "-c", ABOUT],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        **how,  # type: ignore[call-overload]
    )
    assert done.stderr == ""
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The launcher, built by the host's compiler."""
    if shutil.which("cc") is None:
        pytest.skip("no C compiler")
    target = tmp_path_factory.mktemp("binary") / "launcher"
    sources = sorted(map(str, SOURCES.glob("*.c")))
    warnings = ("-Wall", "-Wextra", "-Werror", "-O1")
    subprocess.run(["cc", *warnings, "-static", "-o", target, *sources], check=True, timeout=60)
    return target


def incomplete(binary: Path, folder: Path, *parts: str) -> Path:
    """A tree that has only these parts, empty; the path of its bin/python."""
    for name in ("bin/x", *parts):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    shutil.copy(binary, folder / "bin" / "python")
    return folder / "bin" / "python"


def failing(program: Path) -> tuple[int, str]:
    done = subprocess.run([program, "-c", "1"], capture_output=True, text=True, timeout=20)  # noqa: PLW1510
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.returncode, done.stderr


LOADER = "shared_libraries/lib/libc.so"
REAL = "bin/python3.13-real"


def test_missing_loader(binary: Path, tmp_path: Path) -> None:
    """A tree without its loader is named, with status 127."""
    program = incomplete(binary, tmp_path, REAL)

    status, text = failing(program)

    assert status == 127
    assert text.startswith(f"python: {program}: ")
    assert LOADER in text


def test_missing_interpreter(binary: Path, tmp_path: Path) -> None:
    """A tree without the real interpreter is named, with status 127."""
    status, text = failing(incomplete(binary, tmp_path, LOADER))

    assert (status, text) == (127, f"python: {tmp_path}/{REAL}: No such file or directory\n")


def test_missing_script(binary: Path, tmp_path: Path) -> None:
    """A pip whose script is missing does not become an interpreter."""
    program = incomplete(binary, tmp_path, LOADER, REAL)
    program.rename(program.with_name("pip"))

    status, text = failing(program.with_name("pip"))

    assert (status, text) == (
        127,
        f"python: {tmp_path}/bin/pip3.13-real: No such file or directory\n",
    )


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        pytest.param(b"", "not an ELF file", id="empty"),
        pytest.param(b"#!/bin/sh\n" * 20, "not an ELF file", id="script"),
        pytest.param(b"\x7fELF\x01" + bytes(100), "for another machine", id="32 bit"),
        pytest.param(
            b"\x7fELF\x02" + bytes(13) + b"\xb7" + bytes(99), "for another machine", id="arm"
        ),
        pytest.param(b"\x7fELF\x02" + bytes(13) + b"\x3e" + bytes(99), "no loader", id="hollow"),
    ],
)
def test_broken_loader(binary: Path, tmp_path: Path, content: bytes, cause: str) -> None:
    """A loader that is none is named, with status 126; nothing of it is run."""
    program = incomplete(binary, tmp_path, LOADER, REAL)
    (tmp_path / LOADER).write_bytes(content)

    assert failing(program) == (126, f"python: {tmp_path}/{LOADER}: {cause}\n")


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="needs setpriv")
def test_unreadable_interpreter(binary: Path, tmp_path: Path) -> None:
    """A real interpreter that the user may not read is named, with status 126."""
    program = incomplete(binary, tmp_path, LOADER, REAL)
    (tmp_path / REAL).chmod(0)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    prefix = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []

    done = subprocess.run([*prefix, program], capture_output=True, text=True, timeout=20)  # noqa: PLW1510

    assert done.returncode == 126
    assert done.stderr == f"python: {tmp_path}/{REAL}: Permission denied\n"


@pytest.mark.built
class TestNames:
    """sys.executable is a file that works; argv[0], comm and the command line are the caller's."""

    def test_natural(self, tree: Path) -> None:
        """By its path: nothing tells that there is a launcher."""
        program = tree / "bin" / "python3"

        answer = about([program])

        assert answer["executable"] == answer["argv0"] == str(program)
        assert answer["prefix"] == str(tree)
        assert answer["exe"] == f"{tree}/bin/python"
        assert answer["comm"] == "python3"
        assert answer["command"] == [str(program), "-I", "-B", "-c", ABOUT]

    @pytest.mark.parametrize("name", ["", "/dev/null", "foo", "/no/such/python", "-", "x" * 5000])
    def test_odd_argv0(self, tree: Path, name: str) -> None:
        """Any argv[0] is kept, and does not matter."""
        program = tree / "bin" / "python3.13"

        answer = about([name], executable=program)

        assert answer["argv0"] == name
        assert answer["executable"] == str(program)
        assert answer["prefix"] == str(tree)

    @pytest.mark.parametrize("name", ["./python", ".//python", "../bin/python3", "python"])
    def test_relative(self, tree: Path, name: str) -> None:
        """A relative path, also one without a slash."""
        start = f"import os, sys; os.execv({name!r}, [{name!r}, *sys.argv[1:]])"
        done = subprocess.run(
            [sys.executable, "-c", start, "-I", "-B", "-c", ABOUT],
            capture_output=True,
            check=True,
            cwd=tree / "bin",
        )
        answer = json.loads(done.stdout)

        assert Path(answer["executable"]).samefile(tree / "bin" / "python")
        assert answer["executable"].startswith(str(tree))
        assert answer["prefix"] == str(tree)

    def test_path(self, tree: Path) -> None:
        """Found on PATH, also through an empty and a relative element."""
        for path in (f"/nowhere:{tree}/bin", f":{tree}/bin", "/usr/bin/nothing:bin"):
            line = ["/bin/sh", "-c", 'exec python3.13 "$@"', "sh"]
            answer = about(line, cwd=tree, env={"PATH": path})

            assert answer["executable"] == f"{tree}/bin/python3.13"
            assert answer["prefix"] == str(tree)

    def test_links(self, tree: Path, tmp_path: Path) -> None:
        """A chain of symbolic links from elsewhere, of files and of folders."""
        (tmp_path / "folder").symlink_to(tree / "bin")
        (tmp_path / "one").symlink_to("folder/python3")
        (tmp_path / "two").symlink_to(tmp_path / "one")

        answer = about([tmp_path / "two"])

        assert answer["executable"] == str(tmp_path / "two")
        assert answer["prefix"] == str(tree)

    def test_descriptor(self, tree: Path) -> None:
        """fexecve(3): there is no name at all."""
        script = (
            f"import os; f = os.open({str(tree / 'bin' / 'python')!r}, os.O_RDONLY);"
            "os.set_inheritable(f, True);"
            f"os.execve(f, ['py', '-I', '-c', {ABOUT!r}], {{}})"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
        answer = json.loads(done.stdout)

        assert answer["executable"] == f"{tree}/bin/python"
        assert answer["prefix"] == str(tree)

    def test_script(self, tree: Path, tmp_path: Path) -> None:
        """In the first line of a script, directly and through env."""
        for line in (f"{tree}/bin/python3", "/usr/bin/env python3.13"):
            script = tmp_path / "script"
            script.write_text(f"#!{line}\n{ABOUT}")
            script.chmod(0o755)
            environment = {"PATH": f"{tree}/bin:/usr/bin:/bin"}
            done = subprocess.run([script], capture_output=True, check=True, env=environment)
            answer = json.loads(done.stdout)

            assert str(answer["executable"]).startswith(f"{tree}/bin/python3")
            assert answer["prefix"] == str(tree)


@pytest.mark.built
@pytest.mark.parametrize("how", [[], ["--copies"]], ids=["symlinks", "copies"])
@pytest.mark.parametrize("through", ["path", "link"])
def test_virtual_environment(tree: Path, tmp_path: Path, how: list[str], through: str) -> None:
    """A virtual environment is one, and knows its base, also a copy made through a link."""
    program = tree / "bin" / "python3"
    if through == "link":
        (tmp_path / "python3").symlink_to(program)
        program = tmp_path / "python3"
    venv = tmp_path / "a venv"
    subprocess.run([program, "-I", "-m", "venv", "--without-pip", *how, venv], check=True)

    answer = about([venv / "bin" / "python"])

    assert answer["executable"] == f"{venv}/bin/python"
    assert answer["prefix"] == str(venv)
    assert answer["base"] == str(tree)


def moves(length: int) -> Iterator[str]:
    """Folder names, each as long as may be, that make a path of about `length`."""
    while length > 0:
        yield "d" * min(length, 200)
        length -= 201


@pytest.mark.built
@pytest.mark.parametrize("name", ["a b", "größe-移動", "'\"$(x)`\\", "n\newline", "a:b"])
def test_odd_places(tree: Path, tmp_path: Path, name: str) -> None:
    """The tree may lie in a folder of any name."""
    moved = copied(tree, tmp_path / name)

    answer = about([moved / "bin" / "python"], env={"LC_ALL": "C.UTF-8"})

    assert answer["prefix"] == str(moved)


@pytest.mark.built
@pytest.mark.parametrize("length", [300, 1500, 3900])
def test_long_places(tree: Path, tmp_path: Path, length: int) -> None:
    """The path may be as long as the kernel allows; past it one line says so."""
    target = tmp_path.joinpath(*moves(length - len(str(tmp_path))))
    target.parent.mkdir(parents=True)
    moved = copied(tree, target)

    assert about([moved / "bin" / "python"])["prefix"] == str(moved)


@pytest.mark.built
def test_environment_of_children(tree: Path) -> None:
    """Children have the user's environment, no more and no less, and no file descriptors."""
    wanted = {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": "/x", "ODD": "a=b\nc", "EMPTY": ""}
    script = (
        "import os, subprocess, sys;"
        "print(sorted(os.listdir('/proc/self/fd'))[:3], len(os.listdir('/proc/self/fd')));"
        "sys.stdout.flush(); subprocess.run(['/usr/bin/env', '-0'], close_fds=False)"
    )
    done = subprocess.run(
        [tree / "bin" / "python", "-B", "-c", script], capture_output=True, env=wanted, check=True
    )
    first, _, rest = done.stdout.partition(b"\n")

    assert first == b"['0', '1', '2'] 4"  # the fourth is listdir's own
    assert dict(entry.split("=", 1) for entry in rest.decode().split("\0")[:-1]) == wanted


@pytest.mark.built
def test_host_libraries_stay_out(tree: Path, tmp_path: Path) -> None:
    """Neither LD_LIBRARY_PATH nor LD_PRELOAD brings a library of the host in."""
    for name in ("libz.so.1", "libssl.so.3", "libcrypto.so.3", "libsqlite3.so.0", "libc.so"):
        (tmp_path / name).write_bytes(b"not a library")
    hostile = {"LD_LIBRARY_PATH": str(tmp_path), "LD_PRELOAD": f"{tmp_path}/libz.so.1"}
    script = (
        "import ssl, zlib, sqlite3, ctypes, readline, tkinter;print(open('/proc/self/maps').read())"
    )
    done = subprocess.run(
        [tree / "bin" / "python", "-B", "-c", script],
        capture_output=True,
        text=True,
        env=hostile,
        check=True,
    )
    mapped = {line.split(maxsplit=5)[5] for line in done.stdout.splitlines() if ".so" in line}

    assert done.stderr == ""
    assert [path for path in mapped if not path.startswith(str(tree))] == []


@pytest.mark.built
@pytest.mark.skipif(not shutil.which("bwrap"), reason="needs bubblewrap")
@pytest.mark.parametrize("proc", [[], ["--proc", "/proc"]], ids=["no proc", "proc"])
def test_nothing_but_the_tree(tree: Path, proc: list[str]) -> None:
    """In a root that has nothing else, not even a shell: the interpreter and pip start."""
    box = ["bwrap", "--unshare-all", "--clearenv", "--ro-bind", str(tree), "/p q", "--dev", "/dev"]
    for program in (["python3", "-m", "pip"], ["pip3"], ["pip3.13"]):
        line = [*box, *proc, f"/p q/bin/{program[0]}", *program[1:], "--version"]
        done = subprocess.run(line, capture_output=True, text=True, check=True)

        assert done.stdout.startswith("pip 25.1.1 from /p q/lib/python3.13/site-packages/pip ")
        assert done.stderr == ""


@pytest.mark.built
def test_workers_start(tree: Path, tmp_path: Path) -> None:
    """The children of multiprocessing are started by sys.executable: spawn and forkserver."""
    script = tmp_path / "work.py"
    script.write_text(
        "import multiprocessing as m, os\n"
        "if __name__ == '__main__':\n"
        "    for way in ('spawn', 'forkserver', 'fork'):\n"
        "        with m.get_context(way).Pool(2) as pool:\n"
        "            print(way, pool.map(abs, [-1, -2]))\n"
    )
    line = [str(tree / "bin" / "python3"), "-I", "-B", str(script)]
    done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=60)

    assert done.stdout == "spawn [1, 2]\nforkserver [1, 2]\nfork [1, 2]\n"


@pytest.mark.built
@pytest.mark.parametrize("flags", [["-I"], ["-S"], []], ids=["isolated", "no site", "plain"])
def test_wheel_tags(tree: Path, tmp_path: Path, flags: list[str]) -> None:
    """Every copy of packaging finds musllinux tags, wherever it lies: pip's, another tool's."""
    site = tree / "lib" / "python3.13" / "site-packages"
    shutil.copytree(site / "pip" / "_vendor" / "packaging", tmp_path / "tool" / "packaging")
    script = (
        f"import sys; sys.path[:0] = [{str(site)!r}, {str(tmp_path)!r}]\n"
        "for name in ('pip._vendor.packaging.tags', 'tool.packaging.tags'):\n"
        "    tags = __import__(name, fromlist=['x'])\n"
        "    print(str(next(iter(tags.sys_tags()))))\n"
    )
    line = [str(tree / "bin" / "python3"), *flags, "-B", "-c", script]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    wanted = "linux_x86_64" if "-S" in flags else "musllinux_1_2_x86_64"

    assert done.stdout == f"cp313-cp313-{wanted}\n" * 2
