"""Which release of musl brought each symbol that musl exports.

`musl-symbols.tsv` has a row for each symbol and a pair of columns for each machine: the first and,
where it went away, the last release that exports it. It was read from the dynamic symbol tables of
musl as built from its tags: 1.0.5, 1.1.0, 1.1.5, 1.1.10, 1.1.12, 1.1.14 to 1.1.16, 1.1.18 to
1.1.22, 1.1.24 and 1.2.0 to 1.2.5. What is first seen in a release may have come in one that was
left out just before it.

The names for large files (`open64`, `stat64` ...) leave the symbol tables with 1.2.4, but the
loader still finds them for programs that ask (ldso/dynlink.c, get_lfs64): that they are gone is no
fault.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("musl-symbols.tsv")
MACHINES = {"x86_64": "x86_64", "x86": "i386"}

Release = tuple[int, ...]


def release(text: str) -> Release:
    """`1.2.5` as numbers, for comparing."""
    return tuple(int(part) for part in text.split("."))


@cache
def table(arch: str) -> dict[str, tuple[str, str]]:
    """Symbol -> first and last release that exports it ("": still does), for x86_64 or x86."""
    machine = MACHINES[arch]
    with TABLE.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return {
        row["symbol"]: (row[f"{machine}_first"], row[f"{machine}_last"] or "")
        for row in rows
        if row[f"{machine}_first"] not in {"-", ""}
    }


@cache
def first(arch: str) -> dict[str, str]:
    """Symbol -> the first release that has it."""
    return {name: since for name, (since, _) in table(arch).items()}
