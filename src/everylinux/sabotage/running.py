"""Runs the faults in a few processes: each takes a copy, breaks it, and judges it.

Processes are forked after the good tree's files were judged, so that what was parsed once is known
to all. No cell is opened before the fork: its threads would not be in the children.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from everylinux.checks import Expected
from everylinux.distribution import resolve
from everylinux.engines.registry import choose
from everylinux.errors import EverylinuxError
from everylinux.model import Distribution, Section
from everylinux.places import variants_root
from everylinux.probes.registry import CELL_PROBES
from everylinux.probes.static import child
from everylinux.sabotage import copying, judging
from everylinux.sabotage.copying import Workshop
from everylinux.sabotage.judging import Judgement, Place
from everylinux.sabotage.registry import FAULTS, Fault
from everylinux.sabotage.results import Result, State, compare

PR_SET_PDEATHSIG = 1  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class Bench:
    """What every judgement of a run shares."""

    good: Distribution  # of the workshop
    expected: Expected
    place: Place
    shop: Workshop
    state: Mapping[str, tuple[int, int, int]]  # of the good tree, before any fault


@dataclass(frozen=True, slots=True)
class Task:
    """A fault with what its judgement is compared with."""

    bench: Bench
    name: str  # of the fault: functions that are made in others cannot be sent
    before: Judgement

    @property
    def fault(self) -> Fault:
        """The fault itself."""
        return FAULTS[self.name]


@contextmanager
def pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that leave Ctrl-C to their parent; what waits when it comes is dropped."""
    fork = get_context("fork")
    made = ProcessPoolExecutor(workers, mp_context=fork, initializer=_begin)
    try:
        yield made
    finally:
        made.shutdown(cancel_futures=True)


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A parent that was ended by a signal tells its processes nothing, and they wait for work for
    # ever: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    child._shared.cache_clear()  # noqa: SLF001 - the reader that was forked along is the parent's


def engine(name: str) -> str:
    """Choose an engine, in a process of the pool; "" and why not are one text after a colon."""
    try:
        return choose(name).name
    except EverylinuxError as error:
        return f":{error}"


def sections(bench: Bench, names: Sequence[str]) -> dict[str, Section]:
    """Some sections of the good tree."""
    return judging.cell(bench.good, bench.place, names)


def baseline(made: ProcessPoolExecutor, bench: Bench) -> Judgement:
    """The good tree judged by everything, its probes spread over the processes."""
    jobs = [made.submit(sections, bench, probe.sections) for probe in CELL_PROBES]
    found: dict[str, Section] = {}
    for job in jobs:
        found |= job.result()
    return judging.judge(bench.good, bench.expected, found)


def once(bench: Bench) -> Judgement:
    """The good tree judged by everything, in this process."""
    found = judging.cell(bench.good, bench.place, judging.ALL)
    return judging.judge(bench.good, bench.expected, found)


def attempt(task: Task) -> Result:
    """One fault from its copy to its result; whatever breaks is told as the fault's result."""
    started = time.perf_counter()
    why = _impossible(task)
    if why:
        return Result(task.fault.name, State.SKIPPED, reason=why)
    try:
        found = _judged(task)
    except Exception as error:  # noqa: BLE001 - one fault that does not work is not the end
        why = f"{type(error).__name__}: {error}"[:300]
        return Result(task.fault.name, State.BROKEN, reason=why)
    return compare(task.fault, found, task.before, time.perf_counter() - started)


def _impossible(task: Task) -> str:
    """Why a fault cannot be tried here; "" if it can."""
    lacking = [name for name in task.fault.needs if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not on PATH"
    if task.fault.root and os.geteuid() != 0:
        return "only root can do this to a tree"
    if task.fault.kind == "variant" and not _variant(task.fault).is_dir():
        return "its variant was not built: everylinux sabotage --build-variants"
    seen = task.before.outcomes
    unseen = sorted(task.fault.kills - seen.keys())
    known = sorted(task.fault.kills & seen.keys())
    told = [f"{claim}: {seen[claim]}" for claim in known if seen[claim] != "passed"]
    if told or not known:
        return f"the good tree does not pass {', '.join([*told, *unseen])}"
    return ""


def _variant(fault: Fault) -> Path:
    return variants_root() / fault.name


def _judged(task: Task) -> Judgement:
    bench, fault = task.bench, task.fault
    names = judging.wanted(fault.kills, task.before.reads)
    if fault.kind == "variant":
        broken = resolve(_variant(fault))
        return _seen(bench, broken, names)
    with bench.shop.copy(fault.name) as tree:
        fault.apply(tree)
        copying.truthful(tree)
        if bench.shop.state() != bench.state:
            raise copying.SpoiltError("a fault wrote into the good tree, in place")
        return _seen(bench, copying.subject(bench.good, tree), names)


def _seen(bench: Bench, broken: Distribution, names: Sequence[str]) -> Judgement:
    found = judging.cell(broken, bench.place, names) if names else {}
    return judging.judge(broken, bench.expected, found)


def attempts(made: ProcessPoolExecutor, tasks: Sequence[Task]) -> Iterator[Result]:
    """The results as they come; a process that died is a broken fault for all that it took."""
    jobs: dict[Future[Result], str] = {made.submit(attempt, task): task.name for task in tasks}
    for job in as_completed(jobs):
        try:
            yield job.result()
        except BrokenProcessPool:
            yield Result(jobs[job], State.BROKEN, reason="the process that judged it died")
