"""The same verdicts with any number of workers and any scheduler; each fact gathered once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

from everylinux.dist_option import OPTION
from tests.plugin.project import CLAIMS, Project

CELLS = ["one-x86_64-3.13", "three-x86_64-3.13", "two-x86-3.13", "two-x86_64-3.13"]
KILLS = """
@claim(4)
def test_kills(facts, cell):
    "It ends the process that judges it, in one cell."
    if cell.id == "two-x86-3.13":
        {line}
"""


@pytest.mark.parametrize("arguments", ["-n0", "-n1", "-n2", "-n3"])
def test_any_number_of_workers(project: Project, arguments: str) -> None:
    """Nine verdicts in five cells, four gatherings."""
    done = project.pytest(arguments, GATHER_SECONDS="0.2")
    assert done.code == 0, done.out
    assert len(done.verdicts) == 9
    assert sorted(project.gathered) == CELLS


@pytest.mark.parametrize("mode", ["load", "loadscope", "loadfile", "loadgroup", "worksteal"])
def test_any_scheduler_of_xdist(project: Project, mode: str) -> None:
    """`--dist MODE` still means xdist's, beside a `--dist PATH` of ours."""
    done = project.pytest(f"--dist={mode}", "-n", "2", GATHER_SECONDS="0.2")
    assert done.code == 0, done.out
    assert len(done.verdicts) == 9
    assert sorted(project.gathered) == CELLS


def test_a_mode_of_xdist_reaches_it(project: Project) -> None:
    """In mode `each` every worker judges everything; with `no` there are no workers."""
    project.hook(
        "\ndef pytest_terminal_summary(config):\n    print('mode', config.getvalue('dist'))\n"
    )
    assert "mode loadscope" in project.pytest("--dist=loadscope", "-n", "2").out
    each = project.pytest("--dist", "each", "-n", "2")
    assert (each.code, len(each.verdicts)) == (0, 9)
    assert "mode each" in each.out


def test_without_xdist_the_option_stays(project: Project) -> None:
    """`-p no:xdist` loses the workers, not the subject."""
    argv = project.argv()
    argv[3:3] = ["-p", "no:xdist"]
    assert project.command(argv).code == 0
    assert OPTION in argv


def test_cells_stay_on_one_worker(project: Project) -> None:
    """By default a cell is opened by one worker only."""
    project.claims(
        CLAIMS
        + """
@claim(4)
def test_worker(facts, evidence):
    "Who judges."
    evidence["worker"] = os.environ["PYTEST_XDIST_WORKER"]

@claim(5)
def test_worker_again(facts, evidence):
    "Who judges."
    evidence["worker"] = os.environ["PYTEST_XDIST_WORKER"]
"""
    )
    done = project.pytest("-n", "2")
    workers: dict[str, set[str]] = {}
    for verdict in done.report["verdicts"]:
        if "worker" in verdict["evidence"]:
            workers.setdefault(verdict["cell"], set()).add(verdict["evidence"]["worker"])
    assert sorted(workers) == CELLS
    assert {len(found) for found in workers.values()} == {1}


@pytest.mark.parametrize("line", ["os._exit(1)", "os.kill(os.getpid(), 9)"])
def test_a_worker_that_dies(project: Project, line: str) -> None:
    """Its claim is unknown, all others are judged by another worker: 3."""
    project.claims(CLAIMS + KILLS.format(line=line))
    done = project.pytest("-n", "2")
    assert done.code == 3, done.out
    unknown = [key for key, outcome in done.verdicts.items() if outcome != "passed"]
    assert unknown == [("TRY-004", "two-x86-3.13")]
    assert done.reasons[unknown[0]] == "the process that judged it died"
    assert len(done.verdicts) == 13
    assert "crashed while running" in done.out


