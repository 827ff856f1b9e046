"""The pytest plugin: options, cells as parameters, verdicts to the journal. Hooks, no policy.

Loaded by the checkout's conftest.py; it stays silent unless suites are run. The controller makes
the plan and writes the journal; workers of pytest-xdist get the plan as JSON, so that all have the
same parameters in the same order.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from everylinux import checks, conditions, dist_option, preparing, system
from everylinux.checks import ARTEFACT, Check, Evidence, Expected
from everylinux.facts import Facts
from everylinux.gathering import CellFacts, artefact_facts
from everylinux.images.kernels import ENVIRONMENT as KERNELS
from everylinux.journal import new_run
from everylinux.judging import BEGUN, DIED, VERDICT, Recorder
from everylinux.model import Cell, Outcome, Verdict, as_row
from everylinux.planning import Options, Plan, make_plan
from everylinux.probes import packages
from everylinux.scheduling import LAST, ByCell, area_of, rank

PLAN: pytest.StashKey[Plan] = pytest.StashKey()
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
PASSED_ON = {"--packages": packages.ASKED, "--offline": packages.OFFLINE}
"""Options that a probe knows by a variable."""
INFORMING = (
    "help", "version", "markers", "showfixtures", "show_fixtures_per_test", "cacheshow",
)  # fmt: skip
"""Options of pytest that print something and run nothing."""
EVIDENCE: pytest.StashKey[Evidence] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the options of `pytest suites/`; each default is what most people want."""
    dist_option.share(parser, pluginmanager)
    group = parser.getgroup("everylinux", "everylinux: judge a portable Python on many Linuxes")
    group.addoption(
        "--distro", action="append", default=[], metavar="ID",
        help="distributions of matrix.yaml to judge on; globs and comma lists, repeatable",
    )  # fmt: skip
    group.addoption(
        "--arch", action="append", default=[], metavar="ARCH",
        help="userland architecture of the cells: x86_64, x86; repeatable (default: both)",
    )  # fmt: skip
    group.addoption(
        "--kernel", action="append", default=[], metavar="LIST",
        help="native, declared (the one that each distribution shipped), floors such as 2.6.32 or"
        " 4.4+eperm, or kernels of matrix.yaml (engine qemu); repeatable (default: native)",
    )  # fmt: skip
    group.addoption(
        "--posture", action="append", default=[], metavar="LIST",
        help="default, openshift, no-proc, memory128 ...; globs and comma lists, repeatable",
    )  # fmt: skip
    for name, default, text in (
        ("--python", "", "which build to judge (default: 3.13)"),
        ("--engine", "auto", "bubblewrap, podman, docker, lxc, ... (docs/engines.md), or auto"),
        ("--profile", "", "standalone, relocatable or system (default: by what the tree claims)"),
        ("--report-dir", "reports", "where the run's folder is made"),
        ("--rootfs-dir", "", "a folder of root filesystem tarballs"),
        ("--kernels-dir", "", "a folder of kernels for --engine qemu"),
    ):
        group.addoption(name, default=default, help=text)
    group.addoption("--offline", action="store_true", help="never leave this machine")
    group.addoption(
        "--packages", action="store_true",
        help="also judge much used wheels, fetched once from the index of this machine's pip",
    )  # fmt: skip
    group.addoption("--list-cells", action="store_true", help="list the cells and end")


def _options(config: pytest.Config) -> Options:
    get = config.getoption
    subject = dist_option.subject(config)
    return Options(
        distros=tuple(get("--distro")),
        archs=tuple(get("--arch")),
        python=get("--python"),
        engine=get("--engine"),
        dist=_dist(subject),
        profile=get("--profile"),
        rootfs_dir=Path(get("--rootfs-dir")).absolute() if get("--rootfs-dir") else None,
        offline=get("--offline"),
        kernels=tuple(get("--kernel")),
        postures=tuple(get("--posture")),
    )


def _dist(subject: str) -> Path | None:
    """What --dist names; the word `system` stays a word."""
    if not subject or Path(subject) == system.WORD:
        return system.WORD if subject == str(system.WORD) else None
    return Path(subject).absolute()


