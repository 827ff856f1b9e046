"""Runs one probe file under the Python under test: a child for each section, results to a file.

This folder depends on nothing of everylinux: the standard library of CPython 3.8 or newer only,
since it runs in the cell, under the interpreter that is judged. Usage:

    python -I -B runner.py NAME TARGET [ARGUMENT ...]

NAME.py lies beside this file and has `SECTIONS`, a dict of section name -> function(arguments)
that returns a JSON value. TARGET gets `{section: {"value": ...} | {"error": "..."}}`. A section
that raises says so itself; one that dies or hangs is told by its parent.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import select
import signal
import sys
import time
import traceback

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import Any, NoReturn

SECONDS = 30.0
BYTES = 16 << 20


def load(name: str) -> ModuleType:
    """Import NAME.py from this folder under its own name, without touching sys.path."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".py")
    spec = importlib.util.spec_from_file_location("everylinux_" + name, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def forked(
    function: Callable[..., Any],
    arguments: Sequence[Any],
    seconds: float = SECONDS,
    limit: int = BYTES,
) -> dict[str, Any]:
    """Run a function in a child of its own; {"value": ...} or {"error": "..."}."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _in_child(function, arguments, writer)
    os.close(writer)
    data, late = _drain(reader, time.monotonic() + seconds, limit)
    os.close(reader)
    status = _reap(child, late)
    return _judge(data, late, status, seconds, limit)


def _in_child(function: Callable[..., Any], arguments: Sequence[Any], writer: int) -> NoReturn:
    os.setpgid(0, 0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # results have their own channel: a section may print what it likes
        os.dup2(null, number)
    try:
        row = {"value": function(*arguments)}
        data = json.dumps(row).encode()
    except BaseException as error:  # every failure is a fact
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} (line {frame.lineno})"
        data = json.dumps({"error": text}).encode()
    while data:
        data = data[os.write(writer, data) :]
    os._exit(0)


def _drain(reader: int, deadline: float, limit: int) -> tuple[bytes, bool]:
    chunks: list[bytes] = []
    size = 0
    while size <= limit:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return b"".join(chunks), True
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks), False


def _reap(child: int, late: bool) -> int:  # noqa: FBT001 - the answer of _drain
    if late:
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(OSError):
                kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def _judge(
    data: bytes,
    late: bool,  # noqa: FBT001 - the answer of _drain
    status: int,
    seconds: float,
    limit: int,
) -> dict[str, Any]:
    if late:
        return {"error": f"stopped after {seconds:g} seconds"}
    if os.WIFSIGNALED(status):
        return {"error": f"died, signal {os.WTERMSIG(status)}"}
    if len(data) > limit:
        return {"error": f"more than {limit} bytes of result"}
    try:
        found: dict[str, Any] = json.loads(data.decode())
    except ValueError:
        return {"error": f"ended with status {os.WEXITSTATUS(status)} and no result"}
    return found


def main(name: str, target: str, arguments: Sequence[str]) -> None:
    """Run every section of NAME and write what was found."""
    module = load(name)
    seconds = getattr(module, "SECONDS", SECONDS)
    found = {}
    for section, function in module.SECTIONS.items():
        found[section] = forked(function, (arguments,), seconds)
    partial = target + ".partial"
    with open(partial, "w") as stream:
        json.dump(found, stream)
    os.rename(partial, target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
