"""The kit of `everylinux sabotage`: what it copies, how it judges, counts and tells."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from everylinux import checks
from everylinux.commands import build, claims, variants
from everylinux.distribution import tree_digest
from everylinux.errors import UsageError
from everylinux.forge.driver import Forge
from everylinux.forge.recipe import load_recipes
from everylinux.forge.store import Store
from everylinux.model import Arch, Cell, Distribution, Image, Outcome, RootFs
from everylinux.sabotage import alarms, copying, judging, registry, results, running
from everylinux.sabotage.copying import Workshop
from everylinux.sabotage.judging import Judgement, Place
from everylinux.sabotage.registry import Fault
from everylinux.sabotage.results import Result, State
from tests.processes import alive
from tests.sabotage import miniature
from tests.sabotage.test_static import EXPECTED

PROJECT = Path(__file__).parents[2]
LEAST = 100
"""Faults that there must be: issue 4, section 1."""
VARIANTS = 4
PASSED, FAILED, UNKNOWN = Outcome.PASSED, Outcome.FAILED, Outcome.UNKNOWN


def nothing(_: Path) -> None:
    """A fault that does nothing."""


def fault(*kills: str, allows: tuple[str, ...] = ()) -> Fault:
    return Fault("f", "says", frozenset(kills), allows, "of", "static", nothing)


def judgement(**outcomes: Outcome) -> Judgement:
    named = {name.replace("_", "-"): outcome for name, outcome in outcomes.items()}
    return Judgement(named, dict.fromkeys(named, "why"), {})


@pytest.fixture(scope="module")
def faults() -> dict[str, Fault]:
    tuple(claims.load(PROJECT))
    return registry.load(PROJECT)


def test_there_are_enough(faults: dict[str, Fault]) -> None:
    """A hundred faults at least that need no build of their own, of all three kinds."""
    assert sum(one.kind != "variant" for one in faults.values()) >= LEAST
    assert {one.kind for one in faults.values()} == {"static", "behaviour", "variant"}


def test_faults_name_claims_that_exist(faults: dict[str, Fault]) -> None:
    """No fault names a claim that is not there."""
    assert {c for one in faults.values() for c in one.kills} - set(checks.CHECKS) == set()


def test_static_faults_need_no_cell(faults: dict[str, Fault]) -> None:
    """A fault is static exactly if none of its claims judges the facts of a cell."""
    in_cells = {name for name, check in checks.CHECKS.items() if "facts" in check.needs}
    wrong = [f.name for f in faults.values() if f.kind == "static" and f.kills & in_cells]
    assert wrong == []


def test_variants_change_recipes_that_still_load(faults: dict[str, Fault], tmp_path: Path) -> None:
    """Each changes one file of a copy of build/, and the forge can read what comes out."""
    chosen = [one for one in faults.values() if one.kind == "variant"]
    for one in chosen:
        copy = tmp_path / one.name
        shutil.copytree(PROJECT / "build", copy)
        one.apply(copy)
        files = [path for path in copy.rglob("*") if path.is_file()]
        here = PROJECT / "build"
        changed = [f for f in files if f.read_bytes() != (here / f.relative_to(copy)).read_bytes()]
        assert len(changed) == 1, one.name
        assert load_recipes(copy / "recipes").keys() == load_recipes(here / "recipes").keys()
    assert len(chosen) == VARIANTS


def test_variants_are_built_of_the_changed_recipes(
    faults: dict[str, Fault], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The forge is given the copy and another folder than that of good builds; others need none."""
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path))
    asked: list[tuple[str, Path]] = []

    def finished(forge: Forge, _plan: object, _progress: object, target: Path) -> Path:
        asked.append((str(forge.recipes["sqlite3"].environment), target))
        return target

    monkeypatch.setattr(build, "finished", finished)
    monkeypatch.setattr("everylinux.forge.toolchain.missing", lambda *_: None)
    variants.build_all([faults["sqlite_without_parentheses"], faults["no_fts5"]])
    [(options, target)] = asked
    assert "FTS3_PARENTHESIS" not in options
    assert target == tmp_path / "variants/sqlite_without_parentheses"


def test_names_and_globs(faults: dict[str, Fault]) -> None:
    """--only takes a name, globs and a list of them; what means nothing is one line."""
    names = [one.name for one in registry.select(faults, "no_fts*, setuid_interpreter")]
    assert names == ["no_fts4", "no_fts5", "setuid_interpreter"]
    with pytest.raises(UsageError, match="no fault is called 'no_such'"):
        registry.select(faults, "no_such")


