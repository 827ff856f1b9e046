"""What builders ask tells the truth, also after a move: sysconfig, pkg-config, config, tags."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, answered_here, check
from everylinux.facts import Facts

TABLE = "building/expected.yaml"
OURS = ("standalone",)
PORTABLE = ("standalone", "relocatable")
KINDS = ("here", "moved")


@check(
    "BLD-020",
    source="issue 3: sysconfig is right after any move; museum 3",
    remedy="Ship what the variable names, or give suites/building/expected.yaml the reason.",
    profiles=PORTABLE,
)
def test_sysconfig_names_what_is_there(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """Every place that sysconfig names is there, where the tree lies and where it was moved."""
    answer = answered_here(facts, "sysconfig_places")
    absent = expected.table(TABLE)["absent_places"]
    evidence["missing"] = {
        f"{kind} {name}": path
        for kind in KINDS
        for name, (path, there) in answer[kind].items()
        if not there and name not in absent
    }

    assert evidence["missing"] == {}


@check(
    "BLD-021",
    source="issue 3: a shipped compiler wrapper",
    remedy="Ship bin/everylinux-cc with mode 755, and let sysconfig name it by its place.",
    profiles=OURS,
)
def test_sysconfig_names_a_compiler(facts: Facts, evidence: Evidence) -> None:
    """The compiler of sysconfig is a program of the tree, so no host's headers get in."""
    answer = answered_here(facts, "sysconfig_variables")
    compiler, prefix = answer["compiler"], answer["prefix"]
    evidence["compiler"] = compiler

    assert (answer["is a program"], compiler.startswith(f"{prefix}/bin/")) == (True, True)


@check(
    "BLD-022",
    source="PEP 3149; issue 3: C API",
    remedy="Let configure's --build name the triplet, and sysconfig keep it.",
    profiles=OURS,
)
def test_sysconfig_agrees_with_itself(facts: Facts, evidence: Evidence) -> None:
    """SOABI, EXT_SUFFIX and MULTIARCH of sysconfig are of one triplet."""
    answer = answered_here(facts, "sysconfig_variables")
    evidence["names"] = {name: answer[name] for name in ("SOABI", "EXT_SUFFIX", "MULTIARCH")}

    assert answer["EXT_SUFFIX"] == f".{answer['SOABI']}.so"
    assert answer["SOABI"].endswith("-" + answer["MULTIARCH"])


@check(
    "BLD-023",
    source="issue 3: python3.X-config is right after any move; museum 4, 6",
    remedy="Let python3.X-config print folders of the tree that it lies in.",
    profiles=OURS,
)
def test_config_names_folders_of_the_tree(facts: Facts, evidence: Evidence) -> None:
    """Every folder that python3.X-config names is there and in the tree, also after a move."""
    answer = answered_here(facts, "config_tool")
    evidence["wrong"] = {
        kind: wrong
        for kind in KINDS
        if (wrong := [n for n, there in answer[kind]["folders"].items() if not there])
        or (wrong := answer[kind]["outside"])
    }

    assert evidence["wrong"] == {}


@check(
    "BLD-024",
    source="python3-config(1)",
    remedy="Let --includes lead to Python.h, and --ldflags --embed name the library.",
    profiles=("standalone", "relocatable"),  # systems have it in a package of its own
)
def test_config_leads_to_header_and_library(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """python3.X-config leads to Python.h and to libpython, and knows the suffix of extensions."""
    answer = answered_here(facts, "config_tool")
    suffix = answered_here(facts, "sysconfig_variables")["EXT_SUFFIX"]
    wanted = {"header": True, "library": [f"-lpython{expected.python}"], "suffix": suffix}
    evidence["found"] = {kind: {name: answer[kind][name] for name in wanted} for kind in KINDS}

    assert evidence["found"] == dict.fromkeys(KINDS, wanted)


@check(
    "BLD-025",
    source="pkg-config(1); issue 3: pkg-config files are right after any move; museum 6",
    remedy="Begin the file with prefix=${pcfiledir}/../.. and derive every folder from it.",
    profiles=PORTABLE,
)
def test_pkgconfig_leads_to_header_and_library(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """Every .pc file leads to Python.h and to each library it names, also after a move."""
    answer = answered_here(facts, "pkgconfig")
    evidence["files"] = len(answer)
    evidence["wrong"] = {
        name: row
        for name, row in answer.items()
        if not row["header"]
        or not all(row["libraries"].values())
        or row["version"] != expected.python
    }

    assert (len(answer) > 0, evidence["wrong"]) == (True, {})


def _tags_are_of_musl(facts: Facts, evidence: Evidence, expected: Expected, reader: str) -> None:
    table = expected.table(TABLE)
    machine = table["platform"][expected.arch]
    found = answered_here(facts, "wheel_tags")[reader]
    # packaging 25.1 and later name the plain platform first, which no index serves
    shared = [name for name in found["platforms"] if name not in {f"linux_{machine}", "any"}]
    evidence.update({"first": found["first"], "platforms": shared})

    assert shared[:1] == [f"{table['musllinux']}_{machine}"]
    assert [name for name in shared if not name.startswith("musllinux_1_")] == []


@check(
    "BLD-026",
    source="PEP 656; issue 3: wheel tags",
    remedy="Let site.py answer for `packaging`: it finds no musl in a static launcher.",
    profiles=OURS,
)
def test_packaging_names_musllinux(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The package `packaging`, as others carry it, names musllinux_1_2 first and no manylinux."""
    _tags_are_of_musl(facts, evidence, expected, "packaging")


@check(
    "BLD-027",
    source="PEP 656; issue 3: wheel tags",
    remedy="Let site.py answer for pip's own copy of `packaging`.",
    profiles=OURS,
)
def test_pip_and_packaging_agree(facts: Facts, evidence: Evidence) -> None:
    """The copy of `packaging` in pip and the newest know the same platforms."""
    answer = answered_here(facts, "wheel_tags")
    evidence["platforms"] = {name: sorted(answer[name]["platforms"]) for name in answer}

    assert evidence["platforms"]["pip"] == evidence["platforms"]["packaging"]
