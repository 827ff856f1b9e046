"""Bundled libraries answer with their own data, and are of the locked versions."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, agrees, answered_here, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

STANDALONE = ("standalone",)
KNOWN = "answers/known.yaml"
VERSIONS = "answers/versions.yaml"


def _is_locked(facts: Facts, evidence: Evidence, expected: Expected, name: str) -> None:
    found, wanted = answered_here(facts, "library_versions")[name], expected.version(name)
    evidence.update({"found": found, "locked": wanted})
    assert wanted == found or wanted.startswith((f"{found}.", f"{found}+"))


def _until(expected: Expected, what: str) -> set[str]:
    """The names of a table of versions.yaml whose version this Python is, or is newer than."""
    this = _number(expected.python)
    rows = expected.table("answers/versions.yaml")[what]
    return {name for name, version in rows.items() if _number(version) <= this}


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@check(
    "ANS-050",
    source="terminfo.src; museum 1",
    remedy="Give ncurses --with-fallbacks and the places of terminfo.",
)
def test_curses(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Four terminals are known without a database being named: keys, movement, colours."""
    agrees(facts, "answers_curses", expected.table(KNOWN), evidence)


@check(
    "ANS-051",
    source="GNU readline; museum 35, 37",
    remedy="Check which library readline was linked to.",
)
def test_readline(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Lines are remembered, written and read back; names are completed."""
    agrees(facts, "answers_readline", expected.table(KNOWN), evidence)


def _left_out(answer: dict[str, object], expected: Expected) -> set[str]:
    """What another distribution does not ship at all, as it may: GNU dbm's licence is the GPL."""
    if expected.profile == "standalone":
        return set()
    return {kind for kind, found in answer.items() if "No module named" in str(found)}


@check(
    "ANS-053",
    source="docs.python.org: dbm; museum 54",
    remedy="Build gdbm with --enable-libgdbm-compat, CPython with --with-dbmliborder=gdbm:ndbm.",
)
def test_dbm(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """All kinds of dbm that this version has keep what they are given."""
    answer = answered_here(facts, "answers_dbm")
    known = expected.table(KNOWN)["answers_dbm"]
    later = known.keys() - _until(expected, "dbm") | _left_out(answer, expected)
    evidence["differs"] = {
        kind: [answer.get(kind, "no answer"), value]
        for kind, value in known.items()
        if kind not in later and answer.get(kind, "no answer") != value
    }
    assert evidence["differs"] == {}


@check(
    "ANS-055",
    source="RFC 8536; POSIX TZ",
    remedy="Check _zoneinfo, and tzset in musl.",
)
def test_zone(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A zone that is handed over, and one in TZ, change to summer time when they should."""
    agrees(facts, "answers_zone", expected.table(KNOWN), evidence)


@check(
    "ANS-058",
    source="PEP 538, PEP 540; museum 70",
    remedy="musl is UTF-8 in every locale; look for what decides otherwise.",
)
def test_locale(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Text beyond ASCII passes through arguments and output under six settings of the locale."""
    agrees(facts, "answers_locale", expected.table(KNOWN), evidence)


@check(
    "ANS-059",
    source="docs.python.org: venv",
    remedy="Look at the evidence; the launcher must keep a link's name.",
)
def test_packaging(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A virtual environment of the venv module works; sys.executable starts the same Python."""
    agrees(facts, "answers_packaging", expected.table(KNOWN), evidence)


@check(
    "ANS-052",
    source="spec: Dependency Specifications (readline); museum 35, 38",
    remedy="Build CPython with --with-readline=readline.",
    profiles=STANDALONE,
)
def test_readline_is_gnu(facts: Facts, evidence: Evidence) -> None:
    """The readline module stands on GNU readline."""
    evidence["backend"] = answered_here(facts, "answers_readline")["backend"]
    assert evidence["backend"] == "readline"


@check(
    "ANS-054",
    source="RFC 9562; museum 34",
    remedy="Build _uuid against libuuid.",
)
def test_uuid(facts: Facts, evidence: Evidence) -> None:
    """Two processes agree on the node; where there is no address, it is marked as random."""
    answer = answered_here(facts, "answers_uuid")
    nodes, multicast = answer["nodes"], 1 << 40
    evidence["answer"] = answer
    stable = nodes[0] == nodes[1] and f"{nodes[0]:012x}" in answer["addresses"]
    assert stable if answer["addresses"] else all(node & multicast for node in nodes)


@check(
    "ANS-060",
    source="RFC 9562; museum 34",
    remedy="Build _uuid against libuuid.",
)
def test_uuid_library(facts: Facts, evidence: Evidence) -> None:
    """Module uuid uses the library's safe clock, makes known names and no doubles."""
    answer = answered_here(facts, "answers_uuid")
    evidence["answer"] = answer
    wanted = {"library": True, "by name": "886313e1-3b8a-5372-9b90-0c9aee199e5d"}
    wanted |= {"versions": [1, 4], "distinct": 1000}
    assert {name: answer[name] for name in wanted} == wanted


@check(
    "ANS-056",
    source="PEP 615; museum: zoneinfo without tzdata",
    remedy="Give zoneinfo the usual TZPATH.",
)
def test_system_zones(facts: Facts, evidence: Evidence) -> None:
    """Zones of the system are used where it has them; elsewhere ZoneInfoNotFoundError says so."""
    answer = answered_here(facts, "answers_zone")
    evidence.update({"there": answer["there"], "found": answer["system"]})
    known = ["+0100 CET", "+0200 CEST", "+0100 CET"]
    assert answer["system"] == (known if answer["there"] else "ZoneInfoNotFoundError")


@check(
    "ANS-057",
    source="spec: Dependency Specifications (Tcl); museum 23, 24, 25",
    remedy="Ship Tcl's library folder, and let _tkinter find it from its own place.",
    profiles=STANDALONE,
)
def test_tcl(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Tcl runs its own scripts and encodings, from within the tree."""
    agrees(facts, "answers_tcl", expected.table(KNOWN), evidence)
    evidence["library"] = answered_here(facts, "answers_tcl")["library"]
    assert evidence["library"].startswith(f"{SUBJECT}/")


@check(
    "ANS-061",
    source="PEP 594, PEP 632; docs.python.org: whatsnew, Removed",
    remedy="Something put an old module back; take it out.",
    profiles=STANDALONE,
)
def test_gone_modules_are_gone(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Modules that this version or one before it removed are not there."""
    found = set(answered_here(facts, "answers_gone")["still there"])
    evidence["still there"] = sorted(found & _until(expected, "removed"))
    assert evidence["still there"] == []


@check(
    "ANS-062",
    source="docs.python.org: ensurepip; PEP 453",
    remedy="Keep ensurepip/_bundled.",
    profiles=STANDALONE,
)
def test_pip_is_bundled(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Module ensurepip carries a pip of the year that this version had, or a newer one."""
    wanted = expected.of_python(VERSIONS, "pip")
    evidence.update({"pip": answered_here(facts, "answers_packaging")["pip"], "year": wanted})
    assert int(evidence["pip"].partition(".")[0]) >= wanted


@check(
    "ANS-070",
    source="spec: Dependency Specifications; the lock; museum 72",
    remedy="Another zlib than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_zlib_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The zlib that is loaded is of the locked version."""
    _is_locked(facts, evidence, expected, "zlib")


@check(
    "ANS-071",
    source="spec: Dependency Specifications; the lock; museum 72",
    remedy="Another expat than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_expat_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The expat that is loaded is of the locked version."""
    _is_locked(facts, evidence, expected, "expat")


@check(
    "ANS-072",
    source="spec: Dependency Specifications; the lock; museum 72",
    remedy="Another readline than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_readline_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The readline that is loaded is of the locked version."""
    _is_locked(facts, evidence, expected, "readline")


@check(
    "ANS-073",
    source="spec: Dependency Specifications; the lock; museum 72",
    remedy="Another ncurses than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_ncurses_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The ncurses that is loaded is of the locked version."""
    _is_locked(facts, evidence, expected, "ncurses")


@check(
    "ANS-074",
    source="spec: Dependency Specifications; the lock; museum 72",
    remedy="Another gdbm than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_gdbm_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The gdbm that is loaded is of the locked version."""
    _is_locked(facts, evidence, expected, "gdbm")


@check(
    "ANS-075",
    source="spec: Dependency Specifications; the lock",
    remedy="Another Tcl than the locked one was linked: look at NEEDED.",
    profiles=STANDALONE,
)
def test_tcl_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The Tcl that is loaded is of the locked version."""
    evidence["found"] = answered_here(facts, "answers_tcl")["version"]
    assert evidence["found"] == expected.version("tcl")
