"""How claims are declared and judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from everylinux import checks
from everylinux.checks import CHECKS, Check, Evidence, check, evaluate
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts
from everylinux.model import Outcome, Section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", {})


def declared(judge: Callable[..., None], id_: str = "TST-001") -> Check:
    check(id_, source="spec: Table", remedy="Mend it.")(judge)
    return checks.CHECKS[id_]


def judged(judge: Callable[..., None], **sections: object) -> tuple[Outcome, str]:
    verdict = evaluate(declared(judge), "cell", {"facts": Facts.of(sections)})
    return verdict.outcome, verdict.reason


def test_a_claim_takes_its_sentence_area_and_needs_from_its_function() -> None:
    """The docstring is what the report prints, the folder is the area."""

    def judge(facts: Facts, evidence: Evidence) -> None:
        """Every thing is right.

        More for the reader.
        """

    made = declared(judge)
    assert made.claim.says == "Every thing is right."
    assert made.claim.area == "tests"
    assert made.needs == {"facts", "evidence"}


@pytest.mark.parametrize("id_", ["tst-001", "TST-1", "TST001", ""])
def test_a_malformed_id_is_refused(id_: str) -> None:
    """Ids are three capitals and three digits, since waivers and links stand on them."""

    def judge() -> None:
        """Say something."""

    with pytest.raises(ValueError, match="three capitals"):
        declared(judge, id_)


def test_an_id_is_never_given_twice() -> None:
    """Two claims under one id would hide each other in the report."""

    def one() -> None:
        """Say one thing."""

    def two() -> None:
        """Say another thing."""

    declared(one)
    with pytest.raises(ValueError, match="taken"):
        declared(two)


def test_a_claim_without_a_sentence_is_refused() -> None:
    """A claim that says nothing cannot be reported."""

    def judge() -> None:
        pass

    with pytest.raises(ValueError, match="docstring"):
        declared(judge)


def test_the_outcome_is_what_the_function_does() -> None:
    """Passing, failing, skipping, an absent fact and a broken claim are five different things."""

    def judge(facts: Facts, evidence: Evidence) -> None:
        """The number is one."""
        evidence["n"] = facts["probe.n"]
        if evidence["n"] == "skip":
            pytest.skip("not here")
        assert 1 / evidence["n"] == 1

    assert judged(judge, probe={"n": 1}) == (Outcome.PASSED, "")
    assert judged(judge, probe={"n": 2})[0] is Outcome.FAILED
    assert judged(judge, probe={"n": "skip"}) == (Outcome.SKIPPED, "not here")
    assert judged(judge, probe={}) == (Outcome.UNKNOWN, "probe.n: the probe did not report 'n'")
    assert judged(judge)[0] is Outcome.UNKNOWN
    assert judged(judge, probe=Section(error="died, signal 11")) == (
        Outcome.UNKNOWN,
        "probe.n: died, signal 11",
    )
    assert judged(judge, probe={"n": 0})[1].startswith("the claim itself broke: ZeroDivisionError")


def test_evidence_is_bounded() -> None:
    """One verdict cannot fill the report, and odd values do not break it."""
    assert checks.bounded({"path": {1, 2} and "x"}) == {"path": "x"}
    cut = checks.bounded({"big": "x" * 100_000})
    assert set(cut) == {"cut", "text"}
    assert len(cut["text"]) < 10_000


def test_a_missing_budget_or_version_is_unknown_not_a_pass() -> None:
    """What nobody decided cannot be kept."""
    expected = checks.Expected("3.13", "x86_64", "standalone")
    with pytest.raises(FactUnavailable):
        expected.budget("startup.warm")
    with pytest.raises(FactUnavailable):
        expected.version("zlib")


def test_answers_are_judged_by_their_table() -> None:
    """What differs or is missing is told by name; what the table does not name is not judged."""
    evidence = checks.Evidence()

    def judge(answer: object) -> tuple[Outcome, str]:
        facts = Facts.of({"sum": answer})
        error: BaseException | None = None
        try:
            checks.agrees(facts, "sum", {"sum": {"crc": 7, "size": 2}}, evidence)
        except (AssertionError, pytest.skip.Exception) as caught:
            error = caught
        return checks.classify(error)

    assert judge({"answer": {"crc": 7, "size": 2, "more": 1}}) == (Outcome.PASSED, "")
    assert judge({"answer": {"crc": 8}}) == (Outcome.FAILED, "other than known: crc, size")
    assert evidence["differs"] == {"crc": [8, 7], "size": ["no answer", 2]}
    assert judge({"failed": "ImportError"}) == (Outcome.FAILED, "ImportError")
    assert judge({"answer": {"lacks": "a terminal"}}) == (
        Outcome.SKIPPED,
        "the cell lacks a terminal",
    )


def test_a_python_that_a_table_does_not_name_is_unknown(tmp_path: Path) -> None:
    """Nobody looked it up: that is no pass."""
    (tmp_path / "versions.yaml").write_text('pip: {"3.13": "25.1"}')
    expected = checks.Expected("3.13", "x86_64", "standalone", suites=tmp_path)
    assert expected.of_python("versions.yaml", "pip") == "25.1"
    with pytest.raises(FactUnavailable, match=r"no row for Python 3\.14"):
        replace(expected, python="3.14").of_python("versions.yaml", "pip")


def test_a_profile_that_does_not_promise_a_claim_skips_it() -> None:
    """Other people's distributions are judged by what they claim to be."""

    def judge() -> None:
        """Say something."""

    check("TST-002", source="", remedy="", profiles=("standalone",))(judge)
    claim = checks.CHECKS["TST-002"].claim
    assert checks.applies(claim, "standalone") == ""
    assert "relocatable" in checks.applies(claim, "relocatable")


def test_the_registry_of_this_test_is_its_own() -> None:
    """The claims of the suites are not touched by these tests."""
    assert CHECKS is not checks.CHECKS
