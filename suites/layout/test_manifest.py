"""manifest.json says truly what is in the tree, what it was made of and how.

Judged form: `files` is a list of `{path, kind, mode, size, sha256}` (links: `{path, kind, target}`)
of everything but manifest.json; `components` a list of `{name, version, licence, flags: {commands},
sources: [{name, version, file, sha256, origin}]}`; `toolchain`; `python` and `arch`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

SOURCE = "issue: the result (manifest.json)"
REMEDY = "Write the manifest last, from the finished tree."
OURS = ("standalone",)
NAME = "manifest.json"
SHA256 = re.compile(r"[0-9a-f]{64}")
VERSION = re.compile(r"[0-9].*")


def _listed(artefact: Facts) -> dict[str, Mapping[str, Any]]:
    rows = artefact["manifest.files"]
    if isinstance(rows, Mapping):
        return {path: {"path": path, **row} for path, row in rows.items()}
    return {row["path"]: row for row in rows}


def _present(artefact: Facts) -> dict[str, Mapping[str, Any]]:
    """Files and links of the tree, without the manifest itself."""
    return {
        path: entry
        for path, entry in artefact["files.entries"].items()
        if entry["kind"] in {"file", "link"} and path != NAME
    }


def _differing(artefact: Facts, key: str) -> dict[str, Any]:
    """Path -> what is listed and what is there, of regular files in both."""
    present = _present(artefact)
    return {
        path: {"listed": row.get(key), "there": there}
        for path, row in _listed(artefact).items()
        if present.get(path, {}).get("kind") == "file"
        and row.get(key) != (there := present[path].get(key))
    }


def _components(artefact: Facts) -> dict[str, Mapping[str, Any]]:
    found = {row["name"]: row for row in artefact["manifest.components"]}
    if not found:
        raise FactUnavailable("manifest.components", "it lists none")
    return found


@check("LAY-101", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_manifest_is_there(artefact: Facts, evidence: Evidence) -> None:
    """The tree carries a manifest.json at its top."""
    evidence["kind"] = artefact["files.entries"].get(NAME, {}).get("kind", "none")

    assert evidence["kind"] == "file"


@check("LAY-102", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_everything_is_listed(artefact: Facts, evidence: Evidence) -> None:
    """Every file and link of the tree is listed in the manifest."""
    evidence["offenders"] = sorted(set(_present(artefact)) - set(_listed(artefact)))[:200]

    assert evidence["offenders"] == []


@check("LAY-103", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_everything_listed_is_there(artefact: Facts, evidence: Evidence) -> None:
    """Everything that the manifest lists as a file or a link is in the tree."""
    listed = {path for path, row in _listed(artefact).items() if row.get("kind") != "dir"}
    evidence["offenders"] = sorted(listed - set(_present(artefact)))[:200]

    assert evidence["offenders"] == []


@check("LAY-104", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_modes_are_true(artefact: Facts, evidence: Evidence) -> None:
    """Every mode in the manifest is the file's or the folder's."""
    present = artefact["files.entries"]
    evidence["offenders"] = {
        path: {"listed": row.get("mode"), "there": f"{present[path]['mode']:04o}"}
        for path, row in _listed(artefact).items()
        if present.get(path, {}).get("kind") in {"file", "dir"}
        and _mode(row.get("mode")) != present[path]["mode"]
    }

    assert evidence["offenders"] == {}


def _mode(listed: object) -> int:
    """Octal text or a number; -1 for anything else, which no file has."""
    if isinstance(listed, str):
        return int(listed, 8) if re.fullmatch(r"(0o)?[0-7]{3,5}", listed) else -1
    return listed if isinstance(listed, int) else -1


@check("LAY-105", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_sizes_are_true(artefact: Facts, evidence: Evidence) -> None:
    """Every size in the manifest is the file's."""
    evidence["offenders"] = _differing(artefact, "size")

    assert evidence["offenders"] == {}


