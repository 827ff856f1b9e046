"""Conversations with an independent peer, through a UNIX socket, so that no network is needed."""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

SOURCE = "spec: Cryptographic Support"
# By what name an end without a close_notify is told: since OpenSSL 3.0 it is an error of its own
# (its CHANGES, 3.0: "unexpected EOF"), with 1.1.1 the ssl module's class alone tells it.
CUT_OFF = {"UNEXPECTED_EOF_WHILE_READING", "SSLEOFError"}
BUILD = "See which protocol, curve or signature was left out of OpenSSL's configuration."


def _subject(facts: Facts, evidence: Evidence, case: str) -> dict[str, Any]:
    """The subject's side of a case; the peer's side is evidence."""
    found: dict[str, Any] = facts["handshakes"][case]
    evidence.update(found)
    return found["subject"] or {"failed": "the case was not held"}


def _agreed(facts: Facts, evidence: Evidence, case: str, version: str) -> None:
    subject = _subject(facts, evidence, case)
    assert (subject.get("version"), subject.get("echo")) == (version, True)


def _refused(facts: Facts, evidence: Evidence, case: str, code: int) -> None:
    """Judge a conversation that must fail, and for the right reason: X509_V_ERR_... of OpenSSL."""
    subject = _subject(facts, evidence, case)
    assert (subject.get("failed"), subject.get("verify_code")) == (
        "CERTIFICATE_VERIFY_FAILED",
        code,
    )


