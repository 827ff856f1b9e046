"""Each fault of a tree turns red the claims it names, and no other; a good tree is all green."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from everylinux import checks, distribution
from everylinux.checks import ARTEFACT, Check, Expected
from everylinux.facts import Facts
from everylinux.model import Arch, Distribution, Outcome, Section
from everylinux.probes.static import PROBES
from tests.sabotage import FAULTS, Fault, miniature
from tests.sabotage import elf as _elf  # noqa: F401 - declares its faults
from tests.sabotage import hardening as _hardening  # noqa: F401
from tests.sabotage import layout as _layout  # noqa: F401
from tests.sabotage import manifest as _manifest  # noqa: F401
from tests.sabotage import permissions as _permissions  # noqa: F401
from tests.sabotage import tree as trees

SUITES = Path(__file__).parents[2] / "suites"
AREAS = ("elf", "layout", "permissions")
MODULES = {"elf", "hardening", "layout", "manifest", "permissions"}


class Cached(Expected):
    """The same tables, read once for all faults."""

    def table(self, name: str) -> Any:  # noqa: ANN401 - any YAML
        """A table beside the suites."""
        if name not in TABLES:
            TABLES[name] = super().table(name)
        return TABLES[name]


class Miniature(Cached):
    """The tables of a tree whose library is not CPython's."""

    def table(self, name: str) -> Any:  # noqa: ANN401 - any YAML
        """Its own table of its library, all others as they are."""
        return miniature.library() if name == "layout/library.yaml" else super().table(name)


TABLES: dict[str, Any] = {}
EXPECTED = Miniature(miniature.PYTHON, miniature.ARCH, "standalone", miniature.LOCK, suites=SUITES)


def _load(area: str) -> Iterator[Check]:
    """The checks of an area, imported as pytest does: by file."""
    for path in sorted((SUITES / area).glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"suites_{area}_{path.stem}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield from (v.__check__ for v in vars(module).values() if hasattr(v, "__check__"))


CLAIMS = {check.claim.id: check for area in AREAS for check in _load(area)}
TREE_FAULTS = sorted(
    (f for f in FAULTS.values() if f.kind == "tree" and f.area in MODULES), key=lambda f: f.name
)


@dataclass(frozen=True)
class Good:
    """A good tree, and what is expected of it."""

    root: Path
    expected: Expected


@pytest.fixture(
    scope="session",
    params=["miniature", pytest.param("built", marks=[pytest.mark.built, pytest.mark.slow])],
)
def good(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Good:
    """The miniature, built once, and the newest Standalone Python of this machine."""
    if request.param == "miniature":
        folder = tmp_path_factory.mktemp("good")
        return Good(miniature.build(folder / "tree", folder / "work"), EXPECTED)
    newest = distribution.newest(miniature.PYTHON)
    if newest is None:
        pytest.skip("no Standalone Python was built here: everylinux build")
    lock = Expected.of(distribution.resolve(newest), SUITES.parent).lock
    return Good(newest, Cached(miniature.PYTHON, miniature.ARCH, "standalone", lock, suites=SUITES))


def judged(tree: Path, expected: Expected = EXPECTED) -> dict[str, Outcome]:
    """Claim id -> outcome, of all static claims on a tree."""
    manifest = tree / trees.MANIFEST
    said = json.loads(manifest.read_text()) if manifest.exists() else {}
    subject = Distribution(tree, miniature.PYTHON, Arch(miniature.ARCH), "", manifest=said)
    sections: dict[str, Section] = {}
    for probe in PROBES:
        sections |= probe.gather(subject)
    values = {"artefact": Facts.of(sections), "expected": expected}
    return {id_: checks.evaluate(c, ARTEFACT, values).outcome for id_, c in CLAIMS.items()}


def test_a_good_tree_is_green(good: Good) -> None:
    """Every static claim passes on a good tree: none is unknown, none is skipped."""
    outcomes = judged(good.root, good.expected)

    assert {k: v for k, v in outcomes.items() if v is not Outcome.PASSED} == {}


@pytest.mark.parametrize("fault", TREE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_kills_what_it_names(fault: Fault, good: Good, tmp_path: Path) -> None:
    """A fault turns exactly the claims it names red, and leaves the good tree as it was."""
    if fault.root and os.geteuid() != 0:
        pytest.skip("only root can do this to a tree")
    tree = trees.copy(good.root, tmp_path / "tree")
    before = _state(good.root)

    fault.apply(tree)

    outcomes = judged(tree, good.expected)
    assert {k for k, v in outcomes.items() if v is Outcome.FAILED} == set(fault.kills)
    assert _state(good.root) == before, "the fault wrote into the good tree"


def _state(tree: Path) -> dict[str, tuple[int, int, int]]:
    stats = {str(path): path.lstat() for path in tree.rglob("*")}
    return {path: (s.st_mode, s.st_size, s.st_mtime_ns) for path, s in stats.items()}


def test_every_claim_has_a_red_sample() -> None:
    """No static claim is without a fault that turns it red."""
    killed = {claim for fault in FAULTS.values() for claim in fault.kills}

    assert set(CLAIMS) - killed == set()


def test_faults_name_claims_that_exist() -> None:
    """No fault names a claim that is not there."""
    assert {c for f in TREE_FAULTS for c in f.kills} - set(CLAIMS) == set()
