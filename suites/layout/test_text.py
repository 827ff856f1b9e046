"""Nothing in any file may say where the distribution was built."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from everylinux.allowances import allowed
from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

TABLE = "layout/expected.yaml"
OURS = ("standalone",)
PORTABLE = ("standalone", "relocatable")
SHELL = re.compile(r"#! ?/bin/sh(\s+-[a-z]+)?")
PORTABLE_SCRIPT = re.compile(r"#! ?(/bin/sh|/usr/bin/env [\w.]+)(\s+-\w+)?\s*")


def _leaks(
    artefact: Facts, expected: Expected, chosen: Callable[[str], bool]
) -> dict[str, list[str]]:
    """Path -> build paths in it that no row of the table excuses, of the files chosen."""
    rows = expected.table(TABLE)["paths"]
    return {
        path: leaks[:10]
        for path, found in artefact["text.paths"].items()
        if chosen(path) and (leaks := [what for what in found if not allowed(rows, path, what)])
    }


@check(
    "LAY-201",
    source="issue: no build path anywhere; bug museum 4",
    remedy="Rewrite the file when the tree is put together, or make it find its own place.",
    profiles=PORTABLE,
)
def test_no_build_path_in_text(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No text file says where the distribution was built."""
    objects = artefact["elf.objects"]
    evidence["offenders"] = _leaks(
        artefact, expected, lambda path: path not in objects and not path.endswith(".pyc")
    )

    assert evidence["offenders"] == {}


