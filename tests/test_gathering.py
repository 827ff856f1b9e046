"""A cell is opened at its first fact, each probe is asked once, what breaks is `unknown`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from everylinux import gathering, scheduling
from everylinux.distribution import tree_state
from everylinux.engines.base import Box
from everylinux.engines.fake import Fake, FakeBox
from everylinux.engines.registry import ENGINES
from everylinux.errors import AgentError, EngineError, FactUnavailable
from everylinux.gathering import CellFacts, artefact_facts
from everylinux.model import Cell, Distribution, Result, RootFs, Section
from everylinux.planning import Plan
from everylinux.probes import registry
from everylinux.probes.static.papers import PapersProbe
from tests.test_planning import PLAN

Gather = Callable[[Box], object]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts of an artefact are kept in the cache: here in one of the test's own."""
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path / "cache"))


class Engine(Fake):
    """Counts the boxes it opens."""

    def __init__(self) -> None:
        """Answers every command with status 0."""
        answer = Result((), 0, None, b"", b"", 0, 0, 0, 0, 0, 0)
        super().__init__(lambda _argv, _uid: answer)
        self.boxes: list[FakeBox] = []
        self.broken = False

    def open(self, cell: Cell, distribution: Distribution, root: RootFs) -> FakeBox:
        """Open one more, or raise."""
        if self.broken:
            raise EngineError("no cell", move="none")
        self.boxes.append(super().open(cell, distribution, root))
        return self.boxes[-1]


class Probe:
    """Asks a function, and counts."""

    digest = "1"

    def __init__(self, name: str, function: Gather) -> None:
        """`function` gets the box."""
        self.name, self.sections, self.function, self.asked = name, (name,), function, 0

    def gather(self, box: Box) -> Mapping[str, Section]:
        """One section, called as the probe."""
        self.asked += 1
        return {self.name: Section(value=self.function(box))}


def _raise(error: Exception) -> Gather:
    def raises(_: Box) -> object:
        raise error

    return raises


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine called fake."""
    made = Engine()
    monkeypatch.setitem(ENGINES, "fake", made)
    return made


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Probe]:
    """Three probes of a cell: one works, one breaks, one breaks the agent."""
    made = [
        Probe("works", lambda box: box.run(["x"]).status),
        Probe("breaks", _raise(RuntimeError("no"))),
        Probe("kills", _raise(AgentError("died"))),
    ]
    monkeypatch.setattr(gathering, "CELL_PROBES", tuple(made))
    return {probe.name: probe for probe in made}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan whose folder is empty."""
    return replace(PLAN, folder=tmp_path)


def _first(plan: Plan) -> Cell:
    return next(iter(plan.cells.values()))


def test_a_cell_that_nobody_asks_is_not_opened(engine: Engine, plan: Plan) -> None:
    """Skipped claims cost nothing."""
    with CellFacts(plan, _first(plan)):
        pass
    assert engine.boxes == []


def test_a_probe_is_asked_once_by_all_processes(
    engine: Engine, probes: dict[str, Probe], plan: Plan
) -> None:
    """Another worker reads what the first one stored, without a cell of its own."""
    for _ in range(2):
        with CellFacts(plan, _first(plan)) as owner:
            assert [owner.facts["works"], owner.facts["works"]] == [0, 0]
    assert probes["works"].asked == 1
    assert len(engine.boxes) == 1
    assert not engine.boxes[0].run_dir.exists()


def _waits(monkeypatch: pytest.MonkeyPatch, *probes: Probe) -> None:
    """Probes of areas called as they are, of the kind that waits."""
    monkeypatch.setattr(gathering, "CELL_PROBES", probes)
    monkeypatch.setattr(gathering, "WAITING", {probe.name: probe.name for probe in probes})


