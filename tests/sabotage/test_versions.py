"""Claims fit every Python that the tables know: for each version a right answer and a wrong one.

The recording is of 3.13; here it is judged by what other versions promise, after an edit that makes
it what such a version would say.
"""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from everylinux.checks import CHECKS, Expected, evaluate
from everylinux.facts import Facts
from everylinux.model import Outcome
from tests.sabotage.test_facts import PROJECT, _expected, _recorded

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
UNKNOWN = "3.9"
# claim, Python, section, name in its answer, right, wrong
ANSWERS: tuple[tuple[str, str, str, str, Any, Any], ...] = (
    ("ANS-012", "3.10", "answers_unicode", "version", "13.0.0", "15.1.0"),
    ("ANS-012", "3.11", "answers_unicode", "version", "14.0.0", "15.1.0"),
    ("ANS-012", "3.14", "answers_unicode", "version", "16.0.0", "15.1.0"),
    ("ANS-031", "3.11", "answers_runtime", "perf", "AttributeError", "available"),
    ("ANS-031", "3.12", "answers_runtime", "perf", "ValueError", "AttributeError"),
    ("ANS-053", "3.11", "answers_dbm", "sqlite3", "ModuleNotFoundError", None),
    ("ANS-053", "3.12", "answers_dbm", "gnu", None, "ModuleNotFoundError"),
    ("ANS-061", "3.11", "answers_gone", "still there", ["aifc", "imp"], ["binhex"]),
    ("ANS-061", "3.12", "answers_gone", "still there", ["aifc"], ["imp"]),
    ("ANS-061", "3.14", "answers_gone", "still there", [], ["aifc"]),
    ("ANS-062", "3.11", "answers_packaging", "pip", "22.3.1", "21.2.4"),
    ("ANS-062", "3.12", "answers_packaging", "pip", "23.2.1", "22.3.1"),
)
RIGHT = [(*row[:4], row[4]) for row in ANSWERS if row[4] is not None]
WRONG = [(*row[:4], row[5]) for row in ANSWERS if row[5] is not None]


def _version(python: str) -> Expected:
    good = _expected()
    return Expected(python, good.arch, good.profile, good.lock, good.budgets, good.suites)


def _judge(claim: str, python: str, sections: dict[str, Any]) -> Outcome:
    values = {"facts": Facts.of(sections), "expected": _version(python), "artefact": Facts.of({})}
    return evaluate(CHECKS[claim], "recorded", values).outcome


def _with(section: str, name: str, value: object) -> dict[str, Any]:
    sections: dict[str, Any] = json.loads(_recorded())
    sections[section]["answer"][name] = value
    return sections


@pytest.mark.parametrize(("claim", "python", "section", "name", "value"), RIGHT)
def test_right_answer_is_green(
    claim: str, python: str, section: str, name: str, value: object
) -> None:
    """What a version says by its documentation passes."""
    assert _judge(claim, python, _with(section, name, value)) is Outcome.PASSED


@pytest.mark.parametrize(("claim", "python", "section", "name", "value"), WRONG)
def test_wrong_answer_is_red(
    claim: str, python: str, section: str, name: str, value: object
) -> None:
    """Another version's answer fails."""
    assert _judge(claim, python, _with(section, name, value)) is Outcome.FAILED


@pytest.mark.parametrize("claim", ["ANS-012", "ANS-031", "ANS-062", "IMP-001", "IMP-011"])
def test_unlisted_version_is_unknown(claim: str) -> None:
    """A Python that nobody looked up is never passed."""
    assert _judge(claim, UNKNOWN, json.loads(_recorded())) is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("said", "outcome"), [("SSLEOFError", Outcome.PASSED), ("ConnectionResetError", Outcome.FAILED)]
)
def test_cut_off_with_old_openssl(said: str, outcome: Outcome) -> None:
    """OpenSSL 1.1.1 has no reason of its own for an end without a close_notify."""
    sections: dict[str, Any] = json.loads(_recorded())
    sections["handshakes"]["cut off"]["subject"]["failed"] = said
    assert _judge("TLS-022", "3.11", sections) is outcome


