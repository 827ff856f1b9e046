"""A report: one frozen value, made from a run's journal; everything else presents it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from everylinux.model import DEFAULT, NATIVE, Claim, Support, Verdict

ARTEFACT = "artefact"
"""The pseudo-cell of claims on the distribution itself."""
RUN, NOT_RUN = "run", "not-run"


@dataclass(frozen=True, slots=True)
class Run:
    """The facts of a run; `finished` is empty where it was killed or still goes on."""

    id: str
    started: str  # ISO 8601, UTC
    argv: tuple[str, ...] = ()
    engine: str = ""
    engine_note: str = ""
    machine: Mapping[str, Any] = field(default_factory=dict)  # kernel, cpu, cores, memory_bytes
    version: str = ""  # of everylinux
    finished: str = ""
    exitstatus: int | None = None  # pytest's
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """The distribution that was judged."""

    root: str
    name: str
    python: str
    arch: str
    libc: str
    profile: str
    digest: str
    components: tuple[tuple[str, str], ...] = ()  # name, version
    size_bytes: int = 0
    because: str = ""  # why it has this profile


@dataclass(frozen=True, slots=True)
class CellRow:
    """A place the distribution was to be judged in, run or not."""

    id: str
    distro: str = ""
    name: str = ""
    release: str = ""
    arch: str = ""
    libc: str = ""
    kernel: str = ""
    shell: str = ""
    support: str = Support.BEST_EFFORT
    eol: str = ""
    origin: str = ""
    digest: str = ""
    state: str = RUN
    reason: str = ""
    claims_expected: int = 0
    judged_kernel: str = NATIVE  # the one it was judged under; `kernel` is what it shipped
    posture: str = DEFAULT

    @property
    def linux(self) -> str:
        """The distribution's name for people: `Alpine 3.20`."""
        return f"{self.name} {self.release}".strip() or self.id

    @property
    def setting(self) -> str:
        """Kernel and posture, ` @2.6.32 +openshift`; "" for the machine's own and the default."""
        kernel = "" if self.judged_kernel == NATIVE else f" @{self.judged_kernel}"
        posture = "" if self.posture == DEFAULT else f" +{self.posture}"
        return kernel + posture

    @property
    def title(self) -> str:
        """The cell's name for people: `Alpine 3.20`, `Alpine 3.20 @2.6.32`."""
        return self.linux + (self.setting if self.linux != self.id else "")

    @property
    def is_artefact(self) -> bool:
        """Whether it stands for the distribution itself, not for a Linux."""
        return self.id == ARTEFACT

    @property
    def has_run(self) -> bool:
        """Whether it could be opened."""
        return self.state == RUN


@dataclass(frozen=True, slots=True)
class Measure:
    """A series of values of one metric in one cell."""

    cell: str
    name: str  # "startup.warm"
    unit: str  # "seconds" or "bytes"
    values: tuple[float, ...]
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All that is known of a run."""

    run: Run
    distribution: Subject
    cells: tuple[CellRow, ...] = ()
    claims: tuple[Claim, ...] = ()  # sorted by area and id
    verdicts: tuple[Verdict, ...] = ()  # sorted by cell and claim, one for each pair
    measures: tuple[Measure, ...] = ()
    damaged: int = 0  # lines of the journal that could not be read, a torn last one not counted

    @property
    def areas(self) -> tuple[str, ...]:
        """The areas of all claims, sorted."""
        return tuple(dict.fromkeys(claim.area for claim in self.claims))

    @property
    def linuxes(self) -> tuple[CellRow, ...]:
        """The cells without the artefact itself."""
        return tuple(cell for cell in self.cells if not cell.is_artefact)

    def verdicts_by_cell(self) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts of every cell; the empty tuple where there are none."""
        found: dict[str, list[Verdict]] = {cell.id: [] for cell in self.cells}
        for verdict in self.verdicts:
            found[verdict.cell].append(verdict)
        return {cell: tuple(verdicts) for cell, verdicts in found.items()}
