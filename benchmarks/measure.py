"""One result, how a measure is run, and how two are compared without favour to the first."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

TAIL_LINES = 3
LOOK_SECONDS = 0.02
END_SECONDS = 20.0  # for a build or a run of pytest to end its own children


@dataclass(frozen=True, slots=True)
class Context:
    """What every measure is given."""

    project: Path
    distro: str  # the cell of the warm measures, an id of matrix.yaml


@dataclass(frozen=True, slots=True)
class Measurement:
    """One figure; `value` is None where it could not be had, and `error` says why."""

    name: str
    unit: str
    value: float | None
    error: str = ""
    more: Mapping[str, object] = field(default_factory=dict)  # samples, medians, what was run

    def to_json(self) -> dict[str, object]:
        """Return name, unit, value, the error if any, then what else is known."""
        error = {"error": self.error} if self.error else {}
        return {"name": self.name, "unit": self.unit, "value": self.value, **error, **self.more}


class CannotMeasureError(Exception):
    """A measure cannot run here; the message says why."""


Measure = Callable[[Context], Iterable[Measurement]]


def collect(promised: Mapping[str, str], measure: Measure, context: Context) -> list[Measurement]:
    """Run one measure; whatever breaks becomes an error in each result that it still owed.

    `promised` is unit by name.
    """
    found: list[Measurement] = []
    reason = "the measure gave no such result"
    try:
        found.extend(measure(context))
    except Exception as error:  # noqa: BLE001 - the other measures still stand
        reason = " ".join(str(error).split()) or type(error).__name__
    names = {result.name for result in found}
    owed = [name for name in promised if name not in names]
    return [*found, *(Measurement(name, promised[name], None, reason) for name in owed)]


def interleave(
    actions: Mapping[str, Callable[[], object]], rounds: int
) -> dict[str, tuple[float, ...]]:
    """Time each action once per round, in turns, so that all meet the same noise (seconds)."""
    samples: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(rounds):
        for name, action in actions.items():
            began = time.perf_counter()
            action()
            samples[name].append(time.perf_counter() - began)
    return {name: tuple(values) for name, values in samples.items()}


def timed(name: str, samples: Sequence[float]) -> Measurement:
    """Give the minimum (noise only ever adds), with the median and the number of samples."""
    more = {"median": median(samples), "samples": len(samples), "statistic": "minimum"}
    return Measurement(name, "s", min(samples), more=more)


@dataclass(frozen=True, slots=True)
class Run:
    """A program that ended well."""

    seconds: float
    peak_rss_bytes: int  # of that process alone, without its children


def run(argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run a program to its end; CannotMeasureError with its last lines if it failed."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            peak = watch(process)
        finally:
            end(process)
        seconds = time.perf_counter() - began
        output.seek(0)
        lines = output.read().decode(errors="replace").splitlines()
    if process.returncode:
        tail = " | ".join(lines[-TAIL_LINES:])
        msg = f"{' '.join(argv[1:5])}: exit status {process.returncode}: {tail}"
        raise CannotMeasureError(msg)
    return Run(seconds, peak)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program that still runs because we were interrupted, as Ctrl-C would, or by force."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def watch(process: subprocess.Popen[bytes]) -> int:
    """Wait for its end and return its own peak of resident memory in bytes.

    The kernel's ru_maxrss would count the workers that it waited for; VmHWM of /proc is of the one
    process and only grows, so that looking now and then loses no more than the last moment.
    """
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = int(status.partition("VmHWM:")[2].split()[0]) << 10
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_SECONDS)
    return peak
