"""Runs test files in cells: each in a fresh one, so that none leaves anything to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from everylinux import root_copies
from everylinux.engines.base import Box, Engine
from everylinux.errors import AgentError, EngineError
from everylinux.model import NOBODY, SUBJECT, Cell, Distribution, Limits, Result, RootFs
from everylinux.regrtest.outcomes import Outcome, outcome_of
from everylinux.root_copies import ETC

SECONDS = 1200.0  # for one file; what CPython's own CI gives a worker (--timeout 1200)
RESOURCES = "all,-network,-urlfetch,-gui,-audio,-largefile"
"""What a cell has: it has no network, no screen, and half a gigabyte in /tmp."""
# Container engines and installers write this file, so images leave it out; the tests bind sockets
# to `localhost` everywhere. Nothing else is added: what a userland lacks is what is tried.
HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost\n"
OUTPUT_BYTES = 32 << 20
REPORT_BYTES = 32 << 20
TEMP = "/tmp/regrtest"  # noqa: S108 - the cell's own tmpfs
REPORT = f"{TEMP}/junit.xml"
# LC_ALL: what CPython's own CI runs under; TZ: tests of time take the machine's else.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    "HOME": TEMP,
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A cell to run in."""

    cell: Cell
    root: RootFs


@dataclass(frozen=True, slots=True)
class Job:
    """One test file in one cell."""

    place: Place
    name: str


@contextmanager
def opened(engine: Engine, subject: Distribution, place: Place) -> Iterator[Box]:
    """A fresh cell whose /etc/hosts names `localhost`; EngineError."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(root_copies.etc(place.root.path, HOSTS))
        except OSError as error:
            raise EngineError(f"{place.cell.id}: no copy of {ETC}: {error}") from None
        box = stack.enter_context(engine.open(place.cell, subject, place.root))
        yield stack.enter_context(box.sibling({ETC: folder}))


def command(subject: Distribution, *words: str) -> list[str]:
    """The command line of regrtest in a cell."""
    return [str(SUBJECT / "bin" / f"python{subject.python}"), "-m", "test", *words]


def listed(engine: Engine, place: Place, subject: Distribution) -> tuple[str, ...]:
    """The names of all test files, as regrtest itself lists them; EngineError."""
    with opened(engine, subject, place) as box:
        result = _ended(box, command(subject, "--list-tests"), 60.0)
    if not result.ok:
        said = (result.err or result.out).decode("utf-8", "replace").strip()
        why = said.splitlines()[-1:] or [result.error or f"status {result.status}"]
        raise EngineError(f"regrtest lists no tests in {place.cell.id}: {why[0][:200]}")
    return tuple(result.out.decode().split())


def run_all(
    engine: Engine, subject: Distribution, jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, Outcome | EngineError]]:
    """Every job with what became of it, as they end; an error is the cell's, not the test's."""
    pool = ThreadPoolExecutor(workers)
    try:
        made: dict[Future[Outcome], Job] = {
            pool.submit(run_one, engine, subject, job): job for job in jobs
        }
        for done in as_completed(made):
            error = done.exception()
            if error is not None and not isinstance(error, EngineError):
                raise error
            yield made[done], error if error is not None else done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def run_one(engine: Engine, subject: Distribution, job: Job) -> Outcome:
    """One test file in a cell of its own, by a user without rights; EngineError."""
    words = ("-u", RESOURCES, "--junit-xml", REPORT, "--tempdir", TEMP, "-v", job.name)
    with opened(engine, subject, job.place) as box:
        made = _ended(box, [command(subject)[0], "-c", f"import os; os.mkdir({TEMP!r})"], 60.0)
        if not made.ok:
            raise EngineError(f"the interpreter does not start in {job.place.cell.id}")
        result = _ended(box, command(subject, *words), SECONDS * box.slowness, TEMP)
        return outcome_of(job.name, result, _report(box))


def _ended(box: Box, argv: Sequence[str], seconds: float, cwd: str = "/") -> Result:
    limits = Limits(seconds=seconds, output_bytes=OUTPUT_BYTES)
    return box.run(argv, env=ENVIRONMENT, uid=NOBODY, cwd=cwd, limits=limits)


def _report(box: Box) -> bytes:
    """The JUnit file; b"" where a test ended before it was written."""
    try:
        return box.get(REPORT, REPORT_BYTES)
    except (OSError, AgentError):
        return b""
