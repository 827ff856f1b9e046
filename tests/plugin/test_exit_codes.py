"""What the exit code says: 0 passed, 1 a claim failed, 2 misuse, 3 unknown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.plugin.project import CLAIMS, Project

FAILS_IN = """
@claim(4)
def test_fails(facts, cell):
    "It does not hold in one cell."
    assert facts["tiny.status"] == 71
    assert cell.id != {!r}
"""
BROKEN = """
@claim({number})
def test_{number}(facts, evidence):
    "It breaks."
    {line}
"""


def test_all_claims_hold(project: Project) -> None:
    """0, with every verdict, every cell and every format of the report."""
    done = project.pytest()
    assert done.code == 0
    assert len(done.verdicts) == 9
    assert set(done.verdicts.values()) == {"passed"}
    assert done.folder is not None
    assert (project.reports / "latest").resolve() == done.folder
    names = {path.name for path in done.folder.iterdir() if path.is_file()}
    assert names == {"journal.jsonl", "report.json", "report.html", "report.md", "junit.xml"}


@pytest.mark.parametrize(("cell", "code"), [("two-x86-3.13", 1), ("three-x86_64-3.13", 0)])
def test_a_claim_fails(project: Project, cell: str, code: int) -> None:
    """1 in a required cell; in another it is counted and shown."""
    project.claims(CLAIMS + FAILS_IN.format(cell))
    done = project.pytest()
    assert done.code == code
    assert [key for key, outcome in done.verdicts.items() if outcome == "failed"] == [
        ("TRY-004", cell)
    ]
    assert "It does not hold in one cell." in done.out
    assert ("1 claim failed in cells that are not required" in done.out) == (code == 0)


def test_a_probe_that_breaks_makes_claims_unknown(project: Project) -> None:
    """3, with the reason; a claim without facts is never a pass."""
    done = project.pytest(GATHER_CODE="raise OSError('out of luck')")
    assert done.code == 3
    assert done.verdicts["TRY-001", "artefact"] == "passed"
    reasons = {reason for key, reason in done.reasons.items() if key[1] != "artefact"}
    assert reasons == {"tiny.status: the probe broke: OSError: out of luck"}
    assert sum(outcome == "unknown" for outcome in done.verdicts.values()) == 8


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("raise RuntimeError('no')", "the claim itself broke: RuntimeError: no"),
        ("facts['nothing']", "nothing: no probe gathers 'nothing'"),
        ("raise SystemExit(0)", "the claim itself broke: SystemExit: 0"),
        ("import warnings; warnings.warn('old')", "the claim itself broke: UserWarning: old"),
        ("evidence.measure('m', 'seconds', [float('nan')])", "m is no number"),
        ("no_such_fixture", "the claim itself broke: NameError"),
    ],
)
def test_a_claim_that_breaks_is_unknown(project: Project, line: str, reason: str) -> None:
    """3; the other claims are judged."""
    project.claims(CLAIMS + BROKEN.format(number=4, line=line))
    done = project.pytest("--distro", "one")
    assert done.code == 3
    assert reason in done.reasons["TRY-004", "one-x86_64-3.13"]
    assert list(done.verdicts.values()).count("passed") == 3


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("evidence['self'] = evidence", {"lost"}),
        ("evidence[b'bytes'] = 1", {"lost"}),
        ("evidence.update({1: 2, 'x': float('inf'), 'y': b'z'})", {"1", "x", "y"}),
        ("evidence['long'] = 'x' * 100_000", {"cut", "text"}),
    ],
)
def test_evidence_that_is_no_json(project: Project, line: str, shown: set[str]) -> None:
    """Whatever a claim notes, its verdict stands and the report can be written."""
    project.claims(CLAIMS + BROKEN.format(number=4, line=line))
    done = project.pytest("--distro", "one")
    assert done.code == 0, done.out + done.err
    (found,) = (v for v in done.report["verdicts"] if v["claim"] == "TRY-004")
    assert set(found["evidence"]) == shown


def test_a_suite_that_cannot_be_read(project: Project) -> None:
    """3: claims are missing that nobody can count; the reason is told."""
    (project.home / "suites/trying/test_other.py").write_text("import no_such_module\n")
    done = project.pytest()
    assert done.code == 3
    assert "test_other.py cannot be collected" in done.out
    assert "no_such_module" in done.out
    assert project.pytest("-n", "1").code == 3


def test_nothing_could_run(project: Project, tmp_path: Path) -> None:
    """3, each cell with its reason; claims on the artefact are judged."""
    (tmp_path / "empty").mkdir()
    done = project.pytest("--rootfs-dir", str(tmp_path / "empty"))
    assert done.code == 3
    assert "exit 3: no cell could run" in done.out
    lost = {row["id"]: row["reason"] for row in done.report["cells"] if row["state"] == "not-run"}
    assert len(lost) == 4
    assert "no one-x86_64.tar* in" in lost["one-x86_64-3.13"]
    assert done.verdicts == {("TRY-001", "artefact"): "passed"}


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 3)])
def test_a_required_cell_that_could_not_run(
    project: Project, strict: tuple[str, ...], code: int
) -> None:
    """It is in the report with the reason, and with --strict it is a 3."""
    (project.rootfs / "two-x86.tar").unlink()
    done = project.pytest(*strict)
    assert done.code == code
    assert f"exit {code}: " in done.out
    assert ", 1 cannot run" in done.err
    assert "1 cell could not run here, 1 of them required" in done.out
    (lost,) = (row for row in done.report["cells"] if row["state"] == "not-run")
    assert (lost["id"], lost["support"]) == ("two-x86-3.13", "required")
    assert done.report["summary"]["exit_code"] == code


def test_a_selection_that_holds_no_claim(project: Project) -> None:
    """3: nothing was judged."""
    done = project.pytest("-k", "nothing_of_that_name")
    assert done.code == 3
    assert "nothing was judged" in done.out or "no cell could run" in done.out


def test_a_selection(project: Project) -> None:
    """-k and the name of a file or of one test judge what they name."""
    names = ("one-x86_64", "two-x86_64", "two-x86", "three-x86_64")
    wanted = {("TRY-003", f"{name}-3.13") for name in names}
    assert set(project.pytest("-k", "again").verdicts) == wanted
    argv = project.argv("--distro", "one")
    argv[3] = "suites/trying/test_claims.py::test_answer"
    assert set(project.command(argv).verdicts) == {("TRY-002", "one-x86_64-3.13")}


def test_a_profile_decides_what_is_promised(project: Project) -> None:
    """A claim that a profile does not make is skipped, before anything is gathered."""
    project.claims(
        CLAIMS
        + """
