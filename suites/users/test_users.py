"""The distribution serves users without rights as it serves root (bug museum 61)."""

from __future__ import annotations

from everylinux.checks import Evidence, check
from everylinux.facts import Facts
from everylinux.model import NOBODY


@check(
    "USR-001",
    source="spec: File Permissions",
    remedy="Make every file readable and every folder and program executable for all.",
)
def test_nobody(facts: Facts, evidence: Evidence) -> None:
    """The user nobody, with an unwritable HOME, runs threads, children, TLS and temporary files."""
    evidence["nobody"] = facts["user.nobody"]
    assert [evidence["nobody"].get(name) for name in ("uid", "gid")] == [NOBODY, NOBODY]


@check(
    "USR-002",
    source="bug museum 61 (relenv#252); OpenShift gives random user ids",
    remedy="Do not ask the user database at start, nor write to HOME.",
)
def test_stranger(facts: Facts, evidence: Evidence) -> None:
    """A user id that no database knows, with a HOME that is not there, runs the same."""
    evidence["stranger"] = facts["user.stranger"]
    assert evidence["stranger"].get("uid") == 4242  # noqa: PLR2004 - the scenario's stranger


@check(
    "USR-003",
    source="bug museum 61",
    remedy="Do not need HOME.",
)
def test_without_home(facts: Facts, evidence: Evidence) -> None:
    """A user id that no database knows, without HOME, runs the same."""
    evidence["no HOME"] = facts["user"]["no HOME"]
    assert evidence["no HOME"].get("uid") == 4242  # noqa: PLR2004 - the scenario's stranger


@check(
    "USR-004",
    source="spec: File Permissions",
    remedy="Need no more than reading the tree.",
)
def test_root_on_a_read_only_tree(facts: Facts, evidence: Evidence) -> None:
    """Root without any capability, on a read-only tree, runs threads, children and TLS."""
    evidence["root"] = facts["user.root"]
    assert evidence["root"].get("uid") == 0


@check(
    "USR-005",
    source="spec: File Permissions",
    remedy="Take the write bit for group and others from every file and folder.",
)
def test_no_place_to_plant(facts: Facts, evidence: Evidence) -> None:
    """Seen from inside the cell, nothing in the tree is writable for group or others."""
    evidence["writable"] = facts["user.writable"]
    assert evidence["writable"] == []
