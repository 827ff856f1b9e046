"""matrix.yaml, the support contract: read strictly, then selected from."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from everylinux.errors import MatrixError, UsageError
from everylinux.model import Arch, Image, Kernel, Support
from everylinux.pins import LOCK_NAME, Pin, load_pins, matrix_path
from everylinux.strict_yaml import Document, read_yaml, validate

ARCHS = (Arch("x86_64"), Arch("x86"))
SCHEMA_NAME = "matrix.schema.json"


@dataclass(frozen=True, slots=True)
class Matrix:
    """The support contract as values: one Image for each distribution and userland."""

    path: Path
    images: tuple[Image, ...]  # sorted by id and architecture
    aliases: Mapping[str, str] = field(default_factory=dict)  # "el6" -> "centos6"
    pins: Mapping[str, Pin] = field(default_factory=dict)  # "centos6-x86_64" -> Pin
    kernels: Mapping[str, Kernel] = field(default_factory=dict)  # that the engine qemu can boot

    def select(self, patterns: Sequence[str] = (), archs: Sequence[str] = ()) -> tuple[Image, ...]:
        """Return the images that any pattern names, sorted, each once.

        A pattern is an id, an alias or `id-arch`, may hold `*`, `?` and `[...]`, and may be a list
        with commas. Without patterns all but retired rows are meant. UsageError where a pattern or
        an architecture names nothing.
        """
        wanted = [word for text in patterns for word in _words(text)]
        chosen = {image for word in wanted for image in self._named(word)}
        if not wanted:
            chosen = {image for image in self.images if image.support is not Support.RETIRED}
        return tuple(sorted(self._of_archs(chosen, archs)))

    def _named(self, word: str) -> tuple[Image, ...]:
        """Return what one pattern names; UsageError with the nearest names if that is nothing."""
        found = tuple(image for image in self.images if self._matches(image, word))
        if not found:
            raise UsageError(f"no distribution is called {word!r}", move=self._nearest(word))
        return found

    def _matches(self, image: Image, word: str) -> bool:
        """Whether a pattern names this image by id, by alias, or with its architecture."""
        names = [image.id, *(a for a, known in self.aliases.items() if known == image.id)]
        return any(fnmatchcase(n, word) or fnmatchcase(f"{n}-{image.arch}", word) for n in names)

    def _nearest(self, word: str) -> str:
        """Return the names that are most like the word."""
        names = sorted({i.id for i in self.images} | set(self.aliases))
        names += [f"{i.id}-{i.arch}" for i in self.images]
        near = difflib.get_close_matches(word.strip("*?"), names, n=4, cutoff=0.5)
        return f"did you mean {', '.join(near)}?" if near else "see `everylinux images list`"

    def _of_archs(self, images: set[Image], archs: Sequence[str]) -> set[Image]:
        """Keep the images of the architectures that were asked for."""
        wanted = [word for text in archs for word in _words(text)]
        for word in wanted:
            if word not in ARCHS:
                raise UsageError(f"no architecture is called {word!r}", move="x86_64 or x86")
        kept = {image for image in images if not wanted or image.arch in wanted}
        if images and not kept:
            raise UsageError(
                f"none of the chosen distributions has a userland of {', '.join(wanted)}",
                move=f"leave --arch out, or see `everylinux images list --arch {wanted[0]}`",
            )
        return kept


def load(path: Path | None = None) -> Matrix:
    """Read matrix.yaml (the project's without a path) and the lock beside it.

    Raises MatrixError with the dotted path of the first mistake and what was expected there.
    """
    path = path or matrix_path()
    document = read_yaml(path)
    validate(document, _schema())
    _consistent(document)
    pins = load_pins(path.with_name(LOCK_NAME))
    images = (_pinned(image, pins) for image in _images(document.value))
    kernels = {id_: _kernel(id_, row) for id_, row in document.value.get("kernels", {}).items()}
    return Matrix(path, tuple(sorted(images)), _aliases(document), pins, kernels)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


@cache
def _schema() -> dict[str, Any]:
    """Return the schema: the project's own beside matrix.yaml, else the one in the wheel."""
    for folder in (Path(__file__).resolve().parents[2], Path(__file__).resolve().parent):
        if (folder / SCHEMA_NAME).is_file():
            schema: dict[str, Any] = json.loads((folder / SCHEMA_NAME).read_text("utf-8"))
            return schema
    raise MatrixError(SCHEMA_NAME, "", "is missing", move="install everylinux again")


def _consistent(document: Document) -> None:
    """Raise what a schema cannot say: names that clash or point nowhere, days that never were."""
    _aliases(document)
    layouts = document.value["ca_layouts"]
    for id_, row in document.value["distros"].items():
        if (layout := row.get("ca", "")) and layout not in layouts:
            known = ", ".join(layouts)
            raise document.error(
                ("distros", id_, "ca"), f"{layout!r} is none of ca_layouts: {known}"
            )
        if not _is_day(row.get("eol", "")):
            raise document.error(("distros", id_, "eol"), f"{row['eol']!r} is no day of a calendar")


def _is_day(text: str) -> bool:
    try:
        return text in {"", "rolling"} or bool(date.fromisoformat(text))
    except ValueError:
        return False


def _aliases(document: Document) -> dict[str, str]:
    """Return alias -> id; MatrixError where a name means two distributions."""
    aliases: dict[str, str] = {}
    distros = document.value["distros"]
    for id_, row in distros.items():
        for index, alias in enumerate(row.get("aliases", [])):
            other = alias if alias in distros else aliases.get(alias)
            if other is not None:
                where = ("distros", id_, "aliases", index)
                raise document.error(where, f"{alias!r} already means distros.{other}")
            aliases[alias] = id_
    return aliases


def _images(value: Mapping[str, Any]) -> Iterator[Image]:
    for id_, row in value["distros"].items():
        layout = tuple(value["ca_layouts"].get(row.get("ca", ""), ()))
        for arch, userland in row["arch"].items():
            yield _image(id_, row, Arch(arch), userland or {}, layout)


def _image(
    id_: str, row: Mapping[str, Any], arch: Arch, userland: Mapping[str, Any], ca: tuple[str, ...]
) -> Image:
    tarball = userland.get("tarball", {})
    return Image(
        id=id_,
        arch=arch,
        name=row["name"],
        release=row["release"],
        reference=userland.get("reference", row.get("reference", "")),
        digest=userland.get("digest", ""),
        tarball=tarball.get("file", ""),
        tarball_sha256=tarball.get("sha256", ""),
        recipe=userland.get("debootstrap", {}),
        kernel=row.get("kernel", ""),
        libc=userland.get("libc", row.get("libc", "")),
        shell=row.get("shell", ""),
        ca=ca,
        eol=row.get("eol", ""),
        support=Support(row["support"]),
    )


def _kernel(id_: str, row: Mapping[str, Any]) -> Kernel:
    source = {name: row["source"].get(name, "") for name in ("file", "sha256", "package", "suite")}
    return Kernel(id_, row["release"], Arch(row["arch"]), note=row.get("note", ""), **source)


def _pinned(image: Image, pins: Mapping[str, Pin]) -> Image:
    """Take the lock's digest where matrix.yaml has none and the reference is still the same."""
    pin = pins.get(f"{image.id}-{image.arch}")
    if image.digest or pin is None or pin.reference != image.reference:
        return image
    return replace(image, digest=pin.digest)
