"""What the interpreter's ssl module offers, and where it looks for trust."""

from __future__ import annotations

import hashlib
import os
import ssl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def crypto(arguments: Sequence[str]) -> dict[str, Any]:  # noqa: ARG001 - as every section
    """Versions, protocols, ciphers and hashes."""
    context = ssl.create_default_context()
    return {
        "version": ssl.OPENSSL_VERSION,
        "protocols": {
            name: bool(getattr(ssl, "HAS_" + name, False))
            for name in ("SSLv2", "SSLv3", "TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")
        },
        "minimum": context.minimum_version.name,
        "features": {n: bool(getattr(ssl, "HAS_" + n)) for n in ("ALPN", "SNI", "ECDH")},
        "ciphers": sorted(row["name"] for row in context.get_ciphers()),
        "verify": context.verify_mode.name,
        "check_hostname": context.check_hostname,
        "hashes": sorted(hashlib.algorithms_available),
        "random": len({ssl.RAND_bytes(16) for _ in range(8)}),
        "curves": _curves(),
        "https": _https(),
    }


def _https() -> list[Any]:
    """How http.client, and so urllib, verifies where its user gives no context."""
    import http.client  # noqa: PLC0415 - by the question that needs it

    context = http.client.HTTPSConnection("localhost")._context  # type: ignore[attr-defined]  # noqa: SLF001
    return [context.verify_mode.name, context.check_hostname]


def _curves() -> dict[str, str]:
    """The curves of RFC 8446, 9.1 and 4.2.7: "" if usable, else why not."""
    curves = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    found = {}
    for name in ("prime256v1", "secp384r1"):
        try:
            curves.set_ecdh_curve(name)
            found[name] = ""
        except (ssl.SSLError, ValueError) as error:
            found[name] = str(error)
    return found


SECTIONS = {"crypto": crypto}

# Where the distributions of the support contract keep their certificates; the same list as
# docs/matrix.md. The order says nothing.
PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
    "/usr/local/etc/ssl/certs/ca-certificates.crt",
    "/usr/share/ssl/certs/ca-bundle.crt",
)


def trust(arguments: Sequence[str]) -> dict[str, Any]:  # noqa: ARG001 - as every section
    """What the default context trusts, and what there is to trust in this cell."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    return {
        "subjects": sorted(_subject(row) for row in context.get_ca_certs()),
        "paths": {name: getattr(paths, name) for name in paths._fields},
        "bundles": {path: _count(path) for path in PLACES if os.path.isfile(path)},
        "folder": _hashed("/etc/ssl/certs"),
    }


def _subject(row: dict[str, Any]) -> str:
    return ", ".join("=".join(pair) for part in row.get("subject", ()) for pair in part)


def _count(path: str) -> int:
    with open(path, "rb") as stream:
        return stream.read(16 << 20).count(b"-----BEGIN CERTIFICATE-----")


def _hashed(folder: str) -> int:
    """How many certificates a hashed folder offers: names of eight hex digits and a number."""
    if not os.path.isdir(folder):
        return 0
    return sum(n[8:9] == "." and n[9:].isdigit() for n in os.listdir(folder))


SECTIONS["trust"] = trust
