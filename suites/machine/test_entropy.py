"""What a machine without entropy does to TLS: it waits where OpenSSL waits, and fails nowhere."""

from __future__ import annotations

import re

import pytest

from everylinux.checks import Evidence, check
from everylinux.facts import Facts

SAFE = (4, 8)
"""Since when OpenSSL trusts the kernel to wait itself (DEVRANDOM_SAFE_KERNEL of rand_unix.c)."""


@check(
    "MAC-003",
    source="openssl 3: rand_unix.c, wait_random_seeded; random(7)",
    remedy="Below Linux 4.8 give the machine entropy: virtio-rng, rngd, haveged.",
)
def test_entropy(facts: Facts, evidence: Evidence) -> None:
    """A machine without entropy makes a TLS context; below Linux 4.8, as soon as it has some."""
    found = facts["entropy"]
    evidence.update(found)
    if "lacks" in found:
        pytest.skip(f"the cell lacks {found['lacks']}")
    assert "failed" not in found, found["failed"]
    waits = found["starved"] is None
    if waits:
        evidence.finding(
            f"on Linux {found['release']} a TLS context waits for entropy, as OpenSSL has it",
            "give the machine some at boot: virtio-rng, rngd or haveged",
        )
    assert not (waits and _release(found["release"]) >= SAFE), "it waits where the kernel would"
    assert found["fed"] is not None, "it waits though the kernel has entropy"


def _release(text: str) -> tuple[int, int]:
    major, minor = re.findall(r"\d+", text)[:2]
    return int(major), int(minor)
