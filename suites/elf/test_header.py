"""What every ELF file says of itself in its header."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "elf/expected.yaml"
CODE = {"program", "extension", "library"}


@check("ELF-001", source="bug museum 50", remedy="Build the file anew: it is truncated or damaged.")
def test_every_object_can_be_parsed(artefact: Facts, evidence: Evidence) -> None:
    """Every file that is ELF, or is named as a shared library, is a well-formed ELF file."""
    evidence["offenders"] = artefact["elf.errors"]

    assert evidence["offenders"] == {}


@check(
    "ELF-002",
    source="spec: Minimum Requirements (Architecture)",
    remedy="Find the step that used another compiler than the tool chain's.",
)
def test_class_and_machine(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every object is for the distribution's architecture: class, byte order and machine."""
    table = expected.table(TABLE)
    right = [table["class"][expected.arch], "LSB", table["machine"][expected.arch]]
    evidence["offenders"] = {
        path: found
        for path, facts in artefact["elf.objects"].items()
        if (found := [facts["class"], facts["data"], facts["machine"]]) != right
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-003",
    source="spec: Supported Distributions (any Linux)",
    remedy="Link without GNU-only features (indirect functions, unique symbols) and foreign tools.",
    profiles=("standalone",),
)
def test_os_abi_is_plain(artefact: Facts, evidence: Evidence) -> None:
    """Every object is marked for the plain System V ABI, which every loader takes."""
    evidence["offenders"] = {
        path: facts["osabi"]
        for path, facts in artefact["elf.objects"].items()
        if facts["osabi"] != "SYSTEMV"
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-004",
    source="spec: Security Features (ASLR, PIE)",
    remedy="Compile with -fPIE or -fPIC and link with -pie, -static-pie or -shared.",
)
def test_position_independent(artefact: Facts, evidence: Evidence) -> None:
    """Every program and library is position independent (ET_DYN), so that ASLR can move it."""
    evidence["offenders"] = {
        path: facts["type"]
        for path, facts in artefact["elf.objects"].items()
        if facts["kind"] in CODE and facts["type"] != "DYN"
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-005",
    source="spec: File Layout Reference",
    remedy="Take object files and core dumps out when the tree is put together.",
    profiles=("standalone",),
)
def test_nothing_half_made(artefact: Facts, evidence: Evidence) -> None:
    """No object file of the build and no core dump lies in the distribution."""
    evidence["offenders"] = {
        path: facts["type"]
        for path, facts in artefact["elf.objects"].items()
        if facts["kind"] not in CODE
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-006",
    source="spec: Security Features (PIE)",
    remedy="Link programs with -pie or -static-pie: that sets DF_1_PIE.",
)
def test_programs_are_marked_pie(artefact: Facts, evidence: Evidence) -> None:
    """Every position independent program is marked as one (DF_1_PIE), as hardening audits ask."""
    evidence["offenders"] = [
        path
        for path, facts in artefact["elf.objects"].items()
        if facts["kind"] == "program" and facts["type"] == "DYN" and not facts["pie_flag"]
    ]

    assert evidence["offenders"] == []
