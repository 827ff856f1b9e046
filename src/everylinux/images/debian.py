"""Root filesystems of Debian, made by mmdebstrap or debootstrap from the machine's own mirror."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

from everylinux.archives import ROOT_FILESYSTEM, extract
from everylinux.images.aptsources import APT, Source, debian_mirror, keyring
from everylinux.images.base import Absent, Say
from everylinux.images.cached import recipe_key
from everylinux.images.processes import run
from everylinux.images.store import RootStore, Wanted
from everylinux.model import Image, RootFs

ARCHS = {"x86_64": "amd64", "x86": "i386"}
MIRROR = "EVERYLINUX_DEBIAN_MIRROR"
BUILD_SECONDS = 900.0  # measured: 12 to 30 s on two cores
RELEASE_SECONDS = 30.0
APT_HELPER = "/usr/lib/apt/apt-helper"
AT_ONCE = threading.Semaphore(2)
VALID = 'Acquire::Check-Valid-Until "false"'
"""A mirror may be a snapshot whose Release has run out (sid's does after a week): these are test
subjects, keyed by what the Release says, so that an old one is no danger but the very wish."""
RETRIES = 'Acquire::Retries "3"'


class _NotMadeError(Exception):
    """The mirror is out of step, a package is gone: a cell that does not run, and why."""


class DebianProvider:
    """Makes a root filesystem by its recipe: suite, variant, packages."""

    name = "debootstrap"
    local = False

    def __init__(self, store: RootStore, *, apt: Path = APT, say: Say = print) -> None:
        """Read the mirror from the apt configuration in `apt`; EVERYLINUX_DEBIAN_MIRROR wins."""
        self.store, self.say = store, say
        self.mirror = _mirror(apt)
        self._unreachable: dict[str, str] = {}  # suite -> why; asked once in a run
        self._lock = threading.Lock()

    def find(self, image: Image, *, offline: bool) -> RootFs | Absent:
        """Make the image's root filesystem, or say what is missing for it."""
        if not image.recipe:
            return Absent("")
        if (reason := self._cannot(image, offline=offline)) or self.mirror is None:
            return Absent(reason)
        suite = image.recipe["suite"]
        release = self._release(suite)
        if not release:
            return Absent(f"the machine's Debian mirror has no {suite}: {self._unreachable[suite]}")
        digest = f"sha256:{_key(image, release)}"
        origin = f"{'mmdebstrap' if _has('mmdebstrap') else 'debootstrap'} {suite}"
        wanted = Wanted(image, digest, origin, recipe_key(image))
        try:
            with AT_ONCE:
                return self.store.add(wanted, lambda root: self._make(image, root))
        except _NotMadeError as error:
            return Absent(str(error))

    def prepare(self, images: Sequence[Image]) -> None:
        """Nothing to prepare: the mirror is asked once for each suite."""

    def offers(self, image: Image) -> str:
        """Name the suite, if there is a recipe."""
        return str(image.recipe.get("suite", ""))

    def _cannot(self, image: Image, *, offline: bool) -> str:
        if offline:
            return "offline"
        if not _has("mmdebstrap") and not (_has("debootstrap") and os.geteuid() == 0):
            return "no mmdebstrap: install it (Debian package mmdebstrap)"
        if image.recipe.get("variant") == "extract" and not _has("mmdebstrap"):
            return "only mmdebstrap can leave the shell out: install it (Debian package mmdebstrap)"
        if self.mirror is None:
            return f"apt's configuration names no Debian mirror: set {MIRROR} to one's URL"
        return ""

    def _release(self, suite: str) -> str:
        """Return the sha256 of the suite's InRelease, "" if it cannot be fetched."""
        with self._lock:
            if suite in self._unreachable or self.mirror is None:
                return ""
            with self.store.scratch() as folder:
                target = Path(folder, "InRelease")
                url = f"{self.mirror.uri.rstrip('/')}/dists/{suite}/InRelease"
                argv = [APT_HELPER, "-o", "Acquire::Retries=0", "download-file", url, str(target)]
                done = run(argv, RELEASE_SECONDS)
                if done.returncode == 0 and target.is_file():
                    return hashlib.sha256(target.read_bytes()).hexdigest()
            self._unreachable[suite] = done.complaint
            return ""

    def _make(self, image: Image, root: Path) -> object:
        self.say(f"{image.id}-{image.arch}: making it from the Debian mirror (10 to 30 s)")
        with self.store.scratch() as folder:
            tarball = Path(folder, "root.tar")
            done = run(self._command(image, tarball), BUILD_SECONDS)
            if done.returncode != 0 or not tarball.is_file():
                raise _NotMadeError(
                    f"could not be made of the machine's Debian mirror ({done.complaint}): "
                    f"try it alone: everylinux images fetch --distro {image.id}"
                )
            return extract(tarball, root, ROOT_FILESYSTEM)

    def _command(self, image: Image, tarball: Path) -> Sequence[str]:
        assert self.mirror is not None
        make = _mmdebstrap if _has("mmdebstrap") else _debootstrap
        return ("nice", *make(image, tarball, self.mirror))


def _mirror(apt: Path) -> Source | None:
    if chosen := os.environ.get(MIRROR, ""):
        return Source(chosen, "", ("main",))
    return debian_mirror(apt)


def _has(tool: str) -> bool:
    return shutil.which(tool) is not None


def _key(image: Image, release: str) -> str:
    text = json.dumps({"recipe": recipe_key(image), "release": release})
    return hashlib.sha256(text.encode()).hexdigest()


def _mmdebstrap(image: Image, tarball: Path, mirror: Source) -> list[str]:
    suite, ring = image.recipe["suite"], keyring(mirror)
    signed = f"[signed-by={ring}] " if ring else ""
    arguments = [
        "mmdebstrap",
        "--mode=auto",
        "--format=tar",
        f"--variant={image.recipe.get('variant', 'minbase')}",
        f"--architectures={ARCHS[image.arch]}",
        f"--aptopt={VALID}",
        f"--aptopt={RETRIES}",
        "--skip=check/qemu",  # an i386 program runs on an amd64 kernel
        *(f"--aptopt={option}" for option in _proxies()),
        *(f"--include={name}" for name in image.recipe.get("include", ())),
    ]
    return [*arguments, suite, str(tarball), f"deb {signed}{mirror.uri} {suite} main"]


def _proxies() -> list[str]:
    """Apt's own proxies; mmdebstrap does not read the machine's apt configuration."""
    try:
        dump = subprocess.run(
            ["apt-config", "dump"], capture_output=True, check=False, text=True, timeout=10
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    wanted = ("Acquire::http::Proxy", "Acquire::https::Proxy")
    return [line.rstrip(";") for line in dump.splitlines() if line.startswith(wanted)]


def _debootstrap(image: Image, tarball: Path, mirror: Source) -> list[str]:
    """Debootstrap makes a folder; tar packs it for the unpacker that does not trust it."""
    script = 'set -eu; tar=$1; shift; "$@" "$tar.d" "$MIRROR"; tar -cf "$tar" -C "$tar.d" .'
    arguments = ["debootstrap", "--variant=minbase", f"--arch={ARCHS[image.arch]}"]
    include = ",".join(image.recipe.get("include", ()))
    arguments += [f"--include={include}"] if include else []
    arguments += [f"--keyring={ring}"] if (ring := keyring(mirror)) else []
    environment = ["env", f"MIRROR={mirror.uri}"]
    return [*environment, "sh", "-c", script, "sh", str(tarball), *arguments, image.recipe["suite"]]
