"""Each fault of the symbols turns red the claim it names, and no other; good packages are green."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from everylinux import checks
from everylinux.checks import ARTEFACT, Check, Expected
from everylinux.facts import Facts
from everylinux.model import Arch, Distribution, Outcome
from everylinux.probes.static.elf import ElfProbe
from everylinux.probes.static.says import SaysProbe
from tests.sabotage import FAULTS, Fault, symbols, symbols_tree

SUITE = Path(__file__).parents[2] / "suites/symbols/test_floors.py"
EXPECTED = Expected("3.13", "x86_64", "relocatable", suites=SUITE.parents[1])
MINE = symbols.__name__.rsplit(".", 1)[-1]
TREE_FAULTS = sorted((f for f in FAULTS.values() if f.area == MINE), key=lambda fault: fault.name)
PACKAGES = (symbols_tree.MUSL, symbols_tree.GLIBC)


def _load() -> dict[str, Check]:
    spec = importlib.util.spec_from_file_location("suites_symbols_test_floors", SUITE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = [v.__check__ for v in vars(module).values() if hasattr(v, "__check__")]
    return {check.claim.id: check for check in found}


CLAIMS = _load()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both packages."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    return symbols_tree.build(tmp_path_factory.mktemp("symbols"))


def judged(folder: Path) -> dict[str, set[Outcome]]:
    """Claim id -> its outcomes for both packages."""
    found: dict[str, set[Outcome]] = {name: set() for name in CLAIMS}
    for package in PACKAGES:
        subject = Distribution(folder / package, "3.13", Arch("x86_64"), "", names=(package,))
        sections = {**ElfProbe().gather(subject), **SaysProbe().gather(subject)}
        values = {"artefact": Facts.of(sections), "expected": EXPECTED}
        for name, check in CLAIMS.items():
            found[name].add(checks.evaluate(check, ARTEFACT, values).outcome)
    return found


def test_good_packages_are_green(good: Path) -> None:
    """Each claim passes for a package that it is about, and is red or unknown for none."""
    for name, outcomes in judged(good).items():
        assert Outcome.PASSED in outcomes, name
        assert outcomes <= {Outcome.PASSED, Outcome.SKIPPED}, name


@pytest.mark.parametrize("fault", TREE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_kills_what_it_names(fault: Fault, good: Path, tmp_path: Path) -> None:
    """A fault turns exactly the claims it names red."""
    folder = Path(shutil.copytree(good, tmp_path / "packages"))

    fault.apply(folder)

    found = judged(folder)
    assert {name for name, outcomes in found.items() if Outcome.FAILED in outcomes} == fault.kills


def test_every_claim_has_a_red_sample() -> None:
    """No claim on symbols is without a fault that turns it red."""
    killed = {claim for fault in TREE_FAULTS for claim in fault.kills}

    assert set(CLAIMS) == killed
