"""Facts of the artefact's own files: read once per artefact, never by running it."""

from __future__ import annotations

from everylinux.probes.base import StaticProbe
from everylinux.probes.static.elf import ElfProbe
from everylinux.probes.static.files import FilesProbe
from everylinux.probes.static.manifest import ManifestProbe
from everylinux.probes.static.papers import PapersProbe
from everylinux.probes.static.says import SaysProbe
from everylinux.probes.static.text import TextProbe

PROBES: tuple[StaticProbe, ...] = (
    FilesProbe(),
    ElfProbe(),
    TextProbe(),
    ManifestProbe(),
    PapersProbe(),
    SaysProbe(),
)
"""Every static probe; no two provide the same section."""
