"""SQLite is whole: it does what it was compiled for."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, answered_here, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

STANDALONE = ("standalone",)


def _gives(facts: Facts, evidence: Evidence, section: str, wanted: dict[str, Any]) -> None:
    """Judge the values of one section: [found, wanted] of those that differ."""
    answer = answered_here(facts, section)
    evidence["differs"] = {
        name: [answer.get(name), value]
        for name, value in wanted.items()
        if answer.get(name) != value
    }
    assert evidence["differs"] == {}


def _has_option(facts: Facts, evidence: Evidence, *names: str) -> None:
    options = {
        option.partition("=")[0] for option in answered_here(facts, "sqlite_build")["options"]
    }
    evidence["missing"] = sorted(set(names) - options)
    assert evidence["missing"] == []


def _asked(facts: Facts, section: str) -> dict[str, Any]:
    """The answer; FactUnavailable where SQLite could not even be imported (IMP-035 says so)."""
    failed = str(facts[section].get("failed", ""))
    if failed.startswith(("ImportError", "ModuleNotFoundError")):
        raise FactUnavailable(section, failed[:200])
    return answered_here(facts, section)


def _extension(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = facts["sqlite_extension"]
    if "lacks" in found:
        pytest.skip(f"needs {found['lacks']}")
    assert "before" in found, found.get("failed")
    return found


@check(
    "SQL-001",
    source="spec: Dependency Compilation Flags; museum 19",
    remedy="Build SQLite with -DSQLITE_ENABLE_FTS3=1.",
    profiles=STANDALONE,
)
def test_fts3(facts: Facts, evidence: Evidence) -> None:
    """Full text search of version 3 finds words."""
    _gives(facts, evidence, "sqlite_fts3", {"found": [1, 3]})


@check(
    "SQL-002",
    source="spec: Dependency Compilation Flags; museum 19",
    remedy="Build SQLite with -DSQLITE_ENABLE_FTS4=1.",
    profiles=STANDALONE,
)
def test_fts4(facts: Facts, evidence: Evidence) -> None:
    """Full text search of version 4 finds words."""
    _gives(facts, evidence, "sqlite_fts4", {"found": [1, 3]})


@check(
    "SQL-003",
    source="spec: Dependency Compilation Flags; museum 19",
    remedy="Build SQLite with -DSQLITE_ENABLE_FTS5=1.",
    profiles=STANDALONE,
)
def test_fts5(facts: Facts, evidence: Evidence) -> None:
    """Full text search of version 5 finds words, their stems, and other cases."""
    _gives(
        facts, evidence, "sqlite_fts5", {"found": [1, 3], "stemmed": ["[runs] far", "a [Größe]"]}
    )


@check(
    "SQL-004",
    source="spec: Dependency Compilation Flags; museum 21",
    remedy="Build SQLite with -DSQLITE_ENABLE_FTS3_PARENTHESIS=1.",
    profiles=STANDALONE,
)
def test_parenthesis(facts: Facts, evidence: Evidence) -> None:
    """A search with parentheses, AND and OR is read as such, and finds more than the old syntax."""
    _gives(facts, evidence, "sqlite_parenthesis", {"found": [1, 2, 4]})


@check(
    "SQL-005",
    source="spec: Dependency Compilation Flags (JSON1)",
    remedy="Do not build SQLite with -DSQLITE_OMIT_JSON.",
)
def test_json(facts: Facts, evidence: Evidence) -> None:
    """JSON is read, taken apart and checked in queries."""
    _gives(facts, evidence, "sqlite_json", {"row": ["é", "[1,2]", 6, 5, 0]})


@check(
    "SQL-006",
    source="spec: Dependency Compilation Flags; museum 19",
    remedy="Build SQLite with -DSQLITE_ENABLE_RTREE=1.",
    profiles=STANDALONE,
)
def test_rtree(facts: Facts, evidence: Evidence) -> None:
    """An R-tree of boxes finds those in a window, and is consistent."""
    _gives(facts, evidence, "sqlite_rtree", {"found": [10, 11], "check": "ok"})


@check(
    "SQL-011",
    source="sqlite.org: lang_mathfunc",
    remedy="Build SQLite with -DSQLITE_ENABLE_MATH_FUNCTIONS=1.",
    profiles=STANDALONE,
)
def test_math(facts: Facts, evidence: Evidence) -> None:
    """Mathematical functions are there and right."""
    _gives(facts, evidence, "sqlite_math", {"row": [1.414214, 2.302585, 1024.0, 3.0, 2.0]})


@check(
    "SQL-012",
    source="sqlite.org: stricttables, gencol, windowfunctions",
    remedy="The SQLite that was linked is too old, or features were omitted.",
)
def test_tables(facts: Facts, evidence: Evidence) -> None:
    """Strict tables refuse, generated columns compute, windows, upserts and recursion work."""
    wanted = {
        "generated": 42, "refused": "IntegrityError", "returning": [[2]],
        "window": [[1, 2], [21, 44]], "upsert": 3, "recursive": 500500,
    }  # fmt: skip
    _gives(facts, evidence, "sqlite_tables", wanted)


@check(
    "SQL-013",
    source="sqlite.org: wal",
    remedy="Check that SQLite found mmap and file locks.",
)
def test_wal(facts: Facts, evidence: Evidence) -> None:
    """With a write-ahead log, a reader sees the old state until the writer commits."""
    _gives(
        facts,
        evidence,
        "sqlite_wal",
        {"mode": "wal", "during": 0, "after": 1, "log": True, "checkpoint": [0, 0, 0]},
    )


@check(
    "SQL-014",
    source="sqlite.org: threadsafe",
    remedy="Build SQLite with -DSQLITE_THREADSAFE=1.",
)
def test_threads(facts: Facts, evidence: Evidence) -> None:
    """Four threads in turn fill one table through one connection, and nothing is lost."""
    _gives(facts, evidence, "sqlite_threads", {"rows": [800, 800], "integrity": "ok"})


@check(
    "SQL-016",
    source="docs.python.org: sqlite3",
    remedy="Do not build SQLite with -DSQLITE_OMIT_DESERIALIZE.",
)
def test_backup(facts: Facts, evidence: Evidence) -> None:
    """A backup, a serialised image and a dump hold what the database held."""
    _gives(
        facts,
        evidence,
        "sqlite_backup",
        {name: [5000, 12497500] for name in ("backup", "serialised", "dumped")},
    )


@check(
    "SQL-017",
    source="docs.python.org: sqlite3.Blob",
    remedy="Look at the evidence.",
)
def test_blob(facts: Facts, evidence: Evidence) -> None:
    """Parts of a large blob are written and read; large texts and edges of numbers survive."""
    _gives(
        facts,
        evidence,
        "sqlite_blob",
        {"read": "linux", "size": 5_000_000, "text": True, "edges": True},
    )


@check(
    "SQL-018",
    source="docs.python.org: sqlite3",
    remedy="Look at the evidence.",
)
def test_functions(facts: Facts, evidence: Evidence) -> None:
    """Functions, aggregates, windows and collations written in Python are called."""
    wanted = {
        "function": 42, "aggregate": 24, "window": [1, 2, 6, 12], "collation": ["b", "a"],
        "traced": ["select 1"],
    }  # fmt: skip
    _gives(facts, evidence, "sqlite_functions", wanted)


@check(
    "SQL-019",
    source="sqlite.org: sharedcache",
    remedy="Do not build SQLite with -DSQLITE_OMIT_SHARED_CACHE.",
)
def test_shared(facts: Facts, evidence: Evidence) -> None:
    """Two connections share a database in memory."""
    _gives(facts, evidence, "sqlite_shared", {"seen": 7})


@check(
    "SQL-020",
    source="sqlite.org: howtocorrupt; museum 72",
    remedy="Look at the signal: a broken file must never crash.",
)
def test_corrupt(facts: Facts, evidence: Evidence) -> None:
    """A database broken in six places gives DatabaseError and nothing worse."""
    _gives(facts, evidence, "sqlite_corrupt", {"errors": ["DatabaseError"]})


@check(
    "SQL-021",
    source="sqlite.org: tempfiles",
    remedy="Look at SQLITE_TMPDIR and the folders in the evidence.",
)
def test_temporary(facts: Facts, evidence: Evidence) -> None:
    """A sort that does not fit in memory finds a folder to spill to."""
    _gives(facts, evidence, "sqlite_temporary", {"last": "9xxxxxxxxxxxxxxxx"})


@check(
    "SQL-007",
    source="spec: Dependency Compilation Flags; museum 19",
    remedy="SQLite's configure ignored options: give them in CFLAGS.",
    profiles=STANDALONE,
)
def test_options(facts: Facts, evidence: Evidence) -> None:
    """SQLite says itself that it was compiled with FTS3, its parentheses, FTS4, FTS5 and RTREE."""
    names = ("FTS3", "FTS3_PARENTHESIS", "FTS4", "FTS5", "RTREE")
    _has_option(facts, evidence, *(f"ENABLE_{name}" for name in names))


@check(
    "SQL-008",
    source="sqlite.org: fts3 section 8.1; museum 22",
    remedy="Do not build SQLite with -DSQLITE_ENABLE_FTS3_TOKENIZER.",
)
def test_tokenizer_is_refused(facts: Facts, evidence: Evidence) -> None:
    """The form of fts3_tokenizer that takes an address is refused."""
    evidence["error"] = _asked(facts, "sqlite_tokenizer")["error"]
    assert evidence["error"].startswith("OperationalError")


@check(
    "SQL-022",
    source="sqlite.org: compile, ENABLE_FTS3_TOKENIZER; museum 22",
    remedy="Do not build SQLite with -DSQLITE_ENABLE_FTS3_TOKENIZER.",
)
def test_tokenizer_is_not_compiled(facts: Facts, evidence: Evidence) -> None:
    """SQLite was not compiled with the unsafe tokenizer interface."""
    options = {option.partition("=")[0] for option in _asked(facts, "sqlite_build")["options"]}
    evidence["options"] = sorted(options)
    assert "ENABLE_FTS3_TOKENIZER" not in options


@check(
    "SQL-009",
    source="spec: Python Build Configuration (--enable-loadable-sqlite-extensions); museum 20",
    remedy="CPython needs --enable-loadable-sqlite-extensions, SQLite no OMIT_LOAD_EXTENSION.",
    profiles=STANDALONE,
)
def test_extension_loads(facts: Facts, evidence: Evidence) -> None:
    """A real extension, compiled in C, is loaded and answers."""
    found = _extension(facts)
    evidence["found"] = found
    assert found.get("twice") == 42, found.get("failed")  # noqa: PLR2004 - twice 21


@check(
    "SQL-023",
    source="docs.python.org: sqlite3, enable_load_extension",
    remedy="Something enabled extensions by default; that lets SQL load code.",
    profiles=STANDALONE,
)
def test_extension_needs_leave(facts: Facts, evidence: Evidence) -> None:
    """No extension is loaded before enable_load_extension was called."""
    evidence["before"] = _extension(facts)["before"]
    assert evidence["before"] == "refused"


@check(
    "SQL-024",
    source="spec: Python Build Configuration; museum 20",
    remedy="Build CPython with --enable-loadable-sqlite-extensions.",
    profiles=STANDALONE,
)
def test_extension_interface(facts: Facts, evidence: Evidence) -> None:
    """Connections have enable_load_extension."""
    evidence["there"] = answered_here(facts, "sqlite_build")["extensions"]
    assert evidence["there"] is True


@check(
    "SQL-010",
    source="spec: Dependency Specifications (SQLite); the lock; museum 72",
    remedy="Another SQLite than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The SQLite that is loaded is of the locked version."""
    evidence["found"] = answered_here(facts, "sqlite_build")["version"]
    assert evidence["found"] == expected.version("sqlite3")


@check(
    "SQL-015",
    source="PEP 249; sqlite.org: threadsafe",
    remedy="Build SQLite with -DSQLITE_THREADSAFE=1.",
)
def test_threadsafety(facts: Facts, evidence: Evidence) -> None:
    """The module says that threads may share connections: level 3, serialised."""
    evidence["level"] = answered_here(facts, "sqlite_build")["threadsafety"]
    assert evidence["level"] == 3  # noqa: PLR2004 - PEP 249's highest
