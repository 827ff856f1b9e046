"""Every probe there is: what gathers in a cell, and what reads the artefact."""

from __future__ import annotations

from everylinux.probes.base import CellProbe, Inside, StaticProbe
from everylinux.probes.performance import Performance
from everylinux.probes.starting import Starting
from everylinux.probes.tls import Tls
from everylinux.probes.trust import Trust

CELL_PROBES: tuple[CellProbe, ...] = (
    Inside("imports", ("imports", "extension_set", "interpreter", "bytecode", "attributes")),
    Inside("crypto", ("crypto", "trust")),
    Tls(),
    Trust(),
    Starting(),
    Performance(),
)

STATIC_PROBES: tuple[StaticProbe, ...] = ()
