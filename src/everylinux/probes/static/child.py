"""Runs the parsers of untrusted files in a child process with limits, and remembers answers.

The child is `reader.py`. One request and one answer a line, as JSON. A file that kills the child,
hangs it or makes it talk too much is an error of that file: the child is started anew for the next.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from everylinux.probes.static.tree import Item

READER = Path(__file__).with_name("reader.py")
SECONDS = 20.0
"""For one file; the slowest of a full build (libcrypto) takes 0.05 s."""
ANSWER_BYTES = 8 << 20
"""The longest answer; libcrypto's names of symbols are 0.3 MB."""

DIED = "died"

Answer = dict[str, Any]
"""`{"facts": {...}}` or `{"error": "died, signal 11"}`."""

_KNOWN: dict[tuple[str, str], Answer] = {}


def examine(items: Iterable[Item], kind: str) -> dict[str, Answer]:
    """Path -> answer of one parser (`elf`, `text`, `sysconfig`, `json`, `pc`) for regular files.

    Answers depend on content alone, so each content is parsed once per process.
    """
    answers: dict[str, Answer] = {}
    with Child() as child:
        for item in items:
            if item.identity is None:
                answers[item.path] = {"error": item.error or "no regular file"}
                continue
            key = (kind, item.identity.sha256)
            if key not in _KNOWN:
                _KNOWN[key] = child.ask(kind, item.absolute)
            answers[item.path] = _KNOWN[key]
    return answers


class Child:
    """The reader process, started when first asked and again whenever it died."""

    def __init__(self, seconds: float = SECONDS) -> None:
        """`seconds` bounds each answer."""
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Nothing is started yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._end()

    def ask(self, kind: str, path: Path) -> Answer:
        """One file's facts, or why there are none."""
        request = json.dumps({"kind": kind, "path": str(path)}).encode() + b"\n"
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
