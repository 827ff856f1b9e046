"""What shows only where a cell has what every real machine has: /sys, a network interface."""

from __future__ import annotations

import pytest

from everylinux.checks import Evidence, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts


@check(
    "MAC-001",
    source="bug museum 27 (python-build-standalone#586)",
    remedy="Do not let BOLT add -hugify: its start-up code reads the file and never closes it.",
)
def test_nothing_of_sys_stays_open(facts: Facts, evidence: Evidence) -> None:
    """Where /sys tells of huge pages, no descriptor but 0, 1 and 2 is open after the start."""
    found = facts["machine_descriptors.open"]
    evidence["open"] = found
    if "failed" in found:
        raise FactUnavailable("machine_descriptors.open", found["failed"])
    assert sorted(found.keys() - {"0", "1", "2"}) == []


@check(
    "MAC-002",
    source="RFC 9562, 6.10; bug museum 34 (python-build-standalone#587)",
    remedy="Build libuuid with net/if.h and sys/ioctl.h found, or leave _uuid's library out.",
)
def test_node_is_the_machines(facts: Facts, evidence: Evidence) -> None:
    """Two processes on a machine with a network interface agree on the node: its address."""
    found = facts["machine_node"]
    evidence.update(found)
    if "lacks" in found:
        pytest.skip(f"the cell lacks {found['lacks']}")
    if failed := [node["failed"] for node in found["nodes"] if isinstance(node, dict)]:
        raise FactUnavailable("machine_node.nodes", failed[0])
    assert found["nodes"] == [found["address"], found["address"]]
