"""The controller's side of a run: verdicts to the journal, progress, report and exit code."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from everylinux import __version__, report
from everylinux.checks import ARTEFACT
from everylinux.errors import EverylinuxError, UsageError
from everylinux.journal import Journal, machine
from everylinux.model import DEFAULT, NATIVE, Cell, Image
from everylinux.planning import Plan
from everylinux.scheduling import cell_of

VERDICT = "everylinux.verdict"
BEGUN = "everylinux.begun"
"""On a phase before the verdict: what is to be said if the process dies in between."""
DIED = "the process that judged it died"
USAGE, UNKNOWN = 2, 3


class Recorder:
    """Writes the journal while a run goes on, and the report at its end."""

    def __init__(self, plan: Plan, config: pytest.Config, *, strict: bool) -> None:
        """Open the journal with what is known before the first verdict."""
        self._plan = plan
        self._config = config
        self._strict = strict
        self._journal = Journal(plan.folder)
        self._claims: set[str] = set()
        self._expected: Counter[str] = Counter()
        self._outcomes: dict[str, Counter[str]] = {}
        self._session: pytest.Session | None = None
        self._begun: dict[str, dict[str, Any]] = {}  # by nodeid
        self._broken = ""  # what broke beside the claims
        self._stopped: EverylinuxError | None = None  # why no more can be written
        self._interrupted = False  # by the user
        self._told = False
        self._begin()

    def _begin(self) -> None:
        subject = self._plan.distribution
        manifest = subject.manifest
        self._journal.write(
            "run",
            id=self._plan.folder.name,
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            argv=["pytest", *self._config.invocation_params.args],
            engine=self._plan.engine,
            engine_note=self._plan.engine_note,
            machine=machine(),
            version=__version__,
        )
        self._journal.write(
            "distribution",
            root=str(subject.root),
            name=str(manifest.get("name") or (*subject.names, subject.root.name)[0]),
            python=subject.python,
            arch=subject.arch,
            libc=str(manifest.get("libc", "")),
            profile=subject.profile,
            because=subject.because,
            digest=subject.digest,
            components=_components(manifest.get("components")),
            size_bytes=_size(subject.root),
        )

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without xdist: the controller knows what will be judged."""
        if session.items:
            self._cells(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: list[str]) -> None:  # noqa: ANN401, ARG002
        """With xdist: the first worker that has collected tells it."""
        if not self._expected:
            self._cells(ids)

    def _cells(self, nodeids: Iterable[str]) -> None:
        """Write the cells with the number of claims that each will be judged by."""
        self._told = True
        self._expected.update(cell_of(nodeid) for nodeid in nodeids)
        self._write_cell(ARTEFACT, None, {"state": "run", "reason": ""})
        for cell, root in zip(self._plan.cells.values(), self._plan.roots, strict=True):
            about = {"state": "run", "reason": "", "origin": root.origin, "digest": root.digest}
            self._write_cell(cell.id, cell.image, about | _setting(cell))
        for lost in self._plan.not_run:
            python, engine = self._plan.distribution.python, self._plan.engine
            cell = Cell(lost.image, python, engine, lost.kernel, lost.posture)
            about = {"state": "not-run", "reason": lost.reason}
            self._write_cell(cell.id, cell.image, about | _setting(cell))

    def _write_cell(self, name: str, image: Image | None, about: dict[str, str]) -> None:
        row = {
            "distro": image.id if image else "",
            "name": image.name if image else "The artefact itself",
            "release": image.release if image else "",
            "arch": image.arch if image else self._plan.distribution.arch,
            "libc": image.libc if image else "",
            "kernel": image.kernel if image else "",
            "shell": image.shell if image else "",
            "support": image.support if image else "required",
            "eol": image.eol if image else "",
            "origin": "",
            "digest": "",
            "judged_kernel": NATIVE,
            "posture": DEFAULT,
        }
        expected = self._expected[name]
        self._write("cell", id=name, claims_expected=expected, **{**row, **about})

    def _write(self, kind: str, **values: Any) -> None:  # noqa: ANN401 - JSON values
        """Write a line of the journal; where that is not possible the run ends."""
        if self._stopped:
            return
        try:
            self._journal.write(kind, **values)
        except OSError as error:
            cause = f"cannot write {self._journal.path}: {error.strerror}"
            move = "make room; what was judged until now is kept: everylinux report"
            self._stopped = UsageError(cause, move=f"{move} {self._plan.folder}")
            self._stop(str(self._stopped))

    def _stop(self, why: str) -> None:
        """End the session after the claim that is being judged."""
        for stoppable in (self._session, self._config.pluginmanager.get_plugin("dsession")):
            if stoppable is not None:
                stoppable.shouldstop = why

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Know the session, to be able to stop it."""
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the verdict that a finished phase carries."""
        begun, decided = _payload(report, BEGUN), _payload(report, VERDICT)
        if begun:
            self._begun[report.nodeid] = begun
            report.user_properties = []
        elif decided:
            self._begun.pop(report.nodeid, None)
            self._record(decided)
            outcome = {"verdict": {"outcome": decided["verdict"]["outcome"]}}
            report.user_properties = [(VERDICT, json.dumps(outcome))]  # pytest keeps all reports
        elif report.failed:
            self._died(report)

    def _died(self, report: pytest.TestReport) -> None:
        """A phase failed that carries no verdict: a worker that crashed, a cell not closed."""
        self._broken = " ".join(str(report.longrepr).split())[-300:]
        self._line(f"everylinux: {report.nodeid}: {self._broken}")
        begun = self._begun.pop(report.nodeid, None)
        if begun:
            self._record(begun)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A suite that cannot be read leaves claims unjudged."""
        if report.failed:
            self._broken = f"{report.nodeid} cannot be collected"
            self._line(f"everylinux: {self._broken}: {_last(str(report.longrepr))}")

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell the user's Ctrl-C from pytest's own ways to stop, which derive from it."""
        self._interrupted = excinfo.type is KeyboardInterrupt

    def _record(self, payload: dict[str, Any]) -> None:
        claim, verdict = payload["claim"], payload["verdict"]
        if claim["id"] not in self._claims:
            self._claims.add(claim["id"])
            self._write("claim", **claim)
        self._write("verdict", **verdict)
        for measure in payload["measures"]:
            self._write("measure", cell=verdict["cell"], **measure)
        self._tell(verdict["cell"], verdict["outcome"])

    def _tell(self, cell: str, outcome: str) -> None:
        """One line when a cell is done: progress that also reads well in a log."""
        seen = self._outcomes.setdefault(cell, Counter())
        seen[outcome] += 1
        if seen.total() == self._expected[cell]:
            done = sum(c.total() == self._expected[name] for name, c in self._outcomes.items())
            claims = sum(c.total() for c in self._outcomes.values())
            counts = ", ".join(f"{number} {name}" for name, number in sorted(seen.items()))
            self._line(
                f"[{done}/{len(self._expected)} cells, {claims}/{self._expected.total()} claims]"
                f" {cell}: {counts}"
            )

    def _line(self, text: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.write_line(text)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport | pytest.CollectReport
    ) -> tuple[str, str, str] | None:
        """No dot for each verdict: cells are told as they finish."""
        payload = _payload(report, VERDICT)
        if payload:
            outcome = payload["verdict"]["outcome"]
            verbose = self._config.getoption("verbose", default=0) > 0
            return outcome, "", outcome.upper() if verbose else ""
        return None if report.failed else ("", "", "")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report and decide the exit code by it."""
        if not self._told:  # stopped before anything was collected
            self._cells(())
        self._write(
            "end",
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            exitstatus=int(exitstatus),
            interrupted=exitstatus == pytest.ExitCode.INTERRUPTED,
        )
        self._journal.close()
        session.exitstatus = self._finish(int(exitstatus))

    def _finish(self, exitstatus: int) -> int:
        """Write the report; the exit code."""
        try:
            report.write(self._plan.folder, strict=self._strict)
        except EverylinuxError as error:
            self._stopped = self._stopped or error
        if self._stopped:
            self._line(f"everylinux: {self._stopped}")
        if self._stopped or self._interrupted:
            return USAGE
        code, _ = report.exit_code(report.load(self._plan.folder), strict=self._strict)
        stopped = exitstatus not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        return UNKNOWN if code == 0 and (self._broken or stopped) else code

    def pytest_terminal_summary(self) -> None:
        """Show the table, the failures with their remedies, and where the report lies."""
        found = report.load(self._plan.folder)
        report.show(found, self._plan.folder, sys.stdout, strict=self._strict)


def _setting(cell: Cell) -> dict[str, str]:
    return {"judged_kernel": cell.kernel, "posture": cell.posture}


def _payload(
    report: pytest.TestReport | pytest.CollectReport, wanted: str
) -> dict[str, Any] | None:
    """What the plugin attached to a phase."""
    for name, text in getattr(report, "user_properties", ()):
        if name == wanted:
            payload: dict[str, Any] = json.loads(str(text))
            return payload
    return None


def _last(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no reason is given"


def _components(found: object) -> list[dict[str, str]]:
    rows = found if isinstance(found, list) else []
    return [
        {"name": str(row.get("name", "")), "version": str(row.get("version", ""))}
        for row in rows
        if isinstance(row, dict)
    ]


def _size(root: Path) -> int:
    return sum(p.lstat().st_size for p in root.rglob("*") if p.is_file() and not p.is_symlink())
