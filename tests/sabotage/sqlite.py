"""Red samples of the area sqlite: what a SQLite that lacks something would answer."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
WRONG: dict[str, tuple[str, str, Any]] = {
    "SQL-001": ("sqlite_fts3", "found", []),
    "SQL-002": ("sqlite_fts4", "found", []),
    "SQL-003": ("sqlite_fts5", "stemmed", []),
    "SQL-004": ("sqlite_parenthesis", "found", [4]),
    "SQL-005": ("sqlite_json", "row", []),
    "SQL-006": ("sqlite_rtree", "check", "wrong"),
    "SQL-008": ("sqlite_tokenizer", "error", ""),
    "SQL-010": ("sqlite_build", "version", "3.8.0"),
    "SQL-011": ("sqlite_math", "row", []),
    "SQL-012": ("sqlite_tables", "refused", ""),
    "SQL-013": ("sqlite_wal", "mode", "delete"),
    "SQL-014": ("sqlite_threads", "rows", [799, 799]),
    "SQL-015": ("sqlite_build", "threadsafety", 1),
    "SQL-016": ("sqlite_backup", "dumped", [0, None]),
    "SQL-017": ("sqlite_blob", "edges", False),
    "SQL-018": ("sqlite_functions", "window", []),
    "SQL-019": ("sqlite_shared", "seen", None),
    "SQL-020": ("sqlite_corrupt", "errors", ["DatabaseError", "MemoryError"]),
    "SQL-021": ("sqlite_temporary", "last", None),
    "SQL-024": ("sqlite_build", "extensions", False),
}


def _wrong(claim: str, section: str, name: str, value: object) -> None:
    """Declare the fault that one answer is wrong."""

    @fault(kills={claim}, kind="facts", name=f"{section}: {name} is {value}")
    def sample(sections: Sections) -> None:
        sections[section]["answer"][name] = value


for _claim, _row in WRONG.items():
    _wrong(_claim, *_row)


@fault(kills={"SQL-007"}, kind="facts")
def options_were_ignored(sections: Sections) -> None:
    """Configure did not understand how FTS4 was asked for."""
    sections["sqlite_build"]["answer"]["options"].remove("ENABLE_FTS4")


@fault(kills={"SQL-022"}, kind="facts")
def the_tokenizer_is_open(sections: Sections) -> None:
    """The unsafe interface was compiled in."""
    sections["sqlite_build"]["answer"]["options"].append("ENABLE_FTS3_TOKENIZER")


@fault(kills={"SQL-009"}, kind="facts")
def the_extension_does_not_load(sections: Sections) -> None:
    """The loader refuses a real extension."""
    del sections["sqlite_extension"]["twice"]
    sections["sqlite_extension"]["failed"] = "OperationalError: not authorized"


@fault(kills={"SQL-023"}, kind="facts")
def extensions_need_no_leave(sections: Sections) -> None:
    """Extensions are enabled from the start."""
    sections["sqlite_extension"]["before"] = "loaded"


@fault(kills={"SQL-020"}, kind="facts")
def a_broken_database_crashes(sections: Sections) -> None:
    """The subject died on a corrupted file."""
    sections["sqlite_corrupt"] = {"failed": "died, signal 11"}
