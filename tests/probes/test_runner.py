"""A section of a probe that crashes, hangs or floods is one broken section, never the end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from everylinux.probes.base import INSIDE

PROBE = """
import os, sys, time

SECONDS = 1.0

def raises(arguments):
    raise ValueError("no")

def leaves(arguments):
    sys.exit(3)

SECTIONS = {
    "crashes": lambda arguments: os.abort(),
    "hangs": lambda arguments: time.sleep(60),
    "hangs_with_a_child": lambda arguments: os.system("sleep 60"),
    "ends": lambda arguments: os._exit(3),
    "leaves": leaves,
    "raises": raises,
    "is_no_json": lambda arguments: object(),
    "floods": lambda arguments: "x" * (17 << 20),
    "prints": lambda arguments: (print("{"), os.write(1, b"{"), os.write(2, b"{"), "fine")[-1],
    "reads": lambda arguments: sys.stdin.read(),
    "sees": lambda arguments: list(arguments),
}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the runner wrote of a hostile probe."""
    folder = tmp_path_factory.mktemp("inside")
    shutil.copy(INSIDE / "runner.py", folder)
    (folder / "hostile.py").write_text(PROBE)
    target = folder / "result.json"
    argv = [sys.executable, "-I", "-B", str(folder / "runner.py"), "hostile", str(target), "a", "b"]
    done = subprocess.run(argv, check=True, capture_output=True, timeout=30)
    assert (done.stdout, done.stderr) == (b"", b"")
    result: dict[str, Any] = json.loads(target.read_text())
    return result


@pytest.mark.parametrize(
    ("section", "why"),
    [
        ("crashes", "died, signal 6"),
        ("hangs", "stopped after 1 seconds"),
        ("hangs_with_a_child", "stopped after 1 seconds"),
        ("ends", "ended with status 3 and no result"),
        ("leaves", "SystemExit: 3"),
        ("raises", "ValueError: no"),
        ("is_no_json", "TypeError: Object of type object is not JSON serializable"),
        ("floods", "more than 16777216 bytes"),
    ],
)
def test_a_broken_section_says_how_it_broke(found: dict[str, Any], section: str, why: str) -> None:
    """Each way to break has its own words."""
    assert found[section]["error"].startswith(why)


def test_a_sound_section_keeps_its_value(found: dict[str, Any]) -> None:
    """Results have their own channel: what a section prints is not one."""
    assert found["prints"] == {"value": "fine"}
    assert found["reads"] == {"value": ""}
    assert found["sees"] == {"value": ["a", "b"]}


def test_no_child_outlives_its_section(found: dict[str, Any]) -> None:
    """The child of a section that hung is killed with it."""
    assert found
    listed = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True)
    assert "sleep 60" not in listed.stdout.splitlines()
