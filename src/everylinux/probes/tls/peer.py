"""The other end of a handshake: tlslite-ng, which shares no code with OpenSSL, on UNIX sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everylinux.probes.tls.authority import HOST, Identity

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports asyncore where there is one
    from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey

VERSIONS = {"TLSv1": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3), "TLSv1.3": (3, 4)}
NAMES = {number: name for name, number in VERSIONS.items()}
ECHO = b"everylinux"
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Case:
    """One conversation: who the subject is in it, and what the peer does."""

    name: str
    role: str  # of the subject: client | server
    versions: tuple[str, str]  # the peer's least and greatest protocol
    identity: str = "ecdsa"  # of the server; see authority.identities
    peer_identity: str = ""  # the peer's own as a client
    subject: dict[str, Any] = field(default_factory=dict)  # options for the subject's end
    alpn: tuple[bytes, ...] = ()
    abrupt: bool = False  # the peer leaves without a close_notify


class Peer:
    """Listens for one connection of one case, in a thread; `result` is its side of the story."""

    def __init__(
        self, case: Case, path: Path, identities: dict[str, Identity], slowness: float = 1.0
    ) -> None:
        """Listen at once: the subject may connect as soon as this returns.

        Time limits are `slowness` times as long, for a subject in a slow machine.
        """
        self._seconds = SECONDS * slowness
        self.case = case
        self.result: dict[str, Any] = {"failed": "nobody connected"}
        self._identities = identities
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._path = str(path)
        self._ended = False
        path.chmod(0o777)  # the subject may be another user
        self._listener.listen(1)
        self._listener.settimeout(self._seconds)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self) -> dict[str, Any]:
        """Stop listening and return the result."""
        self._ended = True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.settimeout(SECONDS)
            knock.connect(self._path)  # wakes the thread if nobody came
        self._thread.join(SECONDS)
        self._listener.close()
        return self.result

    def _serve(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except OSError:
            return
        accepted.settimeout(self._seconds)
        with accepted:
            if self._ended:
                return
            try:
                self.result = self._converse(accepted)
            except Exception as error:  # noqa: BLE001 - any failure is this side's story
                self.result = {"failed": f"{type(error).__name__}: {error}"[:200]}

    def _converse(self, accepted: socket.socket) -> dict[str, Any]:
        connection = TLSConnection(accepted)
        handshake: Callable[[Any], None] = (
            self._as_server if self.case.role == "client" else self._as_client
        )
        handshake(connection)
        if self.case.role == "client":
            connection.write(bytes(connection.read(min=len(ECHO), max=len(ECHO))))
        else:
            connection.write(ECHO)
            connection.read(min=len(ECHO), max=len(ECHO))
        version = NAMES[connection.version]
        if self.case.abrupt:
            accepted.shutdown(socket.SHUT_WR)  # the subject sees the end and may still write
            accepted.recv(1 << 10)
        else:
            connection.close()
        return {"version": version}

    def _settings(self) -> Any:  # noqa: ANN401 - tlslite has no types
        settings = HandshakeSettings()
        least, greatest = (VERSIONS[v] for v in self.case.versions)
        settings.minVersion, settings.maxVersion = least, greatest
        # ... which the supported_versions extension of TLS 1.3 does not look at
        settings.versions = [v for v in settings.versions if least <= v <= greatest]
        settings.eccCurves = ["x25519", "secp256r1", "secp384r1"]  # those that TLS 1.3 knows too
        return settings

    def _as_server(self, connection: Any) -> None:  # noqa: ANN401
        chain, key = _loaded(self._identities[self.case.identity])
        connection.handshakeServer(
            certChain=chain,
            privateKey=key,
            settings=self._settings(),
            alpn=list(self.case.alpn) or None,
        )

    def _as_client(self, connection: Any) -> None:  # noqa: ANN401
        chain, key = (None, None)
        if self.case.peer_identity:
            chain, key = _loaded(self._identities[self.case.peer_identity])
        connection.handshakeClientCert(
            certChain=chain, privateKey=key, settings=self._settings(), serverName=HOST
        )


def _loaded(identity: Identity) -> tuple[Any, Any]:
    chain = X509CertChain()
    chain.parsePemList(identity.certificate)
    return chain, parsePEMKey(identity.key, private=True)
