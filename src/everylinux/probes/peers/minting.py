"""Makes certificates and revocation lists with any property, sound or not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from everylinux.probes.peers.chains import HOST

DAY = timedelta(days=1)
UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")  # of examples: RFC 5612
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def key(name: str, rsa_bits: int = 0) -> Key:
    """The private key of a name: P-256, or RSA of so many bits."""
    return _keys(name, rsa_bits)


@cache
def _keys(name: str, rsa_bits: int) -> Key:
    assert name, "each name has a key of its own"
    if rsa_bits:
        return rsa.generate_private_key(65537, rsa_bits)
    return ec.generate_private_key(ec.SECP256R1())


@dataclass(frozen=True, slots=True)
class Paper:
    """What a certificate says; the defaults are a sound leaf for HOST, valid now."""

    subject: str = HOST
    issuer: str = "root"
    ca: bool | None = False  # None: no basic constraints at all
    path: int | None = None  # the path length constraint
    names: tuple[x509.GeneralName, ...] | None = (x509.DNSName(HOST),)  # None: no such extension
    days: tuple[int, int] = (-1, 1)  # valid from and to, counted from today
    signs: bool = False  # keyCertSign and cRLSign
    purposes: tuple[x509.ObjectIdentifier, ...] = ()
    permitted: tuple[x509.GeneralName, ...] = ()
    excluded: tuple[x509.GeneralName, ...] = ()
    unknown: str = ""  # "critical" or "ignored": with an extension that nobody knows
    rsa_bits: int = 0  # of its own key
    issuer_bits: int = 0  # of its issuer's
    signer: str = ""  # whose key signs, if not the issuer's
    digest: hashes.SHA256 | hashes.SHA512 = field(default_factory=hashes.SHA256)

    def der(self) -> bytes:
        """The certificate."""
        made = _builder(self)
        for extension, critical in _extensions(self):
            made = made.add_extension(extension, critical)
        signer = key(self.signer or self.issuer, self.issuer_bits)
        return made.sign(signer, self.digest).public_bytes(Encoding.DER)


LEAF = Paper()
MIDDLE = Paper("middle", names=None, ca=True, signs=True)
ROOT = replace(MIDDLE, subject="root")


def _builder(paper: Paper) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name(paper.subject))
        .issuer_name(name(paper.issuer))
        .public_key(key(paper.subject, paper.rsa_bits).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + paper.days[0] * DAY)
        .not_valid_after(now + paper.days[1] * DAY)
    )


def name(text: str) -> x509.Name:
    """A name that is a common name alone."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _extensions(paper: Paper) -> list[tuple[x509.ExtensionType, bool]]:
    own = key(paper.subject, paper.rsa_bits).public_key()
    above = key(paper.issuer, paper.issuer_bits).public_key()
    found: list[tuple[x509.ExtensionType, bool]] = [
        (x509.SubjectKeyIdentifier.from_public_key(own), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(above), False),
        (_usage(signs=paper.signs), True),
    ]
    if paper.ca is not None:
        found.append((x509.BasicConstraints(paper.ca, paper.path), True))
    if paper.names is not None:
        found.append((x509.SubjectAlternativeName(paper.names), False))
    if paper.purposes:
        found.append((x509.ExtendedKeyUsage(paper.purposes), False))
    if paper.permitted or paper.excluded:
        limits = x509.NameConstraints(paper.permitted or None, paper.excluded or None)
        found.append((limits, True))
    if paper.unknown:
        extension = x509.UnrecognizedExtension(UNKNOWN, b"\x05\x00")
        found.append((extension, paper.unknown == "critical"))
    return found


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs, crl_sign=signs,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def revocations(
    revoked: bytes | None, *, signer: str = "root", days: tuple[int, int] = (-1, 1)
) -> bytes:
    """The root's list of revoked certificates, with one or none on it."""
    now = datetime.now(UTC)
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name("root"))
        .last_update(now + days[0] * DAY)
        .next_update(now + days[1] * DAY)
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key("root").public_key()),
            critical=False,
        )
    )
    if revoked:
        serial = x509.load_der_x509_certificate(revoked).serial_number
        row = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - DAY)
        made = made.add_revoked_certificate(row.build())
    return made.sign(key(signer), hashes.SHA256()).public_bytes(Encoding.DER)
