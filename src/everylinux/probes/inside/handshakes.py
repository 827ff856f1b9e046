"""The subject's end of the TLS conversations: does what the orders in a folder say."""

from __future__ import annotations

import json
import os
import socket
import ssl
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SECONDS = 80.0
TIMEOUT = 15.0
VERSIONS = {"TLSv1": "TLSv1", "TLSv1.1": "TLSv1_1"}


def handshakes(arguments: Sequence[str]) -> dict[str, Any]:
    """Hold each conversation of the folder; a failure is told, with OpenSSL's own words."""
    folder = arguments[0]
    found = {}
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".json")):
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            order = json.load(stream)
        found[order["name"]] = _told(folder, order)
    return found


def _told(folder: str, order: dict[str, Any]) -> dict[str, Any]:
    try:
        return _converse(folder, order)
    except ssl.SSLCertVerificationError as error:
        return {
            "failed": error.reason,
            "verify_code": error.verify_code,
            "verify_message": error.verify_message,
        }
    except ssl.SSLError as error:
        return {"failed": error.reason or type(error).__name__}
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"}


def _converse(folder: str, order: dict[str, Any]) -> dict[str, Any]:
    context = _server(order) if order["role"] == "server" else _client(order)
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(TIMEOUT)
        plain.connect(os.path.join(folder, order["socket"]))
        options: dict[str, Any] = {"server_side": True}
        if order["role"] == "client":
            options = {"server_hostname": order["host"]}
        with context.wrap_socket(plain, suppress_ragged_eofs=False, **options) as secure:
            return _talk(secure, order)


def _talk(secure: ssl.SSLSocket, order: dict[str, Any]) -> dict[str, Any]:
    echo = order["echo"].encode()
    if order["role"] == "client":
        secure.sendall(echo)
        got = _received(secure, len(echo))
    else:
        got = _received(secure, len(echo))
        secure.sendall(got)
    if order.get("to_end"):
        while secure.recv(100):
            pass
    cipher = secure.cipher()
    return {
        "echo": got == echo,
        "version": secure.version(),
        "cipher": cipher[0] if cipher else "",
        "alpn": secure.selected_alpn_protocol(),
    }


def _received(secure: ssl.SSLSocket, count: int) -> bytes:
    """All of `count` bytes: TLS 1.0 splits them over records."""
    got = b""
    while len(got) < count:
        more = secure.recv(count - len(got))
        if not more:
            break
        got += more
    return got


def _client(order: dict[str, Any]) -> ssl.SSLContext:
    given = {} if order.get("default") else {"cadata": order["ca"]}
    context = ssl.create_default_context(**given)
    if "ciphers" in order:
        context.set_ciphers(order["ciphers"])
    if "least" in order:
        version = getattr(ssl.TLSVersion, VERSIONS[order["least"]])
        context.minimum_version = version
    if "alpn" in order:
        context.set_alpn_protocols(order["alpn"])
    return context


def _server(order: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=order["ca"])
    if order.get("want"):
        context.verify_mode = ssl.CERT_REQUIRED
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as stream:
        stream.write(order["key"] + order["certificate"])
        stream.flush()
        context.load_cert_chain(stream.name)
    return context


SECTIONS = {"handshakes": handshakes}
