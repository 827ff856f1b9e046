"""build/musl-fast: the C library that it makes, against naive functions and hard use.

musl is built as the recipe does it, from the archives that a build left in the cache; the checks
are the C programs of tests/forge/libc_checks, which run under that library's own loader.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from everylinux.forge.lock import load_lock
from everylinux.places import cache_root

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build"
PROGRAMS = Path(__file__).parent / "libc_checks"
FAST = BUILD / "musl-fast"
WORD = {"x86_64": ("-m64",), "i386": ("-m32", "-march=i686")}
HEAP = (
    *("sizes", "zeroes", "alignment", "growth", "too-much", "threads", "many-threads", "fork"),
    *("little-space", "given-back", "large-again", "large-grows", "large-in-threads"),
)
SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Libc:
    """A musl that was built in its source tree."""

    tree: Path
    arch: str

    @property
    def library(self) -> Path:
        """The library, which is its own loader."""
        return self.tree / "lib" / "libc.so"

    def program(self, source: Path, target: Path) -> Path:
        """Link a C program with it; -fno-builtin, so that each call is one."""
        headers = ("include", "obj/include", f"arch/{self.arch}", "arch/generic")
        run(
            ["gcc", *WORD[self.arch], "-O1", "-fno-builtin", "-fPIE", "-pie", "-nostdinc"]
            + [word for name in headers for word in ("-isystem", str(self.tree / name))]
            + ["-nostdlib", "-o", str(target), str(source), str(self.tree / "lib" / "Scrt1.o")]
            + [str(self.library), "-lgcc", f"-Wl,--dynamic-linker={self.library}"],
            self.tree,
        )
        return target


def run(argv: list[str], cwd: Path) -> str:
    """Run a program that must end well; its output."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{argv[0]}: {done.returncode}: {done.stdout[-2000:]}"
    return done.stdout


def archive(name: str) -> Path:
    """What the lock pins under that name, out of the build's cache; else the test is skipped."""
    cache = cache_root()
    for form in load_lock(BUILD / "lock.yaml")[name].forms:
        if (found := cache / "sources" / form.sha256).is_file():
            return found
    pytest.skip(f"no archive of {name} in the cache: everylinux build")


