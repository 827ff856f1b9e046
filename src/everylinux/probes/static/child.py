"""Runs the parsers of untrusted files in a child process with limits, and remembers answers.

The child is `reader.py`. One request and one answer a line, as JSON. A file that kills the child,
hangs it or makes it talk too much is an error of that file: the child is started anew for the next.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, Any

from everylinux.probes.static.tree import Item

READER = Path(__file__).with_name("reader.py")
SECONDS = 90.0
"""For one file; the slowest of a full build (libcrypto) takes 0.05 s. The first bill of materials
loads its schema's library besides: 1.5 s of processor time, which on a machine eight times busier
than its processors was more than 20 s by the clock, and ten claims unknown."""
ANSWER_BYTES = 8 << 20
"""The longest answer; libcrypto's names of symbols are 0.3 MB."""

RENEW = 20_000
"""A reader answers so often, then another begins: its CPU limit is for its whole life."""
DIED = "died"

Answer = dict[str, Any]
"""`{"facts": {...}}` or `{"error": "died, signal 11"}`."""

_KNOWN: dict[tuple[str, str], Answer] = {}


def examine(items: Iterable[Item], kind: str) -> dict[str, Answer]:
    """Path -> answer of one parser (`elf`, `text`, `sysconfig`, `json`, `pc`) for regular files.

    Answers depend on content alone, so each content is parsed once per process.
    """
    return {item.path: _answer(item, kind) for item in items}


def _answer(item: Item, kind: str) -> Answer:
    if item.identity is None:
        return {"error": item.error or "no regular file"}
    key = (kind, item.identity.sha256)
    if key not in _KNOWN:
        _KNOWN[key] = _shared().ask(kind, item.absolute)
    return _KNOWN[key]


@cache
def _shared() -> Child:
    """One reader for this process: it takes 0.3 s to start, more than most files take."""
    child = Child()
    atexit.register(child.close)
    return child


class Child:
    """The reader process, started when first asked and again whenever it died."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """`seconds` bounds each answer."""
        self._seconds = seconds
        self._asked = 0
        self._process: subprocess.Popen[bytes] | None = None

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._end()

    def ask(self, kind: str, path: Path) -> Answer:
        """One file's facts, or why there are none."""
        request = json.dumps({"kind": kind, "path": str(path)}).encode() + b"\n"
        self._asked += 1
        if self._asked % RENEW == 0:
            self._end()
        requests, answers = self._pipes()
        try:
            requests.write(request)
            requests.flush()
            line, why = _line(answers, self._seconds)
        except BrokenPipeError:
            line, why = b"", DIED
        return {"error": self._gone(why)} if why else _parsed(line)

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(READER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        requests, answers = self._process.stdin, self._process.stdout
        if requests is None or answers is None:  # never: both were asked for
            raise RuntimeError("the reader has no pipes")
        return requests, answers

    def _gone(self, why: str) -> str:
        """End the process and say what became of it."""
        status = self._end(patience=1.0 if why == DIED else 0.0)
        return f"died, signal {-status}" if why == DIED and status < 0 else why

    def _end(self, patience: float = 0.0) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe:
                    pipe.close()
        return process.returncode


def _line(stream: IO[bytes], seconds: float) -> tuple[bytes, str]:
    """One line within the bounds, or b"" and why not."""
    deadline = time.monotonic() + seconds
    chunks, size = list[bytes](), 0
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while size <= ANSWER_BYTES:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                return b"", f"no answer within {seconds:g} s"
            chunk = os.read(stream.fileno(), 1 << 16)
            if not chunk:
                return b"", DIED
            chunks.append(chunk)
            size += len(chunk)
            if chunk.endswith(b"\n"):
                return b"".join(chunks), ""
    return b"", f"more than {ANSWER_BYTES} bytes of facts"


def _parsed(line: bytes) -> Answer:
    try:
        answer = json.loads(line)
    except ValueError:
        return {"error": "the parser's answer is no JSON"}
    if not isinstance(answer, dict):
        return {"error": "the parser's answer is no object"}
    return answer
