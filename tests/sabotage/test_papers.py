"""Each fault of the papers turns red the claims it names, and no other; good papers are green."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from everylinux import checks
from everylinux.checks import ARTEFACT, Check, Expected
from everylinux.facts import Facts
from everylinux.model import Arch, Distribution, Outcome, Section
from everylinux.probes.static.files import FilesProbe
from everylinux.probes.static.manifest import ManifestProbe
from everylinux.probes.static.papers import PapersProbe
from tests.sabotage import FAULTS, Fault, papers, papers_tree

SUITES = Path(__file__).parents[2] / "suites"
EXPECTED = Expected("3.13", "x86_64", "standalone", suites=SUITES)
MINE = papers.__name__.rsplit(".", 1)[-1]
TREE_FAULTS = sorted((f for f in FAULTS.values() if f.area == MINE), key=lambda fault: fault.name)


def _load() -> Iterator[Check]:
    """The checks, imported as pytest does: by file."""
    for path in sorted((SUITES / "papers").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"suites_papers_{path.stem}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield from (v.__check__ for v in vars(module).values() if hasattr(v, "__check__"))


CLAIMS = {check.claim.id: check for check in _load()}


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tree, its archives and its papers."""
    return papers_tree.build(tmp_path_factory.mktemp("papers")).parent


def judged(tree: Path) -> dict[str, Outcome]:
    """Claim id -> outcome, of all claims on papers."""
    said = json.loads((tree / "manifest.json").read_text())
    subject = Distribution(tree, "3.13", Arch("x86_64"), "", manifest=said)
    sections: dict[str, Section] = {}
    for probe in (FilesProbe(), ManifestProbe(), PapersProbe()):
        sections |= probe.gather(subject)
    values = {"artefact": Facts.of(sections), "expected": EXPECTED}
    return {id_: checks.evaluate(c, ARTEFACT, values).outcome for id_, c in CLAIMS.items()}


def test_good_papers_are_green(good: Path) -> None:
    """Every claim passes: none is unknown, none is skipped."""
    outcomes = judged(good / "python")

    assert CLAIMS
    assert {k: v for k, v in outcomes.items() if v is not Outcome.PASSED} == {}


@pytest.mark.parametrize("fault", TREE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_kills_what_it_names(fault: Fault, good: Path, tmp_path: Path) -> None:
    """A fault turns exactly the claims it names red."""
    folder = tmp_path / "build"
    shutil.copytree(good, folder, symlinks=True)

    fault.apply(folder / "python")

    outcomes = judged(folder / "python")
    assert {k for k, v in outcomes.items() if v is Outcome.FAILED} == set(fault.kills)


@pytest.mark.parametrize(
    ("licence", "outcome"),
    [
        ("BSD-3-Clause OR GPL-2.0-only", Outcome.PASSED),  # zstd's: one may follow the first
        ("GPL-2.0-only OR LGPL-2.1-only", Outcome.FAILED),
        ("MIT AND GPL-3.0-or-later", Outcome.FAILED),
    ],
)
def test_a_choice_of_licences_binds_by_its_weakest(
    licence: str, outcome: Outcome, good: Path, tmp_path: Path
) -> None:
    """The whole GPL goes along where no other licence can be chosen."""
    folder = tmp_path / "build"
    shutil.copytree(good, folder, symlinks=True)
    FAULTS["a_notice_instead_of_the_licence"].apply(folder / "python")
    manifest = folder / "python/manifest.json"
    said = json.loads(manifest.read_text())
    next(row for row in said["components"] if row["name"] == "readline")["licence"] = licence
    manifest.write_text(json.dumps(said))

    assert judged(folder / "python")["PAP-107"] is outcome


def test_every_claim_has_a_red_sample() -> None:
    """No claim on papers is without a fault that turns it red."""
    assert set(CLAIMS) - {claim for fault in TREE_FAULTS for claim in fault.kills} == set()


def test_without_a_bill_nothing_is_passed(good: Path, tmp_path: Path) -> None:
    """What cannot be told is unknown; a tree without archives beside has no statement to judge."""
    tree = Path(shutil.copytree(good / "python", tmp_path / "python", symlinks=True))
    (tree / "sbom.cdx.json").unlink()

    outcomes = judged(tree)

    assert {outcomes[f"PAP-00{n}"] for n in range(2, 10)} == {Outcome.UNKNOWN}
    assert {outcomes[f"PAP-30{n}"] for n in range(1, 6)} == {Outcome.SKIPPED}


def test_an_edition_may_have_what_is_open(good: Path, tmp_path: Path) -> None:
    """What the specification pins is told and not red."""
    folder = tmp_path / "build"
    shutil.copytree(good, folder, symlinks=True)
    FAULTS["a_component_below_its_floor"].apply(folder / "python")
    manifest = folder / "python/manifest.json"
    said = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**said, "edition": {**said["edition"], "name": "reference"}}))

    assert judged(folder / "python")["PAP-201"] is Outcome.PASSED


