"""Conversations with OpenSSL's and GnuTLS's own programs, which the host has or has not."""

from __future__ import annotations

from typing import Any

import pytest

from everylinux.checks import Evidence, answered_here, check
from everylinux.facts import Facts

SOURCE = "openssl-s_client(1), openssl-s_server(1); {}"
GNUTLS = "gnutls-cli(1), gnutls-serv(1); {}"
REMEDY = "See which protocol, suite, curve or signature was left out of OpenSSL's configuration."
VERIFY = "Do not weaken the default contexts: they verify chain, dates and name."
VERSIONS, KEYS = ("TLSv1.2", "TLSv1.3"), ("rsa", "ecdsa", "ed25519")
SUITES = {
    "TLSv1.3": (
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
    ),
    "TLSv1.2": (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
    ),
}  # fmt: skip
Story = dict[str, Any]
Wanted = dict[str, tuple[Story, Story]]  # case -> of the subject's story, of the tool's


def _agreed(facts: Facts, evidence: Evidence, tool: str, wanted: Wanted) -> None:
    """Each conversation was held to its end, and both stories have in them what is wanted."""
    answer = answered_here(facts, f"peer_{tool}")
    evidence["wrong"] = {}
    for case, stories in wanted.items():
        found = answer.get(case, {})
        ours, theirs = found.get("subject") or {}, found.get("peer") or {}
        good = ours.get("echo") is True and "failed" not in ours
        if not (good and stories[0].items() <= _flat(ours) and stories[1].items() <= _flat(theirs)):
            evidence["wrong"][case] = found
    assert evidence["wrong"] == {}, f"no agreement: {', '.join(evidence['wrong'])}"


def _flat(story: Story) -> Any:  # noqa: ANN401 - a view of items
    """A story's items that can be compared as a set: lists become tuples."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in story.items()}.items()


def _refused(facts: Facts, evidence: Evidence, tool: str, reasons: dict[str, str]) -> None:
    """No conversation was held, and the subject's reason has the wanted word in it.

    Where the other end refuses, any reason will do: its alert is lost if it resets the connection.
    """
    answer = answered_here(facts, f"peer_{tool}")
    evidence["wrong"] = {}
    for case, word in reasons.items():
        ours = answer.get(case, {}).get("subject") or {}
        if "echo" in ours or not ours.get("failed") or word not in ours["failed"]:
            evidence["wrong"][case] = answer.get(case)
    assert evidence["wrong"] == {}, f"not refused: {', '.join(evidence['wrong'])}"


def _versions(role: str) -> Wanted:
    theirs = {"verified": True} if role == "server" else {}
    return {
        f"{version} {kind}, as {role}": ({"version": version}, theirs)
        for version in VERSIONS
        for kind in KEYS
    }


def _suites() -> Wanted:
    return {
        f"{suite}, as client": ({"version": version, "cipher": suite}, {})
        for version, suites in SUITES.items()
        for suite in suites
    }


def _again() -> Wanted:
    """Both ends say that it was the same session; OpenSSL's server says nothing of it."""
    ours = {"reused": True, "rounds": 2}
    told = {"client": {}, "server": {"resumed": True}}
    return {
        f"{version} again, as {role}": ({**ours, "version": version}, theirs)
        for version in VERSIONS
        for role, theirs in told.items()
    }


NAMED: Wanted = {
    "protocol, as client": ({"alpn": "h2"}, {}),
    "protocol, as server": ({"alpn": "h2"}, {"alpn": "h2"}),
    "name, as client": ({}, {}),
    "name, as server": ({"heard": ("cell.test",)}, {}),
}
CERTIFIED: Wanted = {
    f"{version} with certificate, as {role}": ({"version": version, "peer": True}, {})
    for version in VERSIONS
    for role in ("client", "server")
}
UNCERTIFIED = {
    f"{version} without certificate, as {role}": word
    for version in VERSIONS
    for role, word in (("client", ""), ("server", "PEER_DID_NOT_RETURN_A_CERTIFICATE"))
}
UNKNOWN = {
    "unknown authority, as client": "CERTIFICATE_VERIFY_FAILED",
    "unknown authority, as server": "",
}


