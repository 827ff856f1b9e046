"""Modes, owners and kinds of everything in the tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "permissions/expected.yaml"
SPECIAL = 0o7000  # setuid, setgid, sticky
OTHERS_WRITE = 0o022
FOLDER = 0o755
OURS = ("standalone",)


def _of(artefact: Facts, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Path and entry of each thing of a kind; the root's path is "."."""
    for path, entry in artefact["files.entries"].items():
        if entry["kind"] == kind:
            yield path or ".", entry


def _modes(artefact: Facts, expected: Expected, pattern: str) -> dict[str, str]:
    """Files for which `pattern` is the first row that matches, with a mode other than its."""
    rows = expected.table(TABLE)["modes"]
    wrong = {}
    for path, entry in _of(artefact, "file"):
        row = next(row for row in rows if fnmatchcase(path, row["files"]))
        mode = f"{entry['mode'] & 0o777:o}"
        if row["files"] == pattern and mode not in row["mode"].split():
            wrong[path] = f"{mode}, not {row['mode']}"
    return wrong


@check(
    "PRM-001",
    source="spec: File Permissions (python-real: 444)",
    remedy="chmod 444 bin/*-real: only the loader opens them.",
    profiles=OURS,
)
def test_real_programs(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The real programs behind the launcher are read-only and not executable by themselves."""
    evidence["offenders"] = _modes(artefact, expected, "bin/*-real")

    assert evidence["offenders"] == {}


@check(
    "PRM-002",
    source="spec: File Permissions (executables: 755)",
    remedy="chmod 755 on every file of bin/ that a user starts.",
    profiles=OURS,
)
def test_programs(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every program that a user starts is 755."""
    evidence["offenders"] = _modes(artefact, expected, "bin/*")

    assert evidence["offenders"] == {}


@check(
    "PRM-003",
    source="spec: File Permissions (*.so: 444)",
    remedy="chmod 444 on every shared library and extension module.",
    profiles=OURS,
)
def test_libraries(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every shared library and extension module is 444."""
    offenders = _modes(artefact, expected, "*.so") | _modes(artefact, expected, "*.so.*")
    evidence["offenders"] = offenders

    assert evidence["offenders"] == {}


@check(
    "PRM-004",
    source="spec: File Permissions (*.py: 644)",
    remedy="chmod 644 on every source file, also on those with a shebang.",
    profiles=OURS,
)
def test_sources(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every Python source file is 644."""
    evidence["offenders"] = _modes(artefact, expected, "*.py")

    assert evidence["offenders"] == {}


@check(
    "PRM-005",
    source="spec: File Permissions (*.pyc: 644)",
    remedy="chmod 644 on every bytecode file.",
    profiles=OURS,
)
def test_bytecode(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every bytecode file is 644."""
    evidence["offenders"] = _modes(artefact, expected, "*.pyc")

    assert evidence["offenders"] == {}


@check(
    "PRM-006",
    source="spec: File Permissions (directories: 755)",
    remedy="chmod 755 on every folder, the topmost too.",
    profiles=OURS,
)
def test_folders(artefact: Facts, evidence: Evidence) -> None:
    """Every folder is 755."""
    evidence["offenders"] = {
        path: f"{entry['mode'] & 0o777:o}, not 755"
        for path, entry in _of(artefact, "dir")
        if entry["mode"] & 0o777 != FOLDER
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-007",
    source="spec: File Permissions (data like *.py: 644)",
    remedy="chmod 644 on headers, data and manual pages.",
    profiles=OURS,
)
def test_other_files(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every other file is 644: readable by all, executable by nobody."""
    evidence["offenders"] = _modes(artefact, expected, "*")

    assert evidence["offenders"] == {}


@check(
    "PRM-008",
    source="issue: permissions (no setuid)",
    remedy="chmod u-s,g-s,-t: nothing of a Python runs with other rights than its user's.",
)
def test_no_special_bit(artefact: Facts, evidence: Evidence) -> None:
    """Nothing is setuid, setgid or sticky."""
    evidence["offenders"] = {
        path or ".": f"{entry['mode']:o}"
        for path, entry in artefact["files.entries"].items()
        if entry["kind"] != "link" and entry["mode"] & SPECIAL
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-009",
    source="issue: permissions (nothing world-writable)",
    remedy="chmod go-w: whoever may write there runs code as the user of the Python.",
)
def test_only_the_owner_writes(artefact: Facts, evidence: Evidence) -> None:
    """Nothing is writable by the group or by everybody."""
    evidence["offenders"] = {
        path or ".": f"{entry['mode'] & 0o777:o}"
        for path, entry in artefact["files.entries"].items()
        if entry["kind"] != "link" and entry["mode"] & OTHERS_WRITE
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-010",
    source="issue: permissions (owners)",
    remedy="chown -R to one user; in an archive that is root, 0:0.",
)
def test_one_owner(artefact: Facts, evidence: Evidence) -> None:
    """Everything belongs to one user and one group: those of the topmost folder."""
    entries = artefact["files.entries"]
    owner = (entries[""]["uid"], entries[""]["gid"])
    evidence["owner"] = f"{owner[0]}:{owner[1]}"
    evidence["offenders"] = {
        path: f"{entry['uid']}:{entry['gid']}"
        for path, entry in entries.items()
        if (entry["uid"], entry["gid"]) != owner
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-011",
    source="issue: permissions (no symlink dangling)",
    remedy="Take the link out, or ship what it names.",
)
def test_no_link_dangles(artefact: Facts, evidence: Evidence) -> None:
    """Every symlink that stays within the tree leads to something."""
    evidence["offenders"] = {
        path: entry["target"]
        for path, entry in _of(artefact, "link")
        if entry["inside"] and not entry["resolves"]
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-012",
    source="issue: permissions (no symlink out of the tree); bug museum 47",
    remedy="Make the link relative and within the tree.",
)
def test_no_link_leaves_the_tree(artefact: Facts, evidence: Evidence) -> None:
    """No relative symlink leads out of the tree, or round in a circle."""
    evidence["offenders"] = {
        path: entry["target"]
        for path, entry in _of(artefact, "link")
        if not entry["inside"] and not entry["target"].startswith("/")
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-013",
    source="bug museum 47",
    remedy="Make the link relative: an absolute one is dead after a move and refused by tarfile.",
    profiles=("standalone", "relocatable"),
)
def test_no_link_is_absolute(artefact: Facts, evidence: Evidence) -> None:
    """No symlink is absolute."""
    evidence["offenders"] = {
        path: entry["target"]
        for path, entry in _of(artefact, "link")
        if entry["target"].startswith("/")
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-014",
    source="spec: File Layout Reference",
    remedy="Take it out: a Python is made of files, folders and links.",
)
def test_only_files_folders_and_links(artefact: Facts, evidence: Evidence) -> None:
    """There is no device, fifo or socket in the tree."""
    evidence["offenders"] = [path for path, _ in _of(artefact, "other")]

    assert evidence["offenders"] == []


HOST_LABELS = {"security.selinux", "security.ima", "security.evm", "security.apparmor"}


@check(
    "PRM-015",
    source="bug museum 9 (file capabilities)",
    remedy="setfattr -x / setcap -r: archives carry them to some hosts and not to others.",
)
def test_no_extended_attribute(artefact: Facts, evidence: Evidence) -> None:
    """Nothing carries file capabilities, access lists or other extended attributes."""
    evidence["offenders"] = {
        path: names
        for path, entry in artefact["files.entries"].items()
        if (names := sorted(set(entry.get("attributes", ())) - HOST_LABELS))
    }

    assert evidence["offenders"] == {}


@check(
    "PRM-016",
    source="spec: System Requirements (unprivileged use)",
    remedy="chmod a+r: a file that only root can read is a failing import for everybody else.",
)
def test_everything_can_be_read(artefact: Facts, evidence: Evidence) -> None:
    """Everybody can read every file and enter every folder."""
    evidence["offenders"] = {
        path or ".": f"{entry['mode'] & 0o777:o}"
        for path, entry in artefact["files.entries"].items()
        if entry["kind"] in {"file", "dir"}
        and entry["mode"] & (need := 0o555 if entry["kind"] == "dir" else 0o444) != need
    }

    assert evidence["offenders"] == {}