@pytest.mark.parametrize(
    ("python", "outcome"), [("3.13", Outcome.FAILED), ("3.14", Outcome.PASSED)]
)
def test_basic_prompt_ends_as_its_version_does(python: str, outcome: Outcome) -> None:
    """Since 3.14 a prompt that was interrupted once ends by SIGINT, long after."""
    sections: dict[str, Any] = json.loads(_recorded())
    sections["terminal_prompts"]["basic"]["ended"] = {"status": None, "signal": 2}
    assert _judge("TRM-016", python, sections) is outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("UserWarning: failed to open the history file for writing", Outcome.PASSED),
        ("FileNotFoundError: '/nowhere/.python_history'", Outcome.FAILED),
    ],
)
def test_history_may_be_missed_aloud(said: str, outcome: Outcome) -> None:
    """A warning behind the answer is no error; a traceback is one."""
    sections: dict[str, Any] = json.loads(_recorded())
    sections["terminal_prompts"]["no home"]["plain"]["lines"].append(said)
    assert _judge("TRM-020", "3.14", sections) is outcome


def _modules(python: str) -> dict[str, Any]:
    found: dict[str, Any] = _version(python).table(f"imports/modules-{python}.yaml")
    return found


def _listed(python: str, *kinds: str) -> list[str]:
    return [name for kind in kinds for name in _modules(python)[kind].split()]


def _import_facts(python: str) -> dict[str, Any]:
    """What the import probe finds in a whole tree of a version."""
    attributes = _version(python).table(f"imports/attributes-{python}.yaml")
    names = {name: attributes[name].split() for name in attributes if name != "absent"}
    return {
        "imports": {
            "imported": _listed(python, "library", "shared", "built_in"),
            "failed": {},
            "effects": {kind: dict(rows) for kind, rows in _modules(python)["allowed"].items()},
        },
        "extension_set": {
            "files": _listed(python, "shared", "tests"),
            "built_in": _listed(python, "built_in"),
        },
        "attributes": {"modules": names, "config": {}},
    }


IMPORTS = [f"IMP-{number:03}" for number in (*range(1, 11), 11, 12, 13)]


@pytest.mark.parametrize("python", PYTHONS)
def test_whole_library_is_green(python: str) -> None:
    """A tree that has what the tables list passes every claim on imports."""
    facts = _import_facts(python)
    assert {claim: _judge(claim, python, facts) for claim in IMPORTS} == dict.fromkeys(
        IMPORTS, Outcome.PASSED
    )


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("claim", "section", "kind", "name"),
    [
        ("IMP-001", "imports", "imported", "wave"),
        ("IMP-002", "imports", "imported", "pyexpat"),
        ("IMP-003", "extension_set", "files", "_uuid"),
    ],
)
def test_missing_module_is_red(python: str, claim: str, section: str, kind: str, name: str) -> None:
    """A module less, and its claim fails, whatever the version."""
    facts = _import_facts(python)
    facts[section][kind].remove(name)
    assert _judge(claim, python, facts) is Outcome.FAILED


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("claim", "module", "name"),
    [("IMP-011", "os", "getxattr"), ("IMP-012", "socket", "AF_ALG"), ("IMP-013", "select", "poll")],
)
def test_missing_name_is_red(python: str, claim: str, module: str, name: str) -> None:
    """A name less, and its claim fails, whatever the version."""
    facts = _import_facts(python)
    facts["attributes"]["modules"][module].remove(name)
    assert _judge(claim, python, facts) is Outcome.FAILED


def _removed() -> dict[str, str]:
    rows: dict[str, str] = _expected().table("answers/versions.yaml")["removed"]
    return rows


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.mark.parametrize("python", PYTHONS)
def test_lists_and_removals_agree(python: str) -> None:
    """No list has what its version or one before it removed; each has what was removed later."""
    listed = set(_listed(python, "library", "shared"))
    here = {name for name, version in _removed().items() if _number(version) > _number(python)}
    assert listed & set(_removed()) == here - {"msilib", "nis"}  # Windows; no Sun RPC in musl


@pytest.mark.parametrize("python", PYTHONS)
def test_no_module_is_listed_twice(python: str) -> None:
    """A name is of one kind."""
    listed = _listed(python, "library", "shared", "built_in", "tests")
    assert sorted(listed) == sorted(set(listed))


def test_the_probe_asks_for_all_that_were_removed() -> None:
    """The probe's names are the table's."""
    text = (PROJECT / "src/everylinux/probes/inside/answers_libraries.py").read_text()
    asked = text.partition("GONE = ")[2].partition(")")[0] + ")"
    assert set(ast.literal_eval(asked)) == set(_removed())


@pytest.mark.parametrize("what", ["unicode", "perf", "pip"])
def test_every_version_has_its_row(what: str) -> None:
    """Each table by version has all versions that are built or pinned."""
    assert set(_expected().table("answers/versions.yaml")[what]) == set(PYTHONS)
