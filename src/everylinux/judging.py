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
from everylinux.journal import Journal, machine
from everylinux.model import Image
from everylinux.planning import Plan

VERDICT = "everylinux.verdict"
USAGE, UNKNOWN = 2, 3
PYTEST_EXITS = {
    pytest.ExitCode.INTERRUPTED: USAGE,  # Ctrl-C: what was judged is in the report
    pytest.ExitCode.INTERNAL_ERROR: UNKNOWN,
    pytest.ExitCode.USAGE_ERROR: USAGE,
}


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
            name=str(manifest.get("name", subject.root.name)),
            python=subject.python,
            arch=subject.arch,
            libc=str(manifest.get("libc", "")),
            profile=subject.profile,
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
        self._expected.update(_cell_of(nodeid) for nodeid in nodeids)
        self._write_cell(ARTEFACT, None, {"state": "run", "reason": ""})
        for name, root in self._plan.root_of.items():
            about = {"state": "run", "reason": "", "origin": root.origin, "digest": root.digest}
            self._write_cell(name, root.image, about)
        for missing in self._plan.not_run:
            image = missing.image
            name = f"{image.id}-{image.arch}-{self._plan.distribution.python}"
            self._write_cell(name, image, {"state": "not-run", "reason": missing.reason})

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
        }
        expected = self._expected[name]
        self._journal.write("cell", id=name, claims_expected=expected, **{**row, **about})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write the verdict that a finished phase carries."""
        payload = _payload(report)
        if payload:
            self._record(payload)

    def _record(self, payload: dict[str, Any]) -> None:
        claim, verdict = payload["claim"], payload["verdict"]
        if claim["id"] not in self._claims:
            self._claims.add(claim["id"])
            self._journal.write("claim", **claim)
        self._journal.write("verdict", **verdict)
        for measure in payload["measures"]:
            self._journal.write("measure", cell=verdict["cell"], **measure)
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
        payload = _payload(report)
        if payload:
            outcome = payload["verdict"]["outcome"]
            return outcome, "", outcome.upper()
        return None if report.failed else ("", "", "")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Write the report and decide the exit code by it."""
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        self._journal.write(
            "end",
            finished=datetime.now(UTC).isoformat(timespec="seconds"),
            exitstatus=int(exitstatus),
            interrupted=interrupted,
        )
        self._journal.close()
        report.write(self._plan.folder, strict=self._strict)
        code, _ = report.exit_code(report.load(self._plan.folder), strict=self._strict)
        session.exitstatus = PYTEST_EXITS.get(pytest.ExitCode(exitstatus), code)

    def pytest_terminal_summary(self) -> None:
        """Show the table, the failures with their remedies, and where the report lies."""
        report.show(report.load(self._plan.folder), self._plan.folder, sys.stdout)


def _payload(report: pytest.TestReport | pytest.CollectReport) -> dict[str, Any] | None:
    """What the plugin attached to a phase, if it decided a claim."""
    for name, text in getattr(report, "user_properties", ()):
        if name == VERDICT:
            payload: dict[str, Any] = json.loads(str(text))
            return payload
    return None


def _cell_of(nodeid: str) -> str:
    return nodeid.rpartition("[")[2].rstrip("]") if "[" in nodeid else ARTEFACT


def _components(found: object) -> list[dict[str, str]]:
    rows = found if isinstance(found, list) else []
    return [
        {"name": str(row.get("name", "")), "version": str(row.get("version", ""))}
        for row in rows
        if isinstance(row, dict)
    ]


def _size(root: Path) -> int:
    return sum(p.lstat().st_size for p in root.rglob("*") if p.is_file() and not p.is_symlink())
