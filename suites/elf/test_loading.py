"""Who loads what from where: interpreter, search paths, needed libraries."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import Any

import pytest

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, carried, check
from everylinux.facts import Facts

TABLE = "elf/expected.yaml"
ORIGIN = ("$ORIGIN", "${ORIGIN}")


def _elements(facts: dict[str, Any]) -> list[str]:
    """Each element of an object's search path; of an empty path none."""
    return [e for path in [*facts["runpath"], *facts["rpath"]] for e in path.split(":")]


@check(
    "ELF-010",
    source="spec: Dynamic Linking Information; decision: the launcher starts the shipped loader",
    remedy="patchelf --set-interpreter /lib/ld-musl-ARCH.so.1: the launcher never uses it.",
)
def test_interpreter_is_in_a_safe_place(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """No program names a loader in a place that strangers may write to or the build machine's."""
    if expected.start == "bootstrap":
        pytest.skip("this way to start asks for a loader in /tmp: a finding of BST-002")
    safe = expected.table(TABLE)["interpreter_folders"]
    evidence["offenders"] = {
        path: facts["interpreter"]
        for path, facts in artefact["elf.objects"].items()
        if facts["interpreter"] and posixpath.dirname(facts["interpreter"]) not in safe
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-011",
    source="spec: Binary Format Details (INTERP); bug museum 12",
    remedy="Link with the musl tool chain: pip reads the loader's name to choose wheels.",
    profiles=("standalone",),
)
def test_interpreter_is_musl(artefact: Facts, evidence: Evidence) -> None:
    """Every dynamic program names a musl loader, by which pip knows which wheels fit."""
    evidence["offenders"] = {
        path: facts["interpreter"]
        for path, facts in artefact["elf.objects"].items()
        if facts["interpreter"] and "musl" not in facts["interpreter"]
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-012",
    source="spec: Wrapper Script API; decision: a static launcher, no shell",
    remedy="Link the launcher with -static-pie: it must start where there is no libc at all.",
    profiles=("standalone",),
)
def test_launcher_is_static(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """The launcher asks for nothing: no loader, no shared library."""
    if expected.start == "bootstrap":
        pytest.skip("it starts by a wrapper in sh, which the area bootstrap judges")
    launcher = artefact["elf.objects"].get(f"bin/python{expected.python}") or artefact[
        "elf.objects"
    ].get("bin/python", {})
    evidence["launcher"] = {key: launcher.get(key, "no ELF") for key in ("interpreter", "needed")}

    assert evidence["launcher"] == {"interpreter": "", "needed": []}


@check(
    "ELF-013",
    source="spec: Binary Format Details",
    remedy="Link the interpreter dynamically: a static one cannot load extension modules.",
)
def test_interpreter_is_dynamic(artefact: Facts, evidence: Evidence) -> None:
    """The real interpreter is a dynamic program, which can load extension modules."""
    main = artefact["elf.main"]
    evidence["interpreter"] = {main: artefact["elf.objects"].get(main, {}).get("interpreter", "")}

    assert evidence["interpreter"][main] != ""


@check(
    "ELF-020",
    source="spec: Dynamic Linking Information (RPATH)",
    remedy="patchelf --set-rpath with $ORIGIN-relative elements only.",
    profiles=("standalone", "relocatable"),
)
def test_search_path_is_relative_to_the_object(artefact: Facts, evidence: Evidence) -> None:
    """Every element of every RPATH and RUNPATH begins with $ORIGIN."""
    evidence["offenders"] = {
        path: wrong
        for path, facts in artefact["elf.objects"].items()
        if (wrong := [e for e in _elements(facts) if e and not _from_origin(e)])
    }

    assert evidence["offenders"] == {}


def _from_origin(element: str) -> bool:
    return any(element == o or element.startswith(f"{o}/") for o in ORIGIN)


@check(
    "ELF-021",
    source="spec: Dynamic Linking Information (RPATH)",
    remedy="An empty element means the current folder: write the RPATH without stray colons.",
)
def test_no_empty_search_path_element(artefact: Facts, evidence: Evidence) -> None:
    """No RPATH or RUNPATH has an empty element, which would mean the current folder."""
    evidence["offenders"] = {
        path: [*facts["runpath"], *facts["rpath"]]
        for path, facts in artefact["elf.objects"].items()
        if "" in _elements(facts)
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-022",
    source="spec: Dynamic Linking Information (RPATH)",
    remedy="Count the ../ of the RPATH from the object's own folder.",
    profiles=("standalone", "relocatable"),
)
def test_search_path_stays_in_the_tree(artefact: Facts, evidence: Evidence) -> None:
    """Every $ORIGIN-relative element leads to a folder of the distribution."""
    entries = artefact["files.entries"]
    evidence["offenders"] = {
        path: wrong
        for path, facts in artefact["elf.objects"].items()
        if (wrong := [e for e in _elements(facts) if _leads_nowhere(path, e, entries)])
    }

    assert evidence["offenders"] == {}


def _leads_nowhere(path: str, element: str, entries: dict[str, Any]) -> bool:
    if not _from_origin(element):
        return False  # judged by ELF-020
    rest = element.split("ORIGIN", 1)[1].lstrip("}/")
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), rest))
    return bool(entries.get("" if folder == "." else folder, {}).get("kind") != "dir")


