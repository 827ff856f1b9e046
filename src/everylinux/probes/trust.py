"""Whom the subject trusts by default, where each distribution keeps its certificates.

The cell is opened once more with a certificate of our own authority in the place that the matrix
names for that distribution, as its package would put it there; then the default context must trust
a server of that authority. The user's own SSL_CERT_FILE and SSL_CERT_DIR are tried beside it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from everylinux import root_copies
from everylinux.engines.base import Box
from everylinux.errors import EngineError
from everylinux.model import RUN, Section
from everylinux.probes.base import Inside
from everylinux.probes.tls import NEW, converse
from everylinux.probes.tls.authority import identities
from everylinux.probes.tls.peer import Case
from everylinux.root_copies import copy_folder

DEFAULT = Case("default trust", "client", NEW, subject={"default": True})
HASHED = PurePosixPath("/etc/ssl/certs")


class Trust:
    """The scenario; see the module."""

    name = "trust"
    sections = ("placed", "named")

    @property
    def digest(self) -> str:
        """Digest of this file, of what copies folders and of the subject's end."""
        inside = Inside("handshakes", ("handshakes",)).digest
        ours = [Path(name).read_bytes() for name in (__file__, root_copies.__file__)]
        return hashlib.sha256(b"".join((*ours, inside.encode()))).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Each place in turn."""
        return {"placed": _placed(box), "named": _named(box)}


def _placed(box: Box) -> Section:
    """The answer of a cell with our authority alone in its distribution's own place.

    That is the first place of the matrix's row; the others are links to it where it is installed.
    """
    place = next(iter(box.cell.image.ca), "")
    if not place or place.endswith("/"):
        return Section(value={"place": ""})
    try:
        with _with_file(box.root, place) as extra, box.sibling(extra) as other:
            found = converse(other, (DEFAULT,))
    except (OSError, EngineError) as error:
        return Section(error=f"no cell with {place}: {error}")
    if found.error:
        return found
    return Section(value={"place": place, **found.value[DEFAULT.name]})


def _named(box: Box) -> Section:
    """The answers where the user's variables name our authority, and where they name nothing."""
    authority = identities()["ca"].certificate
    (box.run_dir / "ca.pem").write_text(authority)
    folder = box.run_dir / "hashed"
    folder.mkdir()
    (folder / f"{identities()['ca'].subject_hash}.0").write_text(authority)
    variables = {
        "SSL_CERT_FILE": str(RUN / "ca.pem"),
        "SSL_CERT_DIR": str(RUN / "hashed"),
        "": "",
    }
    found = {
        name: converse(box, (DEFAULT,), environment=((name, value),) if name else ())
        for name, value in variables.items()
    }
    broken = [f"{name}: {section.error}" for name, section in found.items() if section.error]
    if broken:
        return Section(error="; ".join(broken))
    return Section(value={name: section.value[DEFAULT.name] for name, section in found.items()})


@contextmanager
def _with_file(root: Path, place: str) -> Iterator[dict[str, Path]]:
    """A copy of the folder of the root that `place` is in, with our authority's file in it.

    The folder is the deepest one that is there; it is to be bound over its original.
    """
    path = PurePosixPath(place)
    parent = next(p for p in path.parents if _real_folder(root, p))
    if parent == PurePosixPath("/"):
        raise OSError(f"the root has no folder for {place}")
    with tempfile.TemporaryDirectory(prefix="everylinux-trust-") as work:
        copy = Path(work, "folder")
        copy_folder(root / parent.relative_to("/"), copy)
        target = copy / path.relative_to(parent)
        # What comes next on the way is missing or no folder; a link would be followed on the host.
        step = copy / target.relative_to(copy).parts[0]
        if step != target and step.is_symlink():
            raise OSError(f"{step.name} is a link on the way to {place}")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(identities()["ca"].certificate)
        if parent == HASHED:  # update-ca-certificates makes both, the bundle and OpenSSL's names
            (copy / f"{identities()['ca'].subject_hash}.0").write_text(target.read_text())
        yield {str(parent): copy}


def _real_folder(root: Path, path: PurePosixPath) -> bool:
    """Whether the root has this folder, without any symlink on the way."""
    steps = [root / p.relative_to("/") for p in (path, *path.parents)]
    return all(step.is_dir() and not step.is_symlink() for step in steps[:-1])
