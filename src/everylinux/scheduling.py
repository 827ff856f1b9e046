"""A scheduler of pytest-xdist that keeps a cell on one worker.

For speed only: the store of facts is right without it. It ends where xdist's own scopes (3.8.0) do
not: when a worker died they queue what was finished again as empty work, start the deadly test
anew, and leave a worker with a single test waiting for a second one (pytest-xdist #1327, #1371,
#1378).
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling

from everylinux.checks import ARTEFACT

PAIR = 2
"""A worker runs a test when it knows the next one, or that there is none."""


def cell_of(nodeid: str) -> str:
    """The cell's id, between the brackets of the test's id."""
    return nodeid.rpartition("[")[2].rstrip("]") if "[" in nodeid else ARTEFACT


def area_of(nodeid: str) -> str:
    """The folder of the claim: `tls` for suites/tls/test_trust.py::test_own_place[...]."""
    return nodeid.partition("::")[0].rpartition("/")[0].rpartition("/")[2]


TOGETHER = {"relocation": "launcher", "users": "launcher", "memory": "startup"}
"""Areas that share a probe with another one: apart, one worker would wait for the other."""
LONGEST_FIRST = ("imports", "launcher", "answers", "tls", "building", "startup", "sqlite")
"""Areas by the time that their probes take: begun last, a long one would run alone.

Not what measures time, while others wait beside it in threads that still compute a little.
"""
LAST = ("peers", "terminal", "resolver")
"""Areas whose probes wait most of their time: those run ahead, beside the others (gathering.py)."""


def rank(nodeid: str) -> int:
    """Where a claim stands among those of its cell, by its area."""
    area = area_of(nodeid)
    name = TOGETHER.get(area, area)
    order = (*LONGEST_FIRST, "", *LAST)
    return order.index(name) if name in order else len(LONGEST_FIRST)


class ByCell(LoadScopeScheduling):  # type: ignore[misc]
    """The unit of work is a cell, or all claims on the artefact.

    With fewer cells than two for each worker it is an area of a cell, so that no worker is idle
    while another has all the work.
    """

    def __init__(self, config: Any, log: Any) -> None:  # noqa: ANN401
        """Take xdist's configuration and log."""
        super().__init__(config, log)
        config.option.loadscopereorder = False  # our order is by time, not by number

    def _split_scope(self, nodeid: str) -> str:
        cell, area = cell_of(nodeid), area_of(nodeid)
        return cell if self._many_cells() else f"{cell} {TOGETHER.get(area, area)}"

    def _many_cells(self) -> bool:
        collected: list[str] = next(iter(self.registered_collections.values()), [])
        return len({cell_of(nodeid) for nodeid in collected}) > 2 * len(self.registered_collections)

    def remove_node(self, node: Any) -> str | None:  # noqa: ANN401 - xdist has no types
        """Queue what a dead worker had not begun; the test that it died in is not tried again."""
        units = self.assigned_work.pop(node)
        pending = [(name, test) for name in units for test in units[name] if not units[name][test]]
        if not pending:
            return None
        name, deadly = pending[0]
        units[name][deadly] = True
        self.workqueue.update({n: unit for n, unit in units.items() if not all(unit.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return str(deadly)

    def _reschedule(self, node: Any) -> None:  # noqa: ANN401
        """Give a worker enough to go on, or say that there is no more."""
        if node not in self.registered_collections:  # it still collects
            return
        super()._reschedule(node)
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < PAIR:
            if self.workqueue:
                self._assign_work_unit(node)
            else:
                node.shutdown()
