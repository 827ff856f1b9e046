"""Which symbols objects ask for and give away."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, carried, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts
from everylinux.symbols import musl
from everylinux.symbols.musl import release

TABLE = "elf/expected.yaml"


@check(
    "ELF-060",
    source="spec: Symbol Resolution",
    remedy="Build all parts against the same musl and the same libraries that are shipped.",
    profiles=("standalone",),
)
def test_every_symbol_is_provided(artefact: Facts, evidence: Evidence) -> None:
    """Every symbol an object needs is provided by what the distribution loads with it."""
    evidence["offenders"] = {p: names[:20] for p, names in artefact["elf.unresolved"].items()}

    assert evidence["offenders"] == {}


@check(
    "ELF-061",
    source="bug museum 43 to 45 (the musl floor); table: exports of musl 1.0.5 to 1.2.5",
    remedy="Build against the musl that is shipped, or ship the one that was built against.",
    profiles=("standalone",),
)
def test_no_symbol_above_the_musl_shipped(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """No object needs a symbol that musl got only after the release that is shipped."""
    shipped = release(_shipped(artefact))
    newer = {n for n, (first, _) in musl.table(expected.arch).items() if release(first) > shipped}
    evidence["offenders"] = {
        path: wanted
        for path, facts in artefact["elf.objects"].items()
        if (wanted := sorted(newer & {*facts["undefined"], *facts["weak"]}))
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-062",
    source="bug museum 42 and 46",
    remedy="The step compiled against the host's glibc: use the tool chain's compiler.",
    profiles=("standalone",),
)
def test_no_foreign_symbol_version(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No object needs a symbol version of glibc, libstdc++ or libgcc."""
    table = expected.table(TABLE)
    own = carried(artefact, table["compiler_libraries"])
    evidence["offenders"] = {
        path: wrong
        for path, facts in artefact["elf.objects"].items()
        if (
            wrong := [
                version
                for version in _wanted(facts, own)
                if any(fnmatchcase(version, p) for p in table["foreign_versions"])
            ]
        )
    }

    assert evidence["offenders"] == {}


def _wanted(facts: Mapping[str, Any], own: Collection[str]) -> list[str]:
    """The symbol versions that an object needs of libraries which are not the tree's own."""
    found = (needed for name, needed in facts["verneed"].items() if name not in own)
    return sorted({version for versions in found for version in versions})


@check(
    "ELF-063",
    source="bug museum 46 (musl ignores versions, other loaders do not)",
    remedy="Build the library and what links to it in one go.",
    profiles=("standalone",),
)
def test_symbol_versions_exist(artefact: Facts, evidence: Evidence) -> None:
    """Every symbol version an object needs is defined by the library it names."""
    objects = artefact["elf.objects"]
    evidence["offenders"] = {
        path: lost
        for path, facts in objects.items()
        if (lost := _undefined_versions(facts, artefact["elf.search"].get(path, {}), objects))
    }

    assert evidence["offenders"] == {}


def _undefined_versions(
    facts: Mapping[str, Any], search: Mapping[str, Any], objects: Mapping[str, Any]
) -> list[str]:
    lost = []
    for library, versions in facts["verneed"].items():
        found = search.get(library, {}).get("chain", "")
        defined = objects[found]["verdef"] if found else []
        lost += [f"{library}: {version}" for version in versions if version not in defined]
    return lost


