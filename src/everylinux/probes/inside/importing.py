"""Imports each module in a child of its own and notes what the import did besides.

Run by imports.py in a fresh interpreter, so that nothing but start-up's own modules is loaded:

    python -I -B importing.py FOLDER NAME ...

A submodule's child is forked from its package's: `import a.b` imports `a` first in any case, so
that is as fresh as a new process and seven times cheaper. FOLDER/results gets one line, a Python
literal, for each module: (name, error, {effect: value}).
"""

# ruff: noqa: UP031 - each question imports what it asks, and is told by its name

from __future__ import annotations

import os
import sys
import warnings
from _locale import LC_ALL, setlocale
from _signal import NSIG, alarm, getsignal  # type: ignore[import-not-found]
from stat import S_ISCHR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SECONDS = 20
DESCRIPTORS = 64  # the first ones: what an import leaves open takes the lowest free number
TEXT = 500
WARNED: list[str] = []


def _warned(message: Any, category: Any, *_: Any) -> None:  # noqa: ANN401 - whatever is warned of
    WARNED.append("%s: %s" % (category.__name__, message))


def _has_getrandom() -> bool:
    try:
        return bool(os.getrandom(1))
    except (AttributeError, OSError):
        return False


def _pythons_own(status: os.stat_result) -> bool:
    """/dev/urandom, which CPython keeps open where there is no getrandom(2): bugs.python.org/18756.

    Linux 3.17 brought the call; device 1, 9 is mem(4)'s.
    """
    is_urandom = S_ISCHR(status.st_mode) and status.st_rdev == os.makedev(1, 9)
    return is_urandom and not _has_getrandom()


def _open_descriptors() -> list[int]:
    found = []
    for number in range(DESCRIPTORS):
        try:
            status = os.fstat(number)
        except OSError:
            continue
        if not _pythons_own(status):
            found.append(number)
    return found


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 1


def _surroundings() -> dict[str, Any]:
    return {
        "threads": _threads(),
        "descriptors": _open_descriptors(),
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "signals": [repr(getsignal(number)) for number in range(1, NSIG)],
        "locale": setlocale(LC_ALL),
    }


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    changes = {}
    for key, value in before.items():
        if after[key] != value:
            changes[key] = "%s -> %s" % (_short(value), _short(after[key]))
    return changes


def _short(value: object) -> str:
    return repr(value)[:TEXT]


def _printed(number: int) -> str:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os.lseek(number, 0, os.SEEK_SET)
    return os.read(number, TEXT).decode("utf-8", "replace")


def _import(name: str, results: int, output: int) -> bool:
    """Import one module in this process and write its line; whether it worked."""
    before = _surroundings()
    error = ""
    try:
        __import__(name)
    except BaseException as caught:  # SystemExit as well: a module must not end its importer
        error = "%s: %s" % (type(caught).__name__, caught)
    effects = _changes(before, _surroundings())
    text = _printed(output)
    if text:
        effects["printed"] = text
    if WARNED:
        effects["warned"] = list(WARNED)
    _write(results, name, error, effects)
    return not error


def _write(results: int, name: str, error: str, effects: dict[str, Any]) -> None:
    os.write(results, (ascii((name, error[:TEXT], effects)) + "\n").encode())


def _children(names: Sequence[str], package: str) -> dict[str, list[str]]:
    """Names by the direct member of the package they belong to."""
    depth = len(package.split(".")) if package else 0
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(".".join(name.split(".")[: depth + 1]), []).append(name)
    return found


def _explore(names: Sequence[str], package: str, folder: str, results: int) -> None:
    for member, below in _children(names, package).items():
        if member in sys.modules and below == [member]:
            _write(results, member, "", {})  # its package's import has brought it
            continue
        child = os.fork()
        if child == 0:
            _in_child(member, [name for name in below if name != member], folder, results)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            _write(results, member, "died, signal %d" % os.WTERMSIG(status), {})


def _in_child(member: str, below: Sequence[str], folder: str, results: int) -> None:
    output = os.open(folder + "/output", os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    alarm(SECONDS)
    worked = _import(member, results, output)
    alarm(0)
    os.close(output)
    if worked and below:
        del WARNED[:]
        _explore(below, member, folder, results)
    os._exit(0)


def main(folder: str, names: Sequence[str]) -> None:
    """Import every name, depth first."""
    warnings.simplefilter("always")
    warnings.showwarning = _warned  # type: ignore[assignment]
    results = os.open(folder + "/results", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    _explore(sorted(names), "", folder, results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
