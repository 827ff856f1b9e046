"""sbom.cdx.json: the bill of materials says what the manifest says, in the form scanners read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from packageurl import PackageURL

from everylinux.checks import Evidence, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

SOURCE = "issue 3: CycloneDX SBOM; https://cyclonedx.org/docs/1.6/json/"
REMEDY = "Write the bill from the finished manifest: everylinux.forge.papers.write_sbom."
OURS = ("standalone",)
NAME = "sbom.cdx.json"
CPE = re.compile(r"cpe:2\.3:[aho]:[a-z0-9._-]+:[a-z0-9._-]+:(?P<version>[^:]+)(:\*){7}")
PACKAGE = re.compile(r"lib/python[\d.]+/site-packages/([^/-]+)-([^/]+)\.dist-info")


def _manifest(artefact: Facts) -> dict[str, Mapping[str, Any]]:
    found = {row["name"]: row for row in artefact["manifest.components"]}
    if not found:
        raise FactUnavailable("manifest.components", "it lists none")
    return found


def _bill(artefact: Facts) -> dict[str, Mapping[str, Any]]:
    return {row["name"]: row for row in artefact["papers.bill.components"]}


def _differing(
    artefact: Facts, told: Callable[[Mapping[str, Any]], Any], says: Callable[[Any], Any]
) -> dict[str, Any]:
    """Component -> what the manifest tells and what the bill says, of those that both have."""
    manifest = _manifest(artefact)
    return {
        name: {"manifest": wanted, "bill": found}
        for name, row in _bill(artefact).items()
        if name in manifest and (found := says(row)) != (wanted := told(manifest[name]))
    }


@check("PAP-001", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_is_there(artefact: Facts, evidence: Evidence) -> None:
    """The tree carries a bill of materials at its top."""
    evidence["kind"] = artefact["files.entries"].get(NAME, {}).get("kind", "none")

    assert evidence["kind"] == "file"


@check("PAP-002", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_is_valid(artefact: Facts, evidence: Evidence) -> None:
    """The bill is valid by the strict schema of CycloneDX 1.6."""
    evidence["errors"] = artefact["papers.bill.errors"]

    assert evidence["errors"] == []


@check("PAP-003", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_is_complete(artefact: Facts, evidence: Evidence) -> None:
    """The bill lists exactly the manifest's components, each in its version, each once."""
    listed = sorted((r["name"], r["version"]) for r in artefact["papers.bill.components"])
    built = sorted((r["name"], r["version"]) for r in _manifest(artefact).values())
    evidence["missing"] = sorted(set(built) - set(listed))
    evidence["strangers"] = sorted(set(listed) - set(built))
    evidence["count"] = {"bill": len(listed), "manifest": len(built)}

    assert listed == built


def _source_digests(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return sorted({str(row["sha256"]) for row in rows})


@check("PAP-004", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_has_digests(artefact: Facts, evidence: Evidence) -> None:
    """Every component has the sha256 of each archive it was built from."""
    evidence["offenders"] = _differing(
        artefact,
        lambda row: [[row["sha256"]], _source_digests(row["sources"])],
        lambda row: [row["sha256"], sorted(set(row["sources"]))],
    )

    assert evidence["offenders"] == {}


@check(
    "PAP-005",
    source="https://github.com/package-url/purl-spec",
    remedy="Mend everylinux.forge.papers.identity.purl.",
    profiles=OURS,
)
def test_package_urls(artefact: Facts, evidence: Evidence) -> None:
    """Every component has a well-formed package URL with its own name and version."""
    evidence["offenders"] = {
        name: row["purl"] or "none"
        for name, row in _bill(artefact).items()
        if _purl(row["purl"]) != (row["name"], row["version"])
    }

    assert evidence["offenders"] == {}


def _purl(text: str) -> tuple[str, str | None] | None:
    """Name and version; None if it is no package URL."""
    try:
        found = PackageURL.from_string(text)
    except ValueError:
        return None
    return found.name, found.version


@check(
    "PAP-006",
    source="NIST IR 7695 (CPE 2.3 formatted string)",
    remedy="Mend everylinux.forge.papers.identity.cpe.",
    profiles=OURS,
)
def test_platform_names(artefact: Facts, evidence: Evidence) -> None:
    """Every CPE is well-formed and has the component's version."""
    named = {name: row for name, row in _bill(artefact).items() if row["cpe"]}
    evidence["named"] = len(named)
    evidence["offenders"] = {
        name: row["cpe"] for name, row in named.items() if _cpe_version(row) != row["version"]
    }

    assert evidence["named"]
    assert evidence["offenders"] == {}


def _cpe_version(row: Mapping[str, Any]) -> str:
    match = CPE.fullmatch(row["cpe"])
    return match["version"].replace("\\", "") if match else "not well-formed"


@check("PAP-007", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_has_licences(artefact: Facts, evidence: Evidence) -> None:
    """Every component has in the bill the licence that the manifest says."""
    evidence["offenders"] = _differing(
        artefact, lambda row: [row["licence"]], lambda row: row["licences"]
    )

    assert evidence["offenders"] == {}


@check("PAP-008", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_has_patches(artefact: Facts, evidence: Evidence) -> None:
    """Every patch of a component stands in its pedigree."""
    evidence["offenders"] = _differing(
        artefact,
        lambda row: sorted(patch["file"] for patch in row["patches"]),
        lambda row: sorted(row["patches"]),
    )

    assert evidence["offenders"] == {}


@check(
    "PAP-009",
    source="https://reproducible-builds.org/specs/source-date-epoch/",
    remedy="Take the bill's time from source_date_epoch: the clock makes each build another.",
    profiles=OURS,
)
def test_bill_has_the_time_of_the_sources(artefact: Facts, evidence: Evidence) -> None:
    """The bill's time is that of the sources, not of the build's clock."""
    epoch = datetime.fromtimestamp(artefact["manifest.source_date_epoch"], UTC)
    evidence["bill"] = artefact["papers.bill.timestamp"]
    evidence["sources"] = epoch.isoformat()

    assert evidence["bill"].replace("Z", "+00:00") == evidence["sources"]


@check("PAP-010", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_bill_has_python_packages(artefact: Facts, evidence: Evidence) -> None:
    """Every Python package in site-packages is in the bill, in its version."""
    matches = (PACKAGE.fullmatch(path) for path in artefact["files.entries"])
    there = sorted([match[1].lower(), match[2]] for match in matches if match)
    listed = [
        [one["name"].lower().replace("-", "_"), one["version"]]
        for row in _bill(artefact).values()
        for one in row["bundled"]
    ]
    evidence["there"], evidence["listed"] = there, sorted(listed)

    assert evidence["listed"] == evidence["there"]
