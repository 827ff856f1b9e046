"""Red samples of the areas startup and memory: the series that a worse tree would give."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
MIB = 1 << 20


def _slower(sections: Sections, case: str, kind: str, seconds: float) -> None:
    series = sections["startup"][case][kind]
    series[:] = [value + seconds for value in series]


@fault(kills={"STA-001"}, kind="facts")
def a_warm_start_is_slower(sections: Sections) -> None:
    """A start takes 30 ms more, half of them computing as little as the budgets allow."""
    _slower(sections, "warm", "wall", 0.030)
    cpu = sections["startup"]["warm"]["cpu"]
    cpu[:] = [0.0205] * len(cpu)
    wall = sections["startup"]["warm"]["wall"]
    wall[:] = [0.0225] * len(wall)


@fault(kills={"STA-002"}, kind="facts")
def a_cold_start_is_slower(sections: Sections) -> None:
    """A cold start reads ten times as many files."""
    _slower(sections, "cold", "wall", 0.2)


@fault(kills={"STA-003"}, kind="facts")
def the_launcher_is_a_slow_script(sections: Sections) -> None:
    """A shell script with five commands stands before the interpreter."""
    _slower(sections, "version", "wall", 0.03)
    _slower(sections, "isolated", "wall", 0.03)


@fault(kills={"STA-004"}, kind="facts")
def initialization_compiles(sections: Sections) -> None:
    """No bytecode is found, so that every start compiles."""
    _slower(sections, "isolated", "wall", 0.1)


@fault(kills={"STA-005"}, kind="facts")
def a_start_computes_more(sections: Sections) -> None:
    """Two threads compute at once: the wall clock hides what the processor pays."""
    _slower(sections, "warm", "cpu", 0.05)


@fault(kills={"STA-006"}, kind="facts")
def a_start_waits(sections: Sections) -> None:
    """A start sleeps for 10 ms, which a quick machine hides in the budget of wall time."""
    count = len(sections["startup"]["warm"]["wall"])
    sections["startup"]["warm"]["wall"] = [0.018] * count
    sections["startup"]["warm"]["cpu"] = [0.008] * count


@fault(kills={"STA-007"}, kind="facts")
def one_start_crashes(sections: Sections) -> None:
    """One of the measured starts dies by a signal."""
    sections["startup"]["modules20"]["statuses"].append("11")


def _unoptimised(sections: Sections, library: str) -> None:
    series = sections["throughput"][library]
    series[:] = [3 * value for value in series]


@fault(kills={"STA-008"}, kind="facts")
def zlib_is_not_optimised(sections: Sections) -> None:
    """The library takes three times as long."""
    _unoptimised(sections, "zlib")


@fault(kills={"STA-009"}, kind="facts")
def bzip2_is_not_optimised(sections: Sections) -> None:
    """The library takes three times as long."""
    _unoptimised(sections, "bz2")


@fault(kills={"STA-010"}, kind="facts")
def xz_is_not_optimised(sections: Sections) -> None:
    """The library takes three times as long."""
    _unoptimised(sections, "lzma")


@fault(kills={"MEM-001"}, kind="facts")
def the_base_peak_grows(sections: Sections) -> None:
    """15 MB more are resident for a moment at start."""
    sections["memory"]["base"]["hwm"] += 15 * MIB


@fault(kills={"MEM-002"}, kind="facts")
def the_base_share_grows(sections: Sections) -> None:
    """Pages that were shared are private."""
    sections["memory"]["base"]["pss"] += 15 * MIB


@fault(kills={"MEM-003"}, kind="facts")
def the_modules_peak_grows(sections: Sections) -> None:
    """A module of the standard library needs 15 MB more for a moment."""
    sections["memory"]["modules20"]["hwm"] += 15 * MIB


@fault(kills={"MEM-004"}, kind="facts")
def the_modules_share_grows(sections: Sections) -> None:
    """Pages of the libraries are private."""
    sections["memory"]["modules20"]["pss"] += 15 * MIB


@fault(kills={"MEM-005"}, kind="facts")
def the_allocator_keeps_all(sections: Sections) -> None:
    """The allocator returns nothing that was freed."""
    sections["memory"]["work"]["hwm"] += 60 * MIB


@fault(kills={"MEM-006"}, kind="facts")
def a_helper_needs_memory(sections: Sections) -> None:
    """A helper process of the start needs what the interpreter itself does not show."""
    sections["memory"]["base"]["peak"] += 15 * MIB


@fault(kills={"MEM-007"}, kind="facts")
def small_memory_is_not_enough(sections: Sections) -> None:
    """The work is killed where 128 MB are allowed."""
    sections["small"].update(status=None, signal=9, out="", oom_killed=True)
