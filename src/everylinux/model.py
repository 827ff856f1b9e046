"""The nouns: frozen values that pass between the parts. Standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, NewType, Protocol


class _Value(Protocol):
    """A frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def as_row(value: _Value) -> dict[str, Any]:
    """Its fields, without the deep copy of `dataclasses.asdict`: evidence is large."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


Arch = NewType("Arch", str)
"""`x86_64` or `x86` (32 bit, i386/i686), as in the specification's *Minimum Requirements*."""

# Where things are inside a cell. Not /opt/python, the prefix that is compiled in: a distribution
# that works only there would look relocatable.
CELL = PurePosixPath("/everylinux")
SUBJECT = CELL / "subject"  # the distribution's tree, read-only
AGENT = CELL / "agent"  # the agent's file, read-only
PROBES = CELL / "probes"  # src/everylinux/probes/inside, read-only
RUN = CELL / "run"  # a folder of the host's, for UNIX sockets and fixtures; read-only in the cell

MOVED = {
    "space": CELL / "moved to a place with spaces",
    "non-ASCII": CELL / "verschoben-größe-перенос-移動",
    "long": CELL / ("long-" * 20) / ("longer-" * 15) / ("longest-" * 12) / "python",
}
"""The same tree again, read-only, where a moved distribution may lie; `long` passes 255 bytes,
the limit of a `#!` line and of one file name."""

NATIVE = "native"
"""The kernel of the machine, as it is."""
DEFAULT = "default"
"""The posture that changes nothing."""
NOBODY = 65534
"""uid and gid of the unprivileged user in a cell (`nobody`, nogroup in Debian's base-passwd)."""


class Outcome(StrEnum):
    """What became of a claim in a cell."""

    PASSED = "passed"
    FAILED = "failed"
    WAIVED = "waived"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


class Support(StrEnum):
    """What the support contract says of a distribution."""

    REQUIRED = "required"
    BEST_EFFORT = "best-effort"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Distribution:
    """The artefact under test: one unpacked tree."""

    root: Path  # the folder that has bin/ and lib/
    python: str  # "3.13"
    arch: Arch
    digest: str  # sha256 over the sorted walk (path, mode, kind, content digest)
    profile: str = "standalone"  # standalone | relocatable | system
    manifest: Mapping[str, Any] = field(default_factory=dict)  # manifest.json, empty if none
    names: tuple[str, ...] = ()  # of the folder or archive, and of an archive within: what it says
    because: str = ""  # why it has this profile, for the report


@dataclass(frozen=True, slots=True, order=True)
class Image:
    """One row of the matrix for one userland architecture."""

    id: str  # "debian12"
    arch: Arch  # of the userland
    name: str = field(compare=False)  # "Debian"
    release: str = field(compare=False)  # "12 (bookworm)"
    reference: str = field(compare=False, default="")  # registry reference, "" where none
    digest: str = field(compare=False, default="")  # "sha256:..." of the pinned image, "" unpinned
    tarball: str = field(compare=False, default="")  # file name in a folder of tarballs
    tarball_sha256: str = field(compare=False, default="")  # 64 hex digits, "" where unknown
    recipe: Mapping[str, Any] = field(compare=False, default_factory=dict)  # mmdebstrap arguments
    kernel: str = field(compare=False, default="")  # the distribution shipped, "2.6.32-754"
    libc: str = field(compare=False, default="")  # "glibc 2.12"
    shell: str = field(compare=False, default="")  # "bash 4.1.2", "" where there is none
    ca: tuple[str, ...] = field(compare=False, default=())  # CA bundle files or folders, in order
    eol: str = field(compare=False, default="")  # ISO date, "rolling" or ""
    support: Support = field(compare=False, default=Support.BEST_EFFORT)


