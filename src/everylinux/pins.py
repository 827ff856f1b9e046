"""matrix.lock.yaml: the digests that first pulls by tag found, machine-written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock
import yaml

from everylinux.errors import ImageError, UsageError
from everylinux.places import project_root
from everylinux.strict_yaml import Document, read_yaml, validate

LOCK_NAME = "matrix.lock.yaml"
HEADER = (
    "# Machine-written: digests found at first pulls by tag. `everylinux images pin` renews them.\n"
)

_PIN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["reference", "digest", "pinned"],
    "properties": {
        "reference": {"type": "string", "minLength": 1, "description": "an image reference"},
        "digest": {
            "description": "sha256: and 64 lower-case hexadecimal digits",
            "type": "string",
            "pattern": "^sha256:[0-9a-f]{64}$",
        },
        "pinned": {
            "description": "a date YYYY-MM-DD",
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        },
    },
}
_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["pins"],
    "properties": {"pins": {"type": "object", "additionalProperties": _PIN}},
}


@dataclass(frozen=True, slots=True)
class Pin:
    """A digest that a first pull by tag wrote into the lock."""

    reference: str
    digest: str  # "sha256:..."
    pinned: str  # ISO date


def matrix_path() -> Path:
    """Return the project's matrix.yaml, or in an installed wheel the package's own copy."""
    with suppress(UsageError):
        return project_root() / "matrix.yaml"
    return Path(__file__).resolve().parent / "matrix.yaml"


def load_pins(path: Path) -> dict[str, Pin]:
    """Read a lock: the pins by `id-arch`, none if there is no such file; MatrixError if wrong."""
    if not path.exists():
        return {}
    document: Document = read_yaml(path)
    validate(document, _SCHEMA)
    return {name: Pin(**pin) for name, pin in document.value["pins"].items()}


def save_pin(path: Path, name: str, pin: Pin) -> None:
    """Add or renew one pin; two processes at once lose nothing. ImageError if it cannot be kept."""
    change_pins(path, {name: pin})


def change_pins(path: Path, new: Mapping[str, Pin | None]) -> None:
    """Add, renew or (None) drop pins in one step."""
    try:
        with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=60):
            pins = {**load_pins(path), **new}
            _write(path, {name: pin for name, pin in sorted(pins.items()) if pin})
    except (OSError, filelock.Timeout) as error:
        why = getattr(error, "strerror", None) or "another process holds it"
        move = f"make {path.parent} writable, or pin the digest in matrix.yaml by hand"
        raise ImageError(f"{path.name} cannot be written ({why})", move=move) from None


def _write(path: Path, pins: Mapping[str, Pin]) -> None:
    text = HEADER + yaml.safe_dump({"pins": {n: asdict(p) for n, p in pins.items()}}, width=100)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