def unpacked(name: str, target: Path) -> Path:
    """The folder that the archive consists of."""
    target.mkdir()
    run(["tar", "-xf", str(archive(name)), "--strip-components=1", "--no-same-owner"], target)
    return target


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=sorted(WORD))
def libc(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Libc:
    """The fast musl of one architecture, kept in the cache while all that makes it is the same."""
    arch, base = str(request.param), tmp_path_factory.mktemp("musl")
    (base / "empty.c").write_text("int main(void) { return 0; }")
    cc = ["gcc", *WORD[arch]]
    if subprocess.run([*cc, "-o", "e", "empty.c"], cwd=base, check=False).returncode:
        pytest.skip(f"the host's gcc makes no programs for {arch}")
    kept = cache_root() / "tests" / f"musl-{arch}-{ingredients()}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            part = Path(f"{kept}.part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.move(made(arch, cc, base), part)
            part.rename(kept)  # whole or not at all
    tree = base / "kept"
    shutil.copytree(kept, tree)
    return Libc(tree, arch)


def ingredients() -> str:
    """Digest of the compiler, the archives, the patches and this file."""
    compiler = subprocess.run(["gcc", "-v"], capture_output=True, check=True).stderr
    archives = [archive(name).name.encode() for name in ("musl", "mimalloc")]
    ours = (path for folder in (FAST, BUILD / "patches/musl") for path in folder.rglob("*"))
    files = [path.read_bytes() for path in (Path(__file__), *sorted(ours)) if path.is_file()]
    return hashlib.sha256(b"\0".join((compiler, *archives, *files))).hexdigest()[:16]


def made(arch: str, cc: list[str], base: Path) -> Path:
    """The tree in which it is built."""
    tree, allocator = unpacked("musl", base / "tree"), unpacked("mimalloc", base / "mimalloc")
    shutil.copytree(FAST / "src", tree / "src", dirs_exist_ok=True)
    for part in ("src", "include"):
        shutil.copytree(allocator / part, tree / "src/malloc/mimalloc/upstream" / part)
    for folder in (BUILD / "patches" / "musl", FAST / "patches"):
        for patch in sorted(folder.glob("*.patch")):
            run(["patch", "-p1", "-f", "-i", str(patch)], tree)
    machine = f"{arch}-linux-musl"
    configure = ["./configure", f"--build={machine}", f"--target={machine}"]
    flags = [f"CC={' '.join(cc)}", "AR=ar", "CFLAGS=-O2 -g0 -fstack-protector-strong"]
    run([*configure, "--with-malloc=mimalloc", "--enable-optimize", *flags], tree)
    run(["make", "-j2", "lib/libc.so", "lib/Scrt1.o"], tree)
    return tree


@pytest.fixture(scope="module")
def heap(libc: Libc) -> Path:
    """The allocator's program."""
    return libc.program(PROGRAMS / "heap.c", libc.tree / "heap")


def test_string_functions(libc: Libc) -> None:
    """They do what naive ones do, at each alignment, length and end of a page."""
    program = libc.program(PROGRAMS / "strings.c", libc.tree / "strings")

    assert run([str(program)], libc.tree) == "equal\n"


@pytest.mark.parametrize("check", HEAP)
def test_allocator(heap: Path, check: str) -> None:
    """What a program may expect of malloc and its kin, as heap.c describes each."""
    assert run([str(heap), check], heap.parent) == "right\n"


def exported(library: Path) -> Iterator[str]:
    """The names that a library offers to others."""
    for line in run(["nm", "-D", "--defined-only", str(library)], library.parent).splitlines():
        yield line.split()[-1]


def test_nothing_of_mimalloc_is_exported(libc: Libc) -> None:
    """A wheel with a mimalloc of its own would else mix both."""
    names = set(exported(libc.library))

    assert {"malloc", "free", "malloc_usable_size", "aligned_alloc"} <= names
    assert not {name for name in names if name.lstrip("_").startswith("mi_")}


def test_no_thread_local_storage(libc: Libc) -> None:
    """The loader sets up its own thread before it could look at a TLS segment of its own."""
    assert "TLS" not in run(["readelf", "-lW", str(libc.library)], libc.tree)


def test_environment_is_not_read(heap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of mimalloc neither make it talk nor change what it does."""
    for name in ("VERBOSE", "SHOW_STATS", "SHOW_ERRORS", "LIMIT_OS_ALLOC", "RESERVE_HUGE_OS_PAGES"):
        monkeypatch.setenv(f"MIMALLOC_{name}", "1")

    assert run([str(heap), "sizes"], heap.parent) == "right\n"


def test_the_programs_see_mistakes(tmp_path: Path) -> None:
    """A memmove that is memcpy upwards only, and a memchr that looks too far, are found out."""
    broken = {
        "memmove": "void *memmove(void *d, const void *s, size_t n) {"
        " for (size_t i = 0; i < n; i++) ((char *)d)[i] = ((const char *)s)[i]; return d; }",
        "memchr": "void *memchr(const void *s, int c, size_t n) {"
        " for (size_t i = 0; i <= n; i++) if (((unsigned char *)s)[i] == (unsigned char)c)"
        " return (char *)s + i; return 0; }",
    }
    for name, text in broken.items():
        wrong = tmp_path / f"{name}.c"
        wrong.write_text(f"#include <stddef.h>\n{text}\n")
        source = str(PROGRAMS / "strings.c")
        run(["gcc", "-O1", "-fno-builtin", "-o", name, source, str(wrong)], tmp_path)

        done = subprocess.run([f"./{name}"], cwd=tmp_path, capture_output=True, check=False)

        assert done.returncode not in (0, 2), name