CASES = {
    "killed": (fault("A-1"), judgement(A_1=FAILED), State.KILLED, ()),
    "by what it allows": (fault("A-1", allows=("B-*",)), judgement(A_1=FAILED, B_2=FAILED),
                          State.KILLED, ()),
    "and something unrelated": (fault("A-1"), judgement(A_1=FAILED, B_2=FAILED), State.KILLED,
                                ("B-2",)),
    "one of two": (fault("A-1", "B-2"), judgement(A_1=FAILED, B_2=PASSED), State.BY_ANOTHER, ()),
    "another": (fault("A-1"), judgement(A_1=PASSED, B_2=FAILED), State.BY_ANOTHER, ("B-2",)),
    "unknown is no kill": (fault("A-1"), judgement(A_1=UNKNOWN), State.BY_ANOTHER, ()),
    "nothing": (fault("A-1"), judgement(A_1=PASSED, B_2=PASSED), State.SURVIVED, ()),
    "not judged": (fault("A-1"), judgement(B_2=PASSED), State.SURVIVED, ()),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_kill_is(case: str) -> None:
    """All named claims must fail; what else is red is unrelated, unless it is allowed."""
    one, found, state, unrelated = CASES[case]
    result = results.compare(one, found, judgement(A_1=PASSED, B_2=PASSED), 1.0)
    assert (result.state, result.unrelated) == (state, unrelated)


def test_document_and_rate() -> None:
    """The JSON has the keys that were promised; what was skipped does not count."""
    rows = [Result("f", State.KILLED), Result("g", State.SURVIVED), Result("h", State.SKIPPED)]
    found = results.document({name: fault("A-1") for name in "fgh"}, rows, {"cell": "c"})
    assert found["rate"] == pytest.approx(0.5)
    assert [found[key] for key in ("killed", "killed_by_another", "survived", "unrelated")] == [
        ["f"], [], ["g"], {},
    ]  # fmt: skip
    assert found["counts"]["faults"] == len(found["faults"]) == len(rows)
    assert json.loads(json.dumps(found)) == found


def test_flips() -> None:
    """A claim flips if two judgements of one tree say different things of it."""
    before, other = judgement(A_1=PASSED, B_2=PASSED), judgement(A_1=FAILED, B_2=PASSED)
    assert alarms.flips([before, other], before) == {"A-1": {"failed": 1, "passed": 2}}
    assert alarms.flips([before], before) == {}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kit")
    return miniature.build(folder / "tree", folder / "work")


@pytest.fixture
def shop(original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workshop]:
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path))
    with copying.workshop(original) as made:
        yield made
    assert list((tmp_path / "sabotage").iterdir()) == [], "something was left behind"


def test_a_build_that_starts_leaves_the_copies(shop: Workshop, tmp_path: Path) -> None:
    """What sabotage works on is not what a killed build left."""
    store = Store(tmp_path)
    store.make()
    store.sweep()

    assert shop.good.is_dir()


def bench(original: Path, shop: Workshop) -> running.Bench:
    named = Distribution(original, miniature.PYTHON, Arch(miniature.ARCH), "")
    image = Image("none", Arch(miniature.ARCH), "None", "1")
    place = Place(Cell(image, miniature.PYTHON, "fake"), RootFs(image, original, "", ""))
    return running.Bench(copying.subject(named, shop.good), EXPECTED, place, shop, shop.state())


def tried(name: str, original: Path, shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Result:
    """One fault on the miniature, judged by the areas that it satisfies."""
    areas = {"elf", "layout", "permissions"}
    kept = {n: c for n, c in checks.CHECKS.items() if c.claim.area in areas}
    monkeypatch.setattr(judging, "CHECKS", kept)
    at = bench(original, shop)
    return running.attempt(running.Task(at, name, judging.judge(at.good, EXPECTED, {})))


def test_a_fault_from_copy_to_result(
    faults: dict[str, Fault], original: Path, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setuid bit is seen by its claim alone, and the user's own tree is as it was."""
    before = tree_digest(original)
    assert "setuid_interpreter" in faults
    result = tried("setuid_interpreter", original, shop, monkeypatch)
    assert (result.state, set(result.red)) == (State.KILLED, {"PRM-008"}), result
    assert tree_digest(original) == before


def test_a_fault_that_writes_in_place_is_told(
    original: Path, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing through a hard link spoils the good copy: that is no result, and never the user's."""

    def careless(tree: Path) -> None:
        with (tree / "LICENSE").open("a") as stream:
            stream.write("more\n")

    before = tree_digest(original)
    spoiling = Fault("careless", "says", frozenset({"PRM-008"}), (), "of", "static", careless)
    monkeypatch.setitem(registry.FAULTS, "careless", spoiling)
    result = tried("careless", original, shop, monkeypatch)
    assert (result.state, "in place" in result.reason) == (State.BROKEN, True)
    assert tree_digest(original) == before


def test_truth_of_a_copy(original: Path, shop: Workshop) -> None:
    """The manifest of a copy lists what is there now, and the good one's is left alone."""
    with shop.copy("one") as tree:
        (tree / "LICENSE").unlink()
        (tree / "new").write_text("new\n")
        copying.truthful(tree)
        rows = {row["path"] for row in json.loads((tree / "manifest.json").read_text())["files"]}
    assert ("LICENSE" in rows, "new" in rows) == (False, True)
    assert (shop.good / "manifest.json").read_bytes() == (original / "manifest.json").read_bytes()


def test_a_closed_folder_is_removed_too(shop: Workshop) -> None:
    """A fault that closes a folder to its owner leaves nothing behind."""
    with shop.copy("closed") as tree:
        (tree / "share").chmod(0o000)
    assert os.listdir(shop.folder) == ["good"]  # noqa: PTH208


OWNER = """
import os, time
from everylinux.sabotage.running import pool
with pool(1) as made:
    print(made.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_processes_end_with_their_parent(how: signal.Signals) -> None:
    """Whichever signal ends the command, no process of it waits for work behind it."""
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        worker = int(owner.stdout.readline())
        assert Path(f"/proc/{worker}").exists()
        owner.send_signal(how)
        owner.wait(10)
        until = time.monotonic() + 10
        while alive(worker) and time.monotonic() < until:
            time.sleep(0.05)
        assert not alive(worker)


def test_an_unknown_fault_is_one_line() -> None:
    """The command says what is wrong and what to do, with status 2."""
    command = [sys.executable, "-m", "everylinux", "sabotage", "--only", "no_such"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        "everylinux: no fault is called 'no_such': see `everylinux sabotage --list`"
    ]