@pytest.mark.parametrize(
    ("component", "version", "id_", "below"),
    [
        ("openssl", "1.1.1w", "CVE-2024-13176", True),  # fixed in 1.1.1zb, which is later
        ("openssl", "1.1.1zb", "CVE-2024-13176", False),
        ("openssl", "1.1.1zb", "CVE-2025-9230", True),
        ("openssl", "3.5.3", "CVE-2025-9230", True),
        ("openssl", "3.5.10", "CVE-2025-9230", False),
        ("xz", "5.2.5", "CVE-2025-31115", False),  # of 5.3.3 and later
        ("xz", "5.4.1", "CVE-2025-31115", True),
        ("cpython", "3.11.17", "CVE-2026-82049", False),
        ("cpython", "3.13.15", "CVE-2026-82049", True),
        ("cpython", "3.14.2", "CVE-2026-82049", False),  # later than every floor
        ("zlib", "9.9", "CVE-2026-85091", True),  # no release is known to have the fix
        ("cpython", "3.13.15", "CVE-2026-9669", False),  # fixed by release and by patch
        ("cpython", "3.12.3", "CVE-2026-15310", False),  # the row tells of 3.13 and 3.14 alone
    ],
)
def test_floors_are_of_series(component: str, version: str, id_: str, *, below: bool) -> None:
    """Each series has its own floor; letters count as OpenSSL's do."""
    row = {"name": component, "version": version, "patches": []}
    manifest = {"components": [row], "edition": {"name": "other"}}
    values = {"artefact": Facts.of({"manifest": manifest}), "expected": EXPECTED}

    verdict = checks.evaluate(CLAIMS["PAP-201"], ARTEFACT, values)

    assert (id_ in verdict.evidence["offenders"].get(component, [])) is below


def test_what_nobody_could_confirm_is_told() -> None:
    """A row that was never read counts as the others do, and the evidence says so."""
    row = {"name": "readline", "version": "6.3", "patches": []}
    manifest = {"components": [row], "edition": {"name": "current"}}
    values = {"artefact": Facts.of({"manifest": manifest}), "expected": EXPECTED}

    verdict = checks.evaluate(CLAIMS["PAP-201"], ARTEFACT, values)

    assert verdict.evidence["offenders"] == {"readline": ["CVE-2014-2524"]}
    assert list(verdict.evidence["unconfirmed"]) == ["readline CVE-2014-2524"]


def test_what_is_accepted_is_named_one_by_one() -> None:
    """An edition that accepts some advisories of a component accepts no other of it."""
    row = {"name": "cpython", "version": "3.13.0", "patches": []}
    manifest = {"components": [row], "edition": {"name": "current"}}
    values = {"artefact": Facts.of({"manifest": manifest}), "expected": EXPECTED}

    verdict = checks.evaluate(CLAIMS["PAP-201"], ARTEFACT, values)

    assert verdict.outcome is Outcome.FAILED
    assert "CVE-2026-82049" in verdict.evidence["accepted"]["cpython"]
    assert "CVE-2026-82049" not in verdict.evidence["offenders"]["cpython"]
