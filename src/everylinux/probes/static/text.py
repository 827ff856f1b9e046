"""The section `text`: build paths and machine-dependent lines left in any file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from everylinux.model import Distribution, Section
from everylinux.probes.static.child import examine
from everylinux.probes.static.tree import Item, TreeTooLarge, walk

SPECIAL = {
    "pkgconfig": ("pc", "lib/pkgconfig/*.pc"),
    "sysconfig": ("sysconfig", "lib/python3.*/_sysconfigdata*.py"),
    "json": ("json", "*.json"),
    "headers": ("macros", "include/python3.*/p[ya]*[gl].h"),  # pyconfig.h and patchlevel.h
}
"""Section key -> (parser, which files)."""

OWN = "manifest.json"  # says where sources came from; judged by its own claims
TESTS = "lib/python3.*/test/*"  # CPython's test data: JSON with made-up paths


@dataclass(frozen=True, slots=True)
class TextProbe:
    """Gathers `text.paths`, `shebangs`, `pkgconfig`, `sysconfig`, `json`, `headers`, `errors`.

    `paths`: file -> {absolute path: count}; the others: file -> what content.py says of it.
    """

    name: str = "text"
    sections: tuple[str, ...] = ("text",)
    schema: int = 1

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Read every regular file once."""
        try:
            items = [item for item in walk(distribution.root) if item.kind == "file"]
        except (OSError, TreeTooLarge) as error:
            return {"text": Section(error=f"{type(error).__name__}: {error}")}
        value: dict[str, Any] = {"errors": {}, **_general(items)}
        for key, (kind, pattern) in SPECIAL.items():
            value[key] = _special(items, kind, pattern, value["errors"])
        return {"text": Section(value=value)}


def _general(items: list[Item]) -> dict[str, Any]:
    answers = examine((i for i in items if i.path != OWN), "text")
    facts = {path: answer.get("facts", {}) for path, answer in answers.items()}
    return {
        "paths": {path: f["paths"] for path, f in facts.items() if "paths" in f},
        "shebangs": {path: f["shebang"] for path, f in facts.items() if "shebang" in f},
        "errors": {path: a["error"] for path, a in answers.items() if "error" in a},
    }


def _special(
    items: list[Item], kind: str, pattern: str, errors: dict[str, str]
) -> dict[str, dict[str, Any]]:
    chosen = [
        item
        for item in items
        if fnmatchcase(item.path, pattern)
        and item.path != OWN
        and not (kind == "json" and fnmatchcase(item.path, TESTS))
    ]
    answers = examine(chosen, kind)
    errors |= {path: a["error"] for path, a in answers.items() if "error" in a}
    return {path: a["facts"] for path, a in answers.items() if "facts" in a}
