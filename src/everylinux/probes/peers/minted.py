"""Chains of our own making, by what x509-limbo's cases are about.

https://x509-limbo.com lists what verifiers get wrong; its file of cases can be had from no package
registry, so these are made here, of the same properties. What is expected of each stands in
suites/peers/chains.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from everylinux.probes.peers.chains import HOST, Chain
from everylinux.probes.peers.minting import LEAF, MIDDLE, ROOT, Paper, revocations

STRICT = 0x20  # X509_V_FLAG_X509_STRICT: what Python 3.13 made the default
REVOKED = 0x4  # X509_V_FLAG_CRL_CHECK
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
ADDRESS = "192.0.2.1"  # of documentation: RFC 5737
BELOW = replace(LEAF, issuer="middle")


def chains() -> list[Chain]:
    """Every chain of this file."""
    return [*_names(), *_dates(), *_paths(), *_limits(), *_keys(), *_revoked(), *_clients()]


def _chain(name: str, *papers: Paper, host: str = HOST) -> Chain:
    """A chain below the good root."""
    made = tuple(paper.der() for paper in papers)
    return Chain(name, made, (ROOT.der(),), host=host, flags=STRICT)


def _dns(*names: str) -> Paper:
    return replace(LEAF, names=tuple(x509.DNSName(name) for name in names))


def _names() -> Iterator[Chain]:
    yield _chain("the name itself", LEAF)
    yield _chain("another name", _dns("other.test"))
    yield _chain("one of two names", _dns("other.test", HOST))
    yield _chain("the name in capitals", _dns("CELL.TEST"))
    yield _chain("a wildcard", _dns("*.cell.test"), host="a.cell.test")
    yield _chain("a wildcard for two labels", _dns("*.cell.test"), host="a.b.cell.test")
    yield _chain("a wildcard for no label", _dns("*.cell.test"))
    yield _chain("a wildcard below the root", _dns("*.test"))
    yield _chain("a wildcard of everything", _dns("*"))
    yield _chain("a wildcard within a label", _dns("c*.test"))
    yield _chain("a wildcard on the right", _dns("cell.*"))
    yield _chain("a name behind NUL", _dns("cell.test\0.other.test"))
    yield _chain("a name with more to it", _dns("cell.test.other.test"))
    yield _chain("the common name alone", replace(LEAF, names=None))
    yield _chain("the common name beside another", replace(_dns("other.test"), subject=HOST))
    yield from _addresses()


def _addresses() -> Iterator[Chain]:
    address = replace(LEAF, names=(x509.IPAddress(ip_address(ADDRESS)),))
    six = replace(LEAF, names=(x509.IPAddress(ip_address("2001:db8::1")),))
    yield _chain("an address", address, host=ADDRESS)
    yield _chain("another address", address, host="192.0.2.2")
    yield _chain("an address written as a name", _dns(ADDRESS), host=ADDRESS)
    yield _chain("an address of version 6", six, host="2001:db8::1")


def _dates() -> Iterator[Chain]:
    past, future = (-30, -1), (1, 30)
    yield _chain("an old leaf", replace(LEAF, days=past))
    yield _chain("a leaf of tomorrow", replace(LEAF, days=future))
    yield _chain("an old middle", BELOW, replace(MIDDLE, days=past))
    yield _chain("a middle of tomorrow", BELOW, replace(MIDDLE, days=future))
    old = replace(ROOT, days=past)
    yield replace(_chain("an old root", LEAF), anchors=(old.der(),))


def _paths() -> Iterator[Chain]:
    lower = replace(MIDDLE, subject="lower", issuer="middle")
    yield _chain("one between", BELOW, MIDDLE)
    yield _chain("two between, in disorder", replace(LEAF, issuer="lower"), MIDDLE, lower)
    yield _chain("nobody between", BELOW)
    yield _chain("strangers beside", LEAF, replace(MIDDLE, subject="stranger"))
    alone = replace(LEAF, issuer=HOST)
    yield _chain("signed by itself", alone)
    other = replace(ROOT, subject="other", issuer="other")
    yield _chain("another root", replace(LEAF, issuer="other"), other)
    yield _chain("a root of the same name", replace(LEAF, signer="forger"))
    yield replace(_chain("a changed byte", LEAF), certificates=(_changed(LEAF.der()),))


def _changed(der: bytes) -> bytes:
    """The last byte is of the signature's second number: it stays a signature."""
    return der[:-1] + bytes((der[-1] ^ 1,))