@check("TLS-001", source=SOURCE, remedy=BUILD)
def test_tls12_rsa(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.2 with a server that has an RSA key."""
    _agreed(facts, evidence, "TLSv1.2 rsa", "TLSv1.2")


@check("TLS-002", source=SOURCE, remedy=BUILD)
def test_tls12_ecdsa(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.2 with a server that has an ECDSA key."""
    _agreed(facts, evidence, "TLSv1.2 ecdsa", "TLSv1.2")


@check("TLS-003", source=SOURCE, remedy=BUILD)
def test_tls12_ed25519(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.2 with a server that has an Ed25519 key."""
    _agreed(facts, evidence, "TLSv1.2 ed25519", "TLSv1.2")


@check("TLS-004", source=SOURCE, remedy=BUILD)
def test_tls13_rsa(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.3 with a server that has an RSA key."""
    _agreed(facts, evidence, "TLSv1.3 rsa", "TLSv1.3")


@check("TLS-005", source=SOURCE, remedy=BUILD)
def test_tls13_ecdsa(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.3 with a server that has an ECDSA key."""
    _agreed(facts, evidence, "TLSv1.3 ecdsa", "TLSv1.3")


@check("TLS-006", source=SOURCE, remedy=BUILD)
def test_tls13_ed25519(facts: Facts, evidence: Evidence) -> None:
    """As a client it speaks TLS 1.3 with a server that has an Ed25519 key."""
    _agreed(facts, evidence, "TLSv1.3 ed25519", "TLSv1.3")


@check("TLS-007", source=SOURCE, remedy=BUILD)
def test_serves_tls12(facts: Facts, evidence: Evidence) -> None:
    """As a server it speaks TLS 1.2."""
    _agreed(facts, evidence, "TLSv1.2 as server", "TLSv1.2")


@check("TLS-008", source=SOURCE, remedy=BUILD)
def test_serves_tls13(facts: Facts, evidence: Evidence) -> None:
    """As a server it speaks TLS 1.3."""
    _agreed(facts, evidence, "TLSv1.3 as server", "TLSv1.3")


@check("TLS-009", source=SOURCE, remedy=BUILD, profiles=("standalone",))
def test_tls10_on_request(facts: Facts, evidence: Evidence) -> None:
    """A user who lowers the security level on purpose can still speak TLS 1.0."""
    _agreed(facts, evidence, "TLSv1 on request", "TLSv1")


@check("TLS-010", source=SOURCE, remedy=BUILD, profiles=("standalone",))
def test_tls11_on_request(facts: Facts, evidence: Evidence) -> None:
    """A user who lowers the security level on purpose can still speak TLS 1.1."""
    _agreed(facts, evidence, "TLSv1.1 on request", "TLSv1.1")


VERIFY = "Do not weaken the default context: verify the chain, the dates and the name."


@check("TLS-011", source="RFC 5280, 4.1.2.5", remedy=VERIFY)
def test_expired(facts: Facts, evidence: Evidence) -> None:
    """A server whose certificate has expired is refused for that reason."""
    _refused(facts, evidence, "expired", 10)


@check("TLS-012", source="RFC 5280, 4.1.2.5", remedy=VERIFY)
def test_not_yet_valid(facts: Facts, evidence: Evidence) -> None:
    """A server whose certificate is not valid yet is refused for that reason."""
    _refused(facts, evidence, "not yet valid", 9)


@check("TLS-013", source="RFC 6125", remedy=VERIFY)
def test_wrong_name(facts: Facts, evidence: Evidence) -> None:
    """A server whose certificate is for another name is refused for that reason."""
    _refused(facts, evidence, "wrong name", 62)


@check("TLS-014", source="RFC 5280, 6.1", remedy=VERIFY)
def test_unknown_authority(facts: Facts, evidence: Evidence) -> None:
    """A server whose certificate is of an authority nobody trusts is refused for that reason."""
    _refused(facts, evidence, "unknown authority", 20)


@check("TLS-015", source="RFC 5280, 6.1", remedy=VERIFY)
def test_self_signed(facts: Facts, evidence: Evidence) -> None:
    """A server whose certificate is signed by itself is refused for that reason."""
    _refused(facts, evidence, "self-signed", 18)


def _too_old(facts: Facts, evidence: Evidence, expected: Expected, case: str) -> None:
    """Judge that an old version was refused: by its number, or by what a security level forbids.

    SSL_CTX_set_security_level(3): level 2, Debian's, has no signature for TLS 1.1. Ours says why.
    """
    failed = _subject(facts, evidence, case).get("failed")
    reasons = {"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL"}
    if expected.profile == "standalone":
        assert failed in reasons
    else:
        assert failed in reasons | {"SSLError", "NO_SUITABLE_SIGNATURE_ALGORITHM"}


@check("TLS-016", source="RFC 8996: TLS 1.0 and 1.1 are not to be used", remedy=VERIFY)
def test_too_old_a_server(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A server that speaks nothing newer than TLS 1.1 is refused by the default context."""
    _too_old(facts, evidence, expected, "too old a server")


@check("TLS-017", source="RFC 8996", remedy=VERIFY)
def test_too_old_a_client(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A client that speaks nothing newer than TLS 1.1 is refused by the default context."""
    _too_old(facts, evidence, expected, "too old a client")


@check("TLS-018", source="docs.python.org: ssl.CERT_REQUIRED", remedy=VERIFY)
def test_client_without_certificate(facts: Facts, evidence: Evidence) -> None:
    """A server that wants a certificate refuses a client without one."""
    subject = _subject(facts, evidence, "client without certificate")
    assert subject.get("failed") == "PEER_DID_NOT_RETURN_A_CERTIFICATE"


@check("TLS-019", source="docs.python.org: ssl.CERT_REQUIRED", remedy=BUILD)
def test_client_with_certificate(facts: Facts, evidence: Evidence) -> None:
    """A server that wants a certificate accepts a client with one of its authority."""
    _agreed(facts, evidence, "client with certificate", "TLSv1.2")


@check("TLS-020", source="RFC 5280, 6.1", remedy=VERIFY)
def test_client_of_unknown_authority(facts: Facts, evidence: Evidence) -> None:
    """A server refuses a client whose certificate is of an authority nobody trusts."""
    _refused(facts, evidence, "client of an unknown authority", 20)


@check("TLS-021", source="RFC 7301", remedy="Build OpenSSL and Python with ALPN.")
def test_application_protocol(facts: Facts, evidence: Evidence) -> None:
    """The application protocol is agreed on by ALPN."""
    subject = _subject(facts, evidence, "application protocol")
    assert subject.get("alpn") == "h2"


@check("TLS-022", source="RFC 8446, 6.1: truncation attacks", remedy="Do not ignore ragged ends.")
def test_cut_off(facts: Facts, evidence: Evidence) -> None:
    """A connection that is cut off without a close_notify is noticed."""
    subject = _subject(facts, evidence, "cut off")
    assert subject.get("failed") in CUT_OFF
