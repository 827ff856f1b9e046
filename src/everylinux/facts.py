"""What probes found: sections by name, read by dotted path, stored once per cell."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from everylinux.errors import FactUnavailable
from everylinux.model import Section, as_row

Load = Callable[[str], Section]


class Facts:
    """Sections of a cell or of the artefact; `facts["sqlite.compile_options"]` is a JSON value."""

    def __init__(self, load: Load) -> None:
        """`load` gives the section of a name, gathering it if need be."""
        self._load = load

    @classmethod
    def of(cls, sections: Mapping[str, Any]) -> Facts:
        """Facts of plain values, for replays and for tests: `Facts.of({"sqlite": {...}})`."""

        def load(name: str) -> Section:
            if name not in sections:
                return Section(error="no probe gathered it")
            value = sections[name]
            return value if isinstance(value, Section) else Section(value=value)

        return cls(load)

    def __getitem__(self, path: str) -> Any:  # noqa: ANN401 - a fact is any JSON value
        """The value at a dotted path; FactUnavailable if its section broke or has no such key."""
        name, *keys = path.split(".")
        section = self._load(name)
        if section.error:
            raise FactUnavailable(path, section.error)
        value = section.value
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                raise FactUnavailable(path, f"the probe did not report {key!r}")
            value = value[key]
        return value


class FactStore:
    """A folder of facts that any number of processes share: each fact is gathered once."""

    def __init__(self, root: Path) -> None:
        """`root` is made when first written to."""
        self.root = root

    def sections(
        self,
        folder: str,
        probe: str,
        key: Mapping[str, Any],
        gather: Callable[[], Mapping[str, Section]],
    ) -> Mapping[str, Section]:
        """Stored sections of a probe, gathered under a lock by the first process that asks.

        `key` is all that the facts depend on (digests of distribution, image and probe, engine,
        floor, posture); another key is another file.
        """
        path = self.root / folder / f"{probe}-{_digest(key)}.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{path}.lock"):
                if not path.exists():
                    return _kept(path, key, gather())
        return _read(path)


def _digest(key: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]


def _kept(
    path: Path, key: Mapping[str, Any], sections: Mapping[str, Section]
) -> Mapping[str, Section]:
    """The sections, stored if the disk has room: what was gathered is true in any case."""
    with contextlib.suppress(OSError):
        _write(path, key, sections)
    return sections


def _write(path: Path, key: Mapping[str, Any], sections: Mapping[str, Section]) -> None:
    data = {"key": dict(key), "sections": {name: as_row(s) for name, s in sections.items()}}
    partial = path.with_suffix(f".{os.getpid()}")
    try:
        partial.write_text(json.dumps(data))
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _read(path: Path) -> dict[str, Section]:
    data = json.loads(path.read_text())
    return {name: Section(**section) for name, section in data["sections"].items()}
