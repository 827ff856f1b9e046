"""Red samples of the area answers: one wrong value, an exception or a crash in each section."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
# claim: section, value that turns it red
WRONG: dict[str, tuple[str, str, Any]] = {
    "ANS-001": ("answers_zlib", "crc32", 0),
    "ANS-002": ("answers_bz2", "unlike", [4096]),
    "ANS-003": ("answers_lzma", "checks", [True, False, True]),
    "ANS-004": ("answers_hash", "sha512", ["ddaf35a193617aba", "0"]),
    "ANS-005": ("answers_own_hash", "blake2b", "0"),
    "ANS-006": ("answers_key", "scrypt", "0"),
    "ANS-007": ("answers_bytes", "struct", "00"),
    "ANS-008": ("answers_decimal", "in C", False),
    "ANS-009": ("answers_math", "erf", 0.5),
    "ANS-010": ("answers_random", "bits", 4),
    "ANS-011": ("answers_text", "strptime", [2000, 3, 1]),
    "ANS-012": ("answers_unicode", "version", "14.0.0"),
    "ANS-013": ("answers_multibyte", "big5", ["3f", False]),
    "ANS-014": ("answers_xml", "billion laughs", "was expanded"),
    "ANS-076": ("answers_slots", "half", ["ab", "ab", "aa", "1"]),
    "ANS-077": ("answers_logging", "arrived", []),
    "ANS-015": ("answers_serial", "pickle in C", "pickle"),
    "ANS-020": ("answers_ctypes", "errno", None),
    "ANS-021": ("answers_find_library", "usable", {"c": False, "m": False}),
    "ANS-022": ("answers_memory", "waiting", 0),
    "ANS-023": ("answers_terminal", "canonical", [True, True]),
    "ANS-024": ("answers_process", "environment", "[('LD_PRELOAD', 'x')]"),
    "ANS-025": ("answers_signal", "woken", False),
    "ANS-026": ("answers_user", "by name", 1),
    "ANS-027": ("answers_recursion", "status", -11),
    "ANS-028": ("answers_c_recursion", "signals", {"json": 11}),
    "ANS-029": ("answers_fault", "frame", False),
    "ANS-030": ("answers_runtime", "random", 1),
    "ANS-031": ("answers_runtime", "perf", "available"),
    "ANS-032": ("answers_socket", "descriptor", ""),
    "ANS-033": ("answers_socket", "ipv4", False),
    "ANS-034": ("answers_socket", "ipv6", False),
    "ANS-035": ("answers_wait", "selector", ["SelectSelector", 1]),
    "ANS-036": ("answers_name", "numeric 6", "gaierror"),
    "ANS-038": ("answers_asyncio", "timeout", "did not end"),
    "ANS-039": ("answers_shared", "found", ""),
    "ANS-040": ("answers_processes", "size", None),
    "ANS-041": ("answers_interpreters", "ran", "False"),
    "ANS-050": ("answers_curses", "xterm", "error: could not find terminal"),
    "ANS-051": ("answers_readline", "history", [0, False]),
    "ANS-052": ("answers_readline", "backend", "editline"),
    "ANS-053": ("answers_dbm", "gnu", "ModuleNotFoundError: No module named '_gdbm'"),
    "ANS-054": ("answers_uuid", "nodes", [1, 2]),
    "ANS-055": ("answers_zone", "given", ["+0100 CET"] * 3),
    "ANS-056": ("answers_zone", "system", "OSError"),
    "ANS-057": ("answers_tcl", "library", "/opt/tcl8.6"),
    "ANS-058": ("answers_locale", "POSIX", "gr??e"),
    "ANS-059": ("answers_packaging", "venv", False),
    "ANS-060": ("answers_uuid", "library", False),
    "ANS-061": ("answers_gone", "still there", ["audioop"]),
    "ANS-062": ("answers_packaging", "pip", "9.0.1"),
    "ANS-070": ("library_versions", "zlib", "1.2.11"),
    "ANS-071": ("library_versions", "expat", "2.1.0"),
    "ANS-072": ("library_versions", "readline", "7.0"),
    "ANS-073": ("library_versions", "ncurses", "5.9"),
    "ANS-074": ("library_versions", "gdbm", "1.8"),
    "ANS-075": ("answers_tcl", "version", "8.5.0"),
}


def _wrong(claim: str, section: str, name: str, value: object) -> None:
    """Declare the fault that one answer is wrong."""

    @fault(kills={claim}, kind="facts", name=f"{section}: {name} is {value}")
    def sample(sections: Sections) -> None:
        sections[section]["answer"][name] = value


for _claim, _row in WRONG.items():
    _wrong(_claim, *_row)


@fault(kills={"ANS-037"}, kind="facts")
def localhost_is_elsewhere(sections: Sections) -> None:
    """The resolver asks a server for localhost and believes it."""
    sections["answers_name"]["answer"] |= {"localhost listed": True, "localhost": ["192.0.2.7"]}


@fault(kills={"ANS-001"}, kind="facts")
def zlib_does_not_import(sections: Sections) -> None:
    """The subject raised where an answer was asked for: it fails, it is not unknown."""
    sections["answers_zlib"] = {"failed": "ImportError: libz.so.1"}


@fault(kills={"ANS-020"}, kind="facts")
def a_callback_crashes(sections: Sections) -> None:
    """The subject died where an answer was asked for."""
    sections["answers_ctypes"] = {"failed": "died, signal 11"}
