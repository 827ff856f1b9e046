"""The specification's *Environment Variables*: each has its effect."""

from __future__ import annotations

from everylinux.checks import Evidence, answered, check
from everylinux.facts import Facts

SOURCE = "spec: Environment Variables; docs.python.org: Command line and environment"
OURS = ("standalone",)


@check("BLD-060", source=SOURCE, remedy="Let the launcher leave PYTHONHOME to the interpreter.")
def test_home(facts: Facts, evidence: Evidence) -> None:
    """PYTHONHOME is used: the tree's own starts, and a folder without a library fails."""
    answer = answered(facts, "variable_home", evidence)

    assert answer["tree"].split() == [answer["prefix"]] * 2
    assert answer["nowhere"] != 0


@check("BLD-061", source=SOURCE, remedy="Let the launcher leave PYTHONPATH to the interpreter.")
def test_path(facts: Facts, evidence: Evidence) -> None:
    """Modules in a folder of PYTHONPATH are found, before the library's, and not without it."""
    answer = answered(facts, "variable_path", evidence)

    assert answer["without"]["status"] == 1
    assert answer["with"]["out"] == f"42 {answer['folder']}"


@check("BLD-062", source=SOURCE, remedy="Do not set PYTHONHASHSEED on the way.")
def test_hash_seed(facts: Facts, evidence: Evidence) -> None:
    """PYTHONHASHSEED fixes the hashes of strings; without it they differ at each start."""
    answer = answered(facts, "variable_hash_seed", evidence)

    assert answer["seeds"]["42"] == answer["again"]
    assert len(set(answer["seeds"].values())) == len(answer["seeds"])
    assert len(set(answer["random"])) == len(answer["random"])


@check("BLD-063", source=SOURCE, remedy="Do not set PYTHONIOENCODING on the way.")
def test_io_encoding(facts: Facts, evidence: Evidence) -> None:
    """PYTHONIOENCODING sets encoding and errors of the streams; without it they are UTF-8."""
    answer = answered(facts, "variable_io_encoding", evidence)

    assert answer["with"]["out"] == "iso8859-1 replace"
    assert answer["without"]["out"].split()[0] == "utf-8"


@check("BLD-064", source=SOURCE, remedy="Let the variable reach the interpreter.")
def test_unbuffered(facts: Facts, evidence: Evidence) -> None:
    """With PYTHONUNBUFFERED what was written is out at once; without, it waits in a buffer."""
    answer = answered(facts, "variable_unbuffered", evidence)

    assert [answer[name]["out"] for name in ("with", "without")] == ["written", ""]


@check("BLD-065", source=SOURCE, remedy="Let the variable reach the interpreter.")
def test_verbose(facts: Facts, evidence: Evidence) -> None:
    """PYTHONVERBOSE tells of each import on stderr."""
    answer = answered(facts, "variable_verbose", evidence)

    assert answer == {"with": True, "without": False}


@check("BLD-066", source=SOURCE, remedy="Let the variable reach the interpreter.")
def test_warnings(facts: Facts, evidence: Evidence) -> None:
    """PYTHONWARNINGS=error makes a warning an error."""
    answer = answered(facts, "variable_warnings", evidence)

    assert (answer["with"]["status"], answer["with"]["out"]) == (1, "")
    assert (answer["without"]["status"], answer["without"]["out"]) == (0, "went on")


@check("BLD-067", source=SOURCE, remedy="Let the variable reach the interpreter; do not set it.")
def test_no_bytecode(facts: Facts, evidence: Evidence) -> None:
    """An imported module's bytecode is written, and with PYTHONDONTWRITEBYTECODE it is not."""
    answer = answered(facts, "variable_bytecode", evidence)

    assert answer == {"with": False, "without": True}


@check("BLD-068", source=SOURCE, remedy="Let the variable reach the interpreter; do not set it.")
def test_optimize(facts: Facts, evidence: Evidence) -> None:
    """PYTHONOPTIMIZE=1 leaves assertions out, 2 leaves docstrings out as well, unset neither."""
    answer = answered(facts, "variable_optimize", evidence)

    assert answer == {"0": "asserted text", "1": "skipped text", "2": "skipped None"}


@check("BLD-069", source=SOURCE, remedy="Let the variable reach the interpreter.")
def test_temporary_folder(facts: Facts, evidence: Evidence) -> None:
    """Temporary files are made in the folder that TMPDIR names, and elsewhere without it."""
    answer = answered(facts, "variable_temporary", evidence)
    folder = answer["folder"] + "/"

    assert answer["with"]["out"].startswith(folder)
    assert not answer["without"]["out"].startswith(folder)


@check(
    "BLD-070",
    source=SOURCE,
    remedy="Let HOME reach pip; do not set XDG_CACHE_HOME.",
    profiles=OURS,
)
def test_pip_cache(facts: Facts, evidence: Evidence) -> None:
    """The cache of pip lies below HOME."""
    answer = answered(facts, "variable_pip_cache", evidence)

    assert answer == {home: f"{home}/.cache/pip" for home in ("/tmp/first", "/tmp/second")}  # noqa: S108


@check("BLD-071", source=SOURCE, remedy="Ship the short names in bin/.", profiles=OURS)
def test_programs_by_path(facts: Facts, evidence: Evidence) -> None:
    """With the tree's bin in PATH, python, python3, pip and pip3 are found and run."""
    answer = answered(facts, "variable_search", evidence)

    assert answer == {"python": ["Python"], "python3": ["Python"], "pip": ["pip"], "pip3": ["pip"]}
