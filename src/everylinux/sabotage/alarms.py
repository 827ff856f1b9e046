"""The other side: a good tree judged again and again on a busy machine, and no claim that flips."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager

from everylinux.sabotage import running
from everylinux.sabotage.judging import Judgement
from everylinux.sabotage.running import Bench

LOAD = ("stress-ng", "--cpu", "2", "--quiet")
LOST = "not judged"


@contextmanager
def load() -> Iterator[str]:
    """Two processes that compute all the time, where stress-ng is installed; what was done."""
    if shutil.which(LOAD[0]) is None:
        yield "no load: stress-ng is not installed"
        return
    process = subprocess.Popen(LOAD, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        yield f"load: {' '.join(LOAD)}"
    finally:
        process.terminate()  # it ends its own workers
        process.wait(20)


def judgements(made: ProcessPoolExecutor, bench: Bench, count: int) -> Iterator[Judgement]:
    """The good tree, judged by everything `count` times."""
    for job in as_completed([made.submit(running.once, bench) for _ in range(count)]):
        yield job.result()


def flips(found: Sequence[Judgement], before: Judgement) -> Mapping[str, Mapping[str, int]]:
    """Claim -> how often it had which outcome, of those that had another one than `before`."""
    claims = sorted({name for one in [before, *found] for name in one.outcomes})
    seen = {
        name: [str(one.outcomes.get(name, LOST)) for one in [before, *found]] for name in claims
    }
    return {
        name: {outcome: all_.count(outcome) for outcome in sorted(set(all_))}
        for name, all_ in seen.items()
        if len(set(all_)) > 1
    }
