"""What engines cost: `python tests/engines/cost.py [ROOT]` prints a table of milliseconds.

ROOT is an unpacked root with /bin/true and the folders of a cell. No test: nothing is asserted.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from everylinux.engines.base import Engine
from everylinux.engines.registry import ENGINES
from everylinux.model import Arch, Cell, Distribution, Image, RootFs


def median(work: Callable[[], object], times: int) -> float:
    """Median milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def measure(engine: Engine, root: Path, subject: Path) -> None:
    """Print a row of the table."""
    image = Image("cost", Arch("x86_64"), "cost", "")
    tree = Distribution(subject, "0", image.arch, "")
    place = RootFs(image, root, "", "")

    def open_and_close() -> None:
        engine.open(Cell(image, "0", engine.name), tree, place).close()

    open_and_close()
    cell = median(open_and_close, 15)
    with engine.open(Cell(image, "0", engine.name), tree, place) as box:
        command = median(lambda: box.run(["/bin/true"]), 500)
    sys.stdout.write(f"| {engine.name} | {command:.2f} | {cell:.1f} |\n")


def main() -> None:
    """Measure each engine that works here."""
    sys.stdout.write("| engine | ms per command | ms to open and close a cell |\n|---|---|---|\n")
    with tempfile.TemporaryDirectory() as subject:
        Path(subject).chmod(0o755)
        for name in ("bubblewrap", "podman", "docker"):
            reason = ENGINES[name].unavailable()
            if reason:
                sys.stdout.write(f"| {name} | {reason} | |\n")
            else:
                measure(ENGINES[name], Path(sys.argv[1]), Path(subject))


if __name__ == "__main__":
    main()
