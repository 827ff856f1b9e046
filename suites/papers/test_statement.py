"""What lies beside the tree, if anything does: the provenance statement and SHA256SUMS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from everylinux.checks import Evidence, check
from everylinux.facts import Facts

SOURCE = "https://slsa.dev/spec/v1.0/provenance; issue 3: an in-toto provenance statement"
REMEDY = "Write it after packing: everylinux.forge.papers.write_statement."
OURS = ("standalone",)
TYPES = {
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://slsa.dev/provenance/v1",
}


def _statement(artefact: Facts) -> Mapping[str, Any]:
    """The one statement beside the tree; skipped where nothing was packed."""
    beside = artefact["papers.beside"]
    found = [one for one in beside["statements"].values() if isinstance(one, dict)]
    if not beside["archives"]:
        pytest.skip("no archive lies beside the tree")
    return found[0] if len(found) == 1 else {}


def _definition(artefact: Facts) -> Mapping[str, Any]:
    predicate = _statement(artefact).get("predicate", {})
    found: Mapping[str, Any] = predicate.get("buildDefinition", {})
    return found


@check("PAP-301", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_statement_is_one(artefact: Facts, evidence: Evidence) -> None:
    """Beside the archives lies one in-toto statement with SLSA's predicate."""
    said = _statement(artefact)
    evidence["types"] = {key: said.get(key) for key in TYPES}

    assert evidence["types"] == TYPES


def _digests(rows: list[Mapping[str, Any]]) -> dict[str, str]:
    return {row["name"]: row["digest"]["sha256"] for row in rows}


@check("PAP-302", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_subjects_are_the_archives(artefact: Facts, evidence: Evidence) -> None:
    """The statement's subjects are the archives that lie beside, with their digests."""
    beside = artefact["papers.beside"]
    said = _digests(_statement(artefact).get("subject", []))
    there = {name: beside["digests"].get(name, "not named") for name in beside["archives"]}
    evidence["said"], evidence["there"] = said, there

    assert evidence["said"] == evidence["there"]


@check("PAP-303", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_materials_are_the_sources(artefact: Facts, evidence: Evidence) -> None:
    """The statement's materials are the manifest's archives and patches, with their digests."""
    said = {
        (row["name"], row["digest"]["sha256"])
        for row in _definition(artefact).get("resolvedDependencies", [])
    }
    components = artefact["manifest.components"]
    wanted = {(s["file"], s["sha256"]) for row in components for s in row["sources"]}
    wanted |= {(f"{r['name']}/{p['file']}", p["sha256"]) for r in components for p in r["patches"]}
    evidence["missing"], evidence["strangers"] = sorted(wanted - said), sorted(said - wanted)

    assert said == wanted


@check("PAP-304", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_parameters_are_the_settings(artefact: Facts, evidence: Evidence) -> None:
    """The statement's parameters are the manifest's settings: edition, Python, profile, start."""
    wanted = {key: artefact[f"manifest.{key}"] for key in ("python", "arch", "profile", "start")}
    edition = artefact["manifest.edition"]
    wanted |= {"edition": edition["name"], "nearest": edition["nearest"]}
    evidence["said"] = _definition(artefact).get("externalParameters", {})
    evidence["manifest"] = wanted

    assert evidence["said"] == evidence["manifest"]


@check(
    "PAP-305",
    source="issue 3: SHA256SUMS",
    remedy="Write SHA256SUMS last; sha256sum -c reads it.",
    profiles=OURS,
)
def test_sums_are_true(artefact: Facts, evidence: Evidence) -> None:
    """SHA256SUMS names every archive and every statement that lies beside, each with its sha256."""
    beside = artefact["papers.beside"]
    if not beside["archives"]:
        pytest.skip("no archive lies beside the tree")
    evidence["unnamed"] = sorted({*beside["archives"], *beside["statements"]} - set(beside["sums"]))
    evidence["untrue"] = sorted(
        name for name, digest in beside["sums"].items() if beside["digests"].get(name) != digest
    )

    assert evidence["unnamed"] == []
    assert evidence["untrue"] == []
