"""Whose licence asks for its text to go along has it in licenses/, and it is the right one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

TABLE = "papers/expected.yaml"
SOURCE = "spec: Complete Dependency Matrix (License); issue 3: licence texts with SPDX ids"
REMEDY = "Name the text in the recipe's licence.file; assemble.py carries it into licenses/."
OURS = ("standalone",)
LIBRARIES = "shared_libraries/lib/"


def _components(artefact: Facts) -> dict[str, str]:
    found = {row["name"]: str(row.get("licence") or "") for row in artefact["manifest.components"]}
    if not found:
        raise FactUnavailable("manifest.components", "it lists none")
    return found


def _texts(artefact: Facts) -> dict[str, str]:
    """Component -> all its texts, in small letters, blanks as one."""
    found: dict[str, str] = {}
    for path, text in sorted(artefact["papers.texts"].items()):
        name = path.split("/")[1]
        found[name] = f"{found.get(name, '')} {' '.join(text.lower().split())}"
    return found


def _ids(expression: str) -> list[list[str]]:
    """The ways to follow an expression, each a list of ids: `A OR B WITH C` -> [[A], [B, C]]."""
    plain = expression.replace("(", " ").replace(")", " ")
    return [re.split(r"\s+(?:AND|WITH)\s+", way.strip()) for way in re.split(r"\s+OR\s+", plain)]


@check(
    "PAP-101",
    source="https://spdx.org/licenses/",
    remedy="Name the licence in the recipe by an id of the SPDX list.",
    profiles=OURS,
)
def test_licences_are_of_the_list(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every licence is an SPDX expression whose ids the SPDX list, or our table, knows."""
    unlisted = expected.table(TABLE)["unlisted"]
    evidence["offenders"] = {
        name: licence or "none"
        for name, licence in _components(artefact).items()
        if not _known(licence, unlisted)
    }

    assert evidence["offenders"] == {}


def _known(licence: str, unlisted: Mapping[str, str]) -> bool:
    try:
        same = canonicalize_license_expression(licence) == licence
    except InvalidLicenseExpression:
        return False
    own = [i for way in _ids(licence) for i in way if i.startswith("LicenseRef-")]
    return same and set(own) <= set(unlisted)


@check("PAP-102", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_every_component_has_a_text(artefact: Facts, evidence: Evidence) -> None:
    """Every component has the text of its licence in licenses/, and it is not empty."""
    texts = _texts(artefact)
    evidence["offenders"] = sorted(
        name for name in _components(artefact) if not texts.get(name, "").strip()
    )

    assert evidence["offenders"] == []


@check("PAP-103", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_texts_are_the_licences(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The text of every licence has the words by which that licence is known."""
    phrases, texts = expected.table(TABLE)["phrases"], _texts(artefact)
    evidence["offenders"] = {
        name: licence
        for name, licence in _components(artefact).items()
        if texts.get(name, "").strip()
        if not any(all(_says(texts[name], phrases, id_) for id_ in way) for way in _ids(licence))
    }

    assert evidence["offenders"] == {}


def _says(text: str, phrases: Mapping[str, str], id_: str) -> bool:
    return id_ not in phrases or phrases[id_] in text  # PAP-104 asks for the phrase


@check(
    "PAP-104",
    source=SOURCE,
    remedy="Add a phrase of the licence to suites/papers/expected.yaml.",
    profiles=OURS,
)
def test_every_licence_has_a_phrase(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """For every licence the table knows the words to look for."""
    used = {i for licence in _components(artefact).values() for way in _ids(licence) for i in way}
    evidence["offenders"] = sorted((used - {""}) - set(expected.table(TABLE)["phrases"]))

    assert evidence["offenders"] == []


@check(
    "PAP-105",
    source=SOURCE,
    remedy="Remove the folder, or name the component's recipe after it.",
    profiles=OURS,
)
def test_no_text_of_a_stranger(artefact: Facts, evidence: Evidence) -> None:
    """Every folder of licenses/ is of a component of the manifest."""
    evidence["offenders"] = sorted(set(_texts(artefact)) - set(_components(artefact)))

    assert evidence["offenders"] == []


def _owners(artefact: Facts, expected: Expected) -> dict[str, str]:
    """Bundled library -> its component, "" if the table does not know it."""
    rows = expected.table(TABLE)["owners"]
    names = [
        path.removeprefix(LIBRARIES)
        for path, entry in artefact["files.entries"].items()
        if path.startswith(LIBRARIES) and entry["kind"] == "file"
    ]
    return {name: _owner(rows, name) for name in names}


def _owner(rows: Mapping[str, str], name: str) -> str:
    return next((owner for glob, owner in rows.items() if fnmatchcase(name, glob)), "")


@check(
    "PAP-106",
    source=SOURCE,
    remedy="Name the library's component in suites/papers/expected.yaml; build it from its recipe.",
    profiles=OURS,
)
def test_every_library_has_a_component(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """Every bundled library is of a component that the manifest lists."""
    known = _components(artefact)
    evidence["offenders"] = {
        name: owner or "nobody"
        for name, owner in _owners(artefact, expected).items()
        if owner not in known
    }

    assert evidence["offenders"] == {}


@check(
    "PAP-107",
    source="GPL-3.0 section 4 and LGPL-2.1 section 1: a copy of the licence goes along",
    remedy="Name the whole COPYING in the recipe's licence.file, not a notice that points to it.",
    profiles=OURS,
)
def test_copyleft_is_whole(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every bundled library under a GPL or LGPL goes with the whole text of its licence."""
    table, licences, texts = expected.table(TABLE), _components(artefact), _texts(artefact)
    owners = {
        name: owner
        for name, owner in _owners(artefact, expected).items()
        if _copyleft(licences.get(owner, ""), table["copyleft"])
    }
    evidence["libraries"] = owners
    evidence["offenders"] = sorted(n for n, o in owners.items() if not _whole(texts, o, table))

    assert evidence["offenders"] == []


def _copyleft(licence: str, globs: list[str]) -> bool:
    """Whether each way to follow it binds so: of `BSD-3-Clause OR GPL-2.0-only` one does not."""
    return all(any(fnmatchcase(i, g) for i in way for g in globs) for way in _ids(licence))


def _whole(texts: Mapping[str, str], owner: str, table: Mapping[str, Any]) -> bool:
    return table["whole"] in texts.get(owner, "")
