"""Programs of the host that fetch or make images: bounded in time and output, ended as a group."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

OUTPUT_BYTES = 1 << 20
_RUNNING: set[int] = set()  # process groups


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a program."""

    returncode: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """Its complaint, for a reason on one line: the first error, else the last line."""
        lines = [line.strip() for line in (self.err or self.out).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith(("E:", "Error", "Err:"))]
        errors.sort(key=lambda line: line.startswith("Err:"))  # apt's "Err:" has no cause
        said = errors[:1] or lines[-1:]
        return said[0][:300] if said else f"it ended with status {self.returncode}"


def run(argv: Sequence[str], seconds: float, *, env: Mapping[str, str] | None = None) -> Done:
    """Run a program to its end; its whole process group is killed when the time is over."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            return Done(127, "", f"{argv[0]}: {error.strerror}")
        code = _wait(process, seconds)
        texts = []
        for file in (out, err):
            file.seek(max(0, file.seek(0, os.SEEK_END) - OUTPUT_BYTES))
            texts.append(file.read().decode("utf-8", "replace"))
    if code is None:
        return Done(124, texts[0], f"{argv[0]} took more than {seconds:g} s")
    return Done(code, texts[0], texts[1])


def end_all() -> None:
    """Kill what runs, in whatever thread: Ctrl-C must not wait for a download."""
    for group in tuple(_RUNNING):
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """Return the exit status; None if the time was over. Never leaves the group behind."""
    _RUNNING.add(process.pid)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _RUNNING.discard(process.pid)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
