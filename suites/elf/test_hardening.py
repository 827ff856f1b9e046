"""What the linker and the compiler were asked to protect."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

TABLE = "elf/expected.yaml"
EXECUTE, WRITE = 1, 2  # PF_X, PF_W
ALLOC = 2  # SHF_ALLOC
CODE = {"program", "extension", "library"}


def _code(artefact: Facts) -> dict[str, Any]:
    """Objects that are loaded to run."""
    return {p: f for p, f in artefact["elf.objects"].items() if f["kind"] in CODE}


def _of(facts: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [segment for segment in facts["segments"] if segment["type"] == kind]


@check(
    "ELF-040",
    source="spec: Security Features (DEP/NX); bug museum 8",
    remedy="Assemble with .note.GNU-stack and link with -z noexecstack.",
)
def test_stack_is_declared(artefact: Facts, evidence: Evidence) -> None:
    """Every object says what stack it needs (PT_GNU_STACK): without it the kernel assumes code."""
    evidence["offenders"] = [p for p, f in _code(artefact).items() if not _of(f, "GNU_STACK")]

    assert evidence["offenders"] == []


@check(
    "ELF-041",
    source="spec: Security Features (DEP/NX)",
    remedy="Link with -z noexecstack.",
)
def test_stack_is_not_executable(artefact: Facts, evidence: Evidence) -> None:
    """No object asks for an executable stack."""
    evidence["offenders"] = [
        path
        for path, facts in _code(artefact).items()
        if any(segment["flags"] & EXECUTE for segment in _of(facts, "GNU_STACK"))
    ]

    assert evidence["offenders"] == []


@check(
    "ELF-042",
    source="spec: Security Features (RELRO: full)",
    remedy="Link with -z relro.",
)
def test_relocations_become_read_only(artefact: Facts, evidence: Evidence) -> None:
    """Every object has its relocated data made read-only after loading (PT_GNU_RELRO)."""
    evidence["offenders"] = [p for p, f in _code(artefact).items() if not _of(f, "GNU_RELRO")]

    assert evidence["offenders"] == []


@check(
    "ELF-043",
    source="spec: Security Features (RELRO: full)",
    remedy="Link with -z now.",
)
def test_binding_is_immediate(artefact: Facts, evidence: Evidence) -> None:
    """Every dynamic object is bound when it is loaded (BIND_NOW), which makes RELRO full."""
    evidence["offenders"] = [
        path for path, f in _code(artefact).items() if f["tags"] and not f["bind_now"]
    ]

    assert evidence["offenders"] == []


@check(
    "ELF-044",
    source="spec: Security Features (DEP/NX)",
    remedy="Find the linker script or the tool that merged segments.",
)
def test_no_segment_is_writable_and_executable(artefact: Facts, evidence: Evidence) -> None:
    """No loaded segment is both writable and executable."""
    both = WRITE | EXECUTE
    evidence["offenders"] = [
        path
        for path, facts in _code(artefact).items()
        if any(segment["flags"] & both == both for segment in _of(facts, "LOAD"))
    ]

    assert evidence["offenders"] == []


@check(
    "ELF-045",
    source="spec: Security Features (DEP/NX)",
    remedy="Link with -z separate-code.",
    profiles=("standalone",),
)
def test_code_is_apart(artefact: Facts, evidence: Evidence) -> None:
    """No executable segment holds the file's headers: code is apart from read-only data."""
    evidence["offenders"] = [
        path
        for path, facts in _code(artefact).items()
        if any(s["flags"] & EXECUTE and s["offset"] == 0 for s in _of(facts, "LOAD"))
    ]

    assert evidence["offenders"] == []


@check(
    "ELF-046",
    source="spec: Security Features (DEP/NX)",
    remedy="Compile everything with -fPIC; hand-written assembler needs PIC too.",
)
def test_no_text_relocation(artefact: Facts, evidence: Evidence) -> None:
    """No object needs its code written to when it is loaded (TEXTREL), which SELinux forbids."""
    evidence["offenders"] = [p for p, f in _code(artefact).items() if f["textrel"]]

    assert evidence["offenders"] == []


