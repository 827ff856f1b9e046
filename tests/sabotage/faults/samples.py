"""The red samples of the claims on files, done to a real distribution and judged by all suites.

In tests/sabotage/ each is judged by its own area, on a tree in miniature. Here other areas see it
too: what they may say besides is in ALLOWED. Samples that make the manifest lie are not taken: the
manifest tells the truth here.
"""

from __future__ import annotations

from pathlib import Path

from everylinux.sabotage.registry import fault
from tests.sabotage import FAULTS as SAMPLES
from tests.sabotage import Fault as Sample
from tests.sabotage import elf, hardening, layout, permissions  # noqa: F401 - declare them

AREAS = {"elf", "hardening", "layout", "permissions"}
ALLOWED: dict[str, tuple[str, ...]] = {
    "a_library_of_the_host": ("PAP-106",),
    "a_symbol_nobody_has": ("SYM-004",),
    "compiled_against_glibc": ("SYM-003",),
    "the_interpreter_of_glibc": ("SYM-003",),
}


def _declare(sample: Sample) -> None:
    def apply(tree: Path) -> None:
        sample.apply(tree)

    apply.__doc__ = sample.says
    allows = ALLOWED.get(sample.name, ())
    claims = sorted(sample.kills)
    fault(*claims, of="red sample", allows=allows, root=sample.root, name=sample.name)(apply)


for _sample in list(SAMPLES.values()):
    if _sample.kind == "tree" and _sample.area in AREAS:
        _declare(_sample)