@check("TRY-004", source="a test", remedy="none", profiles=("standalone",))
def test_standalone(facts):
    "Only a standalone Python promises this."
    assert facts["tiny.status"] == 0
"""
    )
    done = project.pytest("--distro", "one", "--profile", "relocatable")
    assert done.code == 0
    assert done.verdicts["TRY-004", "one-x86_64-3.13"] == "skipped"
    assert project.pytest("--distro", "one").code == 1


def test_claims_are_listed_without_a_run(project: Project) -> None:
    """--collect-only shows claims and cells; no facts, no report. Nor does --help make one."""
    done = project.pytest("--collect-only", "-q")
    assert (done.code, done.folder, project.gathered) == (0, None, [])
    assert done.out.count("test_answer[") == 4
    assert project.pytest("--help").folder is None
    assert project.pytest("--markers").folder is None


def test_cells_are_listed(project: Project) -> None:
    """--list-cells names each cell, what it is to the contract and where it comes from."""
    (project.rootfs / "two-x86.tar").unlink()
    done = project.pytest("--list-cells")
    assert (done.code, done.err, done.folder) == (0, "", None)
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[:2] for row in rows] == [
        ["one-x86_64", "required"],
        ["three-x86_64", "best-effort"],
        ["two-x86_64", "required"],
        ["two-x86", "required"],
    ]
    assert rows[0][2] == "tarball one-x86_64.tar"
    assert rows[-1][2].startswith("not here: ")


def test_cells_are_listed_without_a_path(project: Project) -> None:
    """Nobody has to name a suite to see the cells; a typo is told as in a run."""
    argv = [*project.argv()[:3], "--list-cells", "--distro=two", f"--rootfs-dir={project.rootfs}"]
    assert project.command(argv).out.count("\n") == 2
    wrong = project.command([*argv, "--distro=zwei"])
    assert (wrong.code, wrong.out) == (2, "")
    assert "no distribution is called 'zwei'" in wrong.line


@pytest.mark.parametrize("how", ["-v", "-q"])
def test_louder_and_quieter(project: Project, how: str) -> None:
    """-v names each claim with its verdict; -q is no louder than the default."""
    done = project.pytest(how)
    assert done.code == 0
    assert ("test_answer[one-x86_64-3.13] PASSED" in done.out) == (how == "-v")
    assert "9 passed" in done.out or how == "-q"


def test_a_tool_that_vanishes_midway(project: Project, tmp_path: Path) -> None:
    """3: the cells that could no longer be opened are unknown, with the reason."""
    found = shutil.which("bwrap")
    if not found:
        pytest.skip("bubblewrap is not installed")
    wrapper = tmp_path / "tools/bwrap"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\nexec {found} "$@"\n')
    wrapper.chmod(0o755)
    vanish = f"os.path.exists({str(wrapper)!r}) and os.unlink({str(wrapper)!r})"
    done = project.pytest(engine="bubblewrap", PATH=str(wrapper.parent), GATHER_CODE=vanish)
    assert done.code == 3, done.out
    assert done.verdicts["TRY-002", "one-x86_64-3.13"] == "passed"
    reason = done.reasons["TRY-002", "two-x86_64-3.13"]
    assert "the probe broke: EngineError: bubblewrap: no bwrap on PATH any more" in reason


def test_an_agent_that_breaks_costs_its_own_facts_only(project: Project) -> None:
    """The next probe gets a cell of its own."""
    text = (project.home / "conftest.py").read_text()
    second = """
class Second(Tiny):
    name, sections = "second", ("second",)

    def gather(self, box):
        return {"second": Section(value=box.run([str(AGENT), "--join"]).status)}

gathering.CELL_PROBES = (Tiny(), Second())
"""
    (project.home / "conftest.py").write_text(text + second)
    project.claims(
        CLAIMS
        + """
@claim(4)
def test_second(facts):
    "The second probe answers."
    assert facts["second"] == 71
"""
    )
    kill = "os.kill(box.process.pid, 9); box.process.wait()"
    done = project.pytest("--distro", "one", engine="bubblewrap", GATHER_CODE=kill)
    assert done.code == 3, done.out
    assert done.verdicts["TRY-002", "one-x86_64-3.13"] == "unknown"
    assert done.verdicts["TRY-004", "one-x86_64-3.13"] == "passed"