def test_what_waits_is_gathered_beside_the_others(
    engine: Engine, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, in a cell of its own, and while another probe is being asked."""
    begun, over = threading.Event(), threading.Event()

    def waits(box: Box) -> object:
        begun.set()
        assert over.wait(10)
        return box.run(["x"]).status

    slow = Probe("slow", waits)
    _waits(monkeypatch, slow, Probe("works", lambda _box: begun.wait(10)))
    with CellFacts(plan, _first(plan)) as owner:
        owner.ahead(["slow", "an area without such a probe"])
        assert owner.facts["works"] is True
        over.set()
        assert owner.facts["slow"] == 0
    assert (slow.asked, len(engine.boxes)) == (1, 2)
    assert not any(box.run_dir.exists() for box in engine.boxes)


def test_nothing_more_is_begun_once_the_claims_are_judged(
    engine: Engine, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs is waited for: no cell outlives its facts."""
    begun, second = threading.Event(), Probe("second", lambda _box: 0)

    def takes_a_moment(_: Box) -> object:
        begun.set()
        time.sleep(0.2)
        return 0

    first = Probe("first", takes_a_moment)
    _waits(monkeypatch, first, second)
    with CellFacts(plan, _first(plan)) as owner:
        owner.ahead(["first", "second"])
        assert begun.wait(10)
    assert (first.asked, second.asked) == (1, 0)
    assert not engine.boxes[0].run_dir.exists()


def test_a_cell_that_boots_is_opened_once(
    engine: Engine, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second machine costs more than it saves."""
    probe = Probe("slow", lambda _box: 0)
    _waits(monkeypatch, probe)
    monkeypatch.setattr(engine, "boots", True)
    with CellFacts(plan, _first(plan)) as owner:
        owner.ahead(["slow"])
    assert probe.asked == 0


def test_areas_that_wait_are_real() -> None:
    """Each has a probe, and the scheduler begins them last."""
    assert set(gathering.WAITING) == set(scheduling.LAST)
    assert set(gathering.WAITING.values()) <= {probe.name for probe in registry.CELL_PROBES}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("breaks", "the probe broke: RuntimeError: no"),
        ("kills", "the probe broke: AgentError: died"),
        ("missing", "no probe gathers 'missing'"),
    ],
)
@pytest.mark.usefixtures("engine", "probes")
def test_what_breaks_is_unknown(plan: Plan, name: str, why: str) -> None:
    """With the reason; other facts are there."""
    with CellFacts(plan, _first(plan)) as owner:
        with pytest.raises(FactUnavailable, match=why):
            owner.facts[name]
        assert owner.facts["works"] == 0


@pytest.mark.usefixtures("probes")
def test_after_the_agent_broke_the_cell_is_opened_anew(engine: Engine, plan: Plan) -> None:
    """And the broken one is closed at once."""
    with CellFacts(plan, _first(plan)) as owner:
        with pytest.raises(FactUnavailable):
            owner.facts["kills"]
        assert not engine.boxes[0].run_dir.exists()
        assert owner.facts["works"] == 0
    assert len(engine.boxes) == 2


@pytest.mark.usefixtures("probes")
def test_a_cell_that_cannot_be_opened_is_unknown(engine: Engine, plan: Plan) -> None:
    """Never a pass, and never the end of the run."""
    engine.broken = True
    with (
        CellFacts(plan, _first(plan)) as owner,
        pytest.raises(FactUnavailable, match="EngineError: no cell"),
    ):
        owner.facts["works"]


@pytest.mark.usefixtures("engine")
def test_facts_that_cannot_be_stored_are_facts(probes: dict[str, Probe], plan: Plan) -> None:
    """A full disk costs the sharing, not the truth; nothing half written is left."""
    real = Path.replace

    def full(self: Path, target: Path) -> Path:
        if "facts" in str(self):
            raise OSError(28, "No space left on device")
        return real(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with CellFacts(plan, _first(plan)) as owner:
            assert owner.facts["works"] == 0
    left = [path for path in (plan.folder / "facts").rglob("*") if path.is_file()]
    assert {path.suffix for path in left} <= {".lock"}
    assert probes["works"].asked == 1


def test_the_artefact_is_read_once(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """For all cells and workers; what breaks is unknown there, too."""
    asked = []

    class Static:
        name, sections = "static", ("good", "bad")

        def gather(self, distribution: Distribution) -> Mapping[str, Section]:
            asked.append(distribution.python)
            return {"good": Section(value=1)}

    class Broken:
        name, sections = "broken", ("broken",)

        def gather(self, distribution: Distribution) -> Mapping[str, Section]:
            raise ValueError(distribution.python)

    monkeypatch.setattr(gathering, "STATIC_PROBES", (Static(), Broken()))
    assert artefact_facts(plan)["good"] == 1
    facts = artefact_facts(plan)
    with pytest.raises(FactUnavailable, match="reported nothing of this section"):
        facts["bad"]
    with pytest.raises(FactUnavailable, match=r"ValueError: 3\.13"):
        facts["broken"]
    assert asked == ["3.13"]


def test_the_artefact_is_read_again_after_any_change(tmp_path: Path) -> None:
    """Facts of the artefact are kept between runs until something in the tree changes."""
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    file = tree / "bin/python3"
    file.write_text("x")
    states = [tree_state(tree), tree_state(tree)]
    file.chmod(0o600)
    states.append(tree_state(tree))
    file.write_text("y")
    states.append(tree_state(tree))
    (tree / "bin/new").touch()
    states.append(tree_state(tree))
    assert states[0] == states[1]
    assert len(set(states)) == 4


class Reader:
    """A static probe that counts its readings and finds what it is told to."""

    name = "reader"
    sections = ("read",)

    def __init__(self, *found: Section) -> None:
        """Give one section for each reading."""
        self.found = list(found)

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Read once more."""
        assert distribution.root.is_dir()
        return {"read": self.found.pop(0)}


def _asked(probe: Reader, tree: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(gathering, "STATIC_PROBES", (probe,))
    subject = replace(PLAN.distribution, root=tree)
    return artefact_facts(replace(PLAN, folder=folder, distribution=subject))["read"]


def test_another_run_reads_no_unchanged_artefact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of an artefact serves the next run, until the tree changes."""
    tree = tmp_path / "tree"
    tree.mkdir()
    probe = Reader(Section({"n": 1}), Section({"n": 2}))
    first, second = (_asked(probe, tree, tmp_path / name, monkeypatch) for name in "ab")
    (tree / "new").touch()
    assert (first, second) == ({"n": 1}, {"n": 1})
    assert _asked(probe, tree, tmp_path / "c", monkeypatch) == {"n": 2}


def test_a_changed_paper_beside_the_same_tree_is_read_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree is as it was; its sums, statements and archives are not."""
    tree = tmp_path / "build/tree"
    (tree / "licenses").mkdir(parents=True)
    beside = tree.parent
    probe = PapersProbe()

    def found(run: str) -> object:
        monkeypatch.setattr(gathering, "STATIC_PROBES", (probe,))
        subject = replace(PLAN.distribution, root=tree)
        plan = replace(PLAN, folder=tmp_path / run, distribution=subject)
        return artefact_facts(plan)["papers.beside"]

    seen = [found("a")]
    for run, file, text in (
        ("b", "SHA256SUMS", f"{'0' * 64}  one.zip\n"),
        ("c", "one.zip", "named by the sums"),
        ("d", "tree.tar.zst", "an archive"),
        ("e", "tree.provenance.json", '{"subject": [{"name": "two.zip"}]}'),
        ("f", "two.zip", "named by the statement"),
    ):
        (beside / file).write_text(text)
        seen.append(found(run))
    assert all(one not in seen[:at] for at, one in enumerate(seen))
    (beside / "notes.txt").write_text("not one of them")
    with monkeypatch.context() as patch:
        patch.setattr(PapersProbe, "gather", lambda *_: pytest.fail("nothing changed"))
        assert found("g") == seen[-1]


def test_what_could_not_be_read_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken section, or a file that the parser gave up, is nothing to keep."""
    tree = tmp_path / "tree"
    tree.mkdir()
    gave_up = Section({"errors": {"lib/x.so": "stopped"}})
    probe = Reader(Section(error="broke"), gave_up, Section({"errors": {}}))
    with pytest.raises(FactUnavailable):
        _asked(probe, tree, tmp_path / "a", monkeypatch)
    assert _asked(probe, tree, tmp_path / "b", monkeypatch) == gave_up.value
    assert _asked(probe, tree, tmp_path / "c", monkeypatch) == {"errors": {}}
