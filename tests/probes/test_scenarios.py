"""Scenario probes never make a good fact out of a broken cell or a dead interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.results import result

from everylinux.engines.base import Box
from everylinux.errors import AgentError
from everylinux.model import (
    Arch,
    Cell,
    Distribution,
    Entry,
    Image,
    Limits,
    Result,
    Section,
)
from everylinux.probes.base import CellProbe, Inside
from everylinux.probes.machine import Machine
from everylinux.probes.performance import Performance
from everylinux.probes.starting import Starting
from everylinux.probes.tls import Tls
from everylinux.probes.trust import Trust

IMAGE = Image("debian12", Arch("x86_64"), "Debian", "12", ca=("/etc/ssl/certs/x.crt",))
PROBES: tuple[CellProbe, ...] = (
    Starting(),
    Performance(),
    Tls(),
    Trust(),
    Machine(),
    Inside("crypto", ("crypto", "trust")),
)


class Broken:
    """A cell in which every command ends in the same way; see Box for its methods."""

    def __init__(self, folder: Path, result: Result | None) -> None:
        self.cell = Cell(IMAGE, "3.13", "fake")
        self.distribution = Distribution(folder, "3.13", Arch("x86_64"), "digest")
        self.root = folder
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        self._result = result
        self.slowness = 1.0

    def run(self, argv: Sequence[str | bytes], **_: object) -> Result:
        assert argv
        if self._result is None:
            raise AgentError("the agent is gone")
        return self._result

    def get(self, path: str, limit: int = 0) -> bytes:
        raise FileNotFoundError(path, limit)

    def walk(self, path: str, **_: object) -> tuple[Entry, ...]:
        assert path
        return ()

    def sibling(self, extra: Mapping[str, Path]) -> Box:
        raise AgentError(f"no sibling with {sorted(extra)}")


DEAD = result(status=None, signal=11)
ABSENT = result(status=None, error="ENOENT")
MUTE = result()
BARE = {"failed", "status", "out", "error"}  # a failure, or a bare outcome that claims compare


def gathered(probe: CellProbe, folder: Path, ending: Result | None) -> Mapping[str, Section]:
    box: Any = Broken(folder, ending)
    return probe.gather(box)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_every_section_is_told_of(probe: CellProbe, tmp_path: Path) -> None:
    """A probe reports each of its sections, whatever happened."""
    assert set(gathered(probe, tmp_path, DEAD)) == set(probe.sections)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_lost_agent_breaks_every_section(probe: CellProbe, tmp_path: Path) -> None:
    """Without an agent nothing is known; the probe says so or leaves it to its caller."""
    try:
        found = gathered(probe, tmp_path, None)
    except AgentError:
        return
    assert all(section.error for section in found.values())


@pytest.mark.parametrize("ending", [DEAD, ABSENT, MUTE], ids=["dead", "absent", "mute"])
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_dead_interpreter_has_no_good_facts(
    probe: CellProbe, ending: Result, tmp_path: Path
) -> None:
    """What an interpreter that says nothing would have said is never made up."""
    for name, section in gathered(probe, tmp_path, ending).items():
        if section.error or name in {"startup", "small"}:
            continue
        for key, value in section.value.items():
            told = value if isinstance(value, dict) else section.value
            told = told.get("report", told)  # a virtual environment's
            assert key in {"given", "written"} or BARE & set(told)


def test_a_failed_start_is_seen_in_its_series(tmp_path: Path) -> None:
    """A crash is quick: its time must not look like a quick start."""
    startup = gathered(Performance(), tmp_path, DEAD)["startup"].value
    assert {status for row in startup.values() for status in row["statuses"]} == {"11"}


def test_limits_are_given_by_value() -> None:
    """The default limits bound time and output of every command."""
    assert Limits().seconds > 0
    assert Limits().output_bytes > 0
