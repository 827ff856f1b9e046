"""What the driver (order, cache, sandbox, sources) and the recipes (systems, assembly) agree on.

Who gives what:

* `recipe.py`: `load_recipes(folder: Path) -> dict[str, Recipe]`, RecipeError on any mistake in a
  file. Unknown needs and circles between recipes are found by the driver (`order.py`).
* `systems.py`: `SYSTEMS: dict[str, System]` for steps that run commands in the sandbox, and
  `HOST_STEPS: dict[str, HostStep]` for steps that are Python on the host. A recipe's `system` is a
  name in one of them.
* The driver: everything else.

What a sandboxed step sees, at fixed places:

    /build/src/NAME   a fresh, writable copy of each of the recipe's sources (lock entry NAME). The
                      archive's single top folder is taken off; a .deb is its data part (usr/...).
    /build/patches    build/patches/RECIPE of the checkout, read-only (absent if there is none)
    /build/project    the folders of build/ that `Recipe.project` names, read-only: project/agent
    /build/out        DESTDIR: a step installs below /build/out/opt/..., nothing else is kept
    /opt              the outputs of everything it needs, transitively, merged, read-only
    /build/home       HOME (writable); /tmp is a fresh tmpfs; /usr, /bin, /lib* are the host's
    environment       PATH=/opt/toolchain/bin:/usr/bin:/bin (and sbin), HOME, LC_ALL=C.UTF-8,
                      TZ=UTC, SOURCE_DATE_EPOCH, TMPDIR=/tmp, then what the Command adds

The key of a step covers its commands as rendered with `jobs=1`: `Settings.jobs` must only change
how fast a step is, and a changed system function rebuilds what uses it, nothing else.

`build/lock.yaml` pins the archives; the recipes' side says which, the driver reads it (`lock.py`)
and fetches. One entry has one form per kind of origin, and at least one:

    schema: 1
    archives:
      zlib:
        version: "1.3.1"
        upstream:                       # size may be left out where nobody could fetch it yet
          {file: zlib-1.3.1.tar.gz, size: 1512791, sha256: "9a93...", urls: ["https://...", ...]}
        debian:                         # `source: NAME` or `binary: NAME` (a .deb, with arch)
          {source: zlib, version: "1:1.3.dfsg+really1.3.1-1", suite: trixie,
           file: zlib_1.3.dfsg+really1.3.1.orig.tar.gz, size: 1325737, sha256: "..."}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from everylinux.model import Arch

X86_64 = Arch("x86_64")
X86 = Arch("x86")
MACHINES: Mapping[Arch, str] = MappingProxyType({X86_64: "x86_64", X86: "i386"})
STARTS = ("launcher", "bootstrap")

BUILD = PurePosixPath("/build")
SRC = BUILD / "src"
PATCHES = BUILD / "patches"
PROJECT = BUILD / "project"
OUT = BUILD / "out"
HOME = BUILD / "home"
NEEDED = PurePosixPath("/opt")

TARGET = "distribution"
"""The recipe that `everylinux build` builds, with everything it needs."""

MACHINE = "EVERYLINUX_BUILD_MACHINE"
"""In a host step's environment: the root whose patchelf and strip it runs, "/" for the host's."""

BUILD_INFO = "build.json"
"""In a host step's `inputs`, beside `opt/`: what was built from what.

    {"settings": {"python", "arch", "profile", "edition", "start", "nearest", "source_date_epoch"},
     "promises": [{"component", "promised", "built", "exact"}],
     "toolchain": {"gcc": "first line of --version", ...},
     "components": [{"recipe", "key", "flags": [argv, ...], "env": [{...}, ...],
                     "patches": [{"file", "sha256"}],
                     "sources": [{"name", "version", "file", "size", "sha256", "origin": {...}}]}]}

`components` are the transitive needs in build order; `size` is null where the lock has none;
`origin` is the lock's own entry for the form that was used (urls, or Debian package, version and
suite), never a mirror of this machine.
"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One component, as data. The recipes' side may add fields, each with a default."""

    name: str
    system: str  # a name in SYSTEMS or HOST_STEPS
    digest: str  # sha256 (hex) of the normalised content of its file
    needs: tuple[str, ...] = ()  # names of recipes
    sources: tuple[str, ...] = ()  # lock entry names; recipe.py's default: (name,)
    configure: tuple[str, ...] = ()  # arguments
    project: tuple[str, ...] = ()  # folders of build/ that the step reads: ("agent",)
    installs: tuple[str, ...] = ()  # paths below opt/ that must exist after the step
    file: str = ""  # as the user knows it, for messages
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    licence: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # spdx, file
    patches: str = ""  # its folder below build/patches; recipe.py's default: the name


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose; everything but `jobs` may change what is built."""

    python: str = "3.13"
    arch: Arch = X86_64
    profile: str = "quick"  # quick | release
    jobs: int = 1  # how many processes a step may use
    source_date_epoch: int = 1_750_000_000  # 2025-06-15, after the release of CPython 3.13.5
    edition: str = "current"  # a file of build/editions
    start: str = "launcher"  # launcher | bootstrap: what bin/python is
    nearest: bool = False  # the edition's stand-ins for archives that cannot be had

    @property
    def machine(self) -> str:
        """The machine in musl's and GCC's names (spec: Musl Build Configuration)."""
        return MACHINES[self.arch]

    @property
    def triplet(self) -> str:
        """What the distribution's programs run on: x86_64-linux-musl or i386-linux-musl."""
        return f"{self.machine}-linux-musl"

    @property
    def cc(self) -> str:
        """The compiler of the tool chain. Its name must contain "gcc": see `systems.toolchain`."""
        return f"{self.triplet}-gcc"


@dataclass(frozen=True, slots=True)
class Command:
    """One program of a step, run in the sandbox; the step fails if its status is not 0."""

    argv: tuple[str, ...]
    cwd: str = str(BUILD)
    env: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


System = Callable[[Recipe, Settings], tuple[Command, ...]]
"""The commands of one step, run one after another in one sandbox."""

HostStep = Callable[[Recipe, Settings, Path, Path], None]
"""`step(recipe, settings, inputs, output)`: `inputs` has `opt/` (the merged needs, read only by
agreement: hard links into the cache, never write there) and `build.json`; what it writes below
`output` (an empty folder) is kept. The step `distribution` leaves exactly one folder there, the
finished tree with its manifest.json, and beside it the packed archives. It runs in a process of its
own; its stdout and stderr are the step's log; an exception fails the step. Its key covers the
source of its module and of every module of this package that it imports."""
