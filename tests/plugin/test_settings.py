"""`--kernel` and `--posture` from the command line to the report."""

from __future__ import annotations

import pytest

from everylinux.engines.bubblewrap import Bubblewrap
from tests.plugin.project import Project

CONDITIONS = """
- {kernels: [floor], claims: [TRY-003], why: it is about time}
"""


def test_what_an_engine_refuses_is_a_cell_that_did_not_run(project: Project) -> None:
    """It is in the report by its own name and with the reason, and is no pass."""
    done = project.pytest("--distro", "one", "--kernel", "native,2.6.32", "--posture", "*shm")
    cells = {cell["id"]: cell for cell in done.report["cells"]}
    names = ["one-x86_64-3.13+no-shm", "one-x86_64-3.13@2.6.32+no-shm"]

    assert sorted(set(cells) - {"artefact"}) == names
    assert {cells[name]["state"] for name in names} == {"not-run"}
    assert cells[names[1]]["reason"] == "fake: a recording has no 2.6.32"
    assert (cells[names[1]]["judged_kernel"], cells[names[1]]["posture"]) == ("2.6.32", "no-shm")
    assert done.code == 3


def test_a_claim_that_is_not_judged_there_is_skipped_with_the_reason(project: Project) -> None:
    """Under the floor only; facts of each kernel are gathered by themselves."""
    reason = Bubblewrap().unavailable()
    if reason:
        pytest.skip(reason)
    (project.home / "suites/conditions.yaml").write_text(CONDITIONS)
    done = project.pytest("--distro", "one", "--kernel", "native,2.6.32", engine="bubblewrap")
    native, floor = "one-x86_64-3.13", "one-x86_64-3.13@2.6.32"

    assert done.code == 0, done.out + done.err
    assert sorted(project.gathered) == [native, floor]
    assert {key: outcome for key, outcome in done.verdicts.items() if key[0] != "TRY-001"} == {
        ("TRY-002", native): "passed",
        ("TRY-003", native): "passed",
        ("TRY-002", floor): "passed",
        ("TRY-003", floor): "skipped",
    }
    assert done.reasons["TRY-003", floor] == "2.6.32: it is about time"
    assert "@2.6.32" in done.out
