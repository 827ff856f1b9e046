"""gVisor: a cell under a kernel that is not Linux, and what it says it cannot do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from everylinux.engines.box import AgentBox
from everylinux.engines.gvisor import Gvisor
from everylinux.errors import EngineError, UnlimitedError
from everylinux.model import NOBODY, Arch, Cell, Distribution, Limits
from tests.engines.conftest import MakeRoot, Open
from tests.engines.test_hardening import (  # noqa: F401 - with the cell of this file
    connect,
    test_a_socket_of_the_host_can_be_reached,
)


@pytest.fixture(scope="module")
def box(gvisor: Gvisor, open_cell: Open) -> Iterator[AgentBox]:
    with open_cell(gvisor) as made:
        yield made


def test_it_is_another_kernel(box: AgentBox) -> None:
    """Commands run under what calls itself Linux 4.4.0, with the tree and the probes in sight."""
    assert box.run(["uname", "-r"]).out == b"4.4.0\n"
    assert box.run(["sh", "/everylinux/subject/bin/hello"]).out == b"hello\n"
    assert box.run(["sh", "-c", "exit 126"]).status == 126


def test_it_is_hardened(box: AgentBox) -> None:
    """No network but the loopback, a root and a tree that cannot be written, no capability."""
    told = box.run(["cat", "/proc/net/dev"]).out.decode()
    assert [line.split(":")[0].strip() for line in told.splitlines()[2:]] == ["lo"]
    for place in ("/", "/everylinux", "/everylinux/subject"):
        assert box.run(["touch", f"{place}/x"]).status != 0
    assert box.run(["touch", "/tmp/x"], uid=NOBODY).ok  # noqa: S108 - the cell's
    status = box.run(["cat", "/proc/self/status"]).out.decode()
    assert "CapEff:\t0000000000000000" in status


def test_what_it_cannot_do(gvisor: Gvisor, box: AgentBox, open_cell: Open) -> None:
    """Floors, MDWE and bounds of one command are refused with the reason, never passed off."""
    for wanted in ({"kernel": "2.6.32"}, {"posture": "mdwe"}):
        with pytest.raises(EngineError, match="gvisor is a kernel of its own"):
            open_cell(gvisor, **wanted)
    with pytest.raises(UnlimitedError, match="cannot be limited here"):
        box.run(["true"], limits=Limits(memory_bytes=1 << 26))


def test_nothing_of_32_bit(gvisor: Gvisor, make_root: MakeRoot, subject: Distribution) -> None:
    """What it cannot start is not run: a start that failed would be taken for a claim's."""
    old = make_root("busybox-musl-x86")
    with pytest.raises(EngineError, match="no program of 32 bit"):
        gvisor.open(Cell(old.image, "3.13", "gvisor"), subject, old)
    root = make_root("busybox-musl-x86_64")
    small = replace(subject, arch=Arch("x86"))
    with pytest.raises(EngineError, match="no program of 32 bit"):
        gvisor.open(Cell(root.image, "3.13", "gvisor"), small, root)


def test_nothing_is_left(gvisor: Gvisor, open_cell: Open) -> None:
    """Closing ends the sandbox and removes its folder."""
    box = open_cell(gvisor)
    folder: Path = box.run_dir.parent
    box.close()
    found = subprocess.run(["pgrep", "-f", folder.name], capture_output=True, check=False)
    assert not folder.exists()
    assert found.stdout == b""
