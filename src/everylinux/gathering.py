"""Facts on demand: opens a cell when its first fact is asked for, and closes it at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from everylinux.distribution import state, tree_state
from everylinux.engines.base import Box
from everylinux.engines.registry import ENGINES
from everylinux.errors import AgentError
from everylinux.facts import Facts, FactStore
from everylinux.model import Cell, Distribution, Section
from everylinux.places import cache_root
from everylinux.planning import Plan
from everylinux.probes.base import CellProbe, ReadsAround, StaticProbe
from everylinux.probes.registry import CELL_PROBES, STATIC_PROBES

ARTEFACT_FOLDER = "artefact"
WAITING = {"peers": "peer_talks", "terminal": "terminal", "resolver": "resolver"}
"""Area -> its probe that waits most of its time: for time-outs, for peers, for keys to be drawn."""


class CellFacts:
    """The facts of one cell; a context manager that owns the cell's box."""

    def __init__(self, plan: Plan, cell: Cell) -> None:
        """Nothing is opened yet."""
        self._plan = plan
        self._cell = cell
        self._store = FactStore(plan.folder / "facts")
        self._stack = ExitStack()
        self._box: Box | None = None
        self._known: dict[str, Mapping[str, Section]] = {}
        self._ahead: ThreadPoolExecutor | None = None
        self._done = False

    def ahead(self, areas: Sequence[str]) -> None:
        """Gather what waits for those areas from now on, in a thread and a cell of its own.

        Meanwhile the processor is another probe's. Who asks for such a fact waits by the store's
        lock. Not where a cell boots: a second machine costs more than it saves.
        """
        names = [WAITING[area] for area in areas if area in WAITING]
        if not names or ENGINES[self._plan.engine].boots:
            return
        self._ahead = ThreadPoolExecutor(1, "everylinux-ahead")
        self._ahead.submit(self._gather_ahead, names)

    def _gather_ahead(self, names: Sequence[str]) -> None:
        """Store the facts of some probes, in that order, until the claims are done with."""
        found = {probe.name: probe for probe in CELL_PROBES}
        with CellFacts(self._plan, self._cell) as other:
            for probe in [found[name] for name in names if name in found]:
                if not self._done:
                    other._sections(probe)

    @property
    def facts(self) -> Facts:
        """The facts, gathered one probe at a time as they are asked for."""
        return Facts(self._load)

    def _load(self, section: str) -> Section:
        for probe in CELL_PROBES:
            if section in probe.sections:
                return self._sections(probe).get(section, _NOTHING)
        return _no_probe(section)

    def _sections(self, probe: CellProbe) -> Mapping[str, Section]:
        if probe.name not in self._known:
            key = _key(self._plan, self._cell, probe)
            self._known[probe.name] = self._store.sections(
                self._cell.id, probe.name, key, lambda: self._gather(probe)
            )
        return self._known[probe.name]

    def _gather(self, probe: CellProbe) -> Mapping[str, Section]:
        """Gather; whatever breaks the probe breaks its facts, not the run."""
        try:
            return probe.gather(self._open())
        except Exception as error:  # noqa: BLE001 - a broken probe is `unknown`, never the end
            self._forget(error)
            return _broken(probe.sections, error)

    def _forget(self, error: Exception) -> None:
        """After the agent broke, the next probe gets a cell of its own."""
        if isinstance(error, AgentError):
            self._box = None
            with suppress(Exception):
                self._stack.close()

    def _open(self) -> Box:
        if self._box is None:
            engine = ENGINES[self._plan.engine]
            root = self._plan.root_of[self._cell.id]
            box = engine.open(self._cell, self._plan.distribution, root)
            self._box = self._stack.enter_context(box)
        return self._box

    def __enter__(self) -> Self:
        """Nothing is opened yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the box if it was opened, and wait for what was begun ahead."""
        self._done = True
        self._stack.close()
        if self._ahead is not None:
            self._ahead.shutdown()


def artefact_facts(plan: Plan) -> Facts:
    """The facts of the artefact itself, gathered once for all cells and workers."""
    store = FactStore(plan.folder / "facts")
    known: dict[str, Mapping[str, Section]] = {}
    tree = cache(lambda: tree_state(plan.distribution.root))

    def sections(probe: StaticProbe) -> Mapping[str, Section]:
        if probe.name not in known:
            key = {"distribution": plan.distribution.digest, "probe": probe.name}
            known[probe.name] = store.sections(
                ARTEFACT_FOLDER, probe.name, key, lambda: _gather_static(probe, plan, tree())
            )
        return known[probe.name]

    def load(section: str) -> Section:
        for probe in STATIC_PROBES:
            if section in probe.sections:
                return sections(probe).get(section, _NOTHING)
        return _no_probe(section)

    return Facts(load)


def _gather_static(probe: StaticProbe, plan: Plan, tree: str) -> Mapping[str, Section]:
    """Read the artefact, or what was read of it by another run while `tree` was its state."""
    subject = plan.distribution
    key = {
        "digest": subject.digest,
        "state": tree,
        "around": _around(probe, subject),
        "probe": _static_digest(),
    }
    kept = FactStore(cache_root() / "facts")
    try:
        return kept.sections(subject.digest[:32], probe.name, key, lambda: _sound(probe, subject))
    except _UnsoundError as unsound:
        return unsound.sections
    except OSError:  # no cache can be written here
        return _read_artefact(probe, subject)


def _around(probe: StaticProbe, subject: Distribution) -> str:
    """State of what the probe reads outside of the tree: papers may change beside the same tree."""
    if not isinstance(probe, ReadsAround):
        return ""
    return state(subject.root.parent, probe.around(subject))


class _UnsoundError(Exception):
    """Facts that are not worth keeping: the next run shall try again."""

    def __init__(self, sections: Mapping[str, Section]) -> None:
        super().__init__()
        self.sections = sections


def _sound(probe: StaticProbe, subject: Distribution) -> Mapping[str, Section]:
    """What was read, if all of it could be; what the parser gave up may be read next time."""
    found = _read_artefact(probe, subject)
    values = [section.value for section in found.values()]
    if any(section.error for section in found.values()) or any(
        isinstance(value, dict) and value.get("errors") for value in values
    ):
        raise _UnsoundError(found)
    return found


def _read_artefact(probe: StaticProbe, subject: Distribution) -> Mapping[str, Section]:
    try:
        return probe.gather(subject)
    except Exception as error:  # noqa: BLE001 - a broken probe is `unknown`, never the end
        return _broken(probe.sections, error)


@cache
def _static_digest() -> str:
    """Digest of all that static probes are made of."""
    files = sorted((Path(__file__).parent / "probes" / "static").glob("*.py"))
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content + version("lief").encode()).hexdigest()


_NOTHING = Section(error="the probe reported nothing of this section")


def _no_probe(section: str) -> Section:
    return Section(error=f"no probe gathers {section!r}")


def _broken(sections: Iterable[str], error: Exception) -> dict[str, Section]:
    why = f"the probe broke: {type(error).__name__}: {error}"[:500]
    return {name: Section(error=why) for name in sections}


def _key(plan: Plan, cell: Cell, probe: CellProbe) -> dict[str, Any]:
    """All that the facts depend on."""
    return {
        "distribution": plan.distribution.digest,
        "image": plan.root_of[cell.id].digest,
        "probe": hashlib.sha256(f"{probe.name}:{probe.digest}".encode()).hexdigest(),
        "engine": plan.engine,
        "kernel": cell.kernel,
        "posture": cell.posture,
    }