def _no_renegotiation(facts: Facts, evidence: Evidence, tool: str) -> None:
    answer = answered_here(facts, f"peer_{tool}")
    if facts["crypto.version"].startswith("OpenSSL 1."):
        evidence.finding(
            "With OpenSSL 1.1.1 a client of TLS 1.2 may renegotiate as often as it likes.",
            "Set ssl.OP_NO_RENEGOTIATION in a server's context, or build with OpenSSL 3.",
        )
        pytest.skip("OpenSSL refuses renegotiation by itself only since 3.0")
    evidence.update(answer["renegotiation, as server"])
    assert evidence["peer"]["no_renegotiation"] is True


@check("PTL-034", source=SOURCE.format("spec: Cryptographic Support"), remedy=REMEDY)
def test_client_of_openssl(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.2 and 1.3 with OpenSSL's server, with keys of three kinds."""
    _agreed(facts, evidence, "openssl", _versions("client"))


@check("PTL-035", source=GNUTLS.format("spec: Cryptographic Support"), remedy=REMEDY)
def test_client_of_gnutls(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.2 and 1.3 with GnuTLS's server, with keys of three kinds."""
    _agreed(facts, evidence, "gnutls", _versions("client"))


@check("PTL-036", source=SOURCE.format("spec: Cryptographic Support"), remedy=REMEDY)
def test_server_of_openssl(facts: Facts, evidence: Evidence) -> None:
    """As a server, with keys of three kinds, it satisfies OpenSSL's client in TLS 1.2 and 1.3."""
    _agreed(facts, evidence, "openssl", _versions("server"))


@check("PTL-037", source=GNUTLS.format("spec: Cryptographic Support"), remedy=REMEDY)
def test_server_of_gnutls(facts: Facts, evidence: Evidence) -> None:
    """As a server, with keys of three kinds, it satisfies GnuTLS's client in TLS 1.2 and 1.3."""
    _agreed(facts, evidence, "gnutls", _versions("server"))


@check("PTL-038", source=SOURCE.format("RFC 8446, 9.1; RFC 7905"), remedy=REMEDY)
def test_suites_openssl(facts: Facts, evidence: Evidence) -> None:
    """Each of six suites is agreed on with OpenSSL's server when it offers no other."""
    _agreed(facts, evidence, "openssl", _suites())


@check("PTL-039", source=GNUTLS.format("RFC 8446, 9.1; RFC 7905"), remedy=REMEDY)
def test_suites_gnutls(facts: Facts, evidence: Evidence) -> None:
    """Each of six suites is agreed on with GnuTLS's server when it offers no other."""
    _agreed(facts, evidence, "gnutls", _suites())


@check("PTL-040", source=SOURCE.format("RFC 8446, 2.2; RFC 5077"), remedy=REMEDY)
def test_resumption_openssl(facts: Facts, evidence: Evidence) -> None:
    """A session with OpenSSL is resumed in TLS 1.2 and 1.3, as client and as server."""
    _agreed(facts, evidence, "openssl", _again())


@check("PTL-041", source=GNUTLS.format("RFC 8446, 2.2; RFC 5077"), remedy=REMEDY)
def test_resumption_gnutls(facts: Facts, evidence: Evidence) -> None:
    """A session with GnuTLS is resumed in TLS 1.2 and 1.3, as client and as server."""
    _agreed(facts, evidence, "gnutls", _again())


@check("PTL-042", source=SOURCE.format("RFC 7301, RFC 6066"), remedy=REMEDY)
def test_names_openssl(facts: Facts, evidence: Evidence) -> None:
    """OpenSSL and the subject agree on a protocol by ALPN and hear the name of the server."""
    _agreed(facts, evidence, "openssl", NAMED)


@check("PTL-043", source=GNUTLS.format("RFC 7301, RFC 6066"), remedy=REMEDY)
def test_names_gnutls(facts: Facts, evidence: Evidence) -> None:
    """GnuTLS and the subject agree on a protocol by ALPN and hear the name of the server."""
    _agreed(facts, evidence, "gnutls", NAMED)


@check("PTL-044", source=SOURCE.format("RFC 8446, 5.1"), remedy=REMEDY)
def test_big_openssl(facts: Facts, evidence: Evidence) -> None:
    """120 kB in long records go to OpenSSL and come back whole."""
    _agreed(facts, evidence, "openssl", {"big, as client": ({}, {})})


@check("PTL-045", source=GNUTLS.format("RFC 8446, 5.1"), remedy=REMEDY)
def test_big_gnutls(facts: Facts, evidence: Evidence) -> None:
    """120 kB in long records go to GnuTLS and come back whole."""
    _agreed(facts, evidence, "gnutls", {"big, as client": ({}, {})})


@check("PTL-046", source=SOURCE.format("RFC 5746; CVE-2009-3555"), remedy=VERIFY)
def test_renegotiation_openssl(facts: Facts, evidence: Evidence) -> None:
    """A client of OpenSSL that wants to negotiate anew is refused."""
    _no_renegotiation(facts, evidence, "openssl")


@check("PTL-047", source=GNUTLS.format("RFC 5746; CVE-2009-3555"), remedy=VERIFY)
def test_renegotiation_gnutls(facts: Facts, evidence: Evidence) -> None:
    """A client of GnuTLS that wants to negotiate anew is refused."""
    _no_renegotiation(facts, evidence, "gnutls")


@check("PTL-048", source=SOURCE.format("docs.python.org: ssl.CERT_REQUIRED"), remedy=VERIFY)
def test_certified_openssl(facts: Facts, evidence: Evidence) -> None:
    """OpenSSL and the subject accept each other's client certificates where they ask for them."""
    _agreed(facts, evidence, "openssl", CERTIFIED)


@check("PTL-049", source=GNUTLS.format("docs.python.org: ssl.CERT_REQUIRED"), remedy=VERIFY)
def test_certified_gnutls(facts: Facts, evidence: Evidence) -> None:
    """GnuTLS and the subject accept each other's client certificates where they ask for them."""
    _agreed(facts, evidence, "gnutls", CERTIFIED)


@check("PTL-050", source=SOURCE.format("docs.python.org: ssl.CERT_REQUIRED"), remedy=VERIFY)
def test_uncertified_openssl(facts: Facts, evidence: Evidence) -> None:
    """Where a certificate is asked for, neither OpenSSL nor the subject speaks without one."""
    _refused(facts, evidence, "openssl", UNCERTIFIED)


@check("PTL-051", source=GNUTLS.format("docs.python.org: ssl.CERT_REQUIRED"), remedy=VERIFY)
def test_uncertified_gnutls(facts: Facts, evidence: Evidence) -> None:
    """Where a certificate is asked for, neither GnuTLS nor the subject speaks without one."""
    _refused(facts, evidence, "gnutls", UNCERTIFIED)


@check("PTL-052", source=SOURCE.format("RFC 5280, 6.1"), remedy=VERIFY)
def test_unknown_authority_openssl(facts: Facts, evidence: Evidence) -> None:
    """A server of an unknown authority is refused: by the subject, and the subject's by OpenSSL."""
    _refused(facts, evidence, "openssl", UNKNOWN)


@check("PTL-053", source=GNUTLS.format("RFC 5280, 6.1"), remedy=VERIFY)
def test_unknown_authority_gnutls(facts: Facts, evidence: Evidence) -> None:
    """A server of an unknown authority is refused: by the subject, and the subject's by GnuTLS."""
    _refused(facts, evidence, "gnutls", UNKNOWN)


@check("PTL-054", source=GNUTLS.format("RFC 8446, 6.1"), remedy=REMEDY)
def test_half_closed(facts: Facts, evidence: Evidence) -> None:
    """What a server says after its client's close_notify still arrives at GnuTLS."""
    wanted: Wanted = {"half closed, as server": ({"ended": True}, {"after": True})}
    _agreed(facts, evidence, "gnutls", wanted)
