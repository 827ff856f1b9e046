"""Greetings that a TLS server must refuse, each with its alert, as tlsfuzzer asks of servers."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, answered, answered_here, check
from everylinux.facts import Facts

REMEDY = "Patch nothing in OpenSSL's TLS; see suites/peers/hellos.yaml for what is known."


def _answers(facts: Facts, evidence: Evidence, expected: Expected, group: str) -> None:
    """Each greeting of a group gets an answer that the table has for it, or the known one."""
    table = expected.table("peers/hellos.yaml")
    known = {row["case"]: row["answer"] for row in table["expected"]}
    answers = answered_here(facts, "peer_hellos")
    found = {name: answers.get(name, "no answer") for name in table[group]}
    evidence["known"] = sorted(n for n, answer in found.items() if answer == known.get(n))
    evidence["wrong"] = {
        name: [answer, table[group][name]]
        for name, answer in found.items()
        if answer not in table[group][name] and name not in evidence["known"]
    }
    assert evidence["wrong"] == {}, f"answered otherwise: {', '.join(evidence['wrong'])}"


@check("PTL-020", source="RFC 8446, 4.1 and 4.2", remedy=REMEDY)
def test_sound(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Sound greetings, with what is unknown in them, are answered by a greeting."""
    _answers(facts, evidence, expected, "sound")


@check("PTL-021", source="RFC 8446, 5; RFC 6520; CVE-2014-0160", remedy=REMEDY)
def test_records(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """What is no greeting is refused: other records and messages, heartbeats, plain HTTP."""
    _answers(facts, evidence, expected, "records")


@check("PTL-022", source="RFC 8446, 4.1.2; RFC 5246, 7.4.1.2", remedy=REMEDY)
def test_lists(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Greetings whose lists are empty, cut short or doubled are refused by the right alert."""
    _answers(facts, evidence, expected, "lists")


@check("PTL-023", source="RFC 8996, RFC 7507, RFC 5746, RFC 8446", remedy=REMEDY)
def test_old(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Greetings of old versions, fallbacks and what nobody shares are refused."""
    _answers(facts, evidence, expected, "old")


@check("PTL-024", source="RFC 6066, RFC 7301", remedy=REMEDY)
def test_extensions(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Malformed names, protocols and fragments are refused, but for two known exceptions."""
    _answers(facts, evidence, expected, "extensions")


@check("PTL-025", source="RFC 8446, 4.2 and 9.2", remedy=REMEDY)
def test_new(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Greetings of TLS 1.3 that lack what they must have are refused by the right alert."""
    _answers(facts, evidence, expected, "new")


@check("PTL-026", source="RFC 8446, 4.2.8 and 7.4.2; RFC 7748, 6.1", remedy=REMEDY)
def test_shares(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Shares off the curve, of small order or of a wrong length end the handshake."""
    _answers(facts, evidence, expected, "shares")


@check("PTL-027", source="https://github.com/tlsfuzzer/tlsfuzzer: fuzzed hellos", remedy=REMEDY)
def test_damaged(facts: Facts, evidence: Evidence) -> None:
    """400 damaged greetings end in an alert, an SSLError or a wait, and the server serves on."""
    answer = answered(facts, "peer_mutations", evidence)
    assert answer["strange"] == []
    assert answer["after"] == "a greeting"
    assert sum(answer["ends"].values()) == answer["asked"]
