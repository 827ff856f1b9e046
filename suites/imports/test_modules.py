"""The whole standard library can be imported, and importing it does nothing else."""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

OPTIONAL_ELSEWHERE = ("standalone",)


def _table(expected: Expected, kind: str) -> Any:  # noqa: ANN401 - any YAML
    """The list of this version; FactUnavailable for a version that nobody has listed."""
    name = f"imports/{kind}-{expected.python}.yaml"
    if not (expected.suites / name).is_file():
        raise FactUnavailable(name, f"no list for Python {expected.python}")
    return expected.table(name)


def _names(expected: Expected, *kinds: str) -> set[str]:
    table = _table(expected, "modules")
    return {name for kind in kinds for name in table[kind].split()}


def _not_imported(facts: Facts, names: set[str]) -> dict[str, str]:
    failed = facts["imports.failed"]
    missing = names - set(facts["imports.imported"])
    return {name: failed.get(name, "there is no such module") for name in sorted(missing)}


def _effects(facts: Facts, expected: Expected, kind: str) -> dict[str, Any]:
    """What imports did besides, less what CPython does everywhere; other platforms' left out."""
    allowed = _table(expected, "modules")["allowed"].get(kind, {})
    listed = _names(expected, "library", "shared", "built_in")
    found = facts["imports.effects"].get(kind, {})
    return {name: what for name, what in found.items() if name in listed - set(allowed)}


