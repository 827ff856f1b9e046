"""The specification's *Compilation Flags*: given, or left with a recorded reason."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping

from everylinux.checks import Evidence, Expected, answered, check
from everylinux.facts import Facts

TABLE = "building/expected.yaml"
REASONS = "../build/flags/deviations.yaml"
OURS = ("standalone",)
Row = Mapping[str, str]


def _reasons(expected: Expected, profile: str) -> list[Row]:
    """The recorded rows that hold in a profile."""
    rows = expected.table(REASONS)["deviations"]
    return [row for row in rows if row.get("profile", profile) == profile]


def _unexplained(component: str, flags: Iterable[str], rows: list[Row]) -> list[str]:
    excused = {row["flag"] for row in rows if row["component"] in {component, "*"}}
    return [flag for flag in flags if flag not in excused]


@check(
    "BLD-030",
    source="spec: Compilation Flags, Python Build Configuration",
    remedy="Give the flag in the recipe, or build/flags/deviations.yaml a row with the reason.",
    profiles=OURS,
)
def test_python_has_its_configure_flags(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """CPython was configured with each flag of the specification, or the reason is recorded."""
    answer, table = answered(facts, "manifest_flags"), expected.table(TABLE)
    triplet = table["triplet"][expected.arch]
    wanted = [flag.format(triplet=triplet) for flag in table["python"]["configure"]]
    given = set(answer["python"]["configure"])
    missing = [flag for flag in wanted if flag not in given]
    evidence["missing"] = missing
    rows = _reasons(expected, answer["profile"])
    evidence["unexplained"] = _unexplained("cpython", missing, rows)

    assert evidence["unexplained"] == []


@check(
    "BLD-031",
    source="spec: Compilation Flags, Python Build Configuration",
    remedy="Give the flag in the recipe, or build/flags/deviations.yaml a row with the reason.",
    profiles=OURS,
)
def test_python_has_its_compiler_flags(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """CPython was compiled and linked with the specification's flags, or the reason is recorded."""
    answer, table = answered(facts, "manifest_flags"), expected.table(TABLE)
    rows = _reasons(expected, answer["profile"])
    evidence["missing"] = {
        kind: [f for f in table["python"][kind] if f not in answer["python"].get(kind, "").split()]
        for kind in ("CFLAGS", "CPPFLAGS", "LDFLAGS")
    }
    evidence["unexplained"] = {
        kind: left
        for kind, flags in evidence["missing"].items()
        if (left := _unexplained("cpython", flags, rows))
    }

    assert evidence["unexplained"] == {}


@check(
    "BLD-032",
    source="spec: Dependency Compilation Flags, Musl Build Configuration",
    remedy="Give the flag in the recipe, or build/flags/deviations.yaml a row with the reason.",
    profiles=OURS,
)
def test_libraries_have_their_flags(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Each library was compiled with the specification's flags, or the reason is recorded."""
    answer, table = answered(facts, "manifest_flags"), expected.table(TABLE)
    rows, given = _reasons(expected, answer["profile"]), answer["others"]
    wanted = {name: list(table["others"]["*"]) for name in table["libraries"]}
    for name, flags in table["others"].items():
        if name != "*":
            wanted.setdefault(name, []).extend(flags)
    evidence["not built"] = sorted(set(wanted) - set(given))
    evidence["unexplained"] = {
        name: left
        for name, flags in wanted.items()
        if name in given
        and (left := _unexplained(name, [f for f in flags if f not in given[name]], rows))
    }

    assert (evidence["not built"], evidence["unexplained"]) == ([], {})


@check(
    "BLD-033",
    source="issue 3: all flags or a recorded reason, in the manifest",
    remedy="Let the manifest carry the rows of build/flags/deviations.yaml that apply.",
    profiles=OURS,
)
def test_manifest_records_deviations(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The manifest carries each deviation from the specification's flags, with its reason."""
    answer = answered(facts, "manifest_flags")
    carried = {(row["component"], row["flag"]): row["reason"] for row in answer["deviations"]}
    evidence["lost"] = [
        f"{row['component']} {row['flag']}"
        for row in _reasons(expected, answer["profile"])
        if carried.get((row["component"], row["flag"])) != row["reason"]
    ]

    assert evidence["lost"] == []


@check(
    "BLD-034",
    source="issue 3: flags checked against what the interpreter says of itself",
    remedy="The manifest is of another build: write it from the commands that were run.",
    profiles=OURS,
)
def test_interpreter_agrees_on_configure(facts: Facts, evidence: Evidence) -> None:
    """Each configure argument of the manifest is in the interpreter's CONFIG_ARGS."""
    said = answered(facts, "sysconfig_variables")
    own = set(shlex.split(said["CONFIG_ARGS"]))
    evidence["unknown to it"] = [
        flag
        for flag in answered(facts, "manifest_flags")["python"]["configure"]
        if flag.replace("/opt/python", said["prefix"]) not in own
        and flag.replace("/opt/", said["prefix"] + "/") not in own
    ]

    assert evidence["unknown to it"] == []


@check(
    "BLD-035",
    source="issue 3: flags checked against what the interpreter says of itself",
    remedy="The manifest is of another build, or configure dropped the flag.",
    profiles=OURS,
)
def test_interpreter_agrees_on_compiler(facts: Facts, evidence: Evidence) -> None:
    """Each word of the manifest's CFLAGS is in the interpreter's own PY_CFLAGS."""
    own = answered(facts, "sysconfig_variables")["PY_CFLAGS"].split()
    wanted = answered(facts, "manifest_flags")["python"]["CFLAGS"].split()
    evidence["unknown to it"] = [flag for flag in wanted if flag not in own]

    assert (len(wanted) > 0, evidence["unknown to it"]) == (True, [])