def _strict(config: pytest.Config) -> bool:
    """`--strict` is pytest's own option; here it also wants every required cell to have run."""
    return "strict=true" in (config.getoption("override_ini") or [])


def _judges(config: pytest.Config) -> bool:
    """Whether suites are run: a path below `suites` is named, and not just help asked for."""
    if any(config.getoption(name, default=False) for name in INFORMING):
        return False
    suites = config.rootpath / "suites"
    return any(path.resolve().is_relative_to(suites) for path in _named(config))


def _named(config: pytest.Config) -> list[Path]:
    return [config.invocation_params.dir / arg.split("::")[0] for arg in config.args]


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress before pytest's own output


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Make the plan, or end with one clear line and exit 2, before pytest starts anything."""
    if hasattr(config, "workerinput"):
        return None
    if config.getoption("--kernels-dir"):  # the workers find it there, too
        os.environ[KERNELS] = str(Path(config.getoption("--kernels-dir")).absolute())
    for option, variable in PASSED_ON.items():  # to the workers
        if config.getoption(option):
            os.environ[variable] = "1"
    ended: list[int] = []
    with preparing.one_line(_say, ended.append):
        if config.getoption("--list-cells"):
            return _list_cells(_options(config))
        if _judges(config):
            _prepare(config, _options(config))
    return ended[0] if ended else None


def _list_cells(options: Options) -> int:
    for line in preparing.listing(replace(options, offline=True), _say):
        print(line)  # noqa: T201 - what was asked for
    return 0


def _prepare(config: pytest.Config, options: Options) -> None:
    preparing.check_paths(_named(config))
    reports = Path(config.getoption("--report-dir")).absolute()
    if config.option.collectonly:  # the claims are listed, nothing is judged and no run is made
        config.stash[PLAN] = make_plan(options, reports, _say)
        return
    preparing.sweep(_say)
    with new_run(reports) as folder:
        plan = make_plan(options, folder, _say)
        config.stash[RECORDER] = Recorder(plan, config, strict=_strict(config))
    config.stash[PLAN] = plan
    _say(f"everylinux: {plan.summary}")
    if config.getoption("verbose", default=0) <= 0:
        _be_brief(config)


def _be_brief(config: pytest.Config) -> None:
    """Leave the story to our own lines and the table at the end."""
    config.option.reportchars = ""
    config.option.tbstyle = "no"
    config.option.verbose = min(config.getoption("verbose", default=0), -1)


def pytest_configure(config: pytest.Config) -> None:
    """Take the plan from the controller, or start telling the story of the run."""
    worker = getattr(config, "workerinput", None)
    if worker and "everylinux_plan" in worker:
        config.stash[PLAN] = Plan.from_json(worker["everylinux_plan"])
    if RECORDER in config.stash:
        config.pluginmanager.register(config.stash[RECORDER], "everylinux-recorder")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # noqa: ANN401 - xdist has no types
    """Give a worker of xdist the plan."""
    if PLAN in node.config.stash:
        node.workerinput["everylinux_plan"] = node.config.stash[PLAN].to_json()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object | None:  # noqa: ANN401
    """Schedule by cell when suites are run; who names another mode of xdist gets that."""
    by_cell = PLAN in config.stash and config.getvalue("dist") == "load"
    return ByCell(config, log) if by_cell else None


def _check_of(item: object) -> Check | None:
    return getattr(getattr(item, "function", None), "__check__", None)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each cell of each claim about cells."""
    if hasattr(metafunc.function, "__check__") and "cell" in metafunc.fixturenames:
        cells = metafunc.config.stash[PLAN].cells
        metafunc.parametrize("cell", list(cells.values()), ids=list(cells), scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Cell by cell, then the artefact; without cells none of the claims on them."""
    if PLAN in config.stash:
        if not config.stash[PLAN].roots:  # pytest makes one skipped test where there is no value
            items[:] = [item for item in items if "cell" not in getattr(item, "fixturenames", ())]
        order = {name: number for number, name in enumerate([*config.stash[PLAN].cells, ARTEFACT])}
        items.sort(key=lambda item: (order[_cell_id(item)], rank(item.nodeid)))


def _cell(item: pytest.Item) -> Cell | None:
    callspec = getattr(item, "callspec", None)
    cell = callspec.params.get("cell") if callspec else None
    return cell if isinstance(cell, Cell) else None


def _cell_id(item: pytest.Item) -> str:
    cell = _cell(item)
    return cell.id if cell else ARTEFACT


@pytest.fixture(scope="session")
def facts(request: pytest.FixtureRequest, cell: Cell) -> Iterator[Facts]:
    """The facts of the test's cell; the cell is opened at the first and closed after the last."""
    with CellFacts(request.config.stash[PLAN], cell) as owner:
        owner.ahead(_waited_for(request.session.items, cell))
        yield owner.facts


def _waited_for(items: Iterable[pytest.Item], cell: Cell) -> list[str]:
    """Areas that this cell is judged by whose probes wait; each worker begins with another one."""
    mine = (item for item in items if _cell(item) == cell and not _why_not(item))
    judged = {area_of(item.nodeid) for item in mine}
    areas = [area for area in LAST if area in judged]
    turn = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % (len(areas) or 1)
    return areas[turn:] + areas[:turn]


@pytest.fixture(scope="session")
def artefact(request: pytest.FixtureRequest) -> Facts:
    """The facts of the distribution's own files."""
    return artefact_facts(request.config.stash[PLAN])


@pytest.fixture(scope="session")
def expected(request: pytest.FixtureRequest) -> Expected:
    """What the specification, the lock and the tables expect."""
    plan = request.config.stash[PLAN]
    return Expected.of(plan.distribution, plan.project)


@pytest.fixture
def evidence(request: pytest.FixtureRequest) -> Evidence:
    """What the report shows beside the verdict."""
    made = Evidence()
    request.node.stash[EVIDENCE] = made
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a claim that is not made for the profile or the cell, before anything is gathered."""
    why = _why_not(item)
    if why:
        pytest.skip(why)


def _why_not(item: pytest.Item) -> str:
    """Why a claim is not made for the profile or the cell; "" if it is."""
    check = _check_of(item)
    if not check or PLAN not in item.config.stash:
        return ""
    plan, cell = item.config.stash[PLAN], _cell(item)
    why = checks.applies(check.claim, plan.distribution.profile)
    if why or not cell:
        return why
    table = conditions.load(plan.project / "suites" / conditions.FILE)
    return conditions.why_not(check.claim.id, cell, table)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the verdict to the phase that decided it, and to the one before whose it will be."""
    report = yield
    check = _check_of(item)
    if check and (call.when == "call" or (call.when == "setup" and call.excinfo)):
        verdict = _verdict(item, check, call)
        report.user_properties.append(_property(VERDICT, item, check, verdict))
        if verdict.outcome in {Outcome.FAILED, Outcome.UNKNOWN}:
            report.longrepr = f"{verdict.claim} {verdict.outcome}: {verdict.reason}"
    elif check and call.when == "teardown" and EVIDENCE in item.stash:
        del item.stash[EVIDENCE]  # pytest keeps all items
    elif check and call.when == "setup":
        died = Verdict(check.claim.id, _cell_id(item), Outcome.UNKNOWN, 0.0, DIED)
        report.user_properties.append(_property(BEGUN, item, check, died))
    return report


def _property(name: str, item: pytest.Item, check: Check, verdict: Verdict) -> tuple[str, str]:
    payload = {
        "claim": as_row(check.claim),
        "verdict": as_row(verdict),
        "measures": [as_row(m) for m in _evidence_of(item).measures],
    }
    return name, json.dumps(payload)  # as execnet carries it


def _verdict(item: pytest.Item, check: Check, call: pytest.CallInfo[None]) -> Verdict:
    error = call.excinfo.value if call.excinfo else None
    outcome, reason = checks.classify(error)
    shown = checks.bounded(_evidence_of(item))
    return Verdict(check.claim.id, _cell_id(item), outcome, call.duration, reason, shown)


def _evidence_of(item: pytest.Item) -> Evidence:
    return item.stash[EVIDENCE] if EVIDENCE in item.stash else Evidence()