@dataclass(frozen=True, slots=True)
class Kernel:
    """One row of the matrix's `kernels:`, a real kernel that an emulated machine can boot."""

    id: str  # "2.6.32-504.el6.x86_64"
    release: str  # as its uname tells it
    arch: Arch  # x86 boots userlands of 32 bit only
    file: str = ""  # name in a folder of kernels, "" where it comes from a package
    sha256: str = ""  # of the file, "" where unknown
    package: str = ""  # Debian's, "linux-image-amd64"
    suite: str = ""  # that has it, "bookworm"
    note: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One place to judge a distribution in; the unit of a report's matrix."""

    image: Image
    python: str  # "3.13"
    engine: str  # "bubblewrap"
    kernel: str = NATIVE  # or a floor ("2.6.32", "2.6.32+eperm"), or a name in `kernels:`
    posture: str = DEFAULT  # a name in everylinux.postures.POSTURES

    @property
    def id(self) -> str:
        """The pytest id, the report's key and what globs select.

        `debian12-x86_64-3.13`; `...@2.6.32` under another kernel, `...+openshift` in a posture.
        """
        kernel = "" if self.kernel == NATIVE else f"@{self.kernel}"
        posture = "" if self.posture == DEFAULT else f"+{self.posture}"
        return f"{self.image.id}-{self.image.arch}-{self.python}{kernel}{posture}"


@dataclass(frozen=True, slots=True)
class NotRun:
    """A cell that was asked for and could not be had; counted, never a pass."""

    image: Image
    reason: str
    kernel: str = NATIVE
    posture: str = DEFAULT


@dataclass(frozen=True, slots=True)
class RootFs:
    """An unpacked root filesystem on the host; `/everylinux`, /proc, /dev, /tmp exist in it."""

    image: Image
    path: Path
    digest: str  # sha256 of the tarball or of the image manifest, "sha256:..."
    origin: str  # which provider had it, for the report


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one command in a cell; None means the engine's own bound."""

    seconds: float = 60.0
    output_bytes: int = 8 << 20  # of stdout and of stderr each; the rest is dropped and said so
    address_space_bytes: int | None = None  # RLIMIT_AS
    stack_bytes: int | None = None  # RLIMIT_STACK
    open_files: int | None = None  # RLIMIT_NOFILE
    core_bytes: int = 0  # RLIMIT_CORE
    memory_bytes: int | None = None  # of the command and its children, by a cgroup
    processes: int | None = None  # and threads, of the command and its children, by a cgroup


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one command in a cell."""

    argv: tuple[str, ...]
    status: int | None  # exit status; None if a signal ended it or it never started
    signal: int | None
    out: bytes
    err: bytes
    wall_seconds: float
    user_seconds: float
    system_seconds: float
    peak_rss_bytes: int  # ru_maxrss of the process and its waited-for children
    minor_faults: int
    major_faults: int
    timed_out: bool = False
    truncated: bool = False  # stdout or stderr passed the limit
    error: str = ""  # execve's errno name ("ENOENT") if it never started
    oom_killed: bool = False

    @property
    def ok(self) -> bool:
        """Whether it started, ended by itself with status 0 and within its limits."""
        return self.status == 0 and not self.timed_out and not self.truncated


@dataclass(frozen=True, slots=True)
class Entry:
    """One file system object below a walked folder, as lstat(2) sees it."""

    path: str  # relative to the walked folder, "" for itself
    kind: str  # file | dir | link | other
    mode: int  # permission bits, with setuid, setgid and sticky
    uid: int
    gid: int
    size: int
    mtime: int
    target: str = ""  # of a link
    sha256: str = ""  # of a file, if asked for


@dataclass(frozen=True, slots=True)
class Section:
    """What one section of a probe found: a JSON value, or why there is none."""

    value: Any = None
    error: str = ""  # "died, signal 11"; "" means ok


@dataclass(frozen=True, slots=True, order=True)
class Claim:
    """One promise and how it is judged; `id` is AREA-NNN and never reused."""

    id: str
    area: str  # the folder below suites/
    says: str  # the docstring's first sentence
    source: str  # "spec: Dynamic Linking Information"
    remedy: str
    profiles: tuple[str, ...] = ("standalone", "relocatable", "system")  # where the promise holds


@dataclass(frozen=True, slots=True)
class Verdict:
    """A claim judged in a cell (or on the artefact itself: cell "artefact")."""

    claim: str
    cell: str
    outcome: Outcome
    seconds: float
    reason: str = ""  # one line: why failed, skipped, unknown or waived
    evidence: Mapping[str, Any] = field(default_factory=dict)  # JSON
