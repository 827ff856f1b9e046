"""Tools that pull an image: each resolves a tag to a digest and exports a root as one tar."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from everylinux.images.layers import merge
from everylinux.images.processes import Done, run
from everylinux.images.reach import is_loopback
from everylinux.model import Image

PULL_SECONDS = 900.0
ARCHS = {"x86_64": "amd64", "x86": "386"}
DIGEST = 71  # characters of "sha256:" and 64 digits


class PullError(Exception):
    """A pull failed; the text is the reason, on one line."""


class Puller(Protocol):
    """A tool that speaks to registries."""

    tool: ClassVar[str]

    def resolve(self, image: Image, folder: Path) -> str:
        """Return the digest of the image's platform that its tag means now; PullError."""
        ...

    def export(self, image: Image, digest: str, folder: Path) -> Path:
        """Pull by digest and return a tar of the whole root, made in `folder`; PullError."""
        ...


class Podman:
    """Podman, with a storage of its own that vanishes with the folder."""

    tool: ClassVar[str] = "podman"

    def resolve(self, image: Image, folder: Path) -> str:
        """Ask for the index; a tag without one is pulled and its own digest read."""
        done = self._run(
            folder, "manifest", "inspect", *_tls(image, "--tls-verify=false"), image.reference
        )
        if done.returncode == 0 and (digest := _of_platform(done.out, image)):
            return digest
        _checked(self._pull(folder, image, image.reference))
        inspected = self._run(
            folder, "image", "inspect", "--format", "{{.Digest}}", image.reference
        )
        return _digest(_checked(inspected).out.strip())

    def export(self, image: Image, digest: str, folder: Path) -> Path:
        """Pull, create a container that is never started, and export it."""
        name, target = _pinned(image, digest), folder / "root.tar"
        _checked(self._pull(folder, image, name))
        created = _checked(
            self._run(folder, "create", "--network=none", "--pull=never", name, "/everylinux")
        )
        container = created.out.strip().splitlines()[-1]
        _checked(self._run(folder, "export", "--output", str(target), container))
        return target

    def _pull(self, folder: Path, image: Image, name: str) -> Done:
        arch = f"--arch={ARCHS[image.arch]}"
        tls = _tls(image, "--tls-verify=false")
        return self._run(folder, "pull", "--quiet", arch, *tls, name)

    def _run(self, folder: Path, *arguments: str) -> Done:
        own = [f"--root={folder}/storage", f"--runroot={folder}/run", "--storage-driver=vfs"]
        return run([self.tool, *own, "--events-backend=none", *arguments], PULL_SECONDS)


class Docker:
    """Docker, whose daemon keeps what it pulled: what was not there before is removed again."""

    tool: ClassVar[str] = "docker"

    def resolve(self, image: Image, folder: Path) -> str:  # noqa: ARG002 - the daemon has its own
        """Pull by tag and read the digest that it came by."""
        _checked(run([*self._pull(image), image.reference], PULL_SECONDS))
        what = '{{join .RepoDigests "\\n"}}'
        done = _checked(self._run("image", "inspect", "--format", what, image.reference))
        return _digest(done.out.strip().splitlines()[0].rpartition("@")[2])

    def export(self, image: Image, digest: str, folder: Path) -> Path:
        """Pull, create a container that is never started, and export it."""
        name, target = _pinned(image, digest), folder / "root.tar"
        known = self._run("image", "inspect", name).returncode == 0
        _checked(run([*self._pull(image), name], PULL_SECONDS))
        created = _checked(self._run("create", "--network=none", name, "/everylinux"))
        container = created.out.strip().splitlines()[-1]
        try:
            _checked(self._run("export", "--output", str(target), container))
        finally:
            self._run("rm", "--force", container)
            if not known:
                self._run("rmi", name)
        return target

    def _pull(self, image: Image) -> list[str]:
        return [self.tool, "pull", "--quiet", f"--platform=linux/{ARCHS[image.arch]}"]

    def _run(self, *arguments: str) -> Done:
        return run([self.tool, *arguments], PULL_SECONDS)


class Skopeo:
    """Skopeo, which copies layers; `layers.py` lays them over each other."""

    tool: ClassVar[str] = "skopeo"

    def resolve(self, image: Image, folder: Path) -> str:
        """Read the manifest as it is served: its digest is the sha256 of its bytes."""
        target = folder / "manifest.json"
        tls = _tls(image, "--tls-verify=false")
        done = _checked(self._run("inspect", "--raw", *tls, f"docker://{image.reference}"))
        target.write_text(done.out, "utf-8", newline="")
        return _of_platform(done.out, image) or _digest(
            "sha256:" + hashlib.sha256(target.read_bytes()).hexdigest()
        )

    def export(self, image: Image, digest: str, folder: Path) -> Path:
        """Copy by digest into a folder, then merge the layers."""
        copied, name = folder / "copied", f"docker://{_pinned(image, digest)}"
        arch = f"--override-arch={ARCHS[image.arch]}"
        tls = _tls(image, "--src-tls-verify=false")
        _checked(
            self._run("--override-os=linux", arch, "copy", "--quiet", *tls, name, f"dir:{copied}")
        )
        manifest = _manifest((copied / "manifest.json").read_text("utf-8"))
        layers = [copied / layer["digest"].partition(":")[2] for layer in manifest["layers"]]
        return merge(layers, folder / "root.tar")

    def _run(self, *arguments: str) -> Done:
        return run([self.tool, *arguments], PULL_SECONDS)


PULLERS: Mapping[str, type[Puller]] = {p.tool: p for p in (Podman, Skopeo, Docker)}
"""In order of preference: docker needs a daemon."""


def first_puller() -> Puller | None:
    """Return the first tool that is installed, None if none is."""
    return next((puller() for tool, puller in PULLERS.items() if shutil.which(tool)), None)


def _pinned(image: Image, digest: str) -> str:
    return f"{image.reference.rpartition(':')[0]}@{digest}"


def _tls(image: Image, option: str) -> Sequence[str]:
    return [option] if is_loopback(image.reference) else []


def _checked(done: Done) -> Done:
    if done.returncode != 0:
        raise PullError(done.last)
    return done


def _manifest(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = "the registry's manifest is no JSON object"
        raise PullError(msg)
    return found


def _of_platform(text: str, image: Image) -> str:
    """Return the digest of the image's platform in an index, "" if the text is no index."""
    rows = _manifest(text).get("manifests") or []
    for row in rows:
        platform = row.get("platform", {})
        if (platform.get("os"), platform.get("architecture")) == ("linux", ARCHS[image.arch]):
            return _digest(row["digest"])
    if rows:
        msg = f"{image.reference} has no image for {ARCHS[image.arch]}"
        raise PullError(msg)
    return ""


def _digest(text: str) -> str:
    if len(text) != DIGEST or not text.startswith("sha256:"):
        msg = f"the registry gave no digest but {text[:80]!r}"
        raise PullError(msg)
    return text
