"""NIST's Public Key Interoperability Test Suite, as PyPI's cryptography-vectors carries it.

https://csrc.nist.gov/projects/pki-testing: two hundred paths of certificates with revocation lists,
whose names say whether they are valid. Its sections 4.8 to 4.12 are left out: what they expect
hangs on an initial set of policies, and the ssl module has no way to name one.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography import x509

from everylinux.probes.peers.chains import Chain

WHERE = "x509/PKITS_data"
ROOT = "TrustAnchorRootCertificate"
POLICIES = re.compile(r"polic(y|ies)|UserNotice|CPSPointer", re.IGNORECASE)
# X509_V_FLAG_CRL_CHECK, CRL_CHECK_ALL, EXTENDED_CRL_SUPPORT, USE_DELTAS: openssl/x509_vfy.h
FLAGS = 0x4 | 0x8 | 0x1000 | 0x2000
CIPHERS = "ALL:@SECLEVEL=0"  # one of its authorities signs by DSA with SHA-1

Name = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Paper:
    """A certificate or a revocation list that could be parsed."""

    stem: str
    der: bytes
    issuer: Name
    subject: Name = ()
    signers: tuple[Name, ...] = ()  # of its revocation list, if not its issuer


@dataclass(frozen=True, slots=True)
class Shelf:
    """All of the suite's files, by what they are."""

    leaves: tuple[_Paper, ...]
    authorities: dict[Name, list[_Paper]] = field(default_factory=dict)
    lists: tuple[_Paper, ...] = ()

    def above(self, leaf: _Paper) -> list[_Paper]:
        """The leaf and every certificate that may be part of its path, or sign a list for it."""
        found: list[_Paper] = []
        todo = [leaf]
        while todo:
            paper = todo.pop(0)
            if paper not in found:
                found.append(paper)
                for name in (paper.issuer, *paper.signers):
                    todo += self.authorities.get(name, [])
        return found


def chains(vectors: Path) -> list[Chain]:
    """Every path that is judged: its name begins with Valid or Invalid."""
    shelf = _shelf(vectors / WHERE)
    root = next(p for rows in shelf.authorities.values() for p in rows if p.stem == ROOT)
    return [_chain(shelf, leaf, root) for leaf in shelf.leaves]


def _chain(shelf: Shelf, leaf: _Paper, root: _Paper) -> Chain:
    papers = shelf.above(leaf)
    names = {name for paper in papers for name in (paper.subject, paper.issuer)}
    return Chain(
        name=leaf.stem.removesuffix("EE"),
        certificates=tuple(paper.der for paper in papers if paper is not root),
        anchors=(root.der,),
        lists=tuple(paper.der for paper in shelf.lists if paper.issuer in names),
        flags=FLAGS,
        ciphers=CIPHERS,
    )


@cache
def _shelf(folder: Path) -> Shelf:
    found = [p for file in sorted((folder / "certs").glob("*.crt")) for p in _certificate(file)]
    leaves = [p for p in found if p.stem.endswith("EE") and p.stem.startswith(("Valid", "Invalid"))]
    authorities: dict[Name, list[_Paper]] = defaultdict(list)
    for paper in found:
        if not paper.stem.endswith("EE"):
            authorities[paper.subject].append(paper)
    lists = [p for file in sorted((folder / "crls").glob("*.crl")) for p in _list(file)]
    judged = tuple(leaf for leaf in leaves if not POLICIES.search(leaf.stem))
    return Shelf(judged, dict(authorities), tuple(lists))


def _certificate(file: Path) -> list[_Paper]:
    """None for the two (inherited DSA parameters) that the parser here does not read."""
    der = file.read_bytes()
    try:
        parsed = x509.load_der_x509_certificate(der)
        subject, issuer = _name(parsed.subject), _name(parsed.issuer)
        return [_Paper(file.stem, der, issuer, subject, _signers(parsed))]
    except ValueError:
        return []


def _list(file: Path) -> list[_Paper]:
    der = file.read_bytes()
    try:
        return [_Paper(file.stem, der, _name(x509.load_der_x509_crl(der).issuer))]
    except ValueError:
        return []


def _name(name: x509.Name) -> Name:
    """A name as RFC 5280 7.1 compares it: without case, runs of blanks as one."""
    return tuple((a.oid.dotted_string, " ".join(str(a.value).lower().split())) for a in name)


def _signers(certificate: x509.Certificate) -> tuple[Name, ...]:
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    names = [name for point in points for name in point.crl_issuer or ()]
    return tuple(_name(n.value) for n in names if isinstance(n, x509.DirectoryName))
