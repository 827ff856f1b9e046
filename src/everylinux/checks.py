"""How a claim is written and judged: `@check`, evidence, expected values.

A claim is one function below suites/AREA/: its docstring is the promise, its parameters are what
it judges. `facts` are of a cell, `artefact` of the distribution itself, `expected` comes from the
specification, the lock or a table, `evidence` is what the report shows.
"""

from __future__ import annotations

import inspect
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from everylinux import budgets, promises
from everylinux.budgets import Budget
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts
from everylinux.model import Claim, Distribution, Outcome, Verdict
from everylinux.strict_yaml import LOADER

PROFILES = ("standalone", "relocatable", "system")
ARTEFACT = "artefact"
"""The pseudo-cell of claims that need no cell."""

ID = re.compile(r"[A-Z]{3}-\d{3}")
EVIDENCE_BYTES = 64 << 10
"""Evidence beyond this is cut, so that one verdict cannot fill the report."""

F = TypeVar("F", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Measure:
    """A series that the report plots: values of one metric in one cell."""

    name: str
    unit: str
    values: tuple[float, ...]
    budget: float | None = None


class Evidence(dict[str, Any]):
    """What a claim saw, as JSON; shown in the report beside the verdict."""

    def __init__(self) -> None:
        """Empty, with no measures."""
        super().__init__()
        self.measures: list[Measure] = []

    def measure(
        self, name: str, unit: str, values: list[float], budget: float | None = None
    ) -> None:
        """Give the report a series to plot; ValueError for a value that is no finite number."""
        if not all(map(math.isfinite, values)):
            raise ValueError(f"{name} is no number: {values}")
        self.measures.append(Measure(name, unit, tuple(values), budget))

    def finding(self, weakness: str, mitigation: str) -> None:
        """Tell of a weakness of the design, which the report shows whatever the verdict is."""
        self["finding"] = {"weakness": weakness, "mitigation": mitigation}


@cache
def _table(path: Path) -> Any:  # noqa: ANN401 - any YAML
    return yaml.load(path.read_text(), Loader=LOADER)  # noqa: S506 - it is a safe one


@dataclass(frozen=True, slots=True)
class Expected:
    """What should be: from the lock, the budgets and the tables beside the suites."""

    python: str  # "3.13"
    arch: str
    profile: str
    lock: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # component -> version, ...
    budgets: Mapping[str, Budget] = field(default_factory=dict)
    suites: Path = Path("suites")
    start: str = ""  # what bin/python is, by the manifest: launcher | bootstrap; "" if it has none

    @property
    def loader(self) -> str:
        """The only file outside of the tree that a start may map; "" if there is none."""
        place = self.table("bootstrap/expected.yaml")["place"]
        return str(place[self.arch]) if self.start == "bootstrap" else ""

    @property
    def shell_variables(self) -> frozenset[str]:
        """The variables that a start through a shell may change; none for other starts."""
        names = self.table("bootstrap/expected.yaml")["shell_variables"]
        return frozenset(names if self.start == "bootstrap" else ())

    def budget(self, metric: str) -> Budget:
        """The limit of a metric; FactUnavailable if nobody set one."""
        if metric not in self.budgets:
            raise FactUnavailable(f"budget.{metric}", "suites/budgets.yaml does not name it")
        return self.budgets[metric]

    def version(self, component: str) -> str:
        """The locked version of a component; FactUnavailable if the lock does not name it."""
        if component not in self.lock:
            raise FactUnavailable(f"lock.{component}", "build/lock.yaml does not name it")
        return str(self.lock[component]["version"])

    def table(self, name: str) -> Any:  # noqa: ANN401 - any YAML
        """Data beside the suites: `table("imports/modules.yaml")`."""
        return _table(self.suites / name)

    def of_python(self, table: str, what: str) -> Any:  # noqa: ANN401 - any YAML
        """A table's row of this Python; FactUnavailable for one that nobody looked up."""
        rows = self.table(table)[what]
        if self.python not in rows:
            raise FactUnavailable(f"{table}: {what}", f"no row for Python {self.python}")
        return rows[self.python]

    @classmethod
    def of(cls, distribution: Distribution, project: Path) -> Expected:
        """What a checkout of this project expects of a distribution."""
        return cls(
            python=distribution.python,
            arch=distribution.arch,
            profile=distribution.profile,
            lock=promises.pinned(project, distribution.manifest, distribution.python),
            budgets=budgets.load(project / "suites/budgets.yaml"),
            suites=project / "suites",
            start=str(distribution.manifest.get("start", "")),
        )


def answered(facts: Facts, section: str, evidence: Evidence | None = None) -> dict[str, Any]:
    """What the subject answered; it fails the claim if it raised or crashed instead."""
    found = facts[section]
    if evidence is not None:
        evidence["found"] = found
    assert "failed" not in found, found["failed"]
    answer: dict[str, Any] = found["answer"]
    return answer


def answered_here(facts: Facts, section: str, evidence: Evidence | None = None) -> dict[str, Any]:
    """The same, where a cell may lack what the question needs: then the claim is skipped."""
    answer = answered(facts, section, evidence)
    if "lacks" in answer:
        pytest.skip(f"the cell lacks {answer['lacks']}")
    return answer


def carried(artefact: Facts, names: Iterable[str]) -> set[str]:
    """Those of some libraries that the artefact has itself, by their files' names."""
    return {path.rpartition("/")[2] for path in artefact["elf.objects"]} & set(names)


def agrees(facts: Facts, section: str, table: Mapping[str, Any], evidence: Evidence) -> None:
    """Judge what was answered by a table: each name that it has must have the table's value.

    Evidence has [found, wanted] of those that differ; what the table does not name is not judged.
    """
    answer, wanted = answered_here(facts, section), table[section]
    evidence["differs"] = {
        name: [answer.get(name, "no answer"), value]
        for name, value in wanted.items()
        if answer.get(name, "no answer") != value
    }
    assert evidence["differs"] == {}, f"other than known: {', '.join(evidence['differs'])}"


@dataclass(frozen=True, slots=True)
class Check:
    """A claim with the function that judges it."""

    claim: Claim
    judge: Callable[..., None]

    @property
    def needs(self) -> frozenset[str]:
        """The names of what it judges: facts, artefact, expected, evidence."""
        return frozenset(inspect.signature(self.judge).parameters)


CHECKS: dict[str, Check] = {}
"""Every claim that was imported, by id."""


def check(
    id_: str, *, source: str, remedy: str, profiles: tuple[str, ...] = PROFILES
) -> Callable[[F], F]:
    """Make a function a claim; ValueError if the id is malformed, taken, or the docstring missing.

    `profiles` says for which kinds of distribution the promise holds; elsewhere it is skipped.
    """

    def declare(judge: F) -> F:
        claim = Claim(id_, _area(judge), _sentence(judge), source, remedy, profiles)
        known = CHECKS.get(id_)
        if known and known.claim != claim:
            raise ValueError(f"{id_} is taken by {known.judge.__qualname__}")
        if not ID.fullmatch(id_):
            raise ValueError(f"{id_}: a claim's id is AREA-NNN, three capitals and three digits")
        CHECKS[id_] = Check(claim, judge)
        judge.__check__ = CHECKS[id_]  # type: ignore[attr-defined]
        return judge

    return declare


def _area(judge: Callable[..., None]) -> str:
    return Path(inspect.getfile(judge)).parent.name


def _sentence(judge: Callable[..., None]) -> str:
    text = inspect.getdoc(judge)
    if not text:
        raise ValueError(f"{judge.__qualname__} has no docstring: the report prints it")
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def classify(error: BaseException | None) -> tuple[Outcome, str]:
    """What an exception, or none, makes of a claim, and why in one line."""
    if error is None:
        return Outcome.PASSED, ""
    if isinstance(error, pytest.skip.Exception):
        return Outcome.SKIPPED, str(error.msg)
    if isinstance(error, AssertionError):
        first = str(error).partition("\n")[0]  # what follows is pytest's own explanation
        return Outcome.FAILED, _line(first or "the assertion does not hold")
    if isinstance(error, FactUnavailable):
        return Outcome.UNKNOWN, _line(str(error))
    return Outcome.UNKNOWN, _line(f"the claim itself broke: {type(error).__name__}: {error}")


def _line(text: str) -> str:
    return " ".join(text.split())[:500]


def bounded(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence as JSON values, cut where it is too long; what is no JSON is told as text."""
    try:
        text = json.dumps(evidence, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        return {"lost": f"evidence that is no JSON: {type(error).__name__}: {error}"[:500]}
    if len(text) <= EVIDENCE_BYTES:
        return dict(json.loads(text, parse_constant=str))  # NaN is no JSON to other parsers
    return {"cut": f"{len(text)} bytes of evidence, the first of them follow", "text": text[:8192]}


def applies(claim: Claim, profile: str) -> str:
    """Why a claim does not apply to a profile; "" if it does."""
    return "" if profile in claim.profiles else f"the profile {profile} does not promise this"


def evaluate(check_: Check, cell: str, values: Mapping[str, Any]) -> Verdict:
    """Judge one claim without pytest: `values` are facts, artefact and expected."""
    evidence = Evidence()
    arguments = {**values, "evidence": evidence}
    started = time.perf_counter()
    error: BaseException | None = None
    try:
        check_.judge(**{name: arguments[name] for name in check_.needs})
    except (Exception, pytest.skip.Exception) as caught:  # noqa: BLE001 - any error is a verdict
        error = caught
    outcome, reason = classify(error)
    seconds = time.perf_counter() - started
    return Verdict(check_.claim.id, cell, outcome, seconds, reason, bounded(evidence))
