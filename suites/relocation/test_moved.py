"""The distribution works wherever it lies and whatever leads to it (bug museum 13, 15, 48, 49)."""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, check
from everylinux.facts import Facts
from everylinux.model import MOVED, SUBJECT

LINKED = "/tmp/starting/links/tree"  # noqa: S108 - made by the scenario, in the cell
PORTABLE = ("standalone", "relocatable")


def _wrong(report: dict[str, Any], place: str, usual: dict[str, Any]) -> str:
    """What is wrong with a report, if the tree lies at `place`; "" if nothing.

    `usual` is the report of a start by the interpreter's own path.
    """
    if "failed" in report:
        return str(report["failed"])
    # the first entry is the script's own folder, or "" for the working folder
    strays = [p for p in report["path"][1:] if not p.startswith(place + "/")]
    if report["prefix"] != place:
        return f"sys.prefix is {report['prefix']}"
    if lost := set(report.get("lost", ())) - set(usual.get("lost", ())):
        return f"cannot import {sorted(lost)}, which a start by its path can"
    return f"sys.path leads to {strays}" if strays else ""


def _wrong_at(facts: Facts, way: str, place: str) -> str:
    return _wrong(facts["starts"][way], place, facts["starts"]["absolute"])


def _judge(facts: Facts, evidence: Evidence, kind: str) -> None:
    names = (f"moved: {kind}", f"moved, relative: {kind}")
    wrong = {name: _wrong_at(facts, name, str(MOVED[kind])) for name in names}
    evidence["wrong"] = {name: why for name, why in wrong.items() if why}
    assert evidence["wrong"] == {}


@check(
    "REL-001",
    source="spec: File Layout Reference; bug museum 48",
    remedy="Find every place from the interpreter's own, and quote it.",
    profiles=PORTABLE,
)
def test_moved_to_a_place_with_spaces(facts: Facts, evidence: Evidence) -> None:
    """A tree moved to a path with spaces starts, and looks for its parts only there."""
    _judge(facts, evidence, "space")


@check(
    "REL-002",
    source="spec: File Layout Reference",
    remedy="Treat paths as bytes; decode them with the file system's encoding.",
    profiles=PORTABLE,
)
def test_moved_to_a_place_beyond_ascii(facts: Facts, evidence: Evidence) -> None:
    """A tree moved to a path with non-ASCII characters starts, and looks only there."""
    _judge(facts, evidence, "non-ASCII")


@check(
    "REL-003",
    source="bug museum 49",
    remedy="Do not use buffers of 255 bytes, nor `#!` lines with the tree's path.",
    profiles=PORTABLE,
)
def test_moved_to_a_long_path(facts: Facts, evidence: Evidence) -> None:
    """A tree moved to a path longer than 255 bytes starts, and looks for its parts only there."""
    _judge(facts, evidence, "long")


def _same_tree(facts: Facts, evidence: Evidence, *names: str) -> None:
    """Judge the starts whose path still spells the tree's own place."""
    wrong = {name: _wrong_at(facts, name, str(SUBJECT)) for name in names}
    evidence["wrong"] = {name: why for name, why in wrong.items() if why}
    assert evidence["wrong"] == {}


@check(
    "REL-004",
    source="spec: File Layout Reference",
    remedy="Resolve a relative argv[0] against the working folder before it changes.",
    profiles=PORTABLE,
)
def test_started_by_a_relative_path(facts: Facts, evidence: Evidence) -> None:
    """Started by a relative path, the interpreter finds its tree."""
    _same_tree(facts, evidence, "relative", "relative from the top")


@check(
    "REL-005",
    source="bug museum 15 (pyinstaller#9204)",
    remedy="Normalise the path before comparing it.",
    profiles=PORTABLE,
)
def test_started_with_doubled_slashes(facts: Facts, evidence: Evidence) -> None:
    """Started as `.//bin//python3`, the interpreter finds its tree."""
    _same_tree(facts, evidence, "doubled slashes")


