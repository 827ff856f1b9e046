"""The subject's end of the conversations with OpenSSL and GnuTLS: does what the orders say."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SECONDS = 110.0
TIMEOUT = 10.0
PIECE = 15000  # of a big message; both tools take lines of less than a record


def peering(arguments: Sequence[str]) -> dict[str, Any]:
    """Hold each conversation of the folder; a failure is told, with OpenSSL's own words."""
    folder = arguments[0]
    found = {}
    for name in sorted(n for n in os.listdir(folder) if n.endswith(".json")):
        with open(os.path.join(folder, name), encoding="utf-8") as stream:
            order = json.load(stream)
        found[order["name"]] = _told(folder, order)
    return found


def _told(folder: str, order: dict[str, Any]) -> dict[str, Any]:
    rounds: list[dict[str, Any]] = []
    heard: list[str | None] = []
    context = _context(order, heard)
    session = None
    for _ in range(order["rounds"]):
        row: dict[str, Any] = {}
        try:
            session = _converse(context, folder, order, session, row)
        except ssl.SSLCertVerificationError as error:
            row.update({"failed": error.reason, "verify_code": error.verify_code})
        except ssl.SSLError as error:
            row["failed"] = error.reason or type(error).__name__
        except Exception as error:
            row["failed"] = "%s: %s" % (type(error).__name__, error)  # noqa: UP031 - 3.8 as well
        rounds.append(row)
    return {**rounds[-1], "rounds": len(rounds), "heard": heard}


def _context(order: dict[str, Any], heard: list[str | None]) -> ssl.SSLContext:
    if order["role"] == "server":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=order["ca"])
        if order.get("want"):
            context.verify_mode = ssl.CERT_REQUIRED
        if order.get("hears"):
            context.sni_callback = lambda _secure, name, _context: heard.append(name)
    else:
        context = ssl.create_default_context(cadata=order["ca"])
    if "alpn" in order:
        context.set_alpn_protocols(order["alpn"])
    if "certificate" in order:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as stream:
            stream.write(order["key"] + order["certificate"])
            stream.flush()
            context.load_cert_chain(stream.name)
    return context


def _converse(
    context: ssl.SSLContext,
    folder: str,
    order: dict[str, Any],
    session: ssl.SSLSession | None,
    row: dict[str, Any],
) -> ssl.SSLSession | None:
    """One connection; what it was goes into `row` as it is learnt."""
    with socket.socket(socket.AF_UNIX) as plain:
        plain.settimeout(TIMEOUT)
        plain.connect(os.path.join(folder, order["socket"]))
        options: dict[str, Any] = {"server_side": True}
        if order["role"] == "client":
            options = {"server_hostname": order["host"], "session": session}
        with context.wrap_socket(plain, suppress_ragged_eofs=False, **options) as secure:
            row.update(_learnt(secure))
            (_ask if order["role"] == "client" else _answer)(secure, order, row)
            session = secure.session if order.get("resumes") else None
            if not order.get("to_end"):
                _leave(secure)
    return session


def _learnt(secure: ssl.SSLSocket) -> dict[str, Any]:
    cipher = secure.cipher()
    return {
        "version": secure.version(),
        "cipher": cipher[0] if cipher else "",
        "alpn": secure.selected_alpn_protocol(),
        "reused": bool(secure.session_reused),
        "peer": bool(secure.getpeercert()),
    }


def _leave(secure: ssl.SSLSocket) -> None:
    """Say the end; some peers are gone before they could say theirs."""
    with contextlib.suppress(OSError, ValueError):
        secure.unwrap()


def _ask(secure: ssl.SSLSocket, order: dict[str, Any], row: dict[str, Any]) -> None:
    """Send a line, or many long ones, and read each when it comes back."""
    line = order["line"].encode()
    left = order.get("big", len(line))
    right = True
    while left > 0:
        sent = line if "big" not in order else bytes(65 + i % 23 for i in range(PIECE)) + b"\n"
        secure.sendall(sent)
        got = _line(secure)
        back = sent[:-1][::-1] + b"\n" if order["reversed"] else sent
        right = right and got == back
        left -= len(sent)
    row["echo"] = right


def _answer(secure: ssl.SSLSocket, order: dict[str, Any], row: dict[str, Any]) -> None:
    """Read a line and send it back; if so ordered, read to the end and say something after it."""
    got = _line(secure)
    row["echo"] = got == order["line"].encode()
    if got:
        secure.sendall(got)
    if order.get("to_end"):
        row["ended"] = secure.recv(100) == b""
        secure.sendall(b"after the end\n")


def _line(secure: ssl.SSLSocket) -> bytes:
    got = b""
    while not got.endswith(b"\n"):
        more = secure.recv(1 << 14)
        if not more:
            break
        got += more
    return got


SECTIONS = {"peering": peering}
