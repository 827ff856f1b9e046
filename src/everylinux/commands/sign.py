"""`everylinux sign`: a signature for a build's provenance statement."""

from __future__ import annotations

import json
from pathlib import Path

import click

from everylinux.errors import UsageError
from everylinux.forge.papers import provenance


@click.command()
@click.argument("statement", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A private key, Ed25519 or elliptic curve, as PEM without a password.",
)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="[beside it]")
def sign(*, statement: Path, key: Path, output: Path | None) -> None:
    """Sign NAME.provenance.json: writes NAME.provenance.dsse.json, prints its path.

    What is signed is a DSSE envelope of the statement, as in-toto's and SLSA's verifiers read it.
    """
    signed = provenance.envelope(payload(statement), provenance.private_key(key))
    target = output or statement.with_suffix(".dsse.json")
    target.write_text(provenance.rendered(signed), "utf-8")
    click.echo(target)


def payload(path: Path) -> bytes:
    """The bytes of a statement; UsageError if they are none."""
    move = f"name the NAME{provenance.SUFFIX} of a build"
    try:
        content = path.read_bytes()
        said = json.loads(content)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", move=move) from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path} is no JSON", move=move) from None
    if not isinstance(said, dict) or said.get("_type") != provenance.STATEMENT:
        raise UsageError(f"{path} is no in-toto statement", move=move)
    return content
