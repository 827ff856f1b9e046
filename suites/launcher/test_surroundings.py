"""What passes between the interpreter and its surroundings: what the user asked for."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

PORTABLE = ("standalone", "relocatable")
OWN = str(SUBJECT)
# What the C library or the interpreter itself may set in its own environment: PEP 538 coerces
# LC_CTYPE in the C locale (https://peps.python.org/pep-0538/).
COERCED = {"LC_CTYPE"}


@check(
    "LCH-001",
    source="bug museum 60 (relenv#140)",
    remedy="Pass what the loader needs as arguments, not as variables.",
)
def test_environment_is_the_users(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """The interpreter sees exactly the variables that its user gave."""
    given, own = facts["surroundings.given"], facts["surroundings.environment"].get("own", {})
    evidence["changed"] = {
        name: [given.get(name), own.get(name)]
        for name in sorted((set(given) | set(own)) - COERCED - expected.shell_variables)
        if given.get(name) != own.get(name)
    }
    assert evidence["changed"] == {}


@check(
    "LCH-002",
    source="bug museum 60 (salt#65058)",
    remedy="Leave no variable of the launcher's in the environment of children.",
)
def test_children_inherit_the_same(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """Children inherit exactly the variables that the interpreter has."""
    found = facts["surroundings.environment"]
    own, child = found.get("own", {}), found.get("child", {"failed": found})
    evidence["changed"] = {
        name: [own.get(name), child.get(name)]
        for name in sorted((set(own) | set(child)) - COERCED - expected.shell_variables)
        if own.get(name) != child.get(name)
    }
    assert evidence["changed"] == {}


@check(
    "LCH-003",
    source="bug museum 27 (python-build-standalone#586)",
    remedy="Open every descriptor with O_CLOEXEC and close it after use.",
)
def test_no_descriptor_is_open_at_start(facts: Facts, evidence: Evidence) -> None:
    """No file descriptor but 0, 1 and 2 is open when the interpreter starts."""
    found = facts["surroundings.environment"]
    evidence["descriptors"] = found.get("fds", found)
    assert evidence["descriptors"] == ["0", "1", "2"]


@check(
    "LCH-004",
    source="bug museum 27",
    remedy="Open every descriptor with O_CLOEXEC (PEP 446).",
)
def test_no_descriptor_leaks_into_children(facts: Facts, evidence: Evidence) -> None:
    """A child started with close_fds=False gets no descriptor but 0, 1 and 2."""
    found = facts["surroundings.environment"]
    evidence["descriptors"] = found.get("child_fds", found)
    assert evidence["descriptors"] == "['0', '1', '2']"


def _strays(facts: Facts, expected: Expected, way: str) -> Any:  # noqa: ANN401 - a JSON value
    """The libraries from outside the tree that a start mapped; how it failed, if it did."""
    maps = facts["surroundings"][way]
    if isinstance(maps, dict):
        return maps
    return [
        path
        for path in maps
        if ".so" in path and not path.startswith(OWN) and path != expected.loader
    ]


@check(
    "LCH-005",
    source="spec: Symbol Resolution",
    remedy="Search the tree's own folders only; ship an empty path file for the loader.",
    profiles=("standalone",),
)
def test_libraries_are_the_trees_own(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every library that the interpreter maps lies in the tree."""
    evidence["strays"] = _strays(facts, expected, "maps")
    assert evidence["strays"] == []


@check(
    "LCH-006",
    source="spec: System Variables, LD_LIBRARY_PATH is not used",
    remedy="Have the loader ignore LD_LIBRARY_PATH: it names the host's libraries.",
    profiles=("standalone",),
)
def test_library_path_of_the_host_captures_nothing(
    facts: Facts, expected: Expected, evidence: Evidence
) -> None:
    """A host's LD_LIBRARY_PATH brings none of the host's libraries into the interpreter."""
    evidence["strays"] = _strays(facts, expected, "maps under LD_LIBRARY_PATH")
    assert evidence["strays"] == []


@check(
    "LCH-007",
    source="spec: Symbol Resolution",
    remedy="Have the loader ignore LD_PRELOAD: it names libraries for the host's libc.",
    profiles=("standalone",),
)
def test_preload_of_the_host_captures_nothing(
    facts: Facts, expected: Expected, evidence: Evidence
) -> None:
    """A host's LD_PRELOAD brings nothing into the interpreter, nor stops it."""
    shell = facts["surroundings"].get("shell under LD_PRELOAD", {})
    if expected.start == "bootstrap" and shell.get("status") != 0:
        pytest.skip("with that LD_PRELOAD no script in sh starts on this Linux, so no wrapper")
    evidence["strays"] = _strays(facts, expected, "maps under LD_PRELOAD")
    assert evidence["strays"] == []


@check(
    "LCH-008",
    source="spec: Musl copy to /tmp (the `launcher` way to start writes nothing)",
    remedy="Start from where the files lie; copy nothing.",
    profiles=PORTABLE,
)
def test_nothing_is_written(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """A start with many imports, a child and a database in memory leaves no file behind."""
    if expected.start == "bootstrap":
        pytest.skip("this way to start copies the loader: BST-003 and BST-004 judge it")
    evidence["busy"] = facts["surroundings.busy"]
    evidence["written"] = facts["surroundings.written"]
    assert (evidence["busy"], evidence["written"]) == ("done", [])


@check(
    "LCH-009",
    source="bug museum 62 (relenv 0.14.0)",
    remedy="Run no helper program at start, and print nothing.",
)
def test_a_start_is_quiet(facts: Facts, evidence: Evidence) -> None:
    """Where PATH and HOME lead nowhere, a start prints nothing."""
    evidence["quiet"] = facts["surroundings.quiet"]
    assert evidence["quiet"] == {"status": 0, "out": "", "err": ""}


@check(
    "LCH-010",
    source="spec: Python-Specific Variables",
    remedy="Leave -I to the interpreter: isolated means no variable of Python's counts.",
    profiles=PORTABLE,
)
def test_isolated_ignores_pythonhome(facts: Facts, evidence: Evidence) -> None:
    """With -I a poisoned PYTHONHOME and PYTHONPATH change nothing."""
    evidence["report"] = facts["surroundings"]["isolated from PYTHONHOME"]
    assert evidence["report"].get("prefix") == OWN


@check(
    "LCH-011",
    source="spec: Environment Variables",
    remedy="Need no variable: everything follows from the interpreter's own place.",
    profiles=PORTABLE,
)
def test_starts_without_any_variable(facts: Facts, evidence: Evidence) -> None:
    """The interpreter starts with an empty environment."""
    evidence["report"] = facts["surroundings"]["no environment"]
    assert evidence["report"].get("prefix") == OWN
