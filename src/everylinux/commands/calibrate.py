"""`everylinux calibrate`: floors beside the real kernels of their releases."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from everylinux.calibration.explained import load
from everylinux.calibration.formats import notes, to_html, to_json, to_markdown
from everylinux.calibration.pairing import Agreement, Calibration, Pair
from everylinux.calibration.pairing import calibrate as paired

FORMATS: dict[str, Callable[[Calibration], str]] = {
    "calibration.html": to_html,
    "calibration.md": to_markdown,
    "calibration.json": to_json,
}
REPORT = "report.json"


@click.command()
@click.argument(
    "reports", nargs=-1, required=True, metavar="REPORT...", type=click.Path(path_type=Path)
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports/calibration"), show_default=True
)
def calibrate(*, reports: tuple[Path, ...], out: Path) -> None:
    """Write the table of agreement: calibration.html, calibration.md and calibration.json.

    REPORT is a report.json or the folder of a run: of floors (--kernel 2.6.32), and of real kernels
    (--engine qemu). Ends with 1 where something differs that nobody explained.
    """
    paths = [path / REPORT if path.is_dir() else path for path in reports]
    found = paired(paths, load())
    out.mkdir(parents=True, exist_ok=True)
    for name, write in FORMATS.items():
        (out / name).write_text(write(found), encoding="utf-8")
    for pair in found.pairs:
        click.echo(_line(pair))
    for note in notes(found):
        click.echo(f"everylinux: {note}", err=True)
    click.echo(str(out / "calibration.html"))
    sys.exit(1 if found.open else 0)


def _line(pair: Pair) -> str:
    counts = ", ".join(f"{pair.counts[kind]} {kind.value}" for kind in Agreement)
    return f"{pair.real} and {pair.floor} in {pair.distro}: {counts}; {len(pair.open)} unexplained"
