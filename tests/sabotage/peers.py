"""Red samples of the area peers: what a TLS that verifies, refuses or computes wrongly answers."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]

# claim -> (section, what is asked, the wrong answer)
WRONG: dict[str, tuple[tuple[str, str, Any], ...]] = {
    "PTL-001": (
        ("peer_pkits", "InvalidCASignatureTest2", 0),
        ("peer_pkits", "ValidDSASignaturesTest4", 68),
    ),
    "PTL-002": (
        ("peer_pkits", "InvalidEEnotAfterDateTest6", 0),
        ("peer_pkits", "ValidGeneralizedTimenotAfterDateTest8", 10),
    ),
    "PTL-003": (("peer_pkits", "InvalidNameChainingEETest1", 0),),
    "PTL-004": (
        ("peer_pkits", "InvalidRevokedEETest3", 0),
        ("peer_pkits", "InvalidMissingCRLTest1", 0),
    ),
    "PTL-005": (("peer_pkits", "ValidBasicSelfIssuedNewWithOldTest3", 20),),
    "PTL-006": (("peer_pkits", "InvalidpathLenConstraintTest6", 0),),
    "PTL-007": (("peer_pkits", "InvalidkeyUsageCriticalkeyCertSignFalseTest1", 0),),
    "PTL-008": (
        ("peer_pkits", "InvalidDNSnameConstraintsTest31", 0),
        ("peer_pkits", "InvalidURInameConstraintsTest35", "ASN1_LIB"),
    ),
    "PTL-009": (
        ("peer_pkits", "InvalidonlySomeReasonsTest15", 0),
        ("peer_pkits", "ValidcRLIssuerTest28", 3),
    ),
    "PTL-010": (("peer_pkits", "InvaliddeltaCRLTest3", 0),),
    "PTL-011": (("peer_pkits", "InvalidUnknownCriticalCertificateExtensionTest2", 0),),
    "PTL-012": (
        ("peer_chains", "a wildcard for two labels", 0),
        ("peer_chains", "a name behind NUL", 0),
        ("peer_chains", "the name itself", 62),
    ),
    "PTL-013": (("peer_chains", "an address written as a name", 0),),
    "PTL-014": (("peer_chains", "an old middle", 0),),
    "PTL-015": (
        ("peer_chains", "a changed byte", 0),
        ("peer_chains", "two between, in disorder", 20),
    ),
    "PTL-016": (
        ("peer_chains", "a middle that is none", 0),
        ("peer_chains", "permitted: other.test", 0),
    ),
    "PTL-017": (
        ("peer_chains", "for clients", 0),
        ("peer_chains", "RSA of 1024 bits", 0),
    ),
    "PTL-018": (
        ("peer_chains", "revoked", 0),
        ("peer_chains", "no list", 0),
    ),
    "PTL-019": (("peer_chains", "a client for servers", 0),),
    "PTL-020": (("peer_hellos", "an unknown extension", 47),),
    "PTL-021": (
        ("peer_hellos", "a heartbeat first", "a greeting"),
        ("peer_hellos", "data before a greeting", "nothing"),
    ),
    "PTL-022": (("peer_hellos", "extensions cut short", "a greeting"),),
    "PTL-023": (
        ("peer_hellos", "TLS 1.0", "a greeting"),
        ("peer_hellos", "a fallback", "a greeting"),
    ),
    "PTL-024": (("peer_hellos", "a name with NUL", "a greeting"),),
    "PTL-025": (("peer_hellos", "TLS 1.3 without schemes", "a greeting"),),
    "PTL-026": (
        ("peer_hellos", "a share of zero", "a greeting"),
        ("peer_hellos", "a share off the curve", "a greeting"),
    ),
}
FILES = {
    "PTL-028": ("peer_digests", "hashes/SHA2/SHA384ShortMsg.rsp"),
    "PTL-029": ("peer_digests", "hashes/SHA3/SHA3_256ShortMsg.rsp"),
    "PTL-030": ("peer_digests", "hashes/SHAKE/SHAKE256VariableOut.rsp"),
    "PTL-031": ("peer_keyed", "hmac_sha256_test.json"),
    "PTL-032": ("peer_keyed", "hkdf_sha512_test.json"),
}


def _wrong(claim: str, section: str, asked: str, answer: object) -> None:
    """Declare the fault that one answer is wrong."""

    @fault(kills={claim}, kind="facts", name=f"{section}: {asked}: {answer}")
    def sample(sections: Sections) -> None:
        sections[section]["answer"][asked] = answer


def _other(claim: str, section: str, file: str) -> None:
    """Declare the fault that one vector of a file comes out otherwise."""

    @fault(kills={claim}, kind="facts", name=f"{section}: another answer in {file}")
    def sample(sections: Sections) -> None:
        sections[section]["answer"][file] |= {"wrong": [7], "wrong_in_all": 1}


for _claim, _rows in WRONG.items():
    for _row in _rows:
        _wrong(_claim, *_row)
for _claim, (_section, _file) in FILES.items():
    _other(_claim, _section, _file)


@fault(kills={"PTL-002"}, kind="facts")
def a_test_of_nist_is_lost(sections: Sections) -> None:
    """Not all of a section's paths were judged."""
    del sections["peer_pkits"]["answer"]["InvalidEEnotAfterDateTest6"]


