"""Names of users and groups: what pwd, grp, os.path and getpass make of passwd and group."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "resolver/expected.yaml"
STANDALONE = ("standalone",)
FILES = "Check pwd and grp of the libc that is shipped: src/passwd/ of musl."
MUSEUM = "; bug museum 61"


def _of(facts: Facts, section: str, name: str) -> dict[str, Any]:
    """The answers of a case; skipped where the cell lacks what it needs."""
    whole = facts[section]
    if "lacks" in whole:
        pytest.skip(f"the cell lacks {whole['lacks']}")
    found: dict[str, Any] = whole[name]
    assert "failed" not in found, found["failed"]
    return found


def _answers(
    facts: Facts, names: list[str], evidence: Evidence, expected: Expected, case: str = "files"
) -> None:
    """Judge the named answers of a case by the table."""
    found, wanted = _of(facts, "resolver_users", case), expected.table(TABLE)["users"]
    evidence["differs"] = {n: [found.get(n), wanted[n]] for n in names if found.get(n) != wanted[n]}
    assert evidence["differs"] == {}


@check("RSV-040", source="passwd(5); POSIX getpwuid", remedy=FILES)
def test_user(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A user is found by id and by name, with every field, letters beyond ASCII too."""
    _answers(facts, ["by id", "by name"], evidence, expected)


@check("RSV-041", source="passwd(5), group(5)", remedy=FILES)
def test_entries(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """All entries are told in order; malformed lines and an unended last one do no harm."""
    found = _of(facts, "resolver_users", "files")
    evidence.update(users=found["all"], groups=found["all groups"])
    assert found["all"] == expected.table(TABLE)["entries"]
    assert found["all groups"] == expected.table(TABLE)["group entries"]


@check("RSV-042", source="docs.python.org: pwd, grp", remedy=FILES)
def test_no_such_entry(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """An id or a name that no line has is a KeyError."""
    _answers(facts, ["no such id", "no such name", "no such group"], evidence, expected)


@check("RSV-043", source="docs.python.org: os.path.expanduser", remedy=FILES)
def test_home(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The home of a user is put in the place of ~user; that of nobody stays as it is."""
    _answers(facts, ["home", "no home"], evidence, expected)


@check("RSV-044", source="POSIX getpwnam_r: ERANGE", remedy=FILES)
def test_long_lines(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A group of 5001 members and a user with 5000 letters of text are read whole."""
    _answers(facts, ["huge", "wordy"], evidence, expected)


@check("RSV-045", source="passwd(5); POSIX uid_t", remedy=FILES)
def test_large_id(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """An id above 2**31 is found, and so is the last line."""
    _answers(facts, ["large", "last"], evidence, expected)


@check("RSV-046", source="getgrouplist(3)", remedy=FILES)
def test_group_list(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The groups of a user are those whose lines name it, and its own."""
    _answers(facts, ["group", "groups"], evidence, expected)


def _same(facts: Facts, case: str, evidence: Evidence, expected: Expected) -> None:
    _answers(facts, sorted(expected.table(TABLE)["users"]), evidence, expected, case)


@check("RSV-047", source="nsswitch.conf(5): defaults", remedy=FILES)
def test_without_switch(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Without nsswitch.conf users and groups are found as with it."""
    _same(facts, "no nsswitch.conf", evidence, expected)


@check("RSV-048", source="nsswitch.conf(5)", remedy=FILES)
def test_odd_switch(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Services of nsswitch.conf that the distribution has no module for do no harm."""
    _same(facts, "odd nsswitch.conf", evidence, expected)


@check(
    "RSV-049",
    source="musl wiki: Functional differences from glibc, NSS",
    remedy=FILES,
    profiles=STANDALONE,
)
def test_switch_is_not_read(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Users of /etc/passwd are found though nsswitch.conf does not name files."""
    evidence.finding(
        "nsswitch.conf is not read: users of sss, LDAP or NIS are known only by nscd's protocol",
        "run nscd or nslcd's nscd socket, or name such users by their id",
    )
    _same(facts, "elsewhere", evidence, expected)


@check("RSV-050", source="docs.python.org: pwd, grp, os.path; scratch images", remedy=FILES)
def test_without_files(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Without /etc/passwd and /etc/group nobody is known: KeyError, empty lists, ~ as it is."""
    found, wanted = _of(facts, "resolver_users", "no files"), expected.table(TABLE)["no files"]
    evidence["differs"] = {n: [found.get(n), w] for n, w in wanted.items() if found.get(n) != w}
    assert evidence["differs"] == {}


@check("RSV-051", source="docs.python.org: os.path.expanduser, getpass.getuser", remedy=FILES)
def test_known_by_id(facts: Facts, evidence: Evidence) -> None:
    """A user without any variable knows name and home from passwd, by the id alone."""
    found = _of(facts, "resolver_self", "worker")
    evidence.update(found)
    told = {name: found[name] for name in ("home", "path", "user")}
    assert told == {"home": "/home/worker", "path": "/home/worker", "user": "worker"}


@check(
    "RSV-052",
    source="docs.python.org: os.path.expanduser, getpass.getuser" + MUSEUM,
    remedy="An id without an entry is usual in containers: answer as documented.",
)
def test_stranger(facts: Facts, evidence: Evidence) -> None:
    """A user whom passwd does not know has ~ for a home and no name: errors as documented."""
    found = _of(facts, "resolver_self", "stranger")
    evidence.update(found)
    assert [found["home"], found["path"]] == ["~", "RuntimeError"]
    assert found["user"] in {"OSError", "KeyError"}  # OSError since Python 3.13


@check("RSV-053", source="docs.python.org: getpass.getuser" + MUSEUM, remedy="Ask LOGNAME first.")
def test_named_stranger(facts: Facts, evidence: Evidence) -> None:
    """A user whom passwd does not know has the name that LOGNAME says."""
    found = _of(facts, "resolver_self", "named")
    evidence.update(found)
    assert found["user"] == "somebody"
