"""Conversations of the subject with OpenSSL's and GnuTLS's own clients and servers on the host."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.model import RUN, Section
from everylinux.probes.base import Inside
from everylinux.probes.peers import tools
from everylinux.probes.peers.chains import HOST
from everylinux.probes.peers.relay import Program, Relay
from everylinux.probes.peers.tools import CIPHERS, Wish
from everylinux.probes.tls.authority import identities

FOLDER = "peering"
TOOLS = ("openssl", "gnutls")
VERSIONS, KEYS = ("TLSv1.2", "TLSv1.3"), ("rsa", "ecdsa", "ed25519")
LINE = b"everylinux\n"
BIG = 120_000  # bytes: eight records


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation; `wish` is what the tool does, `subject` what the subject does."""

    name: str
    role: str  # of the subject: client | server
    wish: Wish = field(default_factory=Wish)
    identity: str = "ecdsa"  # of the server
    own: str = ""  # identity of the client
    subject: dict[str, Any] = field(default_factory=dict)
    rounds: int = 1
    says: bytes = LINE  # the tool, as a client
    ends: bool = False  # ... and then nothing more


def talks() -> tuple[Talk, ...]:
    """Every conversation, the same for both tools."""
    return (*_versions(), *_suites(), *_again(), *_features(), *_certificates())


def _versions() -> Iterator[Talk]:
    for role in ("client", "server"):
        for version in VERSIONS:
            for kind in KEYS:
                yield Talk(f"{version} {kind}, as {role}", role, Wish(version), kind)


def _suites() -> Iterator[Talk]:
    for cipher in CIPHERS:
        version = "TLSv1.3" if cipher.startswith("TLS_") else "TLSv1.2"
        yield Talk(f"{cipher}, as client", "client", Wish(version, cipher))


def _again() -> Iterator[Talk]:
    for role in ("client", "server"):
        for version in VERSIONS:
            wish = Wish(version, resumes=role == "server")
            subject = {"resumes": True}
            yield Talk(f"{version} again, as {role}", role, wish, subject=subject, rounds=2)


def _features() -> Iterator[Talk]:
    alpn = {"alpn": ["h2", "x"]}
    yield Talk("protocol, as client", "client", Wish(alpn="h2"), subject=alpn)
    yield Talk("protocol, as server", "server", Wish(alpn="h2"), subject=alpn)
    yield Talk("name, as client", "client", Wish(named=True))
    yield Talk("name, as server", "server", subject={"hears": True})
    yield Talk("big, as client", "client", subject={"big": BIG})
    yield Talk("half closed, as server", "server", subject={"to_end": True}, ends=True)
    reneg = Wish("TLSv1.2", renegotiates=True)
    yield Talk("renegotiation, as server", "server", reneg, says=b"R\n" + LINE)


def _certificates() -> Iterator[Talk]:
    for version in VERSIONS:
        wish = Wish(version, wants=True)
        want = {"want": True}
        yield Talk(f"{version} with certificate, as client", "client", wish, own="rsa")
        yield Talk(f"{version} without certificate, as client", "client", wish)
        asked = Talk("", "server", Wish(version), subject=want)
        yield replace(asked, name=f"{version} with certificate, as server", own="rsa")
        yield replace(asked, name=f"{version} without certificate, as server")
    yield Talk("unknown authority, as client", "client", identity="unknown authority")
    yield Talk("unknown authority, as server", "server", identity="unknown authority")


class Talks:
    """The scenario; see the module."""

    name = "peer_talks"
    sections = tuple(f"peer_{tool}" for tool in TOOLS)

    @property
    def digest(self) -> str:
        """Digest of this package, of the subject's end, and of the tools' versions."""
        files = sorted(Path(__file__).parent.glob("*.py"))
        content = b"".join(file.read_bytes() for file in files)
        versions = "".join(map(tools.version, TOOLS)) + Inside("peering", ()).digest
        return hashlib.sha256(content + versions.encode()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Hold every conversation with each tool that the host has."""
        return {f"peer_{tool}": _section(box, tool) for tool in TOOLS}


def _section(box: Box, tool: str) -> Section:
    lacking = tools.lacking(tool)
    if lacking:
        return Section(value={"answer": {"lacks": lacking}})
    found = _held(box, tool)
    return found if found.error else Section(value={"answer": found.value})


def _held(box: Box, tool: str) -> Section:
    """Every conversation with one tool: both ends' stories by name."""
    inside = Inside("peering", ("peering",), 120, arguments=(str(RUN / FOLDER),))
    folder = box.run_dir / FOLDER
    folder.mkdir(mode=0o755)
    relays: dict[str, Relay] = {}
    with tempfile.TemporaryDirectory(prefix="everylinux-peers-") as work:
        try:
            for number, talk in enumerate(talks()):
                program = _program(number, talk, tool, folder, Path(work))
                path = folder / f"{number}.sock"
                relays[talk.name] = Relay(path, program, talk.rounds, box.slowness)
            found = inside.gather(box)["peering"]
        finally:
            for relay in relays.values():
                relay.stop()  # all at once, so that the waits below are one
            theirs = {name: relay.end() for name, relay in relays.items()}
            shutil.rmtree(folder)
    trouble = [f"{name}: {row['trouble']}" for name, row in theirs.items() if row["trouble"]]
    if found.error or trouble:
        return Section(error=found.error or "; ".join(trouble)[:500])
    return Section(value=_joined(tool, found.value, theirs))


def _joined(tool: str, ours: Any, theirs: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        name: {"subject": ours.get(name), "peer": dict(tools.told(tool, row["said"]))}
        for name, row in theirs.items()
    }


def _program(number: int, talk: Talk, tool: str, folder: Path, work: Path) -> Program:
    """How a conversation's tool is started; what the subject has to do is written down."""
    own = work / str(number)
    own.mkdir()
    (folder / f"{number:03}.json").write_text(json.dumps(_order(number, talk, tool)))
    wish = _filed(talk, own)
    if talk.role == "client":
        return Program((tools.server(tool, wish),), listens=True)
    return Program(tools.client(tool, wish, own), listens=False, says=talk.says, ends=talk.ends)


def _filed(talk: Talk, folder: Path) -> Wish:
    """The wish with the files of the tool's own certificate and of the authority it trusts."""
    made = identities()
    (folder / "ca.pem").write_text(made["ca"].certificate)
    wish = talk.wish
    if talk.role == "server" or wish.wants:
        wish = replace(wish, authority=str(folder / "ca.pem"))
    whose = talk.identity if talk.role == "client" else talk.own
    if whose:
        (folder / "own.pem").write_text(made[whose].certificate)
        (folder / "key.pem").write_text(made[whose].key)
        wish = replace(wish, certificate=str(folder / "own.pem"), key=str(folder / "key.pem"))
    return wish


def _order(number: int, talk: Talk, tool: str) -> dict[str, Any]:
    made = identities()
    order = {
        "name": talk.name,
        "role": talk.role,
        "socket": f"{number}.sock",
        "host": HOST,
        "line": LINE.decode(),
        "reversed": tool == "openssl",
        "ca": made["ca"].certificate,
        "rounds": talk.rounds,
        **talk.subject,
    }
    whose = talk.identity if talk.role == "server" else talk.own
    if whose:
        order |= {"certificate": made[whose].certificate, "key": made[whose].key}
    return order
