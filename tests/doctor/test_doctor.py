"""`everylinux doctor` as a user calls it, and how its checks run."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from typing import TYPE_CHECKING

from click.testing import CliRunner

from everylinux.cli import main
from everylinux.doctor import host, kernel, parts
from everylinux.doctor.finding import Finding, State, run_checks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEYS = {"area", "name", "state", "detail", "cost", "remedy"}


def ok(area: str, name: str = "x") -> Finding:
    return Finding(area, name, State.OK)


def test_json_schema() -> None:
    """The JSON says whether conform can run, and each row has the same six text fields."""
    done = subprocess.run(
        [sys.executable, "-m", "everylinux", "doctor", "--json"],
        capture_output=True,
        check=False,
        timeout=30,
    )
    document = json.loads(done.stdout)

    assert document["schema"] == 1
    assert done.returncode == (0 if document["conform"] else 2)
    assert {row["state"] for row in document["findings"]} <= set(State)
    for row in document["findings"]:
        assert set(row) == KEYS
        assert all(isinstance(value, str) for value in row.values())
        assert row["state"] == "ok" or row["cost"], row


def test_table_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table shows state, cost and next move, and a missing tool chain ends with status 2."""
    gone = Finding("tools", "gcc", State.MISSING, "not on PATH", "no build", "./bootstrap")
    monkeypatch.setattr(parts, "all_checks", lambda: {"tools.tool chain": lambda: [gone]})

    done = CliRunner().invoke(main, ["doctor"])

    assert done.exit_code == 2
    for word in ("missing", "tools: gcc", "no build", "./bootstrap", "cannot run here"):
        assert word in done.output


def test_markup_from_outside_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tool printed is shown as it is, never read as the table's own markup."""
    row = Finding("kernel", "x", State.UNKNOWN, "[red]boo[/nope]", "c")
    monkeypatch.setattr(parts, "all_checks", lambda: {"kernel.x": lambda: [row]})

    assert "[red]boo[/nope]" in CliRunner().invoke(main, ["doctor"]).output


def test_a_hanging_check_is_unknown_and_holds_nobody_up() -> None:
    """A check without an answer in time is one unknown row; the others keep order and answers."""
    release = threading.Event()
    checks = {
        "kernel.slow": lambda: [ok("kernel")] if release.wait(60) else [],
        "space.fast": lambda: [ok("space")],
    }
    began = time.monotonic()

    findings = run_checks(checks, 0.3)
    release.set()

    assert time.monotonic() - began < 5
    assert [finding.state for finding in findings] == [State.UNKNOWN, State.OK]
    assert findings[0].name == "slow"
    assert "0.3 s" in findings[0].detail


def test_a_broken_check_is_unknown() -> None:
    """An exception in a check is its row's detail, on one line."""

    def broken() -> list[Finding]:
        message = "no\nsuch thing"
        raise OSError(message)

    (finding,) = run_checks({"space.disk": broken}, 5)

    assert finding == Finding(
        "space", "disk", State.UNKNOWN, "OSError: no such thing", "cannot tell"
    )


def test_each_missing_tool_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an empty PATH every tool is missing, with what it is for; with all of them, one row."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {row.name for row in host.tools()} == set(host.TOOLS)
    assert all(row.state is State.MISSING and row.cost for row in host.tools())

    for name in host.TOOLS:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert [row.state for row in host.tools()] == [State.OK]


def test_a_full_disk_is_degraded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte below the need is degraded, the need itself is enough."""
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - as shutil's own
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, host.DISK_NEED - 1))
    assert host.disk()[0].state is State.DEGRADED

    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, host.DISK_NEED))
    assert host.disk()[0].state is State.OK


def test_silent_hosts_are_degraded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upstream that refuses the connection costs a provider and names the others."""

    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.create_connection", refuse)
    (finding,) = host.upstream_sources()

    assert finding.state is State.DEGRADED
    assert "debian" in finding.remedy


def test_cgroup_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """v1, hybrid and v2 are told apart, and a missing controller is named."""
    monkeypatch.setattr(kernel, "CGROUPS", tmp_path)
    (tmp_path / "memory").mkdir()
    assert (kernel.cgroups()[0].state, kernel.cgroups()[0].detail) == (
        State.DEGRADED,
        "v1, without pids",
    )
    (tmp_path / "pids").mkdir()
    (tmp_path / "unified").mkdir()
    assert kernel.cgroups()[0].detail.startswith("hybrid, with")
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    assert kernel.cgroups()[0].detail.startswith("v2, with")


def test_kvm_that_hangs_is_degraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that opens and then hangs is found out by the time limit."""
    hanging = tmp_path / "hang.py"
    hanging.write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(kernel, "KVM_PROOF", hanging)
    monkeypatch.setattr(kernel, "TRY_SECONDS", 0.2)
    monkeypatch.setattr("pathlib.Path.exists", lambda _: True)

    assert kernel.kvm()[0].state is State.DEGRADED
    assert "hangs" in kernel.kvm()[0].detail


def test_conform_needs_engine_images_and_tools() -> None:
    """Each of the three alone stops it; a missing browser does not."""
    good = [ok("engines"), ok("images"), ok("tools")]

    assert parts.can_conform([*good, Finding("report", "browser", State.MISSING)])
    assert not parts.can_conform(good[1:])
    assert not parts.can_conform([*good, Finding("tools", "gcc", State.MISSING)])
    assert not parts.can_conform([*good, Finding("images", "matrix", State.MISSING)])


def test_unknown_command_is_a_usage_error() -> None:
    """A command that is not there exits 2 and says so."""
    done = CliRunner().invoke(main, ["dcotor"])

    assert done.exit_code == 2
    assert "dcotor" in done.output
