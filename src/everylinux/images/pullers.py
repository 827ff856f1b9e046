"""Tools that pull an image: each resolves a tag to a digest and exports a root as one tar."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
        with _podman(image, folder) as run_it:
            done = run_it("manifest", "inspect", image.reference)
            if done.returncode == 0 and (digest := _of_platform(done.out, image)):
                return digest
            _checked(run_it("pull", "--quiet", _arch(image), image.reference))
            done = run_it("image", "inspect", "--format", "{{.Digest}}", image.reference)
            return _digest(_checked(done).out.strip())

    def export(self, image: Image, digest: str, folder: Path) -> Path:
        """Pull, create a container that is never started, and export it."""
        name, target = _pinned(image, digest), folder / "root.tar"
        with _podman(image, folder) as run_it:
            _checked(run_it("pull", "--quiet", _arch(image), name))
            created = run_it("create", "--network=none", "--pull=never", name, "/everylinux")
            container = _checked(created).out.strip().splitlines()[-1]
            _checked(run_it("export", "--output", str(target), container))
        return target


@contextmanager
def _podman(image: Image, folder: Path) -> Iterator[Callable[..., Done]]:
    """Give a podman with a new storage in `folder`.

    Its run folder is elsewhere: podman refuses one whose path is longer than 50 characters.
    """
    storage = tempfile.mkdtemp(prefix="storage.", dir=folder)
    environment = _insecure(image, Path(storage, "registries.conf"))
    with tempfile.TemporaryDirectory(prefix="elx-", dir="/tmp") as run_root:
        own = [f"--root={storage}", f"--runroot={run_root}", "--storage-driver=vfs"]

        def run_it(*arguments: str) -> Done:
            argv = ["podman", *own, "--events-backend=none", *arguments]
            return run(argv, PULL_SECONDS, env=environment)

        yield run_it


def _insecure(image: Image, path: Path) -> Mapping[str, str]:
    """Let podman speak to a registry of this machine without TLS, in every command alike.

    `manifest inspect` has no option for it in podman 4.3.
    """
    if not is_loopback(image.reference):
        return {}
    host = image.reference.partition("/")[0]
    path.write_text(f'[[registry]]\nlocation = "{host}"\ninsecure = true\n', "utf-8")
    return {"CONTAINERS_REGISTRIES_CONF": str(path)}


def _arch(image: Image) -> str:
    return f"--arch={ARCHS[image.arch]}"


class Docker:
    """Docker, whose daemon keeps what it pulled: what was not there before is removed again."""

    tool: ClassVar[str] = "docker"

    def resolve(self, image: Image, folder: Path) -> str:  # noqa: ARG002 - the daemon has its own
        """Ask for the index; a tag without one is pulled and its own digest read."""
        done = self._run("manifest", "inspect", *_tls(image, "--insecure"), image.reference)
        if done.returncode == 0 and (digest := _of_platform(done.out, image)):
            return digest
        with self._pulled(image, image.reference):
            own = self._asked("{{.Id}}", image.reference)
            found = self._asked('{{join .RepoDigests "\\n"}}', image.reference).splitlines()
            self._one_platform(image, own)
        if not found:  # of an image that it had before, by another platform of the same index
            msg = f"this docker kept no digest of {image.reference}: install podman or skopeo"
            raise PullError(f"{msg}, or name a digest")
        return _digest(found[0].rpartition("@")[2])

    def _one_platform(self, image: Image, own: str) -> None:
        """Refuse an index that this docker cannot read: its digest means several images.

        Before 23.0, `docker manifest inspect` knows no OCI index.
        """
        others = sorted({*ARCHS.values()} - {ARCHS[image.arch]})
        for other in others:
            pulled = self._run("pull", "--quiet", f"--platform=linux/{other}", image.reference)
            if pulled.returncode == 0 and self._asked("{{.Id}}", image.reference) != own:
                msg = f"this docker cannot read the index of {image.reference}: install podman"
                raise PullError(f"{msg} or skopeo, or name a digest of one platform")

    def _asked(self, what: str, name: str) -> str:
        return _checked(self._run("image", "inspect", "--format", what, name)).out.strip()

    def export(self, image: Image, digest: str, folder: Path) -> Path:
        """Pull, create a container that is never started, and export it."""
        name, target = _pinned(image, digest), folder / "root.tar"
        with self._pulled(image, name):
            created = _checked(self._run("create", "--network=none", name, "/everylinux"))
            container = created.out.strip().splitlines()[-1]
            try:
                _checked(self._run("export", "--output", str(target), container))
            finally:
                self._run("rm", "--force", container)
        return target

    @contextmanager
    def _pulled(self, image: Image, name: str) -> Iterator[None]:
        known = self._run("image", "inspect", name).returncode == 0
        platform = f"--platform=linux/{ARCHS[image.arch]}"
        _checked(self._run("pull", "--quiet", platform, name))
        try:
            yield
        finally:
            if not known:
                self._run("rmi", name)

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
        raise PullError(done.complaint)
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