@check(
    "ELF-047",
    source="spec: Security Features (Stack Canaries)",
    remedy="Compile with -fstack-protector-strong, or add a reason to suites/elf/expected.yaml.",
    profiles=("standalone",),
)
def test_stack_protector(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every object uses the stack protector, but for those with nothing to protect."""
    rows = expected.table(TABLE)["no_stack_protector"]
    evidence["offenders"] = [
        path
        for path, facts in _code(artefact).items()
        if not _protected(facts) and not allowed(rows, path)
    ]

    assert evidence["offenders"] == []


def _protected(facts: dict[str, Any]) -> bool:
    """By symbol where there are any, else (a static program) by the code that reads the canary."""
    names = {*facts["undefined"], *facts["exports"]}
    return "__stack_chk_fail" in names or (not names and facts["canary"])


@check(
    "ELF-048",
    source="bug museum 52",
    remedy="Link with -z max-page-size of the machine.",
)
def test_segments_are_page_aligned(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every loaded segment is aligned to the machine's largest page at least."""
    page = expected.table(TABLE)["page"][expected.arch]
    evidence["offenders"] = {
        path: small
        for path, facts in _code(artefact).items()
        if (small := [s["align"] for s in _of(facts, "LOAD") if s["align"] < page])
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-049",
    source="bug museum 50",
    remedy="Strip before patchelf, not after; use another release of patchelf.",
)
def test_segments_can_be_mapped(artefact: Facts, evidence: Evidence) -> None:
    """Every loaded segment can be mapped: in order, congruent to its page, not above its memory."""
    evidence["offenders"] = {
        path: wrong
        for path, facts in _code(artefact).items()
        if (wrong := _unmappable(_of(facts, "LOAD")))
    }

    assert evidence["offenders"] == {}


def _unmappable(loads: list[dict[str, Any]]) -> list[str]:
    wrong = [
        f"segment at {s['address']:#x}: address and offset differ modulo {s['align']}"
        for s in loads
        if s["align"] > 1 and (s["address"] - s["offset"]) % s["align"]
    ]
    wrong += [
        f"segment at {s['address']:#x}: {s['filesz']} bytes of file in {s['memsz']} of memory"
        for s in loads
        if s["filesz"] > s["memsz"]
    ]
    pairs = pairwise(loads)
    return wrong + [
        f"segment at {b['address']:#x} begins before the one before it ends"
        for a, b in pairs
        if b["address"] < a["address"] + a["memsz"]
    ]


@check(
    "ELF-050",
    source="bug museum 50",
    remedy="Strip before patchelf, not after; use another release of patchelf.",
)
def test_sections_lie_in_segments(artefact: Facts, evidence: Evidence) -> None:
    """Every section that is loaded lies in a loaded segment, at the same place in both."""
    evidence["offenders"] = {
        path: wrong
        for path, facts in _code(artefact).items()
        if (wrong := [s["name"] for s in facts["sections"] if _astray(s, _of(facts, "LOAD"))])
    }

    assert evidence["offenders"] == {}


def _astray(section: dict[str, Any], loads: list[dict[str, Any]]) -> bool:
    if not section["flags"] & ALLOC or section["type"] == "NOBITS" or not section["size"]:
        return False
    return not any(
        s["offset"] <= section["offset"]
        and section["offset"] + section["size"] <= s["offset"] + s["filesz"]
        and section["address"] - section["offset"] == s["address"] - s["offset"]
        for s in loads
    )


@check(
    "ELF-051",
    source="bug museum 53; spec: Minimum Requirements (x86_64 or x86)",
    remedy="Compile without -march above the baseline (x86-64, i686).",
)
def test_no_newer_processor_needed(artefact: Facts, evidence: Evidence) -> None:
    """No object demands a processor above the architecture's baseline."""
    evidence["offenders"] = {
        path: above
        for path, facts in artefact["elf.objects"].items()
        if (above := [n for n in facts["isa"] if n.startswith("NEEDED") and "BASELINE" not in n])
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-052",
    source="musl has no IRELATIVE relocations (ldso/dynlink.c)",
    remedy="Compile without function multiversioning and __attribute__((ifunc)).",
    profiles=("standalone",),
)
def test_no_indirect_function(artefact: Facts, evidence: Evidence) -> None:
    """No object exports a function that is chosen at load time: musl's loader refuses it."""
    evidence["offenders"] = {
        path: facts["ifuncs"] for path, facts in artefact["elf.objects"].items() if facts["ifuncs"]
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-053",
    source="spec: Dependency Compilation Flags (--strip-all)",
    remedy="Strip with --strip-unneeded before the RPATH is set.",
    profiles=("standalone",),
)
def test_no_symbol_table_beyond_need(artefact: Facts, evidence: Evidence) -> None:
    """No object carries a symbol table that running does not need (.symtab)."""
    evidence["offenders"] = {p: f["symtab"] for p, f in _code(artefact).items() if f["symtab"]}

    assert evidence["offenders"] == {}


@check(
    "ELF-054",
    source="spec: Dependency Compilation Flags (--strip-all)",
    remedy="Strip with --strip-unneeded before the RPATH is set.",
    profiles=("standalone",),
)
def test_no_debug_section(artefact: Facts, evidence: Evidence) -> None:
    """No object carries debug sections, nor a link to a file that would hold them."""
    names = (".debug_", ".zdebug_", ".gnu_debuglink", ".gdb_index", ".stab")
    evidence["offenders"] = {
        path: found
        for path, facts in artefact["elf.objects"].items()
        if (found := [s["name"] for s in facts["sections"] if s["name"].startswith(names)])
    }

    assert evidence["offenders"] == {}
