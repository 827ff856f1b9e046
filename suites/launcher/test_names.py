"""What the interpreter believes of its own name, whatever it was called by."""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

PORTABLE = ("standalone", "relocatable")
BIN = str(SUBJECT / "bin")
LINKS = "/tmp/starting/links"  # noqa: S108 - made by the scenario, in the cell


def _executable(facts: Facts, way: str) -> Any:  # noqa: ANN401 - a JSON value
    report = facts["starts"][way]
    return report.get("executable", report)


@check(
    "LCH-012",
    source="docs.python.org: sys.executable",
    remedy="Hand argv[0] on to the interpreter as it came.",
    profiles=PORTABLE,
)
def test_executable_is_what_was_called(
    facts: Facts, evidence: Evidence, expected: Expected
) -> None:
    """After a start by its path, sys.executable is that path."""
    number = f"python{expected.python}"
    wanted = {
        "absolute": f"{BIN}/{number}",
        "bin/python3": f"{BIN}/python3",
        "bin/python": f"{BIN}/python",
        "by PATH": f"{BIN}/{number}",
    }
    evidence["found"] = {way: _executable(facts, way) for way in wanted}
    assert evidence["found"] == wanted


@check(
    "LCH-013",
    source="docs.python.org: sys.executable; venv needs the link's own name",
    remedy="Keep a symlink's name: a virtual environment is found by it.",
    profiles=PORTABLE,
)
def test_executable_keeps_a_symlinks_name(facts: Facts, evidence: Evidence) -> None:
    """After a start through a symlink, sys.executable is the symlink."""
    wanted = {"symlink": f"{LINKS}/python3", "chain of symlinks": f"{LINKS}/chain"}
    evidence["found"] = {way: _executable(facts, way) for way in wanted}
    assert evidence["found"] == wanted


def _works(facts: Facts, evidence: Evidence, way: str) -> None:
    """Judge a start whose argv[0] leads elsewhere: the tree is found all the same."""
    report = facts["starts"][way]
    evidence["report"] = report
    assert report.get("prefix") == str(SUBJECT)


@check(
    "LCH-014",
    source="bug museum 15 (cpython#124241)",
    remedy="Ask /proc/self/exe or AT_EXECFN where argv[0] is empty.",
    profiles=PORTABLE,
)
def test_empty_name(facts: Facts, evidence: Evidence) -> None:
    """Started with an empty argv[0], the interpreter finds its tree."""
    _works(facts, evidence, "empty argv[0]")


@check(
    "LCH-015",
    source="execve(2): argv[0] is the caller's choice; login shells begin with a dash",
    remedy="Believe argv[0] only if it leads to the running file.",
    profiles=PORTABLE,
)
def test_name_of_another_program(facts: Facts, evidence: Evidence) -> None:
    """Started under another program's name, the interpreter finds its tree."""
    _works(facts, evidence, "argv[0] of another program")


@check(
    "LCH-016",
    source="bug museum 15",
    remedy="Believe argv[0] only if it leads to the running file.",
    profiles=PORTABLE,
)
def test_name_of_a_device(facts: Facts, evidence: Evidence) -> None:
    """Started with argv[0] of /dev/null, the interpreter finds its tree."""
    _works(facts, evidence, "argv[0] of a device")


@check(
    "LCH-017",
    source="docs.python.org: sys.argv",
    remedy="Pass the arguments behind argv[0] unchanged.",
)
def test_arguments_arrive(facts: Facts, evidence: Evidence) -> None:
    """A script that is started by its `#!` line gets its own path and arguments."""
    report = facts["starts"]["shebang"]
    evidence["argv"] = report.get("argv", report)
    assert evidence["argv"] == ["/tmp/starting/script", "argument"]  # noqa: S108


@check(
    "LCH-018",
    source="docs.python.org: sys.orig_argv",
    remedy="Keep the loader's own options out of the command line that the interpreter sees.",
    profiles=PORTABLE,
)
def test_command_line_is_the_users(facts: Facts, evidence: Evidence) -> None:
    """In sys.orig_argv the interpreter sees what its user typed, nothing of the loader's."""
    report = facts["starts"]["absolute"]
    evidence["orig_argv"] = [text[:40] for text in report.get("orig_argv", [str(report)])][:2]
    assert [len(evidence["orig_argv"]), evidence["orig_argv"][-1]] == [2, "-c"]


@check(
    "LCH-019",
    source="unlink(2): a working folder may vanish",
    remedy="Need no working folder to find the tree.",
    profiles=PORTABLE,
)
def test_deleted_working_folder(facts: Facts, evidence: Evidence) -> None:
    """Started in a folder that was deleted, the interpreter finds its tree."""
    _works(facts, evidence, "deleted working folder")


@check(
    "LCH-020",
    source="daemons close 0, 1 and 2 (daemon(7))",
    remedy="Do not assume that the first descriptor opened is above 2.",
    profiles=PORTABLE,
)
def test_closed_standard_streams(facts: Facts, evidence: Evidence) -> None:
    """Started with stdin, stdout and stderr closed, the interpreter runs."""
    _works(facts, evidence, "stdin, stdout and stderr closed")


@check(
    "LCH-021",
    source="docs/build.md: the launcher",
    remedy="Name the missing part and where it was looked for, in one line.",
    profiles=("standalone",),
)
def test_a_missing_part_is_named(facts: Facts, evidence: Evidence) -> None:
    """A launcher without the parts beside it says so in one line, with status 126 or 127."""
    evidence["alone"] = facts["alone"]
    lines = facts["alone.lines"]
    assert (facts["alone.status"] in {126, 127}, len(lines)) == (True, 1)


@check(
    "LCH-022",
    source="bug museum 12; PEP 656",
    remedy="Let packaging's detection of musl see the shipped musl.",
    profiles=("standalone",),
)
def test_wheel_tags_are_of_musl(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """The first platform tag of pip is musllinux, and there is no manylinux tag."""
    tags = facts["tools.tags"]
    platforms = [tag.rpartition("-")[2] for tag in tags] if isinstance(tags, list) else []
    evidence["tags"] = platforms[:1] or tags
    foreign = [name for name in platforms if name.startswith("manylinux")]
    machine = {"x86_64": "x86_64", "x86": "i686"}[expected.arch]
    assert (evidence["tags"], foreign) == ([f"musllinux_1_2_{machine}"], [])
