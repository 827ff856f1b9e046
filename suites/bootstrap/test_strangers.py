"""The loader lies where everybody may write: what others put there is never run."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "bootstrap/expected.yaml"
OURS = ("standalone",)
ALICE, MALLORY = 4242, 65534  # the scenario's
PREDICTABLE = "the loader's name is predictable, and in /tmp everybody may take it first"


def _scene(facts: Facts, name: str) -> Any:  # noqa: ANN401 - a JSON value
    """A scene of the probe; skips where the tree starts in another way."""
    found = facts["bootstrap"]
    if "lacks" in found:
        pytest.skip(found["lacks"])
    return facts[f"bootstrap.{name}"]


def _is_private(loader: object, expected: Expected, uid: int) -> bool:
    """Whether a loader lies in the user's own folder."""
    return str(loader).startswith(expected.table(TABLE)["private"].format(uid=uid))


@check(
    "BST-008",
    source="CWE-379; CWE-377",
    remedy="Ask for owner, kind and mode of the file and its folder before it is run.",
    profiles=OURS,
)
def test_planted_for_a_user(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """Whatever another user planted, a user's start runs a loader of its own."""
    planted = _scene(facts, "planted")
    evidence["ran"] = {kind: row["alice"] for kind, row in planted.items()}
    evidence.finding(
        PREDICTABLE,
        f"{len(planted)} kinds of planted files were not run; a folder of mode 700 is used instead",
    )
    wrong = [k for k, loader in evidence["ran"].items() if not _is_private(loader, expected, ALICE)]

    assert (len(planted) > 0, wrong) == (True, [])


@check(
    "BST-009",
    source="CWE-379; CWE-377",
    remedy="Root must not run a user's file either: trust root and oneself, nobody else.",
    profiles=OURS,
)
def test_planted_for_root(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """Whatever a user planted, root's start runs a loader of its own."""
    planted = _scene(facts, "planted")
    evidence["ran"] = {kind: row["root"] for kind, row in planted.items()}
    wrong = [k for k, loader in evidence["ran"].items() if not _is_private(loader, expected, 0)]

    assert (len(planted) > 0, wrong) == (True, [])


@check(
    "BST-010",
    source="CWE-379",
    remedy="Do not even start what is not proven.",
    profiles=OURS,
)
def test_nothing_planted_has_run(facts: Facts, evidence: Evidence) -> None:
    """No program that another user planted has left its mark."""
    planted = _scene(facts, "planted")
    evidence["marks"] = [kind for kind, row in planted.items() if "pwned" in row["left"]]

    assert (len(planted) > 0, evidence["marks"]) == (True, [])


@check(
    "BST-011",
    source="issue: two users at once; a half-written copy",
    remedy="Let a name appear only by link(2) or rename(2) of a finished file.",
    profiles=OURS,
)
def test_many_at_once(facts: Facts, evidence: Evidence) -> None:
    """Six first starts at one moment all succeed, and leave one copy and nothing half done."""
    found = _scene(facts, "at_once")
    evidence["found"] = {name: found[name] for name in ("ended", "err", "left")}

    assert (found["ended"], found["err"], len(found["left"])) == (6, "", 1)


@check(
    "BST-012",
    source="issue: two users at once",
    remedy="Give each user a folder of mode 700 where the place belongs to another.",
    profiles=OURS,
)
def test_second_user(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """The next user runs a copy of its own, in a folder that only it may enter."""
    found = _scene(facts, "at_once")
    evidence["loader"] = loader = found["other"]
    folder = expected.table(TABLE)["private"].format(uid=MALLORY).split("/")[2]
    row = found["left_by_other"].get(folder, {})
    evidence["folder"] = {name: row.get(name) for name in ("mode", "uid")}

    assert _is_private(loader, expected, MALLORY)
    assert evidence["folder"] == {"mode": "700", "uid": MALLORY}


@check(
    "BST-013",
    source="issue: a half-written copy",
    remedy="Compare the copy with the tree's loader at every start.",
    profiles=OURS,
)
def test_spoiled(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """A copy that is half written, another version's or writable for others is not run."""
    evidence["ran"] = found = _scene(facts, "spoiled")
    wrong = [kind for kind, loader in found.items() if not _is_private(loader, expected, ALICE)]

    assert (len(found) > 0, wrong) == (True, [])


@check(
    "BST-014",
    source="issue: a clear error; CWE-400",
    remedy="Say in one line where no loader can be had, and that TMPDIR leads out.",
    profiles=OURS,
)
def test_every_name_taken(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """Where another user holds every name, one line with status 126 names the place and TMPDIR."""
    found = _scene(facts, "taken")
    place = expected.table(TABLE)["place"][expected.arch]
    evidence["said"] = {name: found[name] for name in ("status", "lines")}
    evidence.finding(
        "who takes both names in /tmp first keeps a user from starting",
        "one line says so and names the way out, which was tried: a TMPDIR of one's own",
    )
    lines = found["lines"]
    named = [word for word in (place, "TMPDIR") if word in "".join(lines)]

    assert (found["status"], len(lines), named) == (126, 1, [place, "TMPDIR"])


@check(
    "BST-015",
    source="spec: System Variables, TMPDIR (used for musl copy)",
    remedy="Use a private folder below TMPDIR where /tmp cannot be used.",
    profiles=OURS,
)
def test_tmpdir_leads_out(facts: Facts, evidence: Evidence) -> None:
    """Where another user holds every name in /tmp, a start with a TMPDIR of one's own works."""
    evidence["loader"] = loader = _scene(facts, "taken")["way_out"]

    assert str(loader).startswith("/tmp/alice/StAnDaLoNeMuSlInTeRpReTeR-4242/")  # noqa: S108


@check(
    "BST-016",
    source="musl: ldso/dynlink.c, load_library (../etc/ld-musl-ARCH.path beside the loader)",
    remedy="Put a private loader into lib/ of its folder, with an empty list in etc/.",
    profiles=OURS,
)
def test_no_search_path_of_strangers(facts: Facts, evidence: Evidence) -> None:
    """A list of folders that another user wrote into /tmp brings none of their libraries."""
    evidence["found"] = found = _scene(facts, "search")
    evidence.finding(
        "musl looks for a list of folders beside its loader, wherever that was copied to",
        "a list of another user's was not read; a private folder has an empty one of its own",
    )

    assert (len(found), set(found.values())) == (2, {"not found"})
