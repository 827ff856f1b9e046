"""`everylinux compare`: distributions of Python side by side."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from everylinux import places
from everylinux.errors import EverylinuxError, UsageError
from everylinux.report import compare as sides
from everylinux.report.compare import Comparison
from everylinux.report.compare_formats import to_html, to_json, to_markdown

FORMATS: dict[str, Callable[[Comparison], str]] = {
    "compare.html": to_html,
    "compare.md": to_markdown,
    "compare.json": to_json,
}
LABEL = re.compile(r"(?:(?P<label>[^=/]+)=)?(?P<what>.+?)(?:@(?P<cells>[\w*?.,-]+))?")
RAN = {0, 1, 3}
"""Exit codes of a run that judged; 2 is misuse."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One word of the command line."""

    label: str
    what: str  # report.json, the folder of a run, or what --dist takes
    cells: str  # those to judge it in, "" for those of --distro


@click.command()
@click.argument("subjects", nargs=-1, required=True, metavar="[LABEL=]A[@ID] [LABEL=]B[@ID]...")
@click.option("--distro", multiple=True, metavar="ID", help="Cells to judge in; as pytest suites/.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("reports/compare"), show_default=True
)
@click.option("--offline", is_flag=True, help="Never leave this machine.")
def compare(
    *, subjects: tuple[str, ...], distro: tuple[str, ...], out: Path, offline: bool
) -> None:
    """Write a side-by-side report: compare.html, compare.md and compare.json.

    A is a report.json, the folder of a run, or a distribution as --dist takes it (a tree, an
    archive, `system`), which is judged first: in the cells after its @, else in those of --distro.
    """
    named = [_subject(word) for word in subjects]
    if len(named) < 2 or len({one.label for one in named}) < len(named):  # noqa: PLR2004
        raise UsageError("nothing to compare", move="name two or more, each by a label of its own")
    found = sides.compare(
        [(one.label, _report(one, ",".join(distro), out, offline=offline)) for one in named]
    )
    out.mkdir(parents=True, exist_ok=True)
    for name, write in FORMATS.items():
        (out / name).write_text(write(found), encoding="utf-8")
    click.echo(
        f"{len(found.claims)} claims: {len(found.apart)} set them apart, all break"
        f" {len(found.together)}, {len(found.unsure)} could not be told"
    )
    click.echo(str(out / "compare.html"))


def _subject(word: str) -> Subject:
    match = LABEL.fullmatch(word)
    if match is None or Path(word).exists():
        return Subject(Path(word).name, word, "")
    what = match["what"]
    return Subject(match["label"] or Path(what).name, what, match["cells"] or "")


def _report(one: Subject, distro: str, out: Path, *, offline: bool) -> Path:
    """The report.json of a subject, which is judged now if it is none."""
    path = Path(one.what)
    if path.suffix == ".json":
        return path
    if (path / "report.json").is_file():
        return path / "report.json"
    cells = one.cells or distro
    if not cells:
        move = f"write {one.what}@ID, or --distro ID"
        raise UsageError(f"{one.what} is no report, and no cell is named to judge it in", move=move)
    return _judged(one, cells, out, offline=offline)


def _judged(one: Subject, cells: str, out: Path, *, offline: bool) -> Path:
    """Run the suites as a user does, with their lines on stderr; the run's report.json."""
    click.echo(f"everylinux: judging {one.label} in {cells}", err=True)
    checkout = places.project_root()
    folder = (out / re.sub(r"[^\w.-]+", "-", one.label)).absolute()
    what = one.what if one.what == "system" else str(Path(one.what).absolute())
    argv = [sys.executable, "-m", "pytest", "suites/", f"--dist={what}", f"--distro={cells}"]
    argv += [f"--report-dir={folder}", *(["--offline"] if offline else [])]
    done = subprocess.run(argv, cwd=checkout, stdout=sys.stderr, check=False)
    if done.returncode not in RAN:
        raise EverylinuxError(f"{one.label} could not be judged", move="the reason stands above")
    return folder / "latest/report.json"