def _limits() -> Iterator[Chain]:
    lower = replace(MIDDLE, subject="lower", issuer="middle")
    last = replace(LEAF, issuer="lower")
    yield _chain("a middle that is none", BELOW, replace(MIDDLE, ca=False, signs=False))
    yield _chain("a middle that says nothing", BELOW, replace(MIDDLE, ca=None))
    yield _chain("a middle that may not sign", BELOW, replace(MIDDLE, signs=False))
    yield _chain("a path of the allowed length", BELOW, replace(MIDDLE, path=0))
    yield _chain("a path too long", last, lower, replace(MIDDLE, path=0))
    for name in (HOST, "other.test", "test"):
        within = (x509.DNSName(name),)
        yield _chain(f"permitted: {name}", BELOW, replace(MIDDLE, permitted=within))
        yield _chain(f"excluded: {name}", BELOW, replace(MIDDLE, excluded=within))
    net = x509.IPAddress(ip_network("192.0.2.0/24"))
    far = x509.IPAddress(ip_network("198.51.100.0/24"))
    address = replace(BELOW, names=(x509.IPAddress(ip_address(ADDRESS)),))
    for word, where in (("its", net), ("another", far)):
        limited = replace(MIDDLE, permitted=(where,))
        yield _chain(f"permitted: {word} network", address, limited, host=ADDRESS)
    yield from _unknown()


def _unknown() -> Iterator[Chain]:
    for kind in ("critical", "ignored"):
        yield _chain(f"unknown and {kind}, leaf", replace(LEAF, unknown=kind))
        yield _chain(f"unknown and {kind}, middle", BELOW, replace(MIDDLE, unknown=kind))


def _keys() -> Iterator[Chain]:
    for name, purpose in (("servers", SERVER), ("clients", CLIENT)):
        yield _chain(f"for {name}", replace(LEAF, purposes=(purpose,)))
        yield _chain(f"below one for {name}", BELOW, replace(MIDDLE, purposes=(purpose,)))
    yield _chain("for both", replace(LEAF, purposes=(CLIENT, SERVER)))
    yield _chain("RSA of 2048 bits", replace(LEAF, rsa_bits=2048))
    yield _chain("RSA of 1024 bits", replace(LEAF, rsa_bits=1024))
    weak = replace(MIDDLE, rsa_bits=1024)
    yield _chain("below RSA of 1024 bits", replace(BELOW, issuer_bits=1024), weak)
    yield _chain("signed with SHA-512", replace(LEAF, digest=hashes.SHA512()))


def _revoked() -> Iterator[Chain]:
    leaf = LEAF.der()
    lists = {
        "not revoked": revocations(None),
        "revoked": revocations(leaf),
        "an old list": revocations(None, days=(-30, -1)),
        "a list of tomorrow": revocations(None, days=(1, 30)),
        "a forged list": revocations(None, signer="forger"),
    }
    good = Chain("", (leaf,), (ROOT.der(),), host=HOST, flags=STRICT | REVOKED)
    yield replace(good, name="no list")
    for name, made in lists.items():
        yield replace(good, name=name, lists=(made,))


def _clients() -> Iterator[Chain]:
    client = replace(LEAF, purposes=(CLIENT,))
    cases = {
        "a client": client,
        "a client for servers": replace(LEAF, purposes=(SERVER,)),
        "an old client": replace(client, days=(-30, -1)),
        "a client of another root": replace(client, issuer="other"),
        "a client with a forged signature": replace(client, signer="forger"),
    }
    for name, paper in cases.items():
        yield replace(_chain(name, paper, host=""), role="server")
