"""What the specification's *Security Features* and limits come to in a running process."""

from __future__ import annotations

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, answered_here, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

TABLE = "building/expected.yaml"
OURS = ("standalone",)
SEGFAULT = -11  # SIGSEGV, as subprocess tells it


def _moves(facts: Facts, evidence: Evidence, *names: str) -> None:
    """Judge that each of some addresses differs between starts; half of them may meet by chance."""
    answer = answered_here(facts, "protected_addresses", evidence)
    evidence["still"] = {
        name: answer["distinct"][name]
        for name in names
        if name in answer["missing"] or answer["distinct"][name] <= answer["starts"] // 2
    }

    assert evidence["still"] == {}


@check(
    "BLD-040",
    source="spec: Security Features (ASLR, PIE)",
    remedy="Map the interpreter where the kernel puts it: link with -pie, map without MAP_FIXED.",
    profiles=OURS,
)
def test_code_lies_elsewhere_each_time(facts: Facts, evidence: Evidence) -> None:
    """The program, libpython and musl lie at other addresses at each start."""
    _moves(facts, evidence, "program", "libpython", "libc")


@check(
    "BLD-041",
    source="spec: Security Features (ASLR)",
    remedy="Let the kernel place stack and heap: no fixed brk, no stack of the launcher's own.",
    profiles=OURS,
)
def test_data_lies_elsewhere_each_time(facts: Facts, evidence: Evidence) -> None:
    """Stack and heap lie at other addresses at each start."""
    _moves(facts, evidence, "stack", "heap")


def _faults(facts: Facts, evidence: Evidence, *kinds: str) -> None:
    answer = answered_here(facts, "protected_pages", evidence)

    assert {kind: answer[kind] for kind in kinds} == dict.fromkeys(kinds, SEGFAULT)


@check(
    "BLD-042",
    source="spec: Security Features (DEP/NX)",
    remedy="Some object asks for an executable stack: link with -z noexecstack.",
)
def test_stack_runs_no_code(facts: Facts, evidence: Evidence) -> None:
    """Code that was put on the stack is not run: the process ends by SIGSEGV."""
    _faults(facts, evidence, "stack")


@check(
    "BLD-043",
    source="spec: Security Features (DEP/NX)",
    remedy="READ_IMPLIES_EXEC is set: an object without PT_GNU_STACK was started.",
)
def test_data_runs_no_code(facts: Facts, evidence: Evidence) -> None:
    """Code that was put on the heap or a mapped page is not run: the process ends by SIGSEGV."""
    _faults(facts, evidence, "heap", "mapped")


@check(
    "BLD-044",
    source="spec: Python Build Configuration (THREAD_STACK_SIZE=0x100000)",
    remedy="Compile CPython with -DTHREAD_STACK_SIZE: musl's default is 128 KiB.",
    profiles=OURS,
)
def test_thread_stack(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A new thread has a stack of at least 1 MiB, as pthread_getattr_np tells."""
    wanted = expected.table(TABLE)["thread_stack"]
    evidence["wanted"] = wanted
    # the C library takes its own part (thread descriptor, thread-local data) off the end
    room = answered_here(facts, "thread_stack", evidence)["thread"] + (64 << 10)

    assert room >= wanted


@check(
    "BLD-045",
    source="spec: Minimum Requirements (200 MB of disk)",
    remedy="Look which folder grew; tests and headers may be an archive of their own.",
    profiles=OURS,
)
def test_fits_on_the_disk(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The tree, in blocks of 4 KiB and with its folders, takes no more than 200 MB."""
    answer, limit = (
        answered_here(facts, "tree_size", evidence),
        expected.table(TABLE)["installed_bytes"],
    )
    taken = (answer["blocks"] + answer["entries"]) * 4096
    evidence.measure("installed", "bytes", [taken], limit)

    assert taken <= limit


@check(
    "BLD-046",
    source="spec: Security Features (Fortify Source: Level 2)",
    remedy="Compile with build/fortify before musl's headers, -O and -D_FORTIFY_SOURCE=2.",
    profiles=OURS,
)
def test_everything_is_fortified(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Every object bears the note that its calls were checked, of level 2 or above."""
    table = expected.table(TABLE)
    levels = answered_here(facts, "fortified", evidence)["levels"]
    evidence.pop("found")
    evidence["offenders"] = {
        path: level
        for path, level in levels.items()
        if level < table["fortify"] and not allowed(table["not_fortified"], path)
    }

    assert (len(levels) > 0, evidence["offenders"]) == (True, {})


@check(
    "BLD-072",
    source="spec: Security Features (Fortify Source: Level 2)",
    remedy="The checked headers check nothing: see why their functions are not taken.",
    profiles=OURS,
)
def test_checks_are_in_the_code(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Objects that copy into arrays of known size hold the instruction by which a check ends."""
    rows = expected.table(TABLE)["checked"]
    traps = answered_here(facts, "fortified", evidence)["traps"]
    evidence.pop("found")
    held = {
        row["files"]: [count for path, count in traps.items() if allowed([row], path)]
        for row in rows
    }
    evidence["offenders"] = sorted(files for files, counts in held.items() if not any(counts))

    assert evidence["offenders"] == []


@check(
    "BLD-047",
    source="spec: Symbol Resolution",
    remedy="Link the interpreter alone as the program, and let nothing be loaded before it.",
    profiles=OURS,
)
def test_program_is_asked_first(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Names are looked up in the real interpreter first, then in the tree's libraries alone."""
    answer = answered_here(facts, "lookup_order", evidence)
    named = [path for path in answer["objects"] if path.startswith("/")]
    evidence["outside"] = [
        path for path in named if not path.startswith(f"{SUBJECT}/") and path != expected.loader
    ]
    evidence["first"] = named[:1]

    assert evidence["outside"] == []
    assert evidence["first"] == [f"{SUBJECT}/bin/python{expected.python}-real"]


@check(
    "BLD-048",
    source="spec: Symbol Resolution",
    remedy="Something before it defines the name: look at what the program asks for (NEEDED).",
    profiles=OURS,
)
def test_names_are_found_in_the_tree(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """CPython's names resolve to libpython; those of the C library to a library that is bundled."""
    found = answered_here(facts, "lookup_order", evidence)["found"]
    library = f"{SUBJECT}/lib/libpython{expected.python}.so.1.0"
    bundled = f"{SUBJECT}/shared_libraries/lib/"
    evidence["stray"] = {
        name: path
        for name, path in found.items()
        if not (path == library if name.startswith("Py") else path.startswith(bundled))
        if not path or path != expected.loader or name.startswith("Py")
    }

    assert (len(found) > 0, evidence["stray"]) == (True, {})