@check(
    "LAY-202",
    source="issue: no build path anywhere; bug museum 26",
    remedy="Compile with -ffile-prefix-map and neutral prefixes: __FILE__ and defaults are kept.",
    profiles=PORTABLE,
)
def test_no_build_path_in_objects(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No program or library says where it was built."""
    objects = artefact["elf.objects"]
    evidence["offenders"] = _leaks(artefact, expected, lambda path: path in objects)

    assert evidence["offenders"] == {}


@check(
    "LAY-203",
    source="issue: no build path anywhere",
    remedy="Compile the finished tree with compileall -s/-p, or within it, by relative path.",
    profiles=PORTABLE,
)
def test_no_build_path_in_bytecode(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No bytecode says where it was compiled: tracebacks would name a file that is not there."""
    found = _leaks(artefact, expected, lambda path: path.endswith(".pyc"))
    evidence["count"] = len(found)
    evidence["offenders"] = dict(list(found.items())[:50])

    assert evidence["offenders"] == {}


@check(
    "LAY-204",
    source="spec: Minimum Requirements (POSIX sh); bug museum 48, 49, 63",
    remedy="Begin the script with #!/bin/sh and let it find the interpreter beside itself.",
    profiles=OURS,
)
def test_programs_need_sh_only(artefact: Facts, evidence: Evidence) -> None:
    """Every script in bin/ begins with #!/bin/sh: no other interpreter is promised to be there."""
    evidence["offenders"] = {
        path: line
        for path, line in artefact["text.shebangs"].items()
        if path.startswith("bin/") and not SHELL.fullmatch(line.strip())
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-205",
    source="bug museum 4",
    remedy="Write #!/usr/bin/env python3, or take the line out: a module is not started.",
    profiles=PORTABLE,
)
def test_scripts_name_no_place(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Every other script names sh or, through env, a program of the PATH, never a place."""
    tests = f"lib/python{expected.python}/test/"
    evidence["offenders"] = {
        path: line
        for path, line in artefact["text.shebangs"].items()
        if not path.startswith(("bin/", tests)) and line.startswith(("#!/", "#! /"))
        if not PORTABLE_SCRIPT.fullmatch(line)
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-206",
    source="bug museum 6",
    remedy="Write prefix=${pcfiledir}/../.. into the file.",
    profiles=PORTABLE,
)
def test_pkgconfig_is_relative(artefact: Facts, evidence: Evidence) -> None:
    """Every pkg-config file finds its prefix from its own place."""
    evidence["offenders"] = {
        path: facts["variables"].get("prefix", "none")
        for path, facts in artefact["text.pkgconfig"].items()
        if not facts["variables"].get("prefix", "").startswith("${pcfiledir}")
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-207",
    source="bug museum 6 and 57",
    remedy="Derive the path from ${prefix}; take flags of the build's own folders out.",
    profiles=PORTABLE,
)
def test_pkgconfig_names_no_place(artefact: Facts, evidence: Evidence) -> None:
    """No other line of a pkg-config file has an absolute path."""
    evidence["offenders"] = {
        path: wrong
        for path, facts in artefact["text.pkgconfig"].items()
        if (wrong := _absolute_lines(facts))
    }

    assert evidence["offenders"] == {}


def _absolute_lines(facts: Mapping[str, Any]) -> dict[str, str]:
    lines = {k: v for k, v in facts["variables"].items() if k != "prefix"} | facts["fields"]
    return {name: text for name, text in lines.items() if re.search(r"(^|[\s=]|-[IL])/", text)}


def _variables(artefact: Facts) -> Mapping[str, Any]:
    files = artefact["text.sysconfig"]
    if len(files) != 1:
        raise FactUnavailable("text.sysconfig", f"{len(files)} files of sysconfig data, not one")
    variables: Mapping[str, Any] = next(iter(files.values()))["variables"]
    return variables


@check(
    "LAY-208",
    source="bug museum 3 and 5",
    remedy="Rewrite the variable in _sysconfigdata: users have no compiler of that name.",
    profiles=PORTABLE,
)
def test_tools_are_neutral(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """Compilers and linkers have the names in sysconfig that users have: cc or gcc, c++, ar."""
    variables = _variables(artefact)
    evidence["offenders"] = {
        name: text
        for name, right in expected.table(TABLE)["tools"].items()
        if (text := str(variables.get(name, ""))) and text.split(maxsplit=1)[0] not in right
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-209",
    source="bug museum 57",
    remedy="Take the flag out of _sysconfigdata: it is of the build's own folders.",
    profiles=PORTABLE,
)
def test_flags_name_no_place(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No -I, -L or -rpath of sysconfig names a folder of the build, absolute or relative."""
    flags = expected.table(TABLE)["flags"]
    evidence["offenders"] = {
        name: wrong
        for name, text in _variables(artefact).items()
        if name in flags and (wrong := FOLDER_FLAG.findall(str(text)))
    }

    assert evidence["offenders"] == {}


# $(VAR) and . stand for something at make time only; a bare -L. is the build's folder.
FOLDER_FLAG = re.compile(r"(?<!\S)(-(?:I|L|Wl,-rpath[,=]|rpath[ =])\s*(?!\$)[\w./][^\s]*)")


@check(
    "LAY-210",
    source="bug museum 56",
    remedy="Write the paths relative to the file, or leave the file out.",
    profiles=PORTABLE,
)
def test_json_names_no_place(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """No JSON file of the distribution, build-details.json above all, holds an absolute path."""
    rows = expected.table(TABLE)["json"]
    evidence["offenders"] = {
        path: facts["absolute"]
        for path, facts in artefact["text.json"].items()
        if facts["absolute"] and not allowed(rows, path)
    }

    assert evidence["offenders"] == {}


@check(
    "LAY-211",
    source="bug museum 12",
    remedy="configure took the build machine's triplet: answer --print-multiarch in the wrapper.",
    profiles=OURS,
)
def test_extension_suffix(artefact: Facts, expected: Expected, evidence: Evidence) -> None:
    """EXT_SUFFIX of sysconfig says musl: what users build is named as what is shipped."""
    table = expected.table(TABLE)
    machine = table["triplet"][expected.arch]
    n = expected.python.replace(".", "")
    evidence["suffix"] = _variables(artefact).get("EXT_SUFFIX")
    evidence["expected"] = table["ext_suffix"].format(n=n, machine=machine)

    assert evidence["suffix"] == evidence["expected"]


@check(
    "LAY-212",
    source="spec: File Layout Reference",
    remedy="The file is damaged, or was written by a step that failed: build it anew.",
)
def test_files_can_be_read(artefact: Facts, evidence: Evidence) -> None:
    """Every file can be read, and those of a known form (JSON, pkg-config, sysconfig) parsed."""
    evidence["offenders"] = artefact["text.errors"]

    assert evidence["offenders"] == {}
