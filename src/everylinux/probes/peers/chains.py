"""A chain of certificates as a question to the subject's ssl module: is it accepted."""

from __future__ import annotations

import warnings
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.utils import CryptographyDeprecationWarning

from everylinux.probes.peers.records import ECDSA, RSA, Auth, client_flight, server_flight

HOST = "cell.test"  # .test never resolves: RFC 6761
# With what the subject complains of the signature: it had no complaint about the chain.
PAST_THE_CHAIN = {"BAD_SIGNATURE", "WRONG_SIGNATURE_TYPE", "WRONG_CERTIFICATE_TYPE"}


@dataclass(frozen=True, slots=True)
class Chain:
    """What the peer shows, and whom the subject trusts; all certificates and lists are DER."""

    name: str
    certificates: tuple[bytes, ...]  # the leaf first
    anchors: tuple[bytes, ...]
    lists: tuple[bytes, ...] = ()  # of revoked certificates
    host: str = ""  # that the leaf shall be for; "" if any will do
    flags: int = 0  # X509_V_FLAG_... beside the defaults
    ciphers: str = ""  # "" for the module's own
    role: str = "client"  # of the subject


@contextmanager
def lenient() -> Iterator[None]:
    """Parse without a warning what is meant to be wrong: NIST has serial numbers below zero."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        yield


def write(chains: Sequence[Chain], folder: Path) -> list[dict[str, Any]]:
    """Write whom each chain's subject trusts into a folder; the orders for the subject's end."""
    return [_order(number, chain, folder) for number, chain in enumerate(chains)]


def _order(number: int, chain: Chain, folder: Path) -> dict[str, Any]:
    trust = f"trust-{number:03}.pem"
    papers = [_pem("CERTIFICATE", der) for der in chain.anchors]
    papers += [_pem("X509 CRL", der) for der in chain.lists]
    (folder / trust).write_text("".join(papers))
    flight = server_flight if chain.role == "client" else client_flight
    return {
        "name": chain.name,
        "role": chain.role,
        "trust": trust,
        "host": chain.host,
        "flags": chain.flags,
        "ciphers": chain.ciphers,
        "flight": b64encode(flight(chain.certificates, _auth(chain.certificates[0]))).decode(),
    }


def _auth(der: bytes) -> Auth:
    key = x509.load_der_x509_certificate(der).public_key()
    return ECDSA if isinstance(key, ec.EllipticCurvePublicKey) else RSA


def _pem(kind: str, der: bytes) -> str:
    text = b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----", ""])


def verdicts(found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The subject's answers by name: 0 accepted, an X509_V_ERR code, or how else it ended."""
    return {name: _verdict(row) for name, row in found.items()}


def _verdict(row: Mapping[str, Any]) -> int | str:
    if "verify_code" in row:
        return int(row["verify_code"])
    reason = str(row["failed"])
    return 0 if reason in PAST_THE_CHAIN else reason