@check(
    "IMP-001",
    source="spec: File Layout Reference (standard library); Python's library index",
    remedy="Look at the error: a module that is not there was not installed.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_library_imports(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Every module of this version's standard library that is written in Python can be imported."""
    evidence["not imported"] = _not_imported(facts, _names(expected, "library"))
    assert evidence["not imported"] == {}


@check(
    "IMP-002",
    source="spec: File Layout Reference (lib-dynload); museum 16, 43, 50",
    remedy="Read the loader's message: a library it needs is missing or does not fit.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_extensions_import(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Every extension module of this version, as a file or built in, can be imported."""
    evidence["not imported"] = _not_imported(facts, _names(expected, "shared", "built_in"))
    assert evidence["not imported"] == {}


@check(
    "IMP-037",
    source="spec: File Layout Reference (shared_libraries/lib); museum 51",
    remedy="Read the loader's message, and look at what changed the file last: patchelf, strip.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_every_library_loads(facts: Facts, evidence: Evidence) -> None:
    """Every shared library of the tree is loaded by itself, also those that no module needs."""
    evidence.update({"refused": facts["libraries.refused"], "found": facts["libraries.found"]})
    assert [evidence["refused"], evidence["found"] != []] == [{}, True]


@check(
    "IMP-035",
    source="museum 16, 43, 50",
    remedy="Read the loader's message: ship what the module needs, or do not ship the module.",
    profiles=("relocatable", "system"),
)
def test_what_is_shipped_imports(facts: Facts, evidence: Evidence) -> None:
    """Every extension module that the distribution ships for the standard library is imported."""
    shipped = {*facts["extension_set.files"], *facts["extension_set.built_in"]}
    failed = facts["imports.failed"]
    evidence["not imported"] = {n: failed[n] for n in sorted(shipped & failed.keys())}
    assert evidence["not imported"] == {}


@check(
    "IMP-003",
    source="spec: File Layout Reference (lib-dynload); museum 19, 20",
    remedy="Look in CPython's build log for 'The necessary bits ... were not found'.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_no_extension_is_missing(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Every extension module that this version has on Linux was built."""
    there = set(facts["extension_set.files"]) | set(facts["extension_set.built_in"])
    evidence["missing"] = sorted(_names(expected, "shared", "built_in") - there)
    assert evidence["missing"] == []


@check(
    "IMP-004",
    source="spec: File Layout Reference (lib-dynload); museum 54",
    remedy="Find what put it there; if it is right, add it to the table of this version.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_no_extension_is_unexpected(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """There is no extension module that this version does not have on Linux."""
    there = set(facts["extension_set.files"]) | set(facts["extension_set.built_in"])
    evidence["unexpected"] = sorted(there - _names(expected, "shared", "built_in", "tests"))
    assert evidence["unexpected"] == []


@check(
    "IMP-005",
    source="museum 62 (relenv 0.14.0)",
    remedy="Take out whatever prints: a start-up hook, a debug build, a patch.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_imports_print_nothing(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """No module of the standard library prints anything when it is imported."""
    evidence["printed"] = _effects(facts, expected, "printed")
    assert evidence["printed"] == {}


@check(
    "IMP-006",
    source="docs.python.org: whatsnew/3.13, deprecated modules",
    remedy="Do not patch deprecated uses into the library.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_imports_warn_of_nothing(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """No module warns when it is imported, but the three that are deprecated by design."""
    evidence["warned"] = _effects(facts, expected, "warned")
    assert evidence["warned"] == {}


@check(
    "IMP-007",
    source="Python's import system: importing starts no work",
    remedy="Look for a library that starts a thread when it is loaded.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_imports_leave_no_thread(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """No import leaves a thread running."""
    evidence["threads"] = _effects(facts, expected, "threads")
    assert evidence["threads"] == {}


@check(
    "IMP-008",
    source="museum 27 (python-build-standalone#586)",
    remedy="Look for a library that opens a file when it is loaded (strace -e openat).",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_imports_leave_no_descriptor(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """No import leaves a file descriptor open, but the REPL's own two."""
    evidence["descriptors"] = _effects(facts, expected, "descriptors")
    assert evidence["descriptors"] == {}


@check(
    "IMP-009",
    source="museum 60 (relenv#140)",
    remedy="Set no variable when a module is loaded: children inherit it.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_imports_keep_environment(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """No import changes the environment or the working folder."""
    evidence["changed"] = {
        kind: changed
        for kind in ("environment", "folder")
        if (changed := _effects(facts, expected, kind))
    }
    assert evidence["changed"] == {}


@check(
    "IMP-010",
    source="museum 36, 70",
    remedy="Look for a library that installs handlers or calls setlocale when it is loaded.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_imports_keep_process_state(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """No import changes a signal's handler or the locale."""
    evidence["changed"] = {
        kind: changed
        for kind in ("signals", "locale")
        if (changed := _effects(facts, expected, kind))
    }
    assert evidence["changed"] == {}


def _lacking(facts: Facts, expected: Expected, *modules: str) -> dict[str, list[str]]:
    table = _table(expected, "attributes")
    lacking = {
        name: sorted(set(table[name].split()) - set(facts["attributes.modules"][name]))
        for name in modules
    }
    return {name: missing for name, missing in lacking.items() if missing}


@check(
    "IMP-011",
    source="museum 40 (python-build-standalone#193)",
    remedy="Build against the kernel headers of the lock, not the machine's.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_os_is_whole(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The os module has every name that this version offers on Linux with musl."""
    evidence["missing"] = _lacking(facts, expected, "os")
    assert evidence["missing"] == {}


@check(
    "IMP-012",
    source="museum 41 (python-build-standalone#1050)",
    remedy="Give CPython's configure the kernel headers: linux/vm_sockets.h, linux/can.h ...",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_socket_is_whole(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The socket module has every name of its baseline, AF_VSOCK, AF_ALG and AF_CAN among them."""
    evidence["missing"] = _lacking(facts, expected, "socket")
    assert evidence["missing"] == {}


@check(
    "IMP-013",
    source="museum 40",
    remedy="Compare pyconfig.h with that of a native build.",
    profiles=OPTIONAL_ELSEWHERE,
)
def test_select_signal_time_are_whole(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The modules select, signal and time have every name of their baselines."""
    evidence["missing"] = _lacking(facts, expected, "select", "signal", "time")
    assert evidence["missing"] == {}
