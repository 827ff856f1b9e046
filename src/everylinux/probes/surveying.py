"""The probe `surveying`: an inside file, for which `packaging` is carried into the cell."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from everylinux.engines.base import Box
from everylinux.model import MOVED, Section
from everylinux.probes.base import Inside

CARRIED = "/tmp/everylinux-packaging.zip"  # noqa: S108 - the cell's own tmpfs
EARLY = (1980, 1, 1, 0, 0, 0)  # the first date of a zip archive: the same bytes each time

INSIDE = Inside(
    "surveying",
    (
        "sysconfig_places",
        "sysconfig_variables",
        "config_tool",
        "pkgconfig",
        "manifest_flags",
        "wheel_tags",
    ),
    seconds=120,
    also=("asking",),
    # not the place with spaces: pythonX.Y-config quotes nothing, in any Python
    arguments=(str(MOVED["non-ASCII"]),),
)


@dataclass(frozen=True, slots=True)
class Surveying:
    """Facts of `probes/inside/surveying.py`."""

    name: str = INSIDE.name
    sections: tuple[str, ...] = field(default=INSIDE.sections)

    @property
    def digest(self) -> str:
        """Of the inside file, and of what is carried."""
        return hashlib.sha256(INSIDE.digest.encode() + _packaging()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Carry `packaging` into the cell, if the host has it, and ask."""
        if content := _packaging():
            box.put(CARRIED, content)
        return INSIDE.gather(box)


def _packaging() -> bytes:
    """The package's sources as a zip archive; empty if it is not installed."""
    spec = importlib.util.find_spec("packaging")
    if spec is None or not spec.submodule_search_locations:
        return b""
    top = Path(spec.submodule_search_locations[0])
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(top.rglob("*.py")):
            name = f"packaging/{path.relative_to(top).as_posix()}"
            archive.writestr(zipfile.ZipInfo(name, EARLY), path.read_bytes())
    return target.getvalue()
