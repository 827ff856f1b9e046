"""`everylinux claims`: docs/claims.md, the list of all claims, made of the suites themselves."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from everylinux.checks import CHECKS, PROFILES
from everylinux.errors import UsageError
from everylinux.model import Claim
from everylinux.places import project_root

PAGE = Path("docs/claims.md")
MUSEUM = re.compile(r"\bmuseum ((?:\d+(?:, | and | to )?)+)")
"""How a source names rows of the museum of bugs: `museum 3`, `bug museum 43 to 45`."""
HEAD = """# Claims

Made by `everylinux claims` from the suites; do not edit. A claim is one function below `suites/`
([CONTRIBUTING.md](../CONTRIBUTING.md)). *Museum* is a list of bugs that shipped in portable,
relocatable or musl distributions of Python; its numbers stand in the sources.
"""


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if the page is not current.")
def claims(*, check: bool) -> None:
    """Write docs/claims.md: every claim with its source, its remedy and where it holds."""
    project = project_root()
    found = tuple(load(project))
    text, path = page(found), project / PAGE
    if check and (not path.is_file() or path.read_text("utf-8") != text):
        raise UsageError(f"{PAGE} is not current", move="run `everylinux claims` and commit it")
    if not check:
        path.write_text(text, "utf-8")
    click.echo(f"{PAGE}: {len(found)} claims, {len(drawn(found))} of them from the museum")


def load(project: Path) -> Iterator[Claim]:
    """Every claim of a checkout's suites, sorted by id."""
    for path in sorted(project.glob("suites/*/test_*.py")):
        name = f"suite_{path.parent.name}_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:  # no loader takes a file that ends with .py
            raise UsageError(f"{path} cannot be imported", move="see whether it is a Python file")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    suites = {path.name for path in project.glob("suites/*") if path.is_dir()}
    yield from sorted(c.claim for c in CHECKS.values() if c.claim.area in suites)


def museum(source: str) -> tuple[int, ...]:
    """The rows of the museum that a source names, in their order: `43 to 45` is three."""
    rows: list[int] = []
    for found in MUSEUM.finditer(source):
        for part in re.split(r", | and ", found[1].removesuffix(", ").removesuffix(" and ")):
            first, _, last = part.partition(" to ")
            rows += range(int(first), int(last or first) + 1)
    return tuple(rows)


def drawn(found: Iterable[Claim]) -> tuple[Claim, ...]:
    """The claims whose source names a row of the museum."""
    return tuple(claim for claim in found if museum(claim.source))


def page(found: tuple[Claim, ...]) -> str:
    """The whole page."""
    areas = sorted({claim.area for claim in found})
    parts = [HEAD, _overview(found, areas), _rows(found)]
    parts += [_area(area, [c for c in found if c.area == area]) for area in areas]
    return "\n".join(parts)


def _overview(found: tuple[Claim, ...], areas: list[str]) -> str:
    rows = [_row("area", "ids", "claims", "from the museum", *PROFILES), "|---|---|" + "--:|" * 5]
    for area in [*areas, ""]:
        of = [claim for claim in found if area in {claim.area, ""}]
        ids = ", ".join(sorted({claim.id[:3] for claim in of})) if area else ""
        held = [sum(name in claim.profiles for claim in of) for name in PROFILES]
        name = f"[{area}](#{area})" if area else "all"
        rows.append(_row(name, ids, len(of), len(drawn(of)), *held))
    return "\n".join(rows) + "\n"


def _rows(found: tuple[Claim, ...]) -> str:
    """One line: which rows of the museum have how many claims."""
    held = Counter(row for claim in found for row in set(museum(claim.source)))
    told = ", ".join(f"{row} ({count})" for row, count in sorted(held.items()))
    return f"Rows of the museum, and how many claims name them: {told}.\n"


def _area(area: str, found: list[Claim]) -> str:
    rows = [_row("id", "claim", "source", "remedy", "profiles"), "|---|---|---|---|---|"]
    for claim in found:
        held = "all" if set(claim.profiles) == set(PROFILES) else ", ".join(claim.profiles)
        rows.append(_row(claim.id, claim.says, claim.source, claim.remedy, held))
    return f"## {area}\n\n" + "\n".join(rows) + "\n"


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
