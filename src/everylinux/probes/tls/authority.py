"""Certificates for the handshakes: a small authority of our own, made anew in each process."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

HOST = "cell.test"  # .test never resolves: RFC 6761
DAY = timedelta(days=1)

_making = threading.Lock()

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key, both as PEM text."""

    certificate: str
    key: str

    @property
    def subject_hash(self) -> str:
        """The name that OpenSSL looks for in a hashed folder (X509_NAME_hash, as `c_rehash` does).

        sha1 over the canonical encoding of the subject: each value in lower case UTF-8 with single
        blanks, without the outer SEQUENCE; the first four bytes, least significant first.
        """
        parsed = x509.load_pem_x509_certificate(self.certificate.encode())
        canonical = b"".join(
            _der(0x31, _der(0x30, _der(0x06, _oid(part.oid)) + _der(0x0C, _plain(part.value))))
            for part in parsed.subject
        )
        digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
        return digest[3::-1].hex()


@dataclass(frozen=True, slots=True)
class Signer:
    """A name and a key that sign."""

    name: str
    key: Key


def _der(tag: int, content: bytes) -> bytes:
    """A short DER element: the names here stay below 128 bytes."""
    return bytes((tag, len(content))) + content


def _plain(value: str | bytes) -> bytes:
    text = value if isinstance(value, str) else value.decode()
    return " ".join(text.lower().split()).encode()


def _oid(oid: x509.ObjectIdentifier) -> bytes:
    first, second, *others = map(int, oid.dotted_string.split("."))
    assert all(arc < 128 for arc in others), "the attributes used here have short arcs"  # noqa: PLR2004
    return bytes((first * 40 + second, *others))


def _key(kind: str) -> Key:
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    if kind == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _sign(  # noqa: PLR0913 - each is one property of a certificate
    key: Key, by: Signer, *, subject: str = HOST, start: int = -1, end: int = 1, ca: bool = False
) -> Identity:
    """Make a certificate valid from `start` to `end` days from now."""
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=ca, crl_sign=ca,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(by.name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + start * DAY)
        .not_valid_after(now + end * DAY)
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(usage, critical=True)  # Python 3.13 verifies strictly: RFC 5280 4.2.1.3
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False
        )
    )
    if not ca:
        names = x509.SubjectAlternativeName([x509.DNSName(subject)])
        builder = builder.add_extension(names, critical=False)
    digest = None if isinstance(by.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return _identity(builder.sign(by.key, digest), key)


def _identity(certificate: x509.Certificate, key: Key) -> Identity:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return Identity(certificate.public_bytes(pem).decode(), private.decode())


def identities() -> dict[str, Identity]:
    """The authority (`ca`), another that nobody trusts (`other`), and leaves by what they are.

    The same in all threads of a process: two at once would each make one and trust their own.
    """
    with _making:
        return _identities()


@cache
def _identities() -> dict[str, Identity]:
    root = Signer("everylinux test authority", _key("ecdsa"))
    other = Signer("everylinux other authority", _key("ecdsa"))
    leaf = _key("ecdsa")
    alone = Signer(HOST, leaf)
    return {
        "ca": _sign(root.key, root, subject=root.name, ca=True),
        "other": _sign(other.key, other, subject=other.name, ca=True),
        **{kind: _sign(_key(kind), root) for kind in ("rsa", "ecdsa", "ed25519")},
        "expired": _sign(leaf, root, start=-30, end=-1),
        "not yet valid": _sign(leaf, root, start=1, end=30),
        "wrong name": _sign(leaf, root, subject="other.test"),
        "unknown authority": _sign(leaf, other),
        "self-signed": _sign(leaf, alone),
    }