@check("LAY-106", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_digests_are_true(artefact: Facts, evidence: Evidence) -> None:
    """Every sha256 in the manifest is the file's."""
    evidence["offenders"] = _differing(artefact, "sha256")

    assert evidence["offenders"] == {}


@check("LAY-107", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_links_are_true(artefact: Facts, evidence: Evidence) -> None:
    """Every symlink's target in the manifest is the link's."""
    present = _present(artefact)
    evidence["offenders"] = {
        path: {"listed": row.get("target"), "there": present[path]["target"]}
        for path, row in _listed(artefact).items()
        if present.get(path, {}).get("kind") == "link"
        and row.get("target") != present[path]["target"]
    }

    assert evidence["offenders"] == {}


@check("LAY-108", source=SOURCE, remedy="Name the version in build/lock.yaml.", profiles=OURS)
def test_components_have_versions(artefact: Facts, evidence: Evidence) -> None:
    """Every component has a version."""
    evidence["offenders"] = {
        name: row.get("version")
        for name, row in _components(artefact).items()
        if not VERSION.fullmatch(str(row.get("version") or ""))
    }

    assert evidence["offenders"] == {}


@check("LAY-109", source=SOURCE, remedy="Build from the locked sources only.", profiles=OURS)
def test_components_have_origins(artefact: Facts, evidence: Evidence) -> None:
    """Every source of every component has an origin: where it was had from."""
    evidence["offenders"] = [
        name
        for name, row in _components(artefact).items()
        if not row.get("sources") or not all(source.get("origin") for source in row["sources"])
    ]

    assert evidence["offenders"] == []


@check("LAY-110", source=SOURCE, remedy="Build from the locked sources only.", profiles=OURS)
def test_components_have_digests(artefact: Facts, evidence: Evidence) -> None:
    """Every source of every component has a sha256."""
    evidence["offenders"] = {
        name: wrong
        for name, row in _components(artefact).items()
        if (wrong := [_name(s) for s in row.get("sources", ()) if not _digested(s)])
    }

    assert evidence["offenders"] == {}


def _name(source: Mapping[str, Any]) -> str:
    return str(source.get("file") or source.get("name") or "a source without a name")


def _digested(source: Mapping[str, Any]) -> bool:
    return SHA256.fullmatch(str(source.get("sha256") or "")) is not None


@check(
    "LAY-111",
    source="spec: Complete Dependency Matrix (License)",
    remedy="Name the licence (SPDX) in the component's recipe.",
    profiles=OURS,
)
def test_components_have_licences(artefact: Facts, evidence: Evidence) -> None:
    """Every component has a licence."""
    evidence["offenders"] = [
        name
        for name, row in _components(artefact).items()
        if not (row.get("licence") or row.get("license"))
    ]

    assert evidence["offenders"] == []


@check("LAY-112", source=SOURCE, remedy="Build again: the lock has changed.", profiles=OURS)
def test_sources_are_the_locked_ones(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """Every source is the one that the lock pins: its name, its version, its sha256."""
    sources = [s for row in _components(artefact).values() for s in row.get("sources", ())]
    evidence["offenders"] = {
        _name(source): wrong
        for source in sources
        if (wrong := _unlocked(source, expected.lock.get(str(source.get("name")), {})))
    }

    assert evidence["offenders"] == {}


def _unlocked(source: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """What of a source no form of the lock's entry (upstream, debian) says."""
    forms = [entry, *(form for form in entry.values() if isinstance(form, Mapping))]
    return {
        key: {"built": source.get(key), "locked": locked}
        for key in ("version", "sha256")
        if source.get(key) not in (locked := [form[key] for form in forms if key in form])
    }


@check("LAY-113", source=SOURCE, remedy="Record each step's commands.", profiles=OURS)
def test_flags_are_recorded(artefact: Facts, evidence: Evidence) -> None:
    """Every component has the commands recorded by which it was built, with their flags."""
    evidence["offenders"] = [
        name
        for name, row in _components(artefact).items()
        if not (row.get("flags") or {}).get("commands")
    ]

    assert evidence["offenders"] == []


@check("LAY-114", source=SOURCE, remedy="Record the first line of --version.", profiles=OURS)
def test_tool_chain_is_recorded(artefact: Facts, evidence: Evidence) -> None:
    """The tool chain is recorded, the compiler with its version."""
    tools = artefact["manifest.toolchain"]
    evidence["compiler"] = str(tools.get("gcc") or tools.get("cc") or "none")

    assert re.search(r"\d+\.\d+", evidence["compiler"])


@check("LAY-115", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_settings_are_true(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The manifest's Python and architecture are those of the tree."""
    evidence["listed"] = {key: artefact[f"manifest.{key}"] for key in ("python", "arch")}

    assert evidence["listed"] == {"python": expected.python, "arch": expected.arch}


@check("LAY-116", source=SOURCE, remedy=REMEDY, profiles=OURS)
def test_no_file_is_listed_twice(artefact: Facts, evidence: Evidence) -> None:
    """No path is listed twice in the manifest, with two truths."""
    rows = artefact["manifest.files"]
    paths = [row["path"] for row in rows] if isinstance(rows, list) else list(rows)
    evidence["offenders"] = sorted(p for p, count in Counter(paths).items() if count > 1)

    assert evidence["offenders"] == []
