"""build/lock.yaml: every archive with its size and hash, one form per kind of origin."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.errors import RecipeError
from everylinux.strict_yaml import read_yaml, validate

SCHEMA = Path(__file__).with_name("lock.schema.json")
KINDS = ("upstream", "debian")
"""The forms an entry may have, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Form:
    """One archive file as one kind of origin gives it."""

    entry: str  # name of the lock entry
    kind: str  # upstream | debian
    file: str
    sha256: str
    size: int | None  # bytes; None where nobody could fetch it yet
    origin: Mapping[str, Any]  # the form as the lock says it, for the manifest

    @property
    def urls(self) -> tuple[str, ...]:
        """Where upstream and its mirrors have it; empty for other kinds."""
        return tuple(self.origin.get("urls", ()))


@dataclass(frozen=True, slots=True)
class Entry:
    """One pinned source."""

    name: str
    version: str
    forms: tuple[Form, ...]  # in the order of KINDS


def load_lock(path: Path) -> dict[str, Entry]:
    """Read the lock; RecipeError with the dotted path of the first mistake."""
    document = read_yaml(path, wrong=RecipeError, numbers=True)
    validate(document, json.loads(SCHEMA.read_text("utf-8")))
    return {name: _entry(name, raw) for name, raw in document.value["archives"].items()}


def _entry(name: str, raw: Mapping[str, Any]) -> Entry:
    forms = tuple(_form(name, kind, raw[kind]) for kind in KINDS if kind in raw)
    return Entry(name, raw["version"], forms)


def _form(name: str, kind: str, raw: Mapping[str, Any]) -> Form:
    return Form(name, kind, raw["file"], raw["sha256"], raw.get("size"), {"kind": kind, **raw})
