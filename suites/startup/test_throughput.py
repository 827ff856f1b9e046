"""Libraries compress about as fast as everywhere else, which one compiled without -O does not.

Judged is processor time beside a reference in the same process: what a machine is busy with, and
how fast it is, meets both. Limits lie between seven builds that are optimised and two that are not
(docs/performance.md, "Throughput").
"""

from __future__ import annotations

from everylinux.checks import Evidence, Expected, check
from everylinux.errors import FactUnavailable
from everylinux.facts import Facts

SOURCE = "museum 39"
REMEDY = "Compile the library with -O2 or above: look at the CFLAGS of its own build."


def _keeps_pace(facts: Facts, evidence: Evidence, expected: Expected, library: str) -> None:
    series = facts["throughput"]
    if library not in series:
        why = series.get("failed", f"there is no module {library}")
        raise FactUnavailable(f"throughput.{library}", why)
    budget = expected.budget(f"throughput.{library}")
    ratio = min(series[library]) / min(series["reference"])
    evidence["ratio"] = round(ratio, 2)
    evidence.measure(f"throughput.{library}", "ratio", [ratio], budget.limit)

    assert ratio <= budget.ceiling


@check("STA-008", source=SOURCE, remedy=REMEDY)
def test_zlib_keeps_pace(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A checksum of zlib takes no more of the reference's processor time than an optimised one."""
    _keeps_pace(facts, evidence, expected, "zlib")


@check("STA-009", source=SOURCE, remedy=REMEDY)
def test_bzip2_keeps_pace(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Compression by bzip2 takes no more of the reference's time than an optimised one."""
    _keeps_pace(facts, evidence, expected, "bz2")


@check("STA-010", source=SOURCE, remedy=REMEDY)
def test_xz_keeps_pace(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Unpacking by liblzma takes no more of the reference's time than an optimised one."""
    _keeps_pace(facts, evidence, expected, "lzma")
