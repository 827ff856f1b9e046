"""Extension modules and programs are compiled with what the tree brings, and run."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, answered_here, check
from everylinux.facts import Facts
from everylinux.model import MOVED

OURS = ("standalone",)
SOURCE = "spec: API Reference; issue 3: module extension building"


@check(
    "BLD-001",
    source=SOURCE,
    remedy="Let sysconfig's CC be a compiler with musl's headers: see docs/building.md.",
    profiles=OURS,
)
def test_extension_is_built(facts: Facts, evidence: Evidence) -> None:
    """An extension compiled by sysconfig's own commands, with the machine's gcc, works."""
    answer = answered_here(facts, "built_extension", evidence)

    assert answer["answer"] == 42 + len("42")


@check(
    "BLD-002",
    source="PEP 656; museum 3",
    remedy="Compile without the host's headers: -nostdinc, and link with the tree's libc.so.",
    profiles=OURS,
)
def test_extension_knows_no_glibc(facts: Facts, evidence: Evidence) -> None:
    """An extension that was compiled on glibc asks for musl's libc.so and nothing of glibc's."""
    answer = answered_here(facts, "built_extension", evidence)

    assert (answer["libc"], answer["glibc"]) == (True, [])


@check(
    "BLD-003",
    source="docs.python.org: API and ABI Versioning; spec: API Reference",
    remedy="Ship the headers of the interpreter that was built: patchlevel.h differs.",
)
def test_version_macros(facts: Facts, evidence: Evidence) -> None:
    """PY_VERSION, PY_VERSION_HEX and their parts in an extension are the interpreter's."""
    answer = answered_here(facts, "built_extension", evidence)
    evidence["compiled"] = [answer["hexversion"], answer["version"], answer["numbers"]]

    assert evidence["compiled"] == answer["running"]


