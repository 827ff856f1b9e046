"""Every probe there is: what gathers in a cell, and what reads the artefact."""

from __future__ import annotations

from everylinux.probes.base import CellProbe, Inside, StaticProbe

CELL_PROBES: tuple[CellProbe, ...] = (
    Inside("imports", ("imports", "extension_set", "interpreter", "bytecode", "attributes")),
)

STATIC_PROBES: tuple[StaticProbe, ...] = ()
