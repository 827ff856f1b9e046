"""Which distributions belong together, so that a matrix of many rows can be read."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

from everylinux.report.model import CellRow

FAMILIES = MappingProxyType(
    {
        "Debian": ("debian", "ubuntu", "distroless"),
        "Red Hat": ("red hat", "rhel", "centos", "almalinux", "rocky", "fedora", "amazon"),
        "SUSE": ("opensuse", "sles", "suse"),
        "Arch": ("arch",),
        "Alpine": ("alpine",),
        "Embedded": ("busybox", "openwrt", "cirros", "tiny core", "buildroot"),
    }
)
"""Family -> beginnings of the names (matrix.yaml `name`, in small letters) that belong to it."""
OTHERS = "Others"


def family(cell: CellRow) -> str:
    """The family of a cell's distribution."""
    name = cell.name.lower()
    return next((found for found, starts in FAMILIES.items() if name.startswith(starts)), OTHERS)


def grouped(cells: Iterable[CellRow]) -> dict[str, list[CellRow]]:
    """Cells by family, in the order of FAMILIES; families without a cell are left out."""
    groups: dict[str, list[CellRow]] = {name: [] for name in (*FAMILIES, OTHERS)}
    for cell in cells:
        groups[family(cell)].append(cell)
    return {name: rows for name, rows in groups.items() if rows}
