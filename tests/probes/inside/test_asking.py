"""The probes of known answers tell a wrong subject from a probe that cannot ask."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from everylinux.probes.base import INSIDE
from everylinux.probes.registry import CELL_PROBES, STATIC_PROBES

PROBE = """
import sys
ASKERS = {{"asked": lambda: {body}}}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
"""


def _gather(folder: Path, body: str) -> dict[str, Any]:
    """Run a probe of one question under this Python; its section's row."""
    for name in ("runner.py", "asking.py"):
        (folder / name).write_text((INSIDE / name).read_text())
    (folder / "question.py").write_text(PROBE.format(body=body))
    target = folder / "found.json"
    command = [sys.executable, "-I", "-B", str(folder / "runner.py"), "question", str(target)]
    subprocess.run(command, check=True, timeout=60)
    row: dict[str, Any] = json.loads(target.read_text())["asked"]
    return row


def test_an_answer_is_a_value(tmp_path: Path) -> None:
    """What the subject answers stands under `answer`."""
    assert _gather(tmp_path, "{'sum': 1 + 1}") == {"value": {"answer": {"sum": 2}}}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("__import__('no_such_module')", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("__import__('os').kill(__import__('os').getpid(), 11)", "died, signal 11"),
        ("__import__('os')._exit(3)", "ended with status 3"),
    ],
)
def test_a_failing_subject_is_a_fact(tmp_path: Path, body: str, text: str) -> None:
    """An exception, a crash and an early end of the subject are its failures, not the probe's."""
    assert _gather(tmp_path, body)["value"]["failed"].startswith(text)


@pytest.mark.parametrize(
    "body",
    [
        "misspelt",
        "(_ for _ in ()).throw(MemoryError())",
        "(_ for _ in ()).throw(OSError(28, 'No space left on device'))",
    ],
)
def test_a_probe_that_cannot_ask_is_broken(tmp_path: Path, body: str) -> None:
    """The probe's own mistake, no memory and a full disk break the section: unknown, not failed."""
    row = _gather(tmp_path, body)
    assert "value" not in row
    assert row["error"].startswith("CannotAskError")


def test_no_two_probes_share_a_section() -> None:
    """Every fact has one origin."""
    sections = [name for probe in CELL_PROBES for name in probe.sections]
    sections += [name for probe in STATIC_PROBES for name in probe.sections]
    assert len(sections) == len(set(sections))


@pytest.mark.parametrize("name", ["answers", "answers_system", "answers_libraries", "sqlite"])
def test_registered_sections_are_the_files(name: str) -> None:
    """The registry names exactly the sections that a probe's file has, in its order."""
    text = (INSIDE / f"{name}.py").read_text().rpartition("ASKERS = {")[2].partition("\n}")[0]
    found = tuple(line.split('"')[1] for line in text.splitlines() if '"' in line)
    assert next(probe.sections for probe in CELL_PROBES if probe.name == name) == found


def test_a_second_python_is_asked(tmp_path: Path) -> None:
    """Imports are tried in fresh children of any Python: a missing module is no entry at all."""
    target = tmp_path / "found.json"
    command = [sys.executable, "-I", "-B", str(INSIDE / "runner.py"), "imports", str(target)]
    subprocess.run(command, check=True, timeout=120)
    found = json.loads(target.read_text())["imports"]["value"]
    assert {"json", "asyncio.events", "_socket"} <= set(found["imported"])
    assert found["failed"]["winreg"].startswith("ModuleNotFoundError")
    assert "no_such_module" not in found["failed"]
