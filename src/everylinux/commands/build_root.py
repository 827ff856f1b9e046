"""The pinned Debian root in which a release is built: its programs are used, not the host's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from everylinux import places
from everylinux.errors import BuildError, RecipeError
from everylinux.images.base import Say
from everylinux.images.chain import fetch, providers
from everylinux.images.store import RootStore
from everylinux.model import Arch, Image, NotRun

FILE = "build/root.yaml"
NAMED = ("binutils", "gcc", "make", "patch", "patchelf", "perl", "python3", "libc6")
"""The packages whose versions the manifest shows; the digest covers all of them."""


@dataclass(frozen=True, slots=True)
class BuildRoot:
    """A root filesystem that has just the pinned packages."""

    path: Path
    programs: dict[str, str]  # program -> version, and `root`: what covers them all


def build_root(say: Say, *, offline: bool) -> BuildRoot:
    """Make or find the root; BuildError if it is not the pinned one."""
    pinned = _read()
    recipe = {key: pinned[key] for key in ("suite", "variant", "include")}
    image = Image("buildroot", Arch("x86_64"), "Debian", pinned["suite"], recipe=recipe)
    found = fetch(image, providers(RootStore(), say=say), offline=offline)
    if isinstance(found, NotRun):
        move = "a release is built in it: see `everylinux doctor`, or build --profile quick"
        raise BuildError(f"the build's root cannot be had: {found.reason}", move=move)
    versions = packages(found.path)
    digest = digest_of(versions)
    if digest != pinned["packages"]:
        cause = f"{FILE}: packages: the mirror's {pinned['suite']} has moved on ({digest})"
        raise BuildError(cause, move="write the new digest there and commit what it builds")
    programs = {name: versions[name] for name in NAMED if name in versions}
    root = f"Debian {pinned['suite']}, {len(versions)} packages, sha256:{digest}"
    return BuildRoot(found.path, {"root": root, **programs})


def packages(root: Path) -> dict[str, str]:
    """Name -> version of what dpkg says is installed, sorted."""
    text = (root / "var/lib/dpkg/status").read_text("utf-8", errors="replace")
    rows = (_fields(stanza) for stanza in text.split("\n\n") if stanza.strip())
    found = [(row["Package"], row.get("Version", "")) for row in rows if "Package" in row]
    return dict(sorted(found))


def _fields(stanza: str) -> dict[str, str]:
    pairs = (line.partition(": ") for line in stanza.splitlines() if not line.startswith(" "))
    return {name: value for name, _, value in pairs}


def digest_of(versions: dict[str, str]) -> str:
    """The sha256 of the sorted lines `name version`."""
    text = "".join(f"{name} {version}\n" for name, version in sorted(versions.items()))
    return hashlib.sha256(text.encode()).hexdigest()


def _read() -> dict[str, Any]:
    path = places.project_root() / FILE
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RecipeError(path.name, "", f"cannot be read: {error}") from None
    for key in ("suite", "variant", "include", "packages"):
        if not isinstance(found, dict) or key not in found:
            raise RecipeError(path.name, key, "is missing", move="see docs/build.md")
    return dict(found)
