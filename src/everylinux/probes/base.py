"""The two kinds of probe, and the one that runs a file under the Python under test."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, runtime_checkable

from everylinux.engines.base import Box
from everylinux.errors import AgentError
from everylinux.model import PROBES, SUBJECT, Distribution, Limits, Result, Section

INSIDE = Path(__file__).parent / "inside"
RESULT = "/tmp/everylinux-{name}.json"  # noqa: S108 - the cell's own tmpfs
RESULT_BYTES = 32 << 20
SYSTEM = PurePosixPath("/usr")  # of a system's own Python


class CellProbe(Protocol):
    """Gathers in a cell."""

    @property
    def name(self) -> str:
        """The name of the stored file."""
        ...

    @property
    def sections(self) -> tuple[str, ...]:
        """The first parts of the fact paths it provides; no two probes share one."""
        ...

    @property
    def digest(self) -> str:
        """Changes when what it gathers changes; part of the facts' key."""
        ...

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Every section, each with a value or an error."""
        ...


class StaticProbe(Protocol):
    """Gathers from the artefact's files, once per artefact."""

    @property
    def name(self) -> str:
        """The name of the stored file."""
        ...

    @property
    def sections(self) -> tuple[str, ...]:
        """The first parts of the fact paths it provides; no two probes share one."""
        ...

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Every section, each with a value or an error."""
        ...


@runtime_checkable
class ReadsAround(Protocol):
    """What a static probe is, too, if it reads files outside of the tree."""

    def around(self, distribution: Distribution) -> Iterable[Path]:
        """Those files, below the folder that the tree is in; one of them may be missing."""
        ...


def python_of(distribution: Distribution) -> str:
    """The interpreter under test, as a path in the cell; a system's own runs where it lies."""
    place = SYSTEM if distribution.profile == "system" else SUBJECT
    return str(place / "bin" / f"python{distribution.python}")


@dataclass(frozen=True, slots=True)
class Inside:
    """A probe that is a file of `probes/inside/`, run under the Python under test.

    `runner.py` imports the file and runs each function of its SECTIONS in a child of its own; a
    section that crashes or hangs is one broken section. See probes/inside/runner.py.
    """

    name: str  # the file's stem
    sections: tuple[str, ...]
    seconds: float = 60.0  # for the whole file; each section's own bound is SECONDS in the file
    uid: int | None = None
    arguments: tuple[str, ...] = ()
    also: tuple[str, ...] = ()  # stems of further files it loads or starts; part of the digest
    environment: tuple[tuple[str, str], ...] = ()  # beside PATH and HOME

    @property
    def digest(self) -> str:
        """Digest of the runner, the file and those it also needs."""
        stems = ("runner", self.name, *self.also)
        content = b"".join((INSIDE / f"{stem}.py").read_bytes() for stem in stems)
        return hashlib.sha256(content).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Run it and read what it wrote; what it did not write is an error of that section."""
        target = RESULT.format(name=self.name)
        runner = str(PROBES / "runner.py")
        result = box.run(
            [python_of(box.distribution), "-I", "-B", runner, self.name, target, *self.arguments],
            env={"PATH": "/usr/bin:/bin", "HOME": "/tmp", **dict(self.environment)},  # noqa: S108
            uid=self.uid,
            limits=Limits(seconds=self.seconds),
        )
        try:
            found = json.loads(box.get(target, RESULT_BYTES))
        except (FileNotFoundError, ValueError, AgentError) as error:
            return self._all_broken(f"{_how(result)}; {type(error).__name__}: {error}")
        return {name: _section(found, name) for name in self.sections}

    def _all_broken(self, why: str) -> dict[str, Section]:
        return {name: Section(error=why) for name in self.sections}


def _section(found: Any, name: str) -> Section:  # noqa: ANN401 - untrusted JSON
    row = found.get(name) if isinstance(found, dict) else None
    if not isinstance(row, dict):
        return Section(error="the probe wrote nothing of this section")
    if isinstance(row.get("error"), str) and row["error"]:
        return Section(error=row["error"][:500])
    return Section(value=row["value"]) if "value" in row else Section(error="malformed section")


def _how(result: Result) -> str:
    """One line on how a probe ended, with the last line of its stderr."""
    if result.error:
        return f"the interpreter did not start: {result.error}"
    how = f"signal {result.signal}" if result.signal else f"status {result.status}"
    if result.timed_out:
        how = f"stopped after {result.wall_seconds:.0f} s"
    last = result.err.decode("utf-8", "replace").strip().splitlines()[-1:]
    return f"the probe ended with {how}: {''.join(last)[:200]}"