@check(
    "ELF-023",
    source="bug museum 7 (RPATH and RUNPATH differ for transitive needs)",
    remedy="Give an object one of RPATH and RUNPATH, once.",
)
def test_one_kind_of_search_path(artefact: Facts, evidence: Evidence) -> None:
    """No object has both RPATH and RUNPATH, or one of them twice."""
    evidence["offenders"] = {
        path: {"rpath": facts["rpath"], "runpath": facts["runpath"]}
        for path, facts in artefact["elf.objects"].items()
        if len(facts["rpath"]) + len(facts["runpath"]) > 1
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-024",
    source="spec: Symbol Resolution (lookup order)",
    remedy="Set the interpreter's RPATH to $ORIGIN/../shared_libraries/lib:$ORIGIN/../lib.",
    profiles=("standalone",),
)
def test_interpreter_searches_in_the_specified_order(artefact: Facts, evidence: Evidence) -> None:
    """The real interpreter looks into shared_libraries/lib first and into lib second."""
    main = artefact["elf.main"]
    elements = _elements(artefact["elf.objects"].get(main, {"runpath": [], "rpath": []}))
    evidence["found"] = elements

    assert evidence["found"] == ["$ORIGIN/../shared_libraries/lib", "$ORIGIN/../lib"]


@check(
    "ELF-030",
    source="spec: Dynamic Linking Information (NEEDED)",
    remedy="Ship the library in shared_libraries/lib, or link it statically.",
    profiles=("standalone",),
)
def test_needed_is_carried(artefact: Facts, evidence: Evidence) -> None:
    """Every library an object asks for is found in the distribution along the loader's search."""
    evidence["offenders"] = {
        path: missing
        for path, found in artefact["elf.search"].items()
        if (missing := [name for name, hit in found.items() if not hit["chain"]])
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-031",
    source="bug museum 7",
    remedy="Give the object an RPATH of its own that reaches shared_libraries/lib and lib.",
    profiles=("standalone",),
)
def test_needed_is_found_by_the_object_itself(artefact: Facts, evidence: Evidence) -> None:
    """What an object asks for it finds by its own search path, not only by its loader's."""
    evidence["offenders"] = {
        path: lost
        for path, found in artefact["elf.search"].items()
        if (lost := [name for name, hit in found.items() if hit["chain"] and not hit["own"]])
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-032",
    source="bug museum 9 and 10 (musl expands $ORIGIN in RPATH only)",
    remedy="Link by soname: patchelf --replace-needed PATH NAME.",
)
def test_needed_is_a_plain_name(artefact: Facts, evidence: Evidence) -> None:
    """No object asks for a library by a path or by $ORIGIN."""
    evidence["offenders"] = {
        path: wrong
        for path, facts in artefact["elf.objects"].items()
        if (wrong := [name for name in facts["needed"] if "/" in name or "$" in name])
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-033",
    source="spec: Dynamic Linking Information (libc.so is musl's)",
    remedy="The step linked with the host's compiler: use the tool chain's, with -nostdlib specs.",
    profiles=("standalone",),
)
def test_no_host_library(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No object asks for a library of the host's C library or compiler."""
    table = expected.table(TABLE)
    own = carried(artefact, table["compiler_libraries"])
    evidence["offenders"] = {
        path: wrong
        for path, facts in artefact["elf.objects"].items()
        if (
            wrong := [
                name
                for name in facts["needed"]
                if name not in own and any(fnmatchcase(name, p) for p in table["host_libraries"])
            ]
        )
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-036",
    source="bug museum 16 (libcrypt.so.1); the libraries that PEP 599 lets a wheel ask for",
    remedy="Ship the library beside the object and give that an RPATH, or link it statically.",
    profiles=("relocatable",),
)
def test_needed_is_carried_or_everywhere(
    artefact: Facts, expected: Expected, evidence: Evidence
) -> None:
    """Every library an object asks for is carried, or is one that every Linux of its libc has."""
    everywhere, objects = expected.table(TABLE)["everywhere"], artefact["elf.objects"]

    def beside(path: str, name: str) -> bool:
        """Auditwheel's libraries rely on the extension, which has loaded its own in good order."""
        return posixpath.join(posixpath.dirname(path), name) in objects

    evidence["offenders"] = {
        path: missing
        for path, found in artefact["elf.search"].items()
        if (missing := [n for n, h in found.items() if not h["chain"] and not beside(path, n)])
        and (missing := [n for n in missing if not any(fnmatchcase(n, p) for p in everywhere)])
    }
    evidence["libraries"] = sorted({n for ns in evidence["offenders"].values() for n in ns})

    assert evidence["libraries"] == []


@check(
    "ELF-034",
    source="spec: File Layout Reference (shared_libraries/lib)",
    remedy="Ship each library under its soname; patchelf --set-soname if it is wrong.",
    profiles=("standalone",),
)
def test_soname_is_the_file_name(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every shared library is named as it calls itself."""
    rows = expected.table(TABLE)["no_soname"]
    evidence["offenders"] = {
        path: facts["soname"]
        for path, facts in artefact["elf.objects"].items()
        if facts["kind"] == "library"
        and facts["soname"] != path.rsplit("/", 1)[-1]
        and not (facts["soname"] == "" and allowed(rows, path))
    }

    assert evidence["offenders"] == {}


@check(
    "ELF-035",
    source="spec: Security Specifications",
    remedy="Link without the entry: nothing may run before, or audit, what the user started.",
)
def test_no_odd_dynamic_entry(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No object has dynamic entries that run code early or bring auditors and filters."""
    odd = set(expected.table(TABLE)["odd_tags"])
    evidence["offenders"] = {
        path: found
        for path, facts in artefact["elf.objects"].items()
        if (found := sorted(odd & set(facts["tags"])))
    }

    assert evidence["offenders"] == {}
