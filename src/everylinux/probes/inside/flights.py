"""The subject's end of questions that are bytes: feeds them to its ssl module, without a socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import ssl
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SECONDS = 60.0
ALERT = 21  # ContentType of RFC 8446 B.1
HEADER = 5  # bytes of a record before its content


def _orders(folder: str, name: str) -> Any:  # noqa: ANN401 - JSON
    with open(os.path.join(folder, name + ".json"), encoding="utf-8") as stream:
        return json.load(stream)


def _told(error: Exception) -> dict[str, Any]:
    """What an exception of the module says."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return {"verify_code": error.verify_code}
    if isinstance(error, ssl.SSLError):
        return {"failed": error.reason or type(error).__name__}
    return {"failed": "%s: %s" % (type(error).__name__, error)}  # noqa: UP031 - 3.8 as well


def _fed(context: ssl.SSLContext, flights: Sequence[bytes], host: str | None) -> dict[str, Any]:
    """Give each flight when the subject waits for one; how it ended and what it sent."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = host is None
    try:
        secure = context.wrap_bio(incoming, outgoing, server_side=server, server_hostname=host)
        for flight in ([] if server else [b""]) + list(flights):
            incoming.write(flight)
            try:
                secure.do_handshake()
            except ssl.SSLWantReadError:
                continue
        row: dict[str, Any] = {"failed": "", "waits": True}
    except Exception as error:
        row = _told(error)
    row["sent"] = _kinds(outgoing.read())
    return row


def _kinds(data: bytes) -> list[int]:
    """The kinds of the records in some bytes; an alert is told by -1 - its description."""
    found = []
    while len(data) >= HEADER:
        size = int.from_bytes(data[3:HEADER], "big")
        content = data[HEADER : HEADER + size]
        plain = data[0] == ALERT and size == 2  # noqa: PLR2004 - level and description
        found.append(-1 - content[1] if plain else data[0])
        data = data[HEADER + size :]
    return found


def _old(context: ssl.SSLContext) -> ssl.SSLContext:
    """Nothing is encrypted before the certificates in TLS 1.2."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def chains(arguments: Sequence[str]) -> dict[str, Any]:
    """Which chains of certificates are accepted."""
    folder = arguments[0]
    return {order["name"]: _chain(folder, order) for order in _orders(folder, "chains")}


def _chain(folder: str, order: dict[str, Any]) -> dict[str, Any]:
    trust = os.path.join(folder, order["trust"])
    flight = base64.b64decode(order["flight"])
    if order["role"] == "server":
        context = _serving(folder)
        context.verify_mode = ssl.CERT_REQUIRED
        flights, host = [_bytes(folder, "hello"), flight], None
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = bool(order["host"])
        flights, host = [flight], order["host"] or "any.test"
    context.load_verify_locations(trust)
    context.verify_flags = ssl.VerifyFlags(int(context.verify_flags) | order["flags"])
    if order["ciphers"]:
        context.set_ciphers(order["ciphers"])
    return _fed(_old(context), flights, host)


def _serving(folder: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "server.pem"))
    context.set_alpn_protocols(["http/1.1"])
    return context


def _bytes(folder: str, name: str) -> bytes:
    with open(os.path.join(folder, name), "rb") as stream:
        return stream.read()


def points(arguments: Sequence[str]) -> dict[str, Any]:
    """Which points of elliptic curves are refused when a server offers them."""
    found = {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _old(context)
    for name, flight in _orders(arguments[0], "points").items():
        found[name] = _fed(context, [base64.b64decode(flight)], "any.test")
    return found


def hellos(arguments: Sequence[str]) -> dict[str, Any]:
    """How a server answers to greetings that it must not take."""
    context = _serving(arguments[0])
    orders = _orders(arguments[0], "hellos")
    return {name: _fed(context, [base64.b64decode(sent)], None) for name, sent in orders.items()}


def mutations(arguments: Sequence[str]) -> dict[str, Any]:
    """How often a server answered how to greetings that were damaged, and whether it still serves.

    `strange` is what ended neither by an error of the module nor by waiting for more.
    """
    context = _serving(arguments[0])
    ends: dict[str, int] = {}
    strange = []
    for number, sent in enumerate(_orders(arguments[0], "mutations")):
        row = _fed(context, [base64.b64decode(sent)], None)
        end = "alert" if any(kind < 0 for kind in row["sent"]) else row["failed"] or "waits"
        ends[end] = ends.get(end, 0) + 1
        if ": " in row.get("failed", ""):
            strange.append([number, row["failed"]])
    after = _fed(context, [_bytes(arguments[0], "hello")], None)
    return {"ends": ends, "strange": strange, "after": after}


def digests(arguments: Sequence[str]) -> dict[str, Any]:
    """Each message's digest in each algorithm, as hexadecimal text; "" where there is none."""
    found: dict[str, Any] = {}
    for name, row in _orders(arguments[0], "digests").items():
        found[name] = [_digest(row["algorithm"], *message) for message in row["messages"]]
    return found


def _digest(algorithm: str, text: str, size: int) -> str:
    try:
        made = hashlib.new(algorithm, bytes.fromhex(text))
    except ValueError:
        return ""
    return made.hexdigest(size) if size else made.hexdigest()  # type: ignore[call-arg]


def keyed(arguments: Sequence[str]) -> dict[str, Any]:
    """HMAC of each message, and HKDF (RFC 5869) made of it, as hexadecimal text."""
    found: dict[str, Any] = {}
    for name, row in _orders(arguments[0], "keyed").items():
        make = _hkdf if row["kind"] == "hkdf" else _hmac
        found[name] = [make(row["algorithm"], *map(_value, case)) for case in row["cases"]]
    return found


def _value(given: Any) -> Any:  # noqa: ANN401 - a number, or bytes as hexadecimal text
    return bytes.fromhex(given) if isinstance(given, str) else given


def _hmac(algorithm: str, key: bytes, message: bytes, size: int) -> str:
    return hmac.new(key, message, algorithm).digest()[:size].hex()


def _hkdf(algorithm: str, key: bytes, salt: bytes, info: bytes, size: int) -> str:
    length = hashlib.new(algorithm).digest_size
    if size > 255 * length:
        return ""
    extracted = hmac.new(salt or bytes(length), key, algorithm).digest()
    made, block = b"", b""
    while len(made) < size:
        count = bytes((len(made) // length + 1,))
        block = hmac.new(extracted, block + info + count, algorithm).digest()
        made += block
    return made[:size].hex()


ALL = {
    "chains": chains,
    "points": points,
    "hellos": hellos,
    "mutations": mutations,
    "digests": digests,
    "keyed": keyed,
}
# Only what was ordered is run: an order is a file of the section's name.
SECTIONS = {
    name: function
    for name, function in ALL.items()
    if os.path.exists(os.path.join(sys.argv[-1], name + ".json"))
}
