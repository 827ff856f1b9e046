"""What a distribution or a wheel says that it runs on: releases of C libraries, by its tags.

PEP 656: `musllinux_1_2` is every musl from 1.2.0 on. PEP 600: `manylinux_2_28` is every glibc from
2.28 on; the older names are 2.5 (PEP 513), 2.12 (PEP 571) and 2.17 (PEP 599).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

TAG = re.compile(r"(?<![A-Za-z0-9])(?:(musl|many)linux_(\d+)_(\d+)|manylinux(1|2010|2014))(?!\d)")
OLD = {"1": "2.5", "2010": "2.12", "2014": "2.17"}


@dataclass(frozen=True, slots=True)
class Said:
    """The oldest release of each C library that is promised to be enough; "" where none is."""

    musl: str = ""
    glibc: str = ""
    by: str = ""  # the name that says it

    def of(self, libc: str) -> str:
        """The release of `musl` or `glibc`."""
        return {"musl": self.musl, "glibc": self.glibc}[libc]


def by_names(names: Iterable[str]) -> Said:
    """What the last of the names says that says anything.

    `names` are those of an archive and of the archive within, in this order: the inner one tells of
    the tree, the outer one also of what it comes with.
    """
    said = Said()
    for name in names:
        found = [_release(match) for match in TAG.finditer(name)]
        if found:
            lowest = {libc: _lowest(found, libc) for libc in ("musl", "glibc")}
            said = Said(lowest["musl"], lowest["glibc"], name)
    return said


def _release(match: re.Match[str]) -> tuple[str, str]:
    if match[4]:
        return "glibc", OLD[match[4]]
    libc = "musl" if match[1] == "musl" else "glibc"
    return libc, f"{match[2]}.{match[3]}" + (".0" if libc == "musl" else "")


def _lowest(found: list[tuple[str, str]], libc: str) -> str:
    """A thing with several tags promises each of them, so the lowest counts."""
    releases = [text for kind, text in found if kind == libc]
    return min(releases, key=lambda text: [int(n) for n in text.split(".")], default="")
