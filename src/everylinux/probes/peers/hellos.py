"""Greetings that a TLS server must answer with an alert, and some that it must not.

What tlsfuzzer's scripts ask of a server (https://github.com/tlsfuzzer/tlsfuzzer) before anything is
encrypted; they can be had from no package registry, so the bytes are written here from the RFCs.
Which alert each must get stands in suites/peers/hellos.yaml.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from everylinux.probes.peers.records import CLIENT_HELLO, X25519_BASE, message, records, vector

# ExtensionType: https://www.iana.org/assignments/tls-extensiontype-values
NAME, FRAGMENT, GROUPS, FORMATS, SCHEMES, ALPN = 0, 1, 10, 11, 13, 16
VERSIONS, MODES, SHARE, RENEGOTIATED, PSK = 43, 45, 51, 0xFF01, 41
FALLBACK = b"\x56\x00"  # TLS_FALLBACK_SCSV, RFC 7507
SUITES13 = b"\x13\x01\x13\x02\x13\x03"
SUITES12 = b"\xc0\x2b\xc0\x2f"
MUTATIONS = 400
SEED = 8446


@dataclass(frozen=True, slots=True)
class Hello:
    """A ClientHello; the defaults are a sound one of TLS 1.3 without extensions."""

    suites: bytes = SUITES13 + SUITES12
    extensions: tuple[tuple[int, bytes], ...] = ()
    version: bytes = b"\x03\x03"
    compressions: bytes = b"\0"
    session: bytes = b""
    tail: bytes = b""  # within the message, behind its end
    cut: int = 0  # bytes that the list of extensions lacks of what it announces

    def body(self) -> bytes:
        """The message without its header."""
        listed = b"".join(kind.to_bytes(2, "big") + vector(it) for kind, it in self.extensions)
        extensions = vector(listed)
        return (
            self.version
            + b"\x22" * 32
            + vector(self.session, 1)
            + vector(self.suites)
            + vector(self.compressions, 1)
            + extensions[: len(extensions) - self.cut]
            + self.tail
        )

    def sent(self) -> bytes:
        """The message in a record."""
        return records(message(CLIENT_HELLO, self.body()))

    def having(self, kind: int, content: bytes) -> Hello:
        """The same with one extension more, or another one of that kind."""
        others = tuple(row for row in self.extensions if row[0] != kind)
        return replace(self, extensions=(*others, (kind, content)))

    def lacking(self, *kinds: int) -> Hello:
        """The same without some extensions."""
        left = tuple(row for row in self.extensions if row[0] not in kinds)
        return replace(self, extensions=left)


def _shares(*shares: tuple[int, bytes]) -> bytes:
    return vector(b"".join(group.to_bytes(2, "big") + vector(point) for group, point in shares))


def _list(*values: int) -> bytes:
    return vector(b"".join(value.to_bytes(2, "big") for value in values))


def _versions(*values: int) -> bytes:
    return vector(b"".join(value.to_bytes(2, "big") for value in values), 1)


def _protocols(*names: bytes) -> bytes:
    return vector(b"".join(vector(name, 1) for name in names))


def _server(name: bytes) -> bytes:
    return vector(b"\0" + vector(name))


COMMON = (
    (NAME, _server(b"cell.test")),
    (GROUPS, _list(29, 23)),
    (FORMATS, b"\x01\x00"),
    (SCHEMES, _list(0x0403, 0x0804, 0x0401)),
)
OLD = Hello(SUITES12, (*COMMON, (RENEGOTIATED, b"\0")))
NEW = Hello(
    extensions=(
        *COMMON,
        (VERSIONS, _versions(0x0304, 0x0303)),
        (SHARE, _shares((29, X25519_BASE))),
        (MODES, b"\x01\x01"),
    )
)
ONLY13 = NEW.having(VERSIONS, _versions(0x0304))


def hellos() -> dict[str, bytes]:
    """Every greeting by name."""
    parts = (_sound(), _records(), _lists(), _old(), _extensions(), _new(), _share())
    return {name: sent for part in parts for name, sent in part}


def _sent(cases: dict[str, Hello]) -> Iterable[tuple[str, bytes]]:
    return ((name, hello.sent()) for name, hello in cases.items())


def _sound() -> Iterable[tuple[str, bytes]]:
    return _sent({"TLS 1.2": OLD, "TLS 1.3": NEW, "TLS 1.3 alone": ONLY13})


def _records() -> Iterator[tuple[str, bytes]]:
    yield "a record of unknown kind", records(b"hello", 99)
    yield "data before a greeting", records(b"hello", 23)
    yield "a change of ciphers first", records(b"\x01", 20)
    yield "a heartbeat first", records(b"\x01\x40\x00", 24)
    yield "a record too long", b"\x16\x03\x01\x48\x01" + b"\x01" * 0x4801
    yield "a server's greeting", records(message(2, OLD.body()))
    yield "a finish first", records(message(20, b"\0" * 12))
    yield "a message that is too long", records(b"\x01\xff\xff\xff" + OLD.body())
    yield "plain HTTP", b"GET / HTTP/1.0\r\n\r\n"


def _lists() -> Iterable[tuple[str, bytes]]:
    return _sent({
        "no suite": replace(OLD, suites=b""),
        "half a suite": replace(OLD, suites=SUITES12 + b"\xc0"),
        "suites that nobody has": replace(OLD, suites=b"\x7a\x7a\x00\x05"),
        "no way to compress": replace(OLD, compressions=b""),
        "no null compression": replace(OLD, compressions=b"\x01"),
        "compression in TLS 1.3": replace(ONLY13, compressions=b"\x01\x00"),
        "a session id too long": replace(OLD, session=b"\x33" * 33),
        "extensions cut short": replace(OLD, cut=3),
        "more behind the end": replace(OLD, tail=b"\0\0\0"),
        "an extension twice": replace(OLD, extensions=(*OLD.extensions, COMMON[1])),
    })  # fmt: skip


def _old() -> Iterable[tuple[str, bytes]]:
    return _sent({
        "SSL 3": replace(OLD, version=b"\x03\x00"),
        "TLS 1.0": replace(OLD, version=b"\x03\x01"),
        "TLS 1.1": replace(OLD, version=b"\x03\x02"),
        "a fallback": replace(OLD, suites=SUITES12 + FALLBACK),
        "a renegotiation at first": OLD.having(RENEGOTIATED, vector(b"\x44" * 12, 1)),
        "unknown curves alone": OLD.having(GROUPS, _list(0x7A7A)),
        "no signature scheme": OLD.having(SCHEMES, _list()),
        "half a signature scheme": OLD.having(SCHEMES, vector(b"\x04\x03\x08")),
        "unknown signature schemes": OLD.having(SCHEMES, _list(0x7A7A)),
    })  # fmt: skip


def _extensions() -> Iterable[tuple[str, bytes]]:
    return _sent({
        "an empty name": OLD.having(NAME, _server(b"")),
        "a name with NUL": OLD.having(NAME, _server(b"cell\0test")),
        "a name cut short": OLD.having(NAME, b"\x00\x05\x00\x00\x09ab"),
        "no protocol": OLD.having(ALPN, _protocols()),
        "an empty protocol": OLD.having(ALPN, _protocols(b"")),
        "an unknown protocol": OLD.having(ALPN, _protocols(b"gopher/9")),
        "a wrong length of fragments": OLD.having(FRAGMENT, b"\x09"),
        "an unknown extension": OLD.having(0x7A7A, b"whatever"),
    })  # fmt: skip


def _new() -> Iterable[tuple[str, bytes]]:
    binders = vector(vector(b"\x55" * 32, 1))
    psk = (PSK, vector(vector(b"ticket") + b"\0\0\0\0") + binders)
    first = (psk, *NEW.extensions)
    return _sent({
        "no version": NEW.having(VERSIONS, _versions()),
        "unknown versions alone": NEW.having(VERSIONS, _versions(0x7A7A)),
        "TLS 1.3 without schemes": ONLY13.lacking(SCHEMES),
        "TLS 1.3 without groups": ONLY13.lacking(GROUPS),
        "TLS 1.3 without shares": ONLY13.lacking(SHARE),
        "TLS 1.3 without its suites": replace(ONLY13, suites=SUITES12),
        "a ticket before the end": replace(NEW, extensions=first),
        "a ticket without modes": NEW.lacking(MODES).having(*psk),
    })  # fmt: skip


def _share() -> Iterable[tuple[str, bytes]]:
    off = b"\x04" + b"\x01" * 64
    return _sent({
        "a share off the curve": ONLY13.having(SHARE, _shares((23, off))),
        "a share at infinity": ONLY13.having(SHARE, _shares((23, b"\0"))),
        "a share of zero": ONLY13.having(SHARE, _shares((29, bytes(32)))),
        "a share of order two": ONLY13.having(SHARE, _shares((29, bytes((1, *[0] * 31))))),
        "a share cut short": ONLY13.having(SHARE, _shares((29, X25519_BASE[:-1]))),
        "an empty share": ONLY13.having(SHARE, _shares((29, b""))),
        "a share of no offered group": ONLY13.having(SHARE, _shares((24, b"\x04" + b"\x01" * 96))),
        "no share, but groups": ONLY13.having(SHARE, _shares()),
    })  # fmt: skip


def mutations() -> list[bytes]:
    """Sound greetings with bytes changed, lost or doubled; the same ones in each run."""
    chance = random.Random(SEED)  # noqa: S311 - to be the same in each run
    sound = [OLD.sent(), NEW.sent()]
    return [_damaged(bytearray(sound[number % 2]), chance) for number in range(MUTATIONS)]


def _damaged(sent: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(sent))
        kind = chance.randrange(4)
        if kind == 0:
            sent[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            sent[at] = chance.choice((0, 0x7F, 0xFF))
        elif kind == 2:  # noqa: PLR2004 - the third of four kinds
            del sent[at : at + chance.randint(1, 8)]
            sent = sent or bytearray(1)
        else:
            sent[at:at] = sent[at : at + chance.randint(1, 16)]
    return bytes(sent)
