"""TLS conversations between the subject in its cell and an independent peer on the host.

Each case has a UNIX socket in the folder that the cell sees as model.RUN, so no network is needed.
Both ends tell what happened; the subject's end is probes/inside/handshakes.py.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.model import RUN, Section
from everylinux.probes.base import Inside
from everylinux.probes.tls.authority import HOST, identities
from everylinux.probes.tls.peer import ECHO, Case, Peer

NEW, OLD = ("TLSv1.2", "TLSv1.3"), ("TLSv1", "TLSv1.1")
FOLDER = "tls"
SECTIONS = ("handshakes",)
LAX = {"ciphers": "ALL:@SECLEVEL=0"}  # what OpenSSL 3 wants before it speaks TLS 1.0 and 1.1


KINDS = ("rsa", "ecdsa", "ed25519")
UNFIT = ("expired", "not yet valid", "wrong name", "unknown authority", "self-signed")
WANT = {"want": True}  # the subject wants a certificate of its client


def _one(version: str) -> tuple[str, str]:
    return version, version


def _as_client() -> tuple[Case, ...]:
    return (
        *(Case(f"{v} {kind}", "client", _one(v), identity=kind) for v in NEW for kind in KINDS),
        *(Case(kind, "client", NEW, identity=kind) for kind in UNFIT),
        Case("too old a server", "client", OLD, identity="rsa"),
        *(
            Case(f"{v} on request", "client", _one(v), "rsa", subject={**LAX, "least": v})
            for v in OLD
        ),
        Case("application protocol", "client", NEW, alpn=(b"h2",), subject={"alpn": ["h2", "x"]}),
        Case("cut off", "client", _one("TLSv1.2"), abrupt=True, subject={"to_end": True}),
    )


def _as_server() -> tuple[Case, ...]:
    twelve = _one("TLSv1.2")
    return (
        *(Case(f"{v} as server", "server", _one(v)) for v in NEW),
        Case("too old a client", "server", OLD, identity="rsa"),
        Case("client without certificate", "server", twelve, subject=WANT),
        Case("client with certificate", "server", twelve, peer_identity="rsa", subject=WANT),
        Case("client of an unknown authority", "server", twelve, peer_identity="unknown authority",
             subject=WANT),
    )  # fmt: skip


CASES = (*_as_client(), *_as_server())


def converse(
    box: Box, cases: tuple[Case, ...], environment: tuple[tuple[str, str], ...] = ()
) -> Section:
    """Hold every conversation and bring both ends' stories together."""
    inside = Inside(
        "handshakes", SECTIONS, seconds=90, arguments=(str(RUN / FOLDER),), environment=environment
    )
    folder = box.run_dir / FOLDER
    folder.mkdir(mode=0o755)
    peers = [_peer(n, case, folder, box.slowness) for n, case in enumerate(cases)]
    try:
        found = inside.gather(box)["handshakes"]
    finally:
        theirs = {peer.case.name: peer.end() for peer in peers}
        shutil.rmtree(folder)
    return found if found.error else Section(_joined(found.value, theirs))


class Tls:
    """The scenario; see the module."""

    name = "tls"
    sections = SECTIONS

    @property
    def digest(self) -> str:
        """Digest of this package and of the subject's end."""
        files = sorted(Path(__file__).parent.glob("*.py"))
        content = b"".join(file.read_bytes() for file in files)
        inside = Inside("handshakes", SECTIONS).digest
        return hashlib.sha256(content + inside.encode()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Hold every conversation."""
        return {"handshakes": converse(box, CASES)}


def _peer(number: int, case: Case, folder: Path, slowness: float) -> Peer:
    """Start a case's peer and write down what the subject has to do."""
    made = identities()
    server, client = made[case.identity], made["ca"]
    order = {
        "name": case.name,
        "role": case.role,
        "socket": f"{number}.sock",
        "host": HOST,
        "echo": ECHO.decode(),
        "ca": client.certificate,
        **case.subject,
    }
    if case.role == "server":
        order |= {"certificate": server.certificate, "key": server.key}
    (folder / f"{number:02}.json").write_text(json.dumps(order))
    return Peer(case, folder / f"{number}.sock", made, slowness)


def _joined(ours: Any, theirs: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {name: {"subject": ours.get(name), "peer": theirs[name]} for name in theirs}
