"""The section `papers`: the bill of materials, the licences' texts, and what lies beside the tree.

`papers.bill`      what bill.py reads of sbom.cdx.json; absent where there is none
`papers.texts`     path -> text of every file below licenses/
`papers.beside`    `sums` (file -> sha256 as SHA256SUMS says), `statements` (file -> JSON of
                   NAME.provenance.json), `digests` (file -> sha256 of what these two name and is
                   there), `archives` (names of what the build packed)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.model import Distribution, Section
from everylinux.probes.static.child import examine
from everylinux.probes.static.tree import Item, TreeTooLarge, walk

BILL = "sbom.cdx.json"
SUMS, STATEMENTS, ARCHIVES = "SHA256SUMS", "*.provenance.json", "*.tar.*"
TEXT_BYTES = 128 << 10  # the longest, libx11's, has 46 kB
PAPER_BYTES = 4 << 20  # of a statement, or of SHA256SUMS
SUM = re.compile(r"([0-9a-f]{64}) [ *]([\w.+-]+)")


@dataclass(frozen=True, slots=True)
class PapersProbe:
    """Gathers `papers`."""

    name: str = "papers"
    sections: tuple[str, ...] = ("papers",)
    schema: int = 1

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Read the papers; a bill that kills its parser has only `error`."""
        root = distribution.root
        try:
            items = [item for item in walk(root) if item.kind == "file"]
        except (OSError, TreeTooLarge) as error:
            return {"papers": Section(error=f"{type(error).__name__}: {error}")}
        value = {**_bill(items), "texts": _texts(items), "beside": _beside(root.parent)}
        return {"papers": Section(value=value)}

    def around(self, distribution: Distribution) -> Iterable[Path]:
        """Everything that `papers.beside` tells of: base.ReadsAround."""
        folder = distribution.root.parent
        named = _named(folder, _said(folder), _statements(folder)).values()
        return {folder / SUMS, *folder.glob(STATEMENTS), *folder.glob(ARCHIVES), *named}


def _bill(items: list[Item]) -> dict[str, Any]:
    answer = examine((item for item in items if item.path == BILL), "bill").get(BILL)
    if answer is None:
        return {}
    return {"bill": answer.get("facts", {"error": answer.get("error")})}


def _texts(items: list[Item]) -> dict[str, str]:
    return {i.path: _read(i.absolute, TEXT_BYTES) for i in items if i.path.startswith("licenses/")}


def _read(path: Path, limit: int) -> str:
    with path.open("rb") as file:
        return file.read(limit).decode("utf-8", "replace")


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _beside(folder: Path) -> dict[str, Any]:
    said, statements = _said(folder), _statements(folder)
    there = _named(folder, said, statements)
    return {
        "sums": said,
        "statements": statements,
        "digests": {name: _sha256(path) for name, path in there.items() if _plain(path)},
        "archives": sorted(path.name for path in folder.glob(ARCHIVES) if _plain(path)),
    }


def _said(folder: Path) -> dict[str, str]:
    return _sums(_read(folder / SUMS, PAPER_BYTES)) if _plain(folder / SUMS) else {}


def _statements(folder: Path) -> dict[str, Any]:
    found = [path for path in sorted(folder.glob(STATEMENTS)) if _plain(path)]
    return {path.name: _json(path) for path in found}


def _named(folder: Path, said: Mapping[str, str], statements: Mapping[str, Any]) -> dict[str, Path]:
    """Name -> place of what the sums and the statements name, there or not."""
    names = {*said, *(name for one in statements.values() for name in _subjects(one))}
    return {name: folder / name for name in sorted(names) if "/" not in name}


def _sums(text: str) -> dict[str, str]:
    found = (SUM.fullmatch(line) for line in text.splitlines())
    return {match[2]: match[1] for match in found if match}


def _json(path: Path) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(_read(path, PAPER_BYTES))
    except (ValueError, RecursionError):
        return None


def _subjects(said: Any) -> list[str]:  # noqa: ANN401 - any JSON
    rows = said.get("subject") if isinstance(said, dict) else None
    names = [row.get("name") for row in rows or () if isinstance(row, dict)]
    return [name for name in names if isinstance(name, str)]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
