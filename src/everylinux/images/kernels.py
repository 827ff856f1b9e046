"""Where real kernels come from: a folder that somebody names, or Debian's packages through apt."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import filelock

from everylinux.errors import ImageError, UsageError
from everylinux.images.aptsources import debian_mirror, keyring
from everylinux.model import Kernel
from everylinux.places import cache_root, project_root

ENVIRONMENT = "EVERYLINUX_KERNELS_DIR"
SECONDS = 600.0  # for one call of apt; a kernel's package has 50 to 110 MB
ARCHS = {"x86_64": "amd64", "x86": "i386"}


def kernels_dir(chosen: Path | None = None) -> Path | None:
    """The folder of kernels, if there is one.

    What was chosen, else EVERYLINUX_KERNELS_DIR, else `../shared/kernels` beside the checkout if it
    is there.
    """
    named = os.environ.get(ENVIRONMENT, "")
    if chosen or named:
        return (chosen or Path(named)).absolute()
    try:
        beside = project_root().parent / "shared" / "kernels"
    except UsageError:
        return None
    return beside if beside.is_dir() else None


def absent(kernel: Kernel, folder: Path | None = None) -> str:
    """Why a kernel cannot be had, with what would help; "" if it is here or apt may have it."""
    folder = kernels_dir(folder)
    if kernel.file:
        if folder is None:
            return f"no folder of kernels: set {ENVIRONMENT} to one with {kernel.file}"
        if not (folder / kernel.file).is_file():
            return f"no {kernel.file} in {folder}"
        return ""
    if _own(kernel, folder) or _kept(kernel):
        return ""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return (
            f"{kernel.package} comes through apt, which is not here: name it {kernel.id} in a"
            f" folder, and that in {ENVIRONMENT}"
        )
    return "" if debian_mirror() else "apt's configuration names no Debian mirror"


def local(kernel: Kernel, folder: Path | None = None) -> Path | None:
    """The kernel's file if it is on this machine."""
    folder = kernels_dir(folder)
    named = folder / kernel.file if folder and kernel.file else None
    if named and named.is_file():
        return named
    return _own(kernel, folder) or _kept(kernel)


def fetch(kernel: Kernel, folder: Path | None = None) -> Path:
    """The kernel's file, its sha256 checked where the matrix has one; ImageError."""
    if reason := absent(kernel, folder):
        raise ImageError(f"kernel {kernel.id}: {reason}")
    folder = kernels_dir(folder)
    if kernel.file and folder:
        return _checked(kernel, folder / kernel.file)
    return _own(kernel, folder) or _kept(kernel) or _package(kernel)


def _checked(kernel: Kernel, path: Path) -> Path:
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        cause = f"{path} cannot be read ({error.strerror})"
        raise ImageError(cause, move="mend its permissions") from None
    if kernel.sha256 and found != kernel.sha256:
        cause = f"{path.name} has sha256 {found}, expected {kernel.sha256}"
        raise ImageError(cause, move="get it anew, or change matrix.yaml")
    return path


def _own(kernel: Kernel, folder: Path | None) -> Path | None:
    """A file of the folder that is called as the matrix calls a package's kernel."""
    path = folder / kernel.id if folder else None
    return path if path and path.is_file() else None


def _place(kernel: Kernel) -> Path:
    return cache_root() / "kernels" / kernel.id


def _kept(kernel: Kernel) -> Path | None:
    found = sorted(_place(kernel).glob("vmlinuz-*"))
    return found[-1] if found else None


def _package(kernel: Kernel) -> Path:
    """The kernel of a package, through an apt root of its own; the machine's stays as it is."""
    place = _place(kernel)
    place.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(place.with_name(f"{place.name}.lock")):
        if (kept := _kept(kernel)) is not None:
            return kept
        with tempfile.TemporaryDirectory(dir=place.parent) as work:
            path = _unpacked(_downloaded(kernel, Path(work)), Path(work))
            target = place / path.name
            path.replace(target)
            return target


def _downloaded(kernel: Kernel, work: Path) -> Path:
    options = _apt_root(kernel, work)
    _run(["apt-get", *options, "update", "-qq"], work)
    said = _run(["apt-cache", *options, "depends", "--important", kernel.package], work)
    real = re.search(r"Depends: (linux-image-\d\S+)", said)
    name = real[1] if real else kernel.package
    _run(["apt-get", *options, "download", "-qq", name], work)
    found = sorted(work.glob("*.deb"))
    if len(found) != 1:
        raise ImageError(f"apt gave {len(found)} files for {name}", move="try apt-get download")
    return found[0]


def _apt_root(kernel: Kernel, work: Path) -> list[str]:
    mirror = debian_mirror()
    if mirror is None:  # `absent` looked
        raise ImageError("apt's configuration names no Debian mirror")
    ring, arch = keyring(mirror), ARCHS[kernel.arch]
    for name in ("etc/sources.list.d", "state/lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    work.chmod(0o755)  # apt's own user fetches
    signed = f" signed-by={ring}" if ring else ""
    line = f"deb [arch={arch}{signed}] {mirror.uri} {kernel.suite} main\n"
    (work / "etc/sources.list").write_text(line)
    (work / "state/status").write_text("")
    settings = {
        "Dir::Etc::SourceList": work / "etc/sources.list",
        "Dir::Etc::SourceParts": work / "etc/sources.list.d",
        "Dir::State": work / "state",
        "Dir::State::Status": work / "state/status",
        "Dir::Cache": work / "cache",
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
        "Acquire::Languages": "none",
        "Acquire::Check-Valid-Until": "false",
    }
    return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def _unpacked(package: Path, work: Path) -> Path:
    out = work / "out"
    _run(["dpkg-deb", "--extract", str(package), str(out)], work)
    found = sorted((out / "boot").glob("vmlinuz-*"))
    if not found:
        raise ImageError(f"{package.name} has no /boot/vmlinuz-*", move="name another package")
    return found[0]


def _run(argv: Sequence[str], work: Path) -> str:
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=work
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(f"{argv[0]}: {type(error).__name__}", move="see apt's messages") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        cause = f"{argv[0]}: {lines[-1] if lines else f'status {done.returncode}'}"
        raise ImageError(cause, move="name a folder of kernels in " + ENVIRONMENT)
    return done.stdout