@check(
    "ELF-064",
    source="bug museum 17 and 18",
    remedy="Compile bundled code with -fvisibility=hidden: it may replace a program's own.",
)
def test_python_exports_only_its_own(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """The interpreter and libpython export CPython's names only, nothing that could interpose."""
    table = expected.table(TABLE)
    evidence["offenders"] = {
        path: foreign
        for path, facts in artefact["elf.objects"].items()
        if _is_python(path, artefact["elf.main"]) and (foreign := _foreign(facts, table))
    }

    assert evidence["offenders"] == {}


def _is_python(path: str, main: str) -> bool:
    return path == main or path.startswith("lib/libpython3")


def _foreign(facts: Mapping[str, Any], table: Mapping[str, Any]) -> list[str]:
    patterns, plumbing = table["python_names"], set(table["linker_names"])
    return [
        name
        for name in facts["exports"]
        if name not in plumbing and not any(fnmatchcase(name, p) for p in patterns)
    ]


@check(
    "ELF-065",
    source="bug museum 17 and 18",
    remedy="Compile the extension with -fvisibility=hidden.",
)
def test_extensions_export_only_their_init(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """Every extension module exports init functions and nothing else."""
    table = expected.table(TABLE)
    evidence["offenders"] = {
        path: foreign[:50]
        for path, facts in artefact["elf.objects"].items()
        if facts["kind"] == "extension" and (foreign := _beyond_init(path, facts, table))
    }

    assert evidence["offenders"] == {}


def _beyond_init(path: str, facts: Mapping[str, Any], table: Mapping[str, Any]) -> list[str]:
    known, rows = set(table["linker_names"]), table["extension_exports"]
    others = [n for n in facts["exports"] if n not in known and not n.startswith("PyInit")]
    return [name for name in others if not allowed(rows, path, name)]


def _module(path: str) -> str:
    return path.rsplit("/", 1)[-1].split(".", 1)[0]


@check(
    "ELF-066",
    source="bug museum 17 and 18",
    remedy="Build the library without its replacement functions, or hide them.",
    profiles=("standalone",),
)
def test_nobody_replaces_libc(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No library defines a function that the C library has, and so replaces it for all others."""
    table = expected.table(TABLE)
    libraries = artefact["musl.libraries"]
    names = {n for path in libraries for n in artefact["elf.objects"][path]["exports"]}
    names -= set(table["linker_names"])
    evidence["offenders"] = {
        path: found
        for path, facts in artefact["elf.objects"].items()
        if path not in libraries and facts["kind"] != "program"
        if (found := _replaced(path, names & set(facts["exports"]), table))
    }

    assert evidence["offenders"] == {}


def _replaced(path: str, names: set[str], table: Mapping[str, Any]) -> list[str]:
    rows = table["redefines_libc"]
    return sorted(name for name in names if not allowed(rows, path, name))


@check(
    "ELF-067",
    source="CPython: an extension module's init function is PyInit_NAME",
    remedy="The file was renamed or belongs to another module: build the extension anew.",
)
def test_extensions_have_their_init(artefact: Facts, evidence: Evidence) -> None:
    """Every extension module has the init function that its file name promises."""
    evidence["offenders"] = [
        path
        for path, facts in artefact["elf.objects"].items()
        if facts["kind"] == "extension" and f"PyInit_{_module(path)}" not in facts["exports"]
    ]

    assert evidence["offenders"] == []


@check(
    "ELF-070",
    source="spec: File Layout Reference (libc.so)",
    remedy="Ship musl once, as shared_libraries/lib/libc.so: two in one process break malloc.",
    profiles=("standalone",),
)
def test_one_libc(artefact: Facts, evidence: Evidence) -> None:
    """There is exactly one C library, where the layout says; the launcher may be a copy of it."""
    evidence["found"] = sorted(
        path for path in artefact["musl.libraries"] if not path.startswith("bin/")
    )

    assert evidence["found"] == ["shared_libraries/lib/libc.so"]


@check(
    "ELF-071",
    source="spec: Complete Dependency Matrix; build/lock.yaml",
    remedy="Build musl from the locked source.",
    profiles=("standalone",),
)
def test_libc_is_the_locked_one(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The C library calls itself the release that the lock pins."""
    evidence["shipped"] = _shipped(artefact)
    evidence["locked"] = expected.version("musl")

    assert evidence["shipped"] == evidence["locked"]


@check(
    "ELF-072",
    source="table: exports of musl 1.0.5 to 1.2.5",
    remedy="Build musl whole: wheels for musllinux rely on every symbol of its release.",
    profiles=("standalone",),
)
def test_libc_is_complete(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The C library exports every symbol that its release has."""
    shipped = release(_shipped(artefact))
    path = next(iter(artefact["musl.libraries"]))
    promised = {
        name
        for name, (first, last) in musl.table(expected.arch).items()
        if release(first) <= shipped and (not last or release(last) >= shipped)
    }
    evidence["missing"] = sorted(promised - set(artefact["elf.objects"][path]["exports"]))[:50]

    assert evidence["missing"] == []


def _shipped(artefact: Facts) -> str:
    releases = {r for r in artefact["musl.libraries"].values() if r != "unknown"}
    if len(releases) != 1:
        raise FactUnavailable("musl.libraries", f"releases found: {sorted(releases) or 'none'}")
    return str(releases.pop())