@check(
    "BLD-004",
    source="PEP 3149",
    remedy="Keep EXT_SUFFIX in sysconfig as the interpreter has it (configure's SOABI).",
)
def test_extension_is_found_by_its_suffix(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """What is built as sysconfig's EXT_SUFFIX says is what the interpreter imports."""
    answer = answered_here(facts, "built_extension", evidence)
    triplet = expected.table("building/expected.yaml")["triplet"][expected.arch]
    number = expected.python.replace(".", "")

    assert answer["file"] == f"everylinux_built.cpython-{number}-{triplet}.so"


@check(
    "BLD-005",
    source="docs.python.org: C API Stability (Limited API); spec: API Reference",
    remedy="Ship all headers, and let the interpreter load .abi3.so files.",
)
def test_limited_extension(facts: Facts, evidence: Evidence) -> None:
    """An extension for the limited API (3.12, or the tree's own if older) is loaded as .abi3.so."""
    answer = answered_here(facts, "built_limited", evidence)

    assert (answer["file"], answer["answer"]) == ("everylinux_built.abi3.so", 44)


@check(
    "BLD-006",
    source="docs.python.org: Extending and Embedding (Include Files)",
    remedy="Install every header that the named one includes.",
)
def test_headers_are_complete(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Every public header compiles alone behind Python.h, but for two of other libraries."""
    answer = answered_here(facts, "built_headers", evidence)
    known = expected.table("building/expected.yaml")["headers_of_others"]
    evidence["offenders"] = [name for name in answer["broken"] if name not in known]
    ended_well = answer["status"] == 0 or answer["broken"]

    assert (answer["headers"] > 0, bool(ended_well), evidence["offenders"]) == (True, True, [])


@check(
    "BLD-007",
    source="docs.python.org: Extending and Embedding (Compiling and Linking)",
    remedy="Let python3.X-config name the tree's own folders, and libpython be there to link with.",
    profiles=OURS,
)
def test_program_embeds(facts: Facts, evidence: Evidence) -> None:
    """A program linked by the answers of python3.X-config runs the interpreter within itself."""
    answer = answered_here(facts, "built_program", evidence)

    assert answer["said"] == answer["wanted"]


@check(
    "BLD-073",
    source="docs.python.org: Extending and Embedding; gABI, copy relocations",
    remedy="Compile programs with -fPIC (by the wrapper), or do not bind libpython -Bsymbolic.",
    profiles=OURS,
)
def test_program_has_no_copies(facts: Facts, evidence: Evidence) -> None:
    """A program that embeds the interpreter has the very int and None that this one has."""
    answer = answered_here(facts, "built_program", evidence)

    assert answer["same"] == "1 1"


@check(
    "BLD-008",
    source="issue 3: setuptools on 3.12 and later; museum 65",
    remedy="Let sysconfig's CC, CFLAGS, CCSHARED and LDSHARED be commands that run.",
)
def test_setuptools_builds(facts: Facts, evidence: Evidence) -> None:
    """An extension that setuptools builds is loaded and answers."""
    answer = answered_here(facts, "built_package", evidence)

    assert answer["answer"] == 44  # noqa: PLR2004 - 42 and two digits


@check(
    "BLD-009",
    source="PEP 425",
    remedy="sysconfig.get_platform() must name the plain platform: auditwheel makes the rest.",
)
def test_built_wheels_are_local(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A wheel of setuptools is tagged for this Python and the plain platform, nothing more."""
    answer = answered_here(facts, "built_package", evidence)
    number = "cp" + expected.python.replace(".", "")
    platform = expected.table("building/expected.yaml")["platform"][expected.arch]
    evidence["wanted"] = [number, number, f"linux_{platform}"]

    assert answer["tag"] == evidence["wanted"]


@check(
    "BLD-010",
    source="spec: Security Features (Fortify Source); feature_test_macros(7)",
    remedy="Ship build/fortify, and let the wrapper search it before musl's headers.",
    profiles=OURS,
)
def test_overflow_is_trapped(facts: Facts, evidence: Evidence) -> None:
    """With FORTIFY, a copy beyond its buffer is stopped by a trap, and one that fits is not."""
    answer = answered_here(facts, "built_overflow", evidence)

    assert (answer["seven77"], answer["eight888"]) == (0, -4)  # SIGILL of __builtin_trap


@check(
    "BLD-011",
    source="issue 3: sysconfig is right after any move; museum 3, 5",
    remedy="Let sysconfig find the compiler from its own place, and quote it.",
    profiles=OURS,
)
def test_compiles_after_a_move(facts: Facts, evidence: Evidence) -> None:
    """In a tree moved to a path with spaces, sysconfig's compiler is that tree's and works."""
    answer = answered_here(facts, "built_moved", evidence)
    place = str(MOVED["space"])
    evidence["outside"] = [
        answer[name] for name in ("compiler", "include") if not answer[name].startswith(place + "/")
    ]

    assert evidence["outside"] == []


@check(
    "BLD-012",
    source="issue 3: with no compiler one clear line",
    remedy="Let the wrapper look for the compiler first, and say what to install.",
    profiles=OURS,
)
def test_no_compiler_is_told(facts: Facts, evidence: Evidence) -> None:
    """Where there is no compiler, one line says so, with the next move, and the status is 127."""
    answer = answered_here(facts, "built_without", evidence)
    lines = answer["lines"]

    assert (answer["status"], len(lines)) == (127, 1)
    assert "no C compiler" in lines[0]
    assert "install" in lines[0]


@check(
    "BLD-013",
    source="ld.so(8), RTLD_LOCAL; spec: Symbol Resolution",
    remedy="Link libraries so that an extension's names stay its own: no RTLD_GLOBAL.",
)
def test_names_do_not_clash(facts: Facts, evidence: Evidence) -> None:
    """An extension's own function named as one of zlib's is its own, and zlib keeps the other."""
    answer = answered_here(facts, "built_extension", evidence)

    assert (answer["own"], answer["zlib"]) == (3, 0xCBF43926)  # 1 + 2; CRC-32's check value
