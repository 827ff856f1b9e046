"""Checks of programs, space and sources: cheap looks, nothing is installed or changed."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from everylinux.doctor.finding import Finding, State
from everylinux.places import cache_root

BOOTSTRAP = "./bootstrap conform installs it"
TOOLS = {
    "bwrap": "every build step and the default engine run in it",
    "gcc": "compiles musl, CPython and all libraries",
    "ld": "links them",
    "make": "drives most recipes",
    "patch": "applies build/patches",
    "patchelf": "sets the RPATH of what was built",
    "perl": "configures OpenSSL",
    "bison": "generates parsers",
    "file": "tells what a file is",
    "cmake": "drives recipes without a configure script",
    "ninja": "runs what cmake writes",
    "pkg-config": "tells CPython what was built",
    "git": "names the commit in reports",
    "xz": "unpacks source archives",
    "zstd": "packs the result",
}
"""The tool chain of the build stage: a program, and what it is for."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DISK_NEED = 6 << 30
"""Bytes of a cold build with its sources, and the unpacked cells (measured in the feasibility
trial: 3 GB for sources and build trees; root filesystems and caches take the rest)."""
MEMORY_NEED = 2 << 30
"""Bytes that linking CPython and two workers want."""
CONNECT_SECONDS = 1.0


def tools() -> Sequence[Finding]:
    """Name each program of the tool chain that is not on PATH; one row where all are."""
    gone = {name: use for name, use in TOOLS.items() if not shutil.which(name)}
    if not gone:
        return [Finding("tools", "tool chain", State.OK, f"all {len(TOOLS)} programs")]
    return [
        Finding("tools", name, State.MISSING, "not on PATH", f"no build: {use}", BOOTSTRAP)
        for name, use in gone.items()
    ]


def disk() -> Sequence[Finding]:
    """Compare the free space where the cache lies with what a cold build needs."""
    folder = next(path for path in (cache_root(), *cache_root().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / (1 << 30):.0f} GB free where the cache lies"
    if free >= DISK_NEED:
        return [Finding("space", "disk", State.OK, detail)]
    cost = f"a cold build needs about {DISK_NEED >> 30} GB"
    return [
        Finding("space", "disk", State.DEGRADED, detail, cost, "set EVERYLINUX_CACHE elsewhere")
    ]


def memory() -> Sequence[Finding]:
    """Compare the memory that programs can still get with what a build needs."""
    rows = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    kilobytes = {row[0].rstrip(":"): int(row[1]) for row in rows}
    free = kilobytes.get("MemAvailable", kilobytes["MemFree"]) << 10
    detail = f"{free / (1 << 30):.1f} GB available"
    if free >= MEMORY_NEED:
        return [Finding("space", "memory", State.OK, detail)]
    cost = "a build may be killed, measures are noisy"
    return [Finding("space", "memory", State.DEGRADED, detail, cost, "free about 2 GB")]


def browser() -> Sequence[Finding]:
    """Look for a Chromium, which our own tests of the HTML report open it in."""
    found = next((name for name in BROWSERS if shutil.which(name)), "")
    if found:
        return [Finding("report", "browser", State.OK, found)]
    cost = "the tests of report.html in a browser are skipped"
    return [Finding("report", "browser", State.MISSING, "no Chromium", cost, "install chromium")]


def debian_sources() -> Sequence[Finding]:
    """Try whether an archive that this machine's apt names answers; its host is not told."""
    name, cost = "debian", "`--sources debian` cannot fetch; upstream or a folder still can"
    if not shutil.which("apt-get"):
        return [Finding("sources", name, State.MISSING, "no apt here", cost)]
    argv = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=2, check=False)
    uris = sorted(set(done.stdout.split()))
    if not uris:
        return [Finding("sources", name, State.MISSING, "apt has no index", cost, "apt-get update")]
    if any(map(_answers, uris)):
        return [Finding("sources", name, State.OK, "apt's archive answers")]
    return [Finding("sources", name, State.DEGRADED, "apt's archive does not answer", cost)]


def upstream_sources() -> Sequence[Finding]:
    """Try whether python.org answers, as a sample of the upstream hosts."""
    if _answers("https://www.python.org/"):
        return [Finding("sources", "upstream", State.OK, "python.org answers")]
    cost = "`--sources upstream` cannot fetch; debian or a folder still can"
    remedy = "`--sources debian`, or a folder of archives"
    return [Finding("sources", "upstream", State.DEGRADED, "python.org is silent", cost, remedy)]


def _answers(url: str) -> bool:
    """Whether the host takes a connection (a local path counts when it exists)."""
    parts = urlsplit(url)
    if not parts.hostname:
        return Path(parts.path).exists()
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    try:
        socket.create_connection((parts.hostname, port), CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
