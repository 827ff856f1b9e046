"""Known answers of NIST's and Wycheproof's for hashlib, hmac, and the curves that ssl uses."""

from __future__ import annotations

import pytest

from everylinux.checks import Evidence, answered_here, check
from everylinux.facts import Facts

CAVP = "NIST CAVP, {}"
WYCHEPROOF = "https://github.com/C2SP/wycheproof: {}"
REMEDY = (
    "Build the module anew and without optimizations of the linker; compare with its own tests."
)


def _agree(facts: Facts, evidence: Evidence, section: str, prefix: tuple[str, ...]) -> None:
    """All vectors of the files that begin so; a claim without any is skipped."""
    answers = answered_here(facts, section)
    files = {n: row for n, row in answers.items() if n.rpartition("/")[2].startswith(prefix)}
    if not files:
        pytest.skip("the host has no such vectors: set EVERYLINUX_WYCHEPROOF_DIR")
    evidence["asked"] = {name: row["asked"] for name, row in files.items()}
    evidence["wrong"] = {name: row for name, row in files.items() if row["wrong_in_all"]}
    assert evidence["wrong"] == {}, f"other answers in {', '.join(evidence['wrong'])}"
    assert all(evidence["asked"].values())


@check("PTL-028", source=CAVP.format("SHA-1 and SHA-2 (FIPS 180-4); museum 29"), remedy=REMEDY)
def test_sha2(facts: Facts, evidence: Evidence) -> None:
    """All of NIST's short and some long messages have their SHA-1 and SHA-2 digests."""
    _agree(facts, evidence, "peer_digests", ("SHA1", "SHA2", "SHA384", "SHA512"))


@check("PTL-029", source=CAVP.format("SHA-3 (FIPS 202); museum 29"), remedy=REMEDY)
def test_sha3(facts: Facts, evidence: Evidence) -> None:
    """All of NIST's short messages have their SHA-3 digests."""
    _agree(facts, evidence, "peer_digests", ("SHA3_",))


@check("PTL-030", source=CAVP.format("SHAKE (FIPS 202)"), remedy=REMEDY)
def test_shake(facts: Facts, evidence: Evidence) -> None:
    """All of NIST's messages have their SHAKE outputs, of all lengths."""
    _agree(facts, evidence, "peer_digests", ("SHAKE",))


@check("PTL-031", source=WYCHEPROOF.format("hmac"), remedy=REMEDY)
def test_hmac(facts: Facts, evidence: Evidence) -> None:
    """Wycheproof's HMAC tags come out where they are valid, and nowhere else."""
    _agree(facts, evidence, "peer_keyed", ("hmac_",))


@check("PTL-032", source=WYCHEPROOF.format("hkdf"), remedy=REMEDY)
def test_hkdf(facts: Facts, evidence: Evidence) -> None:
    """HKDF made of the module hmac gives Wycheproof's keys, and no key that is too long."""
    _agree(facts, evidence, "peer_keyed", ("hkdf_",))


@check("PTL-033", source=WYCHEPROOF.format("ecdh, ecpoint"), remedy=REMEDY)
def test_points(facts: Facts, evidence: Evidence) -> None:
    """A server's points off their curve are refused as such, 1733 others pass to the signature."""
    answer = answered_here(facts, "peer_points", evidence)
    wrong = {
        kind: ends
        for kind, ends in answer.items()
        if set(ends) != {"BAD_ECPOINT" if kind.endswith("invalid") else "BAD_SIGNATURE"}
    }
    assert wrong == {}
    assert len(answer) == 6  # noqa: PLR2004 - valid and invalid ones of three curves
