"""The wrapper in sh is the specification's, and writes, inherits and says what it should."""

from __future__ import annotations

import re
from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

TABLE = "bootstrap/expected.yaml"
OURS = ("standalone",)


def _scene(facts: Facts, name: str) -> Any:  # noqa: ANN401 - a JSON value
    """A scene of the probe; skips where the tree starts in another way."""
    found = facts["bootstrap"]
    if "lacks" in found:
        pytest.skip(found["lacks"])
    return facts[f"bootstrap.{name}"]


@check(
    "BST-001",
    source="spec: Wrapper Script API; spec: Standalone Python Variables",
    remedy="Keep the names: scripts and readers know them.",
    profiles=OURS,
)
def test_names_of_the_specification(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """The wrapper has the five functions and the four variables of the specification."""
    text, table = _scene(facts, "wrapper"), expected.table(TABLE)
    functions = set(re.findall(r"^(\w+)\(\)", text, re.MULTILINE))
    variables = set(re.findall(r"^\s*(\w+)=", text, re.MULTILINE)) | set(
        re.findall(r"while .*; do\s+(\w+)=", text)
    )
    evidence["missing"] = sorted(
        (set(table["functions"]) - functions) | (set(table["variables"]) - variables)
    )

    assert evidence["missing"] == []


@check(
    "BST-002",
    source="spec: ELF Structure (INTERP: /tmp/StAnDa*.so)",
    remedy="patchelf --set-interpreter on bin/pythonX.Y-real, which stays 444.",
    profiles=OURS,
)
def test_interpreter_path(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """The real interpreter names the specification's loader in /tmp, and cannot be executed."""
    evidence["real"] = real = _scene(facts, "real")
    evidence.finding(
        "the loader's path is predictable and in a folder that everybody may write to",
        "the file that names it cannot be executed; the wrapper names a loader it has checked",
    )

    place = expected.table(TABLE)["place"][expected.arch]
    assert real == {"interpreter": place, "mode": "444"}


@check(
    "BST-003",
    source="spec: Disk I/O (Musl copy to /tmp, once per boot)",
    remedy="Copy to a folder of its own, prove the copy, then give it the name that is looked for.",
    profiles=OURS,
)
def test_first_start(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """The first start writes one file, the tree's own loader, in the place of the specification."""
    found = _scene(facts, "first")
    place = expected.table(TABLE)["place"][expected.arch]
    evidence["found"] = {name: found[name] for name in ("loader", "written")}
    row = {"kind": "file", "mode": "555", "sha256": facts["bootstrap.loader"]}
    written = {
        path: {name: entry[name] for name in row} for path, entry in found["written"].items()
    }

    assert (found["loader"], written) == (place, {place.rpartition("/")[2]: row})


@check(
    "BST-004",
    source="spec: Disk I/O (once per boot)",
    remedy="Take a good copy as it is.",
    profiles=OURS,
)
def test_later_starts(facts: Facts, evidence: Evidence) -> None:
    """A later start takes the copy that is there, and writes nothing."""
    found = _scene(facts, "first")
    evidence["again"], evidence["unchanged"] = found["again"], found["unchanged"]

    assert (evidence["again"], evidence["unchanged"]) == (found["place"], True)


@check(
    "BST-005",
    source="spec: File Permissions (libraries 444); umask(2)",
    remedy="Set the copy's mode by chmod; change the umask in a subshell only.",
    profiles=OURS,
)
def test_umask(facts: Facts, evidence: Evidence) -> None:
    """Under any umask the copy has the same mode, and the interpreter has the user's umask."""
    found = _scene(facts, "umasks")
    evidence["wrong"] = {
        mask: row
        for mask, row in found.items()
        if (row["umask"], row["modes"]) != (row["wanted"], ["555"])
    }

    assert (len(found), evidence["wrong"]) == (3, {})


@check(
    "BST-006",
    source="spec: Environment Variables; Wrapper Script API (restore_environment)",
    remedy="Tell the interpreter its tree by an argument; give back what the wrapper changed.",
    profiles=OURS,
)
def test_variables(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every variable that a shell can name reaches the interpreter and its children unchanged."""
    scene, own = _scene(facts, "environment"), set(expected.table(TABLE)["shell_variables"])
    given, found = scene["given"], scene["found"]
    inherited = {who: found.get(who, {"failed": found}) for who in ("own", "child")}
    different = {
        (who, name): [given.get(name), variables.get(name)]
        for who, variables in inherited.items()
        for name in (given.keys() | variables.keys()) - own
        if given.get(name) != variables.get(name)
    }
    evidence["changed"] = {" ".join(k): v for k, v in different.items() if k[1].isidentifier()}
    evidence["unnameable"] = sorted({name for _, name in different if not name.isidentifier()})
    evidence.finding(
        "dash, mksh and busybox drop variables whose names are no identifiers, bash keeps them",
        "none in this way to start; the launcher starts without a shell",
    )

    assert evidence["changed"] == {}


@check(
    "BST-007",
    source="spec: Disk I/O; tmpfiles.d(5) cleans /tmp",
    remedy="Look for the copy at every start, and make it anew; let sys.executable be bin/python.",
    profiles=OURS,
)
def test_cleaned(facts: Facts, evidence: Evidence) -> None:
    """After /tmp was cleaned a process lives on, its children start, and so do environments."""
    evidence["found"] = found = _scene(facts, "cleaned")

    assert found == {"made": 0, "lives": str(SUBJECT), "venv": "/tmp/alice"}  # noqa: S108
