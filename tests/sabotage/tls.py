"""Red samples of the area tls: the stories that a broken or a weakened TLS would tell."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
GOOD = {"echo": True, "version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384", "alpn": None}
FAILED = {"failed": "SSLV3_ALERT_HANDSHAKE_FAILURE"}


def _tells(case: str, subject: dict[str, Any], claim: str, why: str) -> None:
    """Declare the fault that the subject tells another story of one case."""

    @fault(kills={claim}, kind="facts", name=f"{why}: {case}")
    def sample(sections: Sections) -> None:
        sections["handshakes"][case]["subject"] = dict(subject)


for _case, _claim in {
    "TLSv1.2 rsa": "TLS-001",
    "TLSv1.2 ecdsa": "TLS-002",
    "TLSv1.2 ed25519": "TLS-003",
    "TLSv1.3 rsa": "TLS-004",
    "TLSv1.3 ecdsa": "TLS-005",
    "TLSv1.3 ed25519": "TLS-006",
    "TLSv1.2 as server": "TLS-007",
    "TLSv1.3 as server": "TLS-008",
    "TLSv1 on request": "TLS-009",
    "TLSv1.1 on request": "TLS-010",
    "client with certificate": "TLS-019",
    "application protocol": "TLS-021",
}.items():
    _tells(_case, FAILED, _claim, "no agreement")

for _case, _claim in {
    "expired": "TLS-011",
    "not yet valid": "TLS-012",
    "wrong name": "TLS-013",
    "unknown authority": "TLS-014",
    "self-signed": "TLS-015",
    "too old a server": "TLS-016",
    "too old a client": "TLS-017",
    "client without certificate": "TLS-018",
    "client of an unknown authority": "TLS-020",
    "cut off": "TLS-022",
}.items():
    _tells(_case, GOOD, _claim, "accepted")
    _tells(_case, {"failed": "ConnectionResetError"}, _claim, "refused for a wrong reason")


@fault(kills={"TLS-023"}, kind="facts")
def another_openssl(sections: Sections) -> None:
    """An OpenSSL that the lock does not name was linked."""
    sections["crypto"]["version"] = "OpenSSL 3.0.2 15 Mar 2022"


@fault(kills={"TLS-024"}, kind="facts")
def tls13_left_out(sections: Sections) -> None:
    """OpenSSL was configured with no-tls1_3."""
    sections["crypto"]["protocols"]["TLSv1_3"] = False


@fault(kills={"TLS-025"}, kind="facts")
def ssl3_left_in(sections: Sections) -> None:
    """OpenSSL was configured with enable-ssl3."""
    sections["crypto"]["protocols"]["SSLv3"] = True


@fault(kills={"TLS-026"}, kind="facts")
def aes128_left_out(sections: Sections) -> None:
    """The default list has no AES-128."""
    ciphers = sections["crypto"]["ciphers"]
    ciphers[:] = [name for name in ciphers if "AES_128" not in name and "AES128" not in name]


@fault(kills={"TLS-027"}, kind="facts")
def a_weak_cipher(sections: Sections) -> None:
    """The default list is ALL."""
    sections["crypto"]["ciphers"].append("ADH-AES256-SHA")


@fault(kills={"TLS-028"}, kind="facts")
def no_sha1(sections: Sections) -> None:
    """OpenSSL was built without SHA-1, and hashlib's own was left out."""
    sections["crypto"]["hashes"].remove("sha1")


@fault(kills={"TLS-029"}, kind="facts")
def verification_is_off(sections: Sections) -> None:
    """ssl.create_default_context was patched to verify nothing."""
    sections["crypto"]["verify"] = "CERT_NONE"


@fault(kills={"TLS-030"}, kind="facts")
def a_curve_is_missing(sections: Sections) -> None:
    """OpenSSL was patched to offer fewer curves, as some distributions do."""
    sections["crypto"]["curves"]["secp384r1"] = "unknown curve name"


@fault(kills={"TLS-031"}, kind="facts")
def random_is_constant(sections: Sections) -> None:
    """The random generator was replaced by a constant."""
    sections["crypto"]["random"] = 1


@fault(kills={"TLS-032"}, kind="facts")
def no_server_names(sections: Sections) -> None:
    """OpenSSL was built without TLS extensions."""
    sections["crypto"]["features"]["SNI"] = False


@fault(kills={"TLS-033"}, kind="facts")
def the_place_is_not_looked_in(sections: Sections) -> None:
    """Only Debian's place is known, and this Linux is another."""
    sections["placed"]["subject"] = dict(FAILED)


@fault(kills={"TLS-034"}, kind="facts")
def the_bundle_is_not_loaded(sections: Sections) -> None:
    """The default context loads nothing of what is there."""
    sections["trust"]["subjects"] = []


@fault(kills={"TLS-035"}, kind="facts")
def a_bundle_is_brought(sections: Sections) -> None:
    """Where the host has none, a bundle from the tree is used without a word."""
    sections["trust"].update(bundles={}, folder=0)


@fault(kills={"TLS-036"}, kind="facts")
def cert_file_is_ignored(sections: Sections) -> None:
    """SSL_CERT_FILE counts no more."""
    sections["named"]["SSL_CERT_FILE"]["subject"] = dict(FAILED)


@fault(kills={"TLS-037"}, kind="facts")
def cert_dir_is_ignored(sections: Sections) -> None:
    """SSL_CERT_DIR counts no more."""
    sections["named"]["SSL_CERT_DIR"]["subject"] = dict(FAILED)


@fault(kills={"TLS-038"}, kind="facts")
def everybody_is_trusted(sections: Sections) -> None:
    """The default context accepts a server that nobody vouches for."""
    sections["named"][""]["subject"] = dict(GOOD)


@fault(kills={"TLS-039"}, kind="facts")
def a_build_path_is_compiled_in(sections: Sections) -> None:
    """OPENSSLDIR is the prefix of the build."""
    sections["trust"]["paths"]["openssl_cafile"] = "/opt/shared_libraries/ssl/cert.pem"


@fault(kills={"TLS-040"}, kind="facts")
def https_verifies_nothing(sections: Sections) -> None:
    """The default context is right, but http.client was given another."""
    sections["crypto"]["https"] = ["CERT_NONE", False]
