"""Chains of certificates: NIST's suite, and chains of our own by what x509-limbo is about."""

from __future__ import annotations

import re

from everylinux.checks import Evidence, Expected, answered_here, check
from everylinux.facts import Facts

NIST = "NIST PKITS 1.0.1, {}; RFC 5280, 6"
REMEDY = "Patch nothing in OpenSSL's verification; see suites/peers/pkits.yaml for what is known."
MINTED = "Keep OpenSSL's verification and the defaults of the ssl module as they are."


def _section(facts: Facts, evidence: Evidence, expected: Expected, group: str) -> None:
    """Valid paths are accepted, all others refused; what is known otherwise is told."""
    table = expected.table("peers/pkits.yaml")
    row = table["groups"][group]
    known = {e["test"]: e["code"] for e in table["expected"]}
    answers = answered_here(facts, "peer_pkits")
    judged = {n: code for n, code in answers.items() if re.search(row["names"], n)}
    evidence["judged"] = len(judged)
    evidence["known"] = sorted(n for n in judged if judged[n] == known.get(n))
    evidence["wrong"] = {
        name: code
        for name, code in judged.items()
        if name not in evidence["known"] and not _right(name, code)
    }
    assert evidence["wrong"] == {}, f"judged wrongly: {', '.join(evidence['wrong'])}"
    assert evidence["judged"] == row["tests"]


def _right(name: str, code: int | str) -> bool:
    """Accepted if it is valid; refused by a verdict on the certificates if not."""
    return code == 0 if name.startswith("Valid") else isinstance(code, int) and code > 0


def _minted(facts: Facts, evidence: Evidence, expected: Expected, group: str) -> None:
    """Each chain of a group gets one of the codes that the table has for it."""
    table = expected.table("peers/chains.yaml")[group]
    answers = answered_here(facts, "peer_chains")
    evidence["wrong"] = {
        name: [answers.get(name, "no answer"), codes]
        for name, codes in table.items()
        if answers.get(name, "no answer") not in codes
    }
    assert evidence["wrong"] == {}, f"judged wrongly: {', '.join(evidence['wrong'])}"


@check("PTL-001", source=NIST.format("4.1"), remedy=REMEDY)
def test_signatures(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths with signatures that are right or wrong are judged rightly."""
    _section(facts, evidence, expected, "signatures")


@check("PTL-002", source=NIST.format("4.2"), remedy=REMEDY)
def test_dates(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths with dates of all forms are judged rightly."""
    _section(facts, evidence, expected, "dates")


@check("PTL-003", source=NIST.format("4.3"), remedy=REMEDY)
def test_names_of_issuers(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths whose names match, or do not, are judged rightly."""
    _section(facts, evidence, expected, "names")


@check("PTL-004", source=NIST.format("4.4"), remedy=REMEDY)
def test_revocation(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths with lists that are missing, old, forged or revoking are judged rightly."""
    _section(facts, evidence, expected, "revocation")


@check("PTL-005", source=NIST.format("4.5"), remedy=REMEDY)
def test_self_issued(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths over certificates that authorities gave themselves are judged rightly."""
    _section(facts, evidence, expected, "self-issued")


@check("PTL-006", source=NIST.format("4.6"), remedy=REMEDY)
def test_basic_constraints(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths that are too long, or lead over no authority, are refused, others not."""
    _section(facts, evidence, expected, "constraints")


@check("PTL-007", source=NIST.format("4.7"), remedy=REMEDY)
def test_key_usage(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths over keys that may not sign certificates or lists are refused."""
    _section(facts, evidence, expected, "usage")


@check("PTL-008", source=NIST.format("4.13"), remedy=REMEDY)
def test_name_constraints(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths to names that an authority may, or may not, certify are judged rightly."""
    _section(facts, evidence, expected, "name constraints")


@check("PTL-009", source=NIST.format("4.14"), remedy=REMEDY)
def test_distribution_points(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths with lists of parts and reasons are judged rightly, or on the safe side."""
    _section(facts, evidence, expected, "distribution points")


@check("PTL-010", source=NIST.format("4.15"), remedy=REMEDY)
def test_delta_lists(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's paths with delta lists are judged rightly."""
    _section(facts, evidence, expected, "delta lists")


@check("PTL-011", source=NIST.format("4.16"), remedy=REMEDY)
def test_unknown_extensions(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """NIST's path with an unknown critical extension is refused, with an uncritical one not."""
    _section(facts, evidence, expected, "extensions")


@check("PTL-012", source="RFC 9525; x509-limbo: webpki, san", remedy=MINTED)
def test_names_of_servers(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Of fifteen ways to be named, those that are the server's are accepted, no other."""
    _minted(facts, evidence, expected, "names")


@check("PTL-013", source="RFC 5280, 4.2.1.6; x509-limbo: rfc5280, san", remedy=MINTED)
def test_addresses(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A server is known by an address only if its certificate has it as an address."""
    _minted(facts, evidence, expected, "addresses")


@check("PTL-014", source="RFC 5280, 4.1.2.5; x509-limbo: rfc5280, validity", remedy=MINTED)
def test_dates_of_all(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A certificate out of its time is refused wherever in the chain it is."""
    _minted(facts, evidence, expected, "dates")


@check("PTL-015", source="RFC 5280, 6.1; RFC 8446, 4.4.2; x509-limbo: pathbuilding", remedy=MINTED)
def test_paths(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Chains in disorder or with strangers are accepted, broken or forged ones refused."""
    _minted(facts, evidence, expected, "paths")


@check(
    "PTL-016",
    source="RFC 5280, 4.2; x509-limbo: pathlen, nc, unknown critical extension",
    remedy=MINTED,
)
def test_limits(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """What an authority may not do, or nobody understands, is refused."""
    _minted(facts, evidence, expected, "limits")


@check(
    "PTL-017",
    source="RFC 5280, 4.2.1.12; x509-limbo: eku; docs.openssl.org: security levels",
    remedy=MINTED,
)
def test_purposes(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Certificates for another purpose, or with keys too weak, are refused."""
    _minted(facts, evidence, expected, "keys")


@check("PTL-018", source="RFC 5280, 6.3; x509-limbo: crl", remedy=MINTED)
def test_lists(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A revoked certificate is refused, and so is one whose list is missing, old or forged."""
    _minted(facts, evidence, expected, "lists")


@check("PTL-019", source="RFC 5280, 4.2.1.12; docs.python.org: ssl.CERT_REQUIRED", remedy=MINTED)
def test_clients(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """As a server it refuses clients by the same rules, and certificates for servers."""
    _minted(facts, evidence, expected, "clients")
