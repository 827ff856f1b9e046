"""The programs of the host that steps use, by version: a part of every key."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from everylinux.errors import EverylinuxError
from everylinux.forge.contract import X86
from everylinux.model import Arch

# program -> the Debian package that has it
NEEDED: Mapping[str, str] = {
    "bwrap": "bubblewrap",
    "gcc": "gcc",
    "ld": "binutils",
    "as": "binutils",
    "ar": "binutils",
    "strip": "binutils",
    "make": "make",
    "patch": "patch",
    "perl": "perl",
    "python3": "python3",
    "sed": "sed",
    "gawk": "gawk",
    "m4": "m4",
    "bison": "bison",
    "pkg-config": "pkg-config",
    "cmake": "cmake",
    "ninja": "ninja-build",
    "patchelf": "patchelf",
}
REQUIRED = (
    *("bwrap", "gcc", "ld", "make", "patch", "perl", "python3"),
    *("pkg-config", "cmake", "ninja", "patchelf"),
)
SILENT = frozenset({"bwrap"})  # how it is called is in the key; its version changes nothing
SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
DIVISION = "long long quotient(long long a, long long b) { return a / b; }\n"  # __divdi3


def fingerprint() -> dict[str, str]:
    """Program -> first line of its `--version`; "absent" where there is none."""
    with ThreadPoolExecutor(8) as pool:
        names = [name for name in NEEDED if name not in SILENT]
        found = dict(zip(names, pool.map(_version, names), strict=True))
    return found | {"libc": _version("ldd")}


def missing(required: tuple[str, ...] = REQUIRED) -> None:
    """EverylinuxError that names the packages of what is not installed."""
    gone = [name for name in required if shutil.which(name, path=SEARCH) is None]
    if gone:
        packages = " ".join(dict.fromkeys(NEEDED[name] for name in gone))
        cause = f"the build needs {', '.join(gone)}"
        raise EverylinuxError(cause, move=f"install it: apt-get install {packages}")


def missing_for(arch: Arch) -> None:
    """EverylinuxError if the host's gcc cannot make programs of an architecture."""
    if arch == X86 and not _divides():
        cause = "the host's gcc has no libgcc for 32 bit"
        package = f"lib32gcc-{_gcc('-dumpversion').partition('.')[0]}-dev"
        raise EverylinuxError(cause, move=f"install it: apt-get install {package}")


def _divides() -> bool:
    """Whether -m32 links what libgcc has alone: asked for its path, gcc names the 64-bit file."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "division.so")
        options = ("-m32", "-shared", "-fPIC", "-nostdlib", "-Wl,-z,defs", "-o", str(output))
        _gcc(*options, "-x", "c", "-", "-lgcc", source=DIVISION)
        return output.exists()


def _gcc(*arguments: str, source: str = "") -> str:
    line = ("gcc", *arguments)
    done = subprocess.run(
        line, input=source, capture_output=True, text=True, check=False, timeout=20
    )
    return done.stdout.strip()


def _version(program: str) -> str:
    path = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        return "absent"
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            (path, "--version"),
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "absent"
    lines = [line for line in (done.stdout or done.stderr).splitlines() if line.strip()]
    return lines[0].strip() if lines else "unknown"
