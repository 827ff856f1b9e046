"""One root filesystem for all Pythons that are compared: Debian trixie, with both of Debian's.

All subjects run in it, one after another on the same processor, so that kernel, libraries, page
cache and the cost of entering are the same for each. Debian's python3.11 is bookworm's package on
trixie's C library: python3.13 has no other home, and two roots would compare roots.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import filelock

from everylinux.archives import remove_tree
from everylinux.images.aptsources import debian_mirror, keyring
from everylinux.places import cache_root
from measure import CannotMeasureError

SUITES = ("trixie", "bookworm")
PACKAGES = ("python3.13", "python3.13-venv", "python3.11", "ca-certificates")
SECONDS = 1200.0
SUBJECTS = Path("/subjects")
WORK = Path("/bench")
NETWORK = ("/etc/resolv.conf", "/etc/hosts", "/etc/ssl/certs", "/usr/share/ca-certificates")
PASSED_ON = ("PIP_", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of the machine, as the root has it."""

    outside: Path
    inside: Path
    writable: bool = False


def root() -> Path:
    """The root filesystem, made once below everylinux' cache; CannotMeasureError."""
    mirror = debian_mirror()
    if mirror is None or not shutil.which("mmdebstrap"):
        msg = "the root for the comparison needs mmdebstrap and a Debian mirror in apt's sources"
        raise CannotMeasureError(msg)
    ring = keyring(mirror)
    signed = f"[signed-by={ring}] " if ring else ""
    lines = [f"deb {signed}{mirror.uri} {suite} main" for suite in SUITES]
    about = "\n".join((*lines, *PACKAGES))
    target = cache_root() / "bench" / f"root-{hashlib.sha256(about.encode()).hexdigest()[:16]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(f"{target}.lock"):
        if not target.exists():
            _make(target, lines)
    return target


def _make(target: Path, lines: Iterable[str]) -> None:
    """Make it beside its place, then move it there whole."""
    part = target.with_suffix(".part")
    remove_tree(part)
    options = ["--quiet", "--mode=auto", "--variant=minbase", "--skip=check/qemu"]
    include = [f"--include={','.join(PACKAGES)}"]
    # bookworm is there for python3.11 alone: all else is trixie's, whose versions are higher
    argv = ["mmdebstrap", *options, *include, SUITES[0], str(part), *lines]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        remove_tree(part)
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")]
        msg = f"mmdebstrap: {' '.join(said) or done.stderr[-300:]}"
        raise CannotMeasureError(msg)
    for folder in (SUBJECTS, WORK):
        (part / folder.relative_to("/")).mkdir(exist_ok=True)
    part.rename(target)


def entered(
    place: Path, places: Iterable[Place], *, network: bool = False, env: Mapping[str, str] = {}
) -> list[str]:
    """The bwrap command line that runs a program in the root; the caller adds it.

    With `network` the machine's name servers, certificates and pip configuration are there too.
    """
    line = ["bwrap", "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    line += [] if network else ["--unshare-net"]
    # With a network, pip's own folders get mount points in it.
    line += ["--clearenv", "--bind" if network else "--ro-bind", str(place), "/"]
    line += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", str(SUBJECTS)]
    line += ["--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/root"]  # noqa: S108 - the root's own
    for one in places:
        how = "--bind" if one.writable else "--ro-bind"
        line += [how, str(one.outside), str(one.inside)]
    variables = {"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", **env}
    if network:
        line += [word for path in _network() for word in ("--ro-bind-try", path, path)]
        variables |= {k: v for k, v in os.environ.items() if k.upper().startswith(PASSED_ON)}
    for name, value in sorted(variables.items()):
        line += ["--setenv", name, value]
    return [*line, "--chdir", "/", "--"]


def _network() -> list[str]:
    """What pip needs of the machine: names, certificates, its configuration and local indexes."""
    done = subprocess.run(
        ["pip", "config", "debug"], capture_output=True, text=True, check=False, env=os.environ
    )
    words = done.stdout.replace("file://", " ").replace("'", " ").replace(",", " ").split()
    found = {word.rstrip(":") for word in words if word.startswith("/")}
    files = {str(Path(word).resolve()) for word in found if Path(word).exists()}
    below_home = {path for path in files if path.startswith("/root")}
    return [*NETWORK, *sorted(files - below_home - {"/"})]
