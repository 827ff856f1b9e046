"""TLS as bytes: what a peer says before anything is encrypted, written by hand.

A TLS 1.2 server (or client) sends its certificates in the clear, and they are verified before the
signature that shows that it has the key. So a flight with any certificates and a signature of
nonsense asks one question alone: is the chain refused, or only the signature? No key is needed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HANDSHAKE = 22  # ContentType, RFC 8446 B.1
CLIENT_HELLO, SERVER_HELLO, CERTIFICATE, SERVER_KEY_EXCHANGE = 1, 2, 11, 12  # RFC 5246 7.4
SERVER_HELLO_DONE, CERTIFICATE_VERIFY, CLIENT_KEY_EXCHANGE = 14, 15, 16
TLS12 = b"\x03\x03"
RECORD_BYTES = 1 << 14  # RFC 8446 5.1
RENEGOTIATION = b"\xff\x01\x00\x01\x00"  # RFC 5746: without it OpenSSL 3 refuses
X25519_BASE = bytes((9, *[0] * 31))  # RFC 7748 4.1: a point that is on the curve


@dataclass(frozen=True, slots=True)
class Auth:
    """How a key would sign: the suite that asks for it, its SignatureScheme, and a nonsense."""

    suite: bytes
    scheme: bytes
    nonsense: bytes  # in a signature's form, so that only its value is wrong


# ECDHE-RSA-AES128-GCM-SHA256 and rsa_pkcs1_sha256, as long as one of a 2048 bit key
RSA = Auth(b"\xc0\x2f", b"\x04\x01", b"\x5a" * 256)
# ECDHE-ECDSA-AES128-GCM-SHA256 and ecdsa_secp256r1_sha256; both numbers are 1, in DER
ECDSA = Auth(b"\xc0\x2b", b"\x04\x03", bytes.fromhex("3006020101020101"))


@dataclass(frozen=True, slots=True)
class Share:
    """A key exchange's public value, and the group (RFC 8422 5.1.1) that it claims to be of."""

    group: int = 29
    point: bytes = X25519_BASE


def vector(content: bytes, width: int = 2) -> bytes:
    """A TLS vector: its length in `width` bytes, then itself."""
    return len(content).to_bytes(width, "big") + content


def message(kind: int, body: bytes) -> bytes:
    """A handshake message."""
    return bytes((kind,)) + vector(body, 3)


def records(content: bytes, kind: int = HANDSHAKE) -> bytes:
    """One or more records of a kind."""
    pieces = [content[at : at + RECORD_BYTES] for at in range(0, len(content), RECORD_BYTES)]
    return b"".join(bytes((kind,)) + TLS12 + vector(piece) for piece in pieces or [b""])


def certificates(chain: Iterable[bytes]) -> bytes:
    """The Certificate message of TLS 1.2, of DER certificates, the leaf first."""
    return message(CERTIFICATE, vector(b"".join(vector(der, 3) for der in chain), 3))


def server_flight(chain: Iterable[bytes], auth: Auth = RSA, share: Share | None = None) -> bytes:
    """All that a TLS 1.2 server says before its client's turn, signed with nonsense."""
    share = share or Share()
    hello = TLS12 + b"\x11" * 32 + vector(b"", 1) + auth.suite + b"\0" + vector(RENEGOTIATION)
    named_curve = b"\x03" + share.group.to_bytes(2, "big")
    exchange = named_curve + vector(share.point, 1) + auth.scheme + vector(auth.nonsense)
    return records(
        message(SERVER_HELLO, hello)
        + certificates(chain)
        + message(SERVER_KEY_EXCHANGE, exchange)
        + message(SERVER_HELLO_DONE, b"")
    )


def client_flight(chain: Iterable[bytes], auth: Auth = RSA) -> bytes:
    """What a TLS 1.2 client answers to a request for its certificate, signed with nonsense."""
    verify = auth.scheme + vector(auth.nonsense)
    return records(
        certificates(chain)
        + message(CLIENT_KEY_EXCHANGE, vector(X25519_BASE, 1))
        + message(CERTIFICATE_VERIFY, verify)
    )
