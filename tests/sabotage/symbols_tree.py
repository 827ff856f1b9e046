"""Two small packages of real ELF files, one for musl and one for glibc, named as wheels are."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

MUSL = "package-1-cp313-cp313-musllinux_1_2_x86_64"
GLIBC = "package-1-cp313-cp313-manylinux2014_x86_64"
CODE = "extern int {name}(void); int PyInit_part(void) {{ return {name}(); }}\n"


def build(folder: Path) -> Path:
    """Make both packages below `folder`."""
    for_musl(folder / MUSL / "package/part.so", "getpid")
    for_glibc(folder / GLIBC / "package/part.so", "getpid")
    return folder


def for_musl(output: Path, name: str) -> None:
    """An object that asks musl for one symbol, linked to a library of that name that is not there.

    Whether musl has the symbol nobody asks when linking, as where a cross linker is too lenient.
    """
    with tempfile.TemporaryDirectory() as work:
        stub = Path(work, "libc.musl-x86_64.so.1")
        soname = f"-Wl,-soname,{stub.name}"
        _compile("", stub, "-nostdlib", soname)
        links = ["-nostdlib", "-Wl,--no-as-needed", f"-L{work}", f"-l:{stub.name}"]
        _compile(CODE.format(name=name), output, *links, "-Wl,--unresolved-symbols=ignore-all")


def for_glibc(output: Path, name: str) -> None:
    """An object that asks the machine's glibc for one symbol."""
    _compile(CODE.format(name=name), output)


def _compile(source: str, output: Path, *flags: str) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    command = ["gcc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(output), *_after(flags)]
    subprocess.run(command, input=source.encode(), check=True, capture_output=True, timeout=60)


def _after(flags: tuple[str, ...]) -> list[str]:
    return ["-x", "none", *flags]
