"""What the ssl module offers, by the specification's *Cryptographic Support*."""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts

SOURCE = "spec: Cryptographic Support"


@check("TLS-023", source="build/lock.yaml", remedy="Rebuild ssl with it.", profiles=("standalone",))
def test_version(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The OpenSSL in use is the one that the lock names."""
    evidence["version"] = facts["crypto.version"]
    assert evidence["version"].split()[:2] == ["OpenSSL", expected.version("openssl")]


@check("TLS-024", source=SOURCE, remedy="Configure OpenSSL with the protocols of the table.")
def test_protocols_offered(facts: Facts, evidence: Evidence) -> None:
    """TLS 1.2 and 1.3 are compiled in."""
    evidence["protocols"] = facts["crypto.protocols"]
    assert [evidence["protocols"][name] for name in ("TLSv1_2", "TLSv1_3")] == [True, True]


@check("TLS-025", source="RFC 6176, RFC 7568", remedy="Configure OpenSSL with no-ssl3.")
def test_protocols_gone(facts: Facts, evidence: Evidence) -> None:
    """SSL 2 and SSL 3 are not compiled in."""
    evidence["protocols"] = facts["crypto.protocols"]
    assert [evidence["protocols"][name] for name in ("SSLv2", "SSLv3")] == [False, False]


@check("TLS-026", source=SOURCE, remedy="Leave AES of both sizes in OpenSSL and its default list.")
def test_ciphers(facts: Facts, evidence: Evidence) -> None:
    """The default ciphers hold AES-128 and AES-256, for TLS 1.2 and 1.3."""
    wanted = {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_256_GCM_SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
    }
    evidence["missing"] = sorted(wanted - set(facts["crypto.ciphers"]))
    assert evidence["missing"] == []


@check("TLS-027", source="RFC 7465, RFC 8758", remedy="Keep weak ciphers out of the default list.")
def test_no_weak_cipher(facts: Facts, evidence: Evidence) -> None:
    """No default cipher uses RC4, DES, MD5, a null cipher or an anonymous key exchange."""
    weak = ("RC4", "DES-", "MD5", "NULL", "ADH-", "AECDH-", "EXP-")
    evidence["weak"] = [name for name in facts["crypto.ciphers"] if any(w in name for w in weak)]
    assert evidence["weak"] == []


@check("TLS-028", source=SOURCE, remedy="Let hashlib see OpenSSL's digests.")
def test_hashes(facts: Facts, evidence: Evidence) -> None:
    """SHA-1, SHA-256 and SHA-512 are there."""
    evidence["missing"] = sorted({"sha1", "sha256", "sha512"} - set(facts["crypto.hashes"]))
    assert evidence["missing"] == []


@check(
    "TLS-029",
    source="docs.python.org: ssl.create_default_context; museum 58 (a host's own openssl.cnf)",
    remedy="Patch nothing here, and let OpenSSL read no configuration of the host's.",
)
def test_default_context_verifies(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The default context verifies certificates and names, from TLS 1.2 on."""
    names = ("verify", "check_hostname", "minimum")
    evidence["found"] = [facts["crypto"][name] for name in names]
    # a system may leave it to its OpenSSL (configure --with-ssl-default-suites=openssl, as Debian)
    lowest = {"TLSv1_2", "MINIMUM_SUPPORTED"} if expected.profile == "system" else {"TLSv1_2"}
    assert evidence["found"][:2] == ["CERT_REQUIRED", True]
    assert evidence["found"][2] in lowest


@check("TLS-030", source="RFC 8446, 9.1", remedy="Configure OpenSSL with its curves.")
def test_curves(facts: Facts, evidence: Evidence) -> None:
    """The curves P-256 and P-384 can be chosen."""
    evidence["curves"] = facts["crypto.curves"]
    assert evidence["curves"] == {"prime256v1": "", "secp384r1": ""}


@check("TLS-031", source=SOURCE, remedy="Seed OpenSSL from the kernel.")
def test_random(facts: Facts, evidence: Evidence) -> None:
    """OpenSSL's random bytes differ each time."""
    evidence["different"] = facts["crypto.random"]
    assert evidence["different"] == 8  # noqa: PLR2004 - the probe asks eight times


@check("TLS-032", source="docs.python.org: ssl.HAS_SNI", remedy="Build with TLS extensions.")
def test_features(facts: Facts, evidence: Evidence) -> None:
    """Server names, ALPN and elliptic curves are compiled in."""
    evidence["missing"] = [name for name, there in facts["crypto.features"].items() if not there]
    assert evidence["missing"] == []


@check(
    "TLS-040",
    source="PEP 476: certificate verification by default for stdlib http clients",
    remedy="Leave ssl._create_default_https_context alone.",
)
def test_https_verifies(facts: Facts, evidence: Evidence) -> None:
    """Module http.client verifies certificates and names without being asked."""
    evidence["found"] = facts["crypto.https"]
    assert evidence["found"] == ["CERT_REQUIRED", True]
