"""Two surroundings for one build, as different as this machine can make them.

What the sandbox pins (user, host name, locale, time zone, home, umask, places) differs around it:
the sandbox must keep it out. What it cannot pin (clock, number of processes, order of the entries
of a folder) differs inside: the recipes must not depend on it.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

from everylinux.errors import EverylinuxError
from everylinux.forge.step import Children

PRELOAD = "/etc/ld.so.preload"  # ld.so(8): read by glibc only, so programs for musl stay untouched
INSIDE = "/.otherworld.so"
UMASK = 'umask "$0"; exec "$@"'


@dataclass(frozen=True, slots=True)
class World:
    """What surrounds one of the two builds."""

    name: str
    folder: str  # of its cache: of another length, so that no path has the same place in a file
    extra_jobs: int
    umask: int
    environment: Mapping[str, str]
    user: int = 0  # 0: whoever builds
    host: str = ""  # "": this machine's
    library: Path | None = None  # build/otherworld, compiled; None: this machine's clock and order


FIRST = World(
    "first",
    "1",
    extra_jobs=0,
    umask=0o022,
    environment=MappingProxyType({"LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/"}),
)
SECOND = World(
    "second",
    "the-second-of-two",
    extra_jobs=1,
    umask=0o077,
    environment=MappingProxyType(
        {"LC_ALL": "C", "TZ": "Asia/Kolkata", "HOME": "/nonexistent", "USER": "somebody"}
    ),
    user=43210,
    host="elsewhere",
)


def compiled(source: Path, folder: Path) -> Path:
    """Compile build/otherworld with the host's gcc; EverylinuxError says what it said."""
    target = folder / "otherworld.so"
    line = ("gcc", "-shared", "-fPIC", "-O2", "-o", str(target), str(source))
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[0]
        raise EverylinuxError(f"{source.name} does not compile: {said}", move="is gcc complete?")
    return target


def without_namespace(world: World) -> World:
    """The world without another user and host name, where such a namespace cannot be had."""
    line = [*_outside(world), "true"]
    done = subprocess.run(line, capture_output=True, check=False, env={"PATH": os.defpath})
    return dataclasses.replace(world, user=0, host="") if done.returncode else world


def differences(one: World, other: World) -> dict[str, str]:
    """What really differs between two worlds, in words: `{"umask": "022, 077"}`."""
    library = "the machine's, 400 days ahead" if other.library else ""
    names = sorted({*one.environment, *other.environment})
    pairs = {name: (one.environment.get(name), other.environment.get(name)) for name in names}
    found = {
        "folder": f"{one.folder}, {other.folder}",
        "processes": f"n{one.extra_jobs:+d}, n{other.extra_jobs:+d}",
        "umask": f"{one.umask:03o}, {other.umask:03o}",
        "user": f"{os.getuid()}, {other.user}" if other.user else "",
        "host name": f"the machine's, {other.host}" if other.host else "",
        **{name: f"{a}, {b}" for name, (a, b) in pairs.items() if a != b},
        "clock": library,
        "order of folders": "the file system's, its reverse" if other.library else "",
    }
    return {name: how for name, how in found.items() if how}


@dataclass(slots=True)
class Elsewhere(Children):
    """Runs the processes of a build in a world."""

    world: World = FIRST
    preload: tuple[Path, Path] | None = field(default=None)  # for the sandbox, for the host's steps

    def run(self, argv: Sequence[str], log: IO[bytes], environment: Mapping[str, str]) -> int:
        """As `Children.run`; what the sandbox pins for a step wins over the world."""
        line = [*_outside(self.world), *self._inside(argv)]
        return Children.run(self, line, log, {**self.world.environment, **environment})

    def _inside(self, argv: Sequence[str]) -> list[str]:
        """The sandbox of a step with the library preloaded by glibc's own programs."""
        if self.world.library is None or self.preload is None:
            return [*argv]
        if "--remount-ro" in argv:  # a step's own root: files can be put there before it is closed
            more = ["--ro-bind", str(self.world.library), INSIDE]
            more += ["--ro-bind", str(self.preload[0]), PRELOAD]
            at = argv.index("--remount-ro")
        else:  # a host step sees the machine's read-only root: /etc anew, with one file more
            more = [*_etc(), "--ro-bind", str(self.preload[1]), PRELOAD]
            at = argv.index("--chdir")
        return [*argv[:at], *more, *argv[at:]]


def elsewhere(world: World, folder: Path) -> Elsewhere:
    """The runner for a world; writes the two lists of preloaded libraries into `folder`."""
    inside, outside = folder / "preload", folder / "preload-host"
    inside.write_text(f"{INSIDE}\n")
    outside.write_text(f"{world.library}\n")
    return Elsewhere(world=world, preload=(inside, outside))


def _outside(world: World) -> list[str]:
    user = str(world.user)
    umask = ["/bin/sh", "-c", UMASK, f"{world.umask:03o}"]
    if not world.user:
        return umask
    names = ["--unshare-user", "--uid", user, "--gid", user, "--unshare-uts"]
    names += ["--hostname", world.host, "--dev-bind", "/", "/", "--die-with-parent"]
    return ["bwrap", *names, "--", *umask]


def _etc() -> Iterator[str]:
    yield from ("--tmpfs", "/etc")
    for path in sorted(Path("/etc").iterdir()):
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), str(path))
        elif str(path) != PRELOAD and os.access(path, os.R_OK):
            yield from ("--ro-bind", str(path), str(path))


@contextmanager
def entered(world: World) -> Iterator[None]:
    """Put this process into a world: its umask and its environment, as far as a process can."""
    before = dict(os.environ)
    umask = os.umask(world.umask)
    os.environ.update(world.environment)
    try:
        yield
    finally:
        os.umask(umask)
        os.environ.clear()
        os.environ.update(before)
