"""A name server of ours in the cell's network namespace: dnslib answers, on the host.

Its sockets are made by a thread that has joined the namespace, and so stay in it; port 53 is bound
by us, and the cell needs no capability. Nothing but the cell can reach it, and it reaches nothing.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import Any

from dnslib import AAAA, CNAME, PTR, QTYPE, RCODE, RR, TXT, A, DNSRecord

from everylinux.probes.namespaces import within
from everylinux.probes.resolver_zone import (
    ALIASES,
    BROKEN,
    FORGED,
    LIE,
    NAMES,
    REVERSE,
    TEXT,
    UNANSWERED,
)

PORT = 53
ANSWERING, SILENT, SIXTH = "127.0.0.1", "127.0.0.2", "::1"
UDP_BYTES = 512  # RFC 1035, 2.3.4: more than this goes by TCP
SECONDS = 5.0


def _bound(family: int, kind: int, address: str) -> socket.socket:
    made = socket.socket(family, kind)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((address, PORT))
        if kind == socket.SOCK_STREAM:
            made.listen(8)
    except BaseException:
        made.close()
        raise
    made.settimeout(SECONDS)
    return made


class Server:
    """Answers until it is closed; `asked` is what came: name, type, transport, address."""

    def __init__(self, pid: int) -> None:
        """Listen where the process is; OSError if that cannot be."""
        self.asked: list[list[str]] = []
        self.sixth = True  # whether the namespace has ::1
        self._sockets: list[socket.socket] = []
        self._ended = threading.Event()
        within(pid, self._bind)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _bind(self) -> None:
        for address in (ANSWERING, SILENT):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                self._sockets.append(_bound(socket.AF_INET, kind, address))
        try:
            self._sockets.append(_bound(socket.AF_INET6, socket.SOCK_DGRAM, SIXTH))
        except OSError:
            self.sixth = False

    def taken(self) -> list[list[str]]:
        """What was asked since this was last called."""
        found, self.asked = self.asked, []
        return found

    def close(self) -> None:
        """Stop listening."""
        self._ended.set()
        self._thread.join(SECONDS)
        for each in self._sockets:
            each.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as ready:
            for each in self._sockets:
                ready.register(each, selectors.EVENT_READ)
            while not self._ended.is_set():
                for key, _ in ready.select(0.05):
                    # A wrong question is the asker's: it gets no answer, and the claim sees that.
                    with contextlib.suppress(OSError, ValueError):
                        self._one(key.fileobj)

    def _one(self, from_: Any) -> None:  # noqa: ANN401 - a socket of ours
        if from_.type == socket.SOCK_STREAM:
            accepted, _ = from_.accept()
            with accepted:
                self._over_tcp(accepted)
            return
        data, peer = from_.recvfrom(4096)
        for reply in self._replies(data, "udp", from_.getsockname()[0]):
            from_.sendto(reply, peer)

    def _over_tcp(self, accepted: socket.socket) -> None:
        """Answer each question that comes on the connection: glibc asks for A and AAAA on one."""
        accepted.settimeout(SECONDS)
        with accepted.makefile("rb") as stream:
            while head := stream.read(2):
                data = stream.read(int.from_bytes(head, "big"))
                for reply in self._replies(data, "tcp", accepted.getsockname()[0]):
                    accepted.sendall(len(reply).to_bytes(2, "big") + reply)

    def _replies(self, data: bytes, over: str, address: str) -> list[bytes]:
        question = DNSRecord.parse(data)
        name, kind = str(question.q.qname).lower(), QTYPE[question.q.qtype]
        self.asked.append([name, kind, over, address])
        if address == SILENT or name == UNANSWERED:
            return []
        reply = answer(question, name, kind)
        packed: bytes = reply.pack()
        if over == "udp" and len(packed) > UDP_BYTES:
            packed = truncated(question).pack()
        return [*_lies(question, name, kind), packed]


def truncated(question: DNSRecord) -> DNSRecord:
    """An answer that says it is cut off. It holds the question, as dnslib's own does not.

    glibc drops an answer whose question is not its own (resolv/res_send.c, res_queriesmatch).
    """
    reply = question.reply(aa=1, ra=1)
    reply.header.tc = 1
    return reply


def answer(question: DNSRecord, name: str, kind: str) -> DNSRecord:
    """What the zone has: an alias's whole chain, addresses, a name, a text; or why nothing."""
    reply = question.reply(aa=1, ra=1)
    if name in BROKEN:
        reply.header.rcode = RCODE.SERVFAIL
        return reply
    while name in ALIASES:
        reply.add_answer(RR(name, QTYPE.CNAME, rdata=CNAME(ALIASES[name]), ttl=60))
        name = ALIASES[name]
    known = name in NAMES or name in REVERSE or name in TEXT
    reply.header.rcode = RCODE.NOERROR if known else RCODE.NXDOMAIN
    for record in _records(name, kind):
        reply.add_answer(record)
    return reply


def _records(name: str, kind: str) -> list[RR]:
    if kind == "PTR" and name in REVERSE:
        return [RR(name, QTYPE.PTR, rdata=PTR(REVERSE[name]), ttl=60)]
    if kind == "TXT" and name in TEXT:
        return [RR(name, QTYPE.TXT, rdata=TXT(TEXT[name]), ttl=60)]
    addresses = NAMES.get(name, ())
    if kind == "A":
        return [RR(name, QTYPE.A, rdata=A(a), ttl=60) for a in addresses if ":" not in a]
    if kind == "AAAA":
        return [RR(name, QTYPE.AAAA, rdata=AAAA(a), ttl=60) for a in addresses if ":" in a]
    return []


def _lies(question: DNSRecord, name: str, kind: str) -> list[bytes]:
    """An answer before the right one, with another id: what somebody who guesses would send."""
    if name != FORGED or kind != "A":
        return []
    reply = question.reply(aa=1, ra=1)
    reply.header.id = question.header.id ^ 0x5555
    reply.add_answer(RR(name, QTYPE.A, rdata=A(LIE), ttl=60))
    return [reply.pack()]