@fault(kills={"PTL-027"}, kind="facts")
def a_damaged_greeting_kills(sections: Sections) -> None:
    """The server dies of one of the damaged greetings."""
    sections["peer_mutations"] = {"failed": "the subject died, signal 11"}


@fault(kills={"PTL-027"}, kind="facts")
def a_damaged_greeting_raises_otherwise(sections: Sections) -> None:
    """An exception of another kind gets out of the module."""
    row = [[17, "SystemError: returned NULL without setting an exception"]]
    sections["peer_mutations"]["answer"]["strange"] = row


@fault(kills={"PTL-027"}, kind="facts")
def a_damaged_greeting_blocks(sections: Sections) -> None:
    """After the damaged greetings no sound one is answered."""
    sections["peer_mutations"]["answer"]["after"] = "nothing"


@fault(kills={"PTL-033"}, kind="facts")
def a_point_off_the_curve_passes(sections: Sections) -> None:
    """One of the points off the curve gets as far as the signature."""
    ends = sections["peer_points"]["answer"]["secp384r1 invalid"]
    ends |= {"BAD_ECPOINT": 15, "BAD_SIGNATURE": 1}


def _story(claim: str, tool: str, case: str, part: str, story: dict[str, Any]) -> None:
    """Declare the fault that one end tells something else of a conversation."""

    @fault(kills={claim}, kind="facts", name=f"{tool}, {case}: {part} says {story}")
    def sample(sections: Sections) -> None:
        sections[f"peer_{tool}"]["answer"][case][part] |= story


FAILED = {"failed": "SSLV3_ALERT_HANDSHAKE_FAILURE"}
# the first claim of each pair (OpenSSL's, then GnuTLS's) -> conversations that go wrong
STORIES: dict[int, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    34: (
        ("TLSv1.2 rsa, as client", "subject", FAILED),
        ("TLSv1.3 ed25519, as client", "subject", {"version": "TLSv1.2"}),
    ),
    36: (
        ("TLSv1.3 rsa, as server", "subject", FAILED),
        ("TLSv1.2 ecdsa, as server", "peer", {"verified": False}),
    ),
    38: (
        ("TLS_CHACHA20_POLY1305_SHA256, as client", "subject", FAILED),
        (
            "ECDHE-ECDSA-AES256-GCM-SHA384, as client",
            "subject",
            {"cipher": "ECDHE-ECDSA-AES128-SHA"},
        ),
    ),
    40: (
        ("TLSv1.3 again, as client", "subject", {"reused": False}),
        ("TLSv1.2 again, as server", "peer", {"resumed": False}),
    ),
    42: (
        ("protocol, as server", "peer", {"alpn": ""}),
        ("name, as server", "subject", {"heard": [None]}),
        ("name, as client", "subject", {"failed": "TLSV1_UNRECOGNIZED_NAME"}),
    ),
    44: (("big, as client", "subject", {"echo": False}),),
    46: (("renegotiation, as server", "peer", {"no_renegotiation": False}),),
    48: (
        ("TLSv1.3 with certificate, as server", "subject", {"peer": False}),
        ("TLSv1.2 with certificate, as client", "subject", FAILED),
    ),
    50: (
        ("TLSv1.3 without certificate, as server", "subject", {"echo": True}),
        ("TLSv1.2 without certificate, as client", "subject", {"failed": ""}),
    ),
    52: (
        ("unknown authority, as client", "subject", {"failed": "", "echo": True}),
        ("unknown authority, as server", "subject", {"failed": "", "echo": True}),
    ),
}
for _first, _told in STORIES.items():
    for _offset, _tool in enumerate(("openssl", "gnutls")):
        for _case, _part, _what in _told:
            _story(f"PTL-{_first + _offset:03}", _tool, _case, _part, _what)
_story("PTL-054", "gnutls", "half closed, as server", "peer", {"after": False})
