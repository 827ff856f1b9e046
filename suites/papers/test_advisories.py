"""No component is below a floor that build/advisories.yaml knows.

A floor is the first release of a series that has the fix; a patch of ours counts as much.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

TABLE = "../build/advisories.yaml"
SOURCE = "issue 3: a table of advisories known to be fixed by a bundled version"
OURS = ("standalone",)
CVE = re.compile(r"CVE-\d{4}-\d{4,}")
STALE = timedelta(days=90)
Version = tuple[tuple[int, int, str], ...]


def version(text: str) -> Version:
    """Compares as releases do: 3.5.10 > 3.5.9, and OpenSSL's 1.1.1zb > 1.1.1w."""
    words = re.findall(r"\d+|[a-z]+", text.lower())
    return tuple((1, int(w), "") if w.isdigit() else (0, len(w), w) for w in words)


def _components(artefact: Facts) -> dict[str, Mapping[str, Any]]:
    found = {row["name"]: row for row in artefact["manifest.components"]}
    if not found:
        raise FactUnavailable("manifest.components", "it lists none")
    return found


def _open(row: Mapping[str, Any], component: Mapping[str, Any]) -> bool:
    """Whether an advisory is of this version, and neither it nor a patch has the fix."""
    has = version(component["version"])
    if has < version(row.get("since", "")) or not _told(has, row):
        return False
    patches = {patch["file"] for patch in component["patches"]}
    return not patches & set(row.get("patches", ())) and not _fixed(has, row.get("fixed", []))


def _told(has: Version, row: Mapping[str, Any]) -> bool:
    """Whether the advisory tells of this series; one without `series` tells of all."""
    series = [version(text) for text in row.get("series", ())]
    return not series or any(has[: len(one)] == one for one in series)


def _fixed(has: Version, floors: list[str]) -> bool:
    known = sorted(version(text) for text in floors)
    within = any(has >= floor and has[: len(floor) - 1] == floor[:-1] for floor in known)
    return within or (bool(known) and has >= known[-1])


def _below(artefact: Facts, expected: Expected) -> dict[str, list[str]]:
    """Component with its version -> ids of what is open."""
    components, found = _components(artefact), dict[str, list[str]]()
    for row in expected.table(TABLE)["advisories"]:
        one = components.get(row["component"])
        if one and _open(row, one):
            found.setdefault(row["component"], []).append(row["id"])
    return found


def _unconfirmed(artefact: Facts, expected: Expected) -> dict[str, str]:
    """Of the rows on these components: component and id -> what nobody could read."""
    components, rows = _components(artefact), expected.table(TABLE)["advisories"]
    return {
        f"{row['component']} {row['id']}": row["unconfirmed"]
        for row in rows
        if "unconfirmed" in row and row["component"] in components
    }


@check(
    "PAP-201",
    source=SOURCE,
    remedy="Move the lock to a release with the fix, or carry upstream's patch.",
    profiles=OURS,
)
def test_no_component_below_its_floor(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """No component has an advisory open that the table knows; what an edition must have is named.

    The specification pins releases that are out of support: their open advisories are evidence, as
    are the rows that nobody could confirm.
    """
    edition = artefact["manifest.edition"]["name"]
    rows = expected.table(TABLE)["accepted"]
    accepted = {row["component"]: row.get("ids") for row in rows if row["edition"] == edition}
    below = _below(artefact, expected)
    evidence["accepted"] = {name: ids for name, ids in below.items() if name in accepted}
    evidence["unconfirmed"] = _unconfirmed(artefact, expected)
    evidence["offenders"] = {
        name: left
        for name, ids in below.items()
        if (left := [i for i in ids if not _is_accepted(accepted, name, i)])
    }

    assert evidence["offenders"] == {}


def _is_accepted(accepted: Mapping[str, Any], component: str, advisory: str) -> bool:
    """Whether a row of `accepted` names the component, and the advisory if it names any."""
    if component not in accepted:
        return False
    ids = accepted[component]
    return ids is None or advisory in ids


@check(
    "PAP-202",
    source=SOURCE,
    remedy="Add the patch's advisory to build/advisories.yaml.",
    profiles=OURS,
)
def test_patches_are_in_the_table(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every patch that is named for a CVE stands in the table of advisories."""
    rows = expected.table(TABLE)["advisories"]
    known = {(row["component"], row["id"]) for row in rows}
    evidence["offenders"] = sorted(
        f"{name}/{patch['file']}"
        for name, one in _components(artefact).items()
        for patch in one["patches"]
        if any((name, id_) not in known for id_ in CVE.findall(patch["file"]))
    )

    assert evidence["offenders"] == []


@check(
    "PAP-203",
    source=SOURCE,
    remedy="Look for the component's advisories; if there are none, say so under `none`.",
    profiles=OURS,
)
def test_every_component_was_looked_up(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """For every component the table has advisories, or says that none is known and why."""
    table = expected.table(TABLE)
    known = {row["component"] for row in table["advisories"]} | set(table["none"])
    evidence["offenders"] = sorted(set(_components(artefact)) - known)

    assert evidence["offenders"] == []


@check(
    "PAP-204",
    source=SOURCE,
    remedy="Look for new advisories, then set the table's date.",
    profiles=OURS,
)
def test_table_is_not_older_than_the_sources(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """The table was looked through not earlier than 90 days before the date of the sources.

    Judged by the build's own date, never by today's: yesterday's verdict stays.
    """
    looked = datetime.fromisoformat(expected.table(TABLE)["date"]).replace(tzinfo=UTC)
    built = datetime.fromtimestamp(artefact["manifest.source_date_epoch"], UTC)
    evidence["looked"], evidence["sources"] = looked.isoformat(), built.isoformat()

    assert looked + STALE >= built