@check(
    "REL-006",
    source="spec: Environment Variables, PATH",
    remedy="Search PATH for a bare argv[0], or ask /proc/self/exe.",
    profiles=PORTABLE,
)
def test_started_by_path(facts: Facts, evidence: Evidence) -> None:
    """Started by its bare name through PATH, the interpreter finds its tree."""
    _same_tree(facts, evidence, "by PATH")


@check(
    "REL-007",
    source="bug museum 13 (python-build-standalone#380)",
    remedy="Follow symlinks to the interpreter before looking beside it.",
    profiles=PORTABLE,
)
def test_started_through_symlinks(facts: Facts, evidence: Evidence) -> None:
    """Started through a symlink, a chain or a relative one, the interpreter finds its tree."""
    names = ("symlink", "chain of symlinks", "relative symlink in a folder")
    _same_tree(facts, evidence, *names)


@check(
    "REL-008",
    source="bug museum 13",
    remedy="Let every lookup follow the folder that the interpreter was started from.",
    profiles=PORTABLE,
)
def test_started_below_a_symlinked_tree(facts: Facts, evidence: Evidence) -> None:
    """Started below a symlink to the whole tree, the interpreter finds its standard library."""
    places = (str(SUBJECT), LINKED)
    evidence["wrong"] = min((_wrong_at(facts, "symlinked tree", p) for p in places), key=len)
    assert evidence["wrong"] == ""


@check(
    "REL-009",
    source="spec: File Layout Reference",
    remedy="Ship bin/python and bin/python3 as symlinks to the entry point.",
    profiles=PORTABLE,
)
def test_short_names_start_the_same(facts: Facts, evidence: Evidence) -> None:
    """bin/python and bin/python3 start the same interpreter as its full name."""
    _same_tree(facts, evidence, "bin/python", "bin/python3")


@check(
    "REL-010",
    source="bug museum 4 (python-build-standalone#103)",
    remedy="Start it by the kernel alone: an ELF launcher, not a script that a `#!` cannot name.",
    profiles=PORTABLE,
)
def test_named_in_a_shebang(facts: Facts, evidence: Evidence) -> None:
    """A script whose `#!` line names the interpreter runs, also through a symlink to the script."""
    _same_tree(facts, evidence, "shebang", "symlink to a script")


@check(
    "REL-011",
    source="bug museum 4, 48",
    remedy="Let programs in bin/ find the interpreter from their own place, without `#!` lines.",
    profiles=("standalone",),
)
def test_pip_runs_where_it_lies(facts: Facts, evidence: Evidence) -> None:
    """The program pip and its other names run where the tree lies and wherever it was moved."""
    evidence["wrong"] = {
        name: found
        for name, found in facts["tools"].items()
        if name.startswith("pip") and not found.get("out", "").startswith("pip ")
    }
    assert evidence["wrong"] == {}


@check(
    "REL-012",
    source="spec: File Layout Reference",
    remedy="Let pydoc find the interpreter from its own place.",
    profiles=("standalone",),
)
def test_pydoc_runs_where_it_lies(facts: Facts, evidence: Evidence) -> None:
    """The program pydoc runs where the tree lies and wherever it was moved."""
    evidence["wrong"] = {
        name: found
        for name, found in facts["tools"].items()
        if name.startswith("pydoc") and "errno" not in found.get("out", "")
    }
    assert evidence["wrong"] == {}


@check(
    "REL-013",
    source="bug museum 4, 6, 66",
    remedy="Let python3-config derive its prefix from its own place.",
    profiles=("standalone",),
)
def test_config_names_the_place_where_it_lies(facts: Facts, evidence: Evidence) -> None:
    """The program python3-config names the place where the tree lies, also after a move."""
    places = {**MOVED, "subject": SUBJECT}
    tools = facts["tools"]
    found = {kind: tools.get(f"config {kind}", {}) for kind in places}
    evidence["wrong"] = {
        kind: found[kind] or "not run"
        for kind, place in places.items()
        if found[kind].get("out", "").strip() != str(place)
    }
    assert evidence["wrong"] == {}
