"""Records what every probe finds in one cell, for test_facts.py.

    python -m tests.sabotage.record --dist TREE --root UNPACKED_ROOT [--probe NAME ...]

TREE is a good distribution, UNPACKED_ROOT the root filesystem of Alpine 3.20 for x86_64; for the
probe `building`, which needs a compiler, that of debian13cc. The probe `bootstrap` needs a tree
that starts by the wrapper, `packages` EVERYLINUX_PACKAGES=1. Without --probe all others. Writes
tests/data/facts/PROBE.json: sections by name, sorted. A broken section is not recorded: the end
says which.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from everylinux.engines.registry import choose
from everylinux.model import Arch, Cell, Distribution, Image, RootFs
from everylinux.probes.registry import CELL_PROBES

FOLDER = Path(__file__).parent.parent / "data" / "facts"
LIMIT = 300 << 10
APART = {"building", "bootstrap", "packages"}  # each needs a root, a tree or an index
ARCH = Arch("x86_64")
BUNDLES = ("/etc/ssl/certs/ca-certificates.crt",)  # as in the matrix


def record(tree: Path, root: Path, names: Collection[str]) -> list[str]:
    """Gather the named cell probes and write their sections; the errors of broken ones."""
    image = Image("alpine320", ARCH, "Alpine", "3.20", ca=BUNDLES)
    cell = Cell(image, "3.13", "bubblewrap")
    manifest = json.loads((tree / "manifest.json").read_text())
    subject = Distribution(tree, "3.13", ARCH, "recorded", manifest=manifest)
    errors = []
    rootfs = RootFs(image, root, "sha256:recorded", "recorded")
    with choose("bubblewrap").open(cell, subject, rootfs) as box:
        for probe in (probe for probe in CELL_PROBES if probe.name in names):
            found = probe.gather(box)
            errors += [f"{name}: {row.error}" for name, row in found.items() if row.error]
            write(probe.name, {name: row.value for name, row in found.items() if not row.error})
    return errors


def write(name: str, sections: Mapping[str, Any]) -> None:
    """Write one probe's sections; ValueError past 300 kB."""
    text = json.dumps(sections, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if len(text.encode()) > LIMIT:
        raise ValueError(f"{name}: {len(text)} bytes of facts")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(text)


def main() -> None:
    """Read the command line, record, and print what broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dist", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    names = [probe.name for probe in CELL_PROBES]
    parser.add_argument("--probe", action="append", choices=names)
    given = parser.parse_args()
    chosen = given.probe or [name for name in names if name not in APART]
    for error in record(given.dist.resolve(), given.root.resolve(), chosen):
        print(error)  # noqa: T201 - what the program is for


if __name__ == "__main__":
    main()
