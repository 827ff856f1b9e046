"""`everylinux notes`: the release notes between two builds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from everylinux.errors import UsageError
from everylinux.forge.manifest import NAME
from everylinux.forge.papers import notes as differences

NEEDED = {"python", "arch", "profile", "toolchain", "components", "flags", "files"}


@click.command()
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
def notes(*, old: Path, new: Path) -> None:
    """Print the difference between two builds as Markdown: the release notes of NEW.

    OLD and NEW are trees, or their manifest.json.
    """
    click.echo(differences.notes(read(old), read(new)), nl=False)


def read(path: Path) -> dict[str, Any]:
    """The manifest of a tree or at a path; UsageError for anything else."""
    file = path / NAME if path.is_dir() else path
    move = f"name a tree or its {NAME}"
    try:
        found = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", move=move) from None
    except (ValueError, RecursionError):
        raise UsageError(f"{file} is no JSON", move=move) from None
    missing = sorted(NEEDED - set(found)) if isinstance(found, dict) else ["everything"]
    if missing:
        raise UsageError(f"{file} is no manifest: it lacks {', '.join(missing)}", move=move)
    return dict(found)