def test_workers_that_die_again_and_again(project: Project) -> None:
    """The run ends, with 3 and what is missing counted; never a pass."""
    project.claims(
        CLAIMS
        + """
@claim(4)
def test_kills(facts):
    "It ends the process that judges it."
    os._exit(1)
"""
    )
    done = project.pytest("-n", "1", "--max-worker-restart", "1")
    assert done.code == 3, done.out
    summary = done.report["summary"]
    assert summary["missing"] > 0
    assert summary["expected"] == 13


def test_the_journal_has_whole_lines(project: Project) -> None:
    """Each line is one JSON object; the kinds come in their order."""
    done = project.pytest("-n", "2")
    assert done.folder is not None
    rows = [json.loads(line) for line in (done.folder / "journal.jsonl").read_text().splitlines()]
    kinds = [row["kind"] for row in rows]
    assert kinds[:2] == ["run", "distribution"]
    assert kinds[-1] == "end"
    assert (kinds.count("cell"), kinds.count("claim"), kinds.count("verdict")) == (5, 3, 9)
    assert max(i for i, kind in enumerate(kinds) if kind == "cell") < kinds.index("verdict")


def test_progress_in_a_log(project: Project) -> None:
    """Where there is no terminal: a line for each cell, then the table, no control characters."""
    done = project.pytest()
    lines = done.out.splitlines()
    assert lines[0] == "[1/5 cells, 2/9 claims] one-x86_64-3.13: 2 passed"
    assert lines[4] == "[5/5 cells, 9/9 claims] artefact: 1 passed"
    assert "\x1b" not in done.out
    assert "[100%]" not in done.out
    assert any(line.startswith("report: ") for line in lines)


def test_progress_on_a_terminal_of_80_columns(project: Project) -> None:
    """Nothing but the report's path is wider."""
    if shutil.which("script") is None:
        pytest.skip("no script(1) to make a terminal")
    command = " ".join(project.argv("-n", "2"))
    done = subprocess.run(
        ["script", "-qec", f"stty cols 80 rows 24; {command}", "/dev/null"], cwd=project.home,
        env=project.environment(TERM="xterm"), capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    plain = subprocess.run(
        [sys.executable, "-c", STRIP], input=done.stdout, capture_output=True, text=True, check=True
    ).stdout
    assert "[5/5 cells, 9/9 claims]" in plain
    wide = [line for line in plain.splitlines() if len(line) > 80]
    assert all(str(project.reports)[:20] in line for line in wide), wide


STRIP = r"""
import re, sys
sys.stdout.write(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stdin.read()).replace("\r", "\n"))
"""


@pytest.mark.slow
def test_the_controller_stays_small(project: Project) -> None:
    """30 cells of 150 claims: the controller needs less than 300 MB."""
    rows = "".join(
        f'  d{n}: {{name: D, release: "{n}", support: required, arch: {{x86_64: {{}}}}}}\n'
        for n in range(30)
    )
    (project.home / "matrix.yaml").write_text(f"version: 1\nca_layouts: {{}}\ndistros:\n{rows}")
    for number in range(30):
        project.tarball(f"d{number}-x86_64")
    project.claims(
        "".join(
            f"""
@claim({number})
def test_{number}(facts, evidence):
    "Claim {number}."
    evidence["found"] = ["x" * 20] * 100
    assert facts["tiny.status"] == 71
"""
            for number in range(150)
        )
    )
    project.hook(PEAK)
    done = project.pytest("-n", "2")
    assert done.code == 0, done.out[-2000:]
    assert len(done.verdicts) == 4500
    peak = int(next(line for line in done.err.splitlines() if "peak" in line).split()[1])
    sys.stdout.write(f"controller: {peak / 2**20:.0f} MB\n")
    assert peak < 300 << 20


# Not ru_maxrss: that counts what the process was before exec, our own pytest's copy, too.
PEAK = """
import sys

def pytest_unconfigure(config):
    if not hasattr(config, "workerinput"):
        with open("/proc/self/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        print("peak", peak * 1024, file=sys.__stderr__)
"""
