"""An engine without a cell: it answers with what was recorded, or with what a function says.

A recording is JSON: `{"schema": 1, "runs": [{"argv": [...], "uid": null, "result": {...}}],
"files": {"/path": "base64"}, "walks": {"/path": [entry, ...]}}`; the bytes of a result are base64.
The same command recorded several times is answered in that order, then with the last.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from everylinux.agent.protocol import bytes_of, text_of
from everylinux.engines.base import DEFAULT_LIMITS, Box
from everylinux.errors import AgentError, EngineError
from everylinux.model import (
    DEFAULT,
    NATIVE,
    Cell,
    Distribution,
    Entry,
    Limits,
    Result,
    RootFs,
)

VARIABLE = "EVERYLINUX_FAKE"
SCHEMA = 1
Key = tuple[tuple[str, ...], int | None]
Answer = Callable[[tuple[str, ...], int | None], Result]


@dataclass(slots=True)
class Recording:
    """What was asked of a cell, and what it answered."""

    runs: list[tuple[Key, Result]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    walks: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def to_json(self) -> str:
        """The recording as text."""
        runs = [{"argv": a, "uid": u, "result": _plain(result)} for (a, u), result in self.runs]
        files = {path: base64.b64encode(data).decode() for path, data in self.files.items()}
        walks = {path: [asdict(entry) for entry in rows] for path, rows in self.walks.items()}
        whole = {"schema": SCHEMA, "runs": runs, "files": files, "walks": walks}
        return json.dumps(whole, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recording:
        """The recording from text; EngineError if it is none."""
        try:
            whole = json.loads(text)
            if whole["schema"] != SCHEMA:
                raise EngineError(f"a recording of schema {whole['schema']}", move="record again")
            return cls(
                [((tuple(r["argv"]), r["uid"]), _result(r["result"])) for r in whole["runs"]],
                {path: base64.b64decode(data) for path, data in whole["files"].items()},
                {path: tuple(Entry(**e) for e in rows) for path, rows in whole["walks"].items()},
            )
        except (KeyError, TypeError, ValueError) as error:
            cause = f"no recording of a cell: {type(error).__name__}: {error}"
            raise EngineError(cause, move="record again") from None

    def answer(self) -> Answer:
        """A function that replays the runs."""
        waiting: dict[Key, list[Result]] = {}
        for key, result in self.runs:
            waiting.setdefault(key, []).append(result)

        def replay(argv: tuple[str, ...], uid: int | None) -> Result:
            results = waiting.get((argv, uid))
            if not results:
                raise AgentError(f"nothing is recorded of {argv!r}", move="record again")
            return results.pop(0) if len(results) > 1 else results[0]

        return replay


def _plain(result: Result) -> dict[str, Any]:
    row = asdict(result)
    return {**row, **{name: base64.b64encode(row[name]).decode() for name in ("out", "err")}}


def _result(row: Mapping[str, Any]) -> Result:
    streams = {name: base64.b64decode(row[name]) for name in ("out", "err")}
    return Result(**{**row, **streams, "argv": tuple(row["argv"])})


class FakeBox:
    """A box whose commands a function answers; files that are put can be got."""

    slowness = 1.0

    def __init__(
        self, cell: Cell, distribution: Distribution, recording: Recording, answer: Answer
    ) -> None:
        """`recording` has the files and walks, `answer` the runs."""
        self.cell = cell
        self.distribution = distribution
        self.root = Path("/")
        self.run_dir = Path(tempfile.mkdtemp(prefix="everylinux-fake-"))
        self._answer = answer
        self._files = dict(recording.files)
        self._walks = dict(recording.walks)

    def run(  # noqa: PLR0913 - the Box protocol
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,  # noqa: ARG002 - a recording is keyed by argv, uid
        cwd: str = "/",  # noqa: ARG002
        stdin: bytes = b"",  # noqa: ARG002
        uid: int | None = None,
        limits: Limits = DEFAULT_LIMITS,  # noqa: ARG002
        executable: str | None = None,  # noqa: ARG002
    ) -> Result:
        """What was recorded; AgentError if nothing was."""
        return self._answer(tuple(text_of(bytes_of(value)) for value in argv), uid)

    def put(self, path: str, data: bytes, mode: int = 0o644) -> None:  # noqa: ARG002
        """Keep a file."""
        self._files[path] = data

    def get(self, path: str, limit: int = 16 << 20) -> bytes:
        """A file that was recorded or put."""
        if path not in self._files:
            raise FileNotFoundError(path)
        if len(self._files[path]) > limit:
            raise AgentError(f"{path} is longer than the {limit} bytes asked for")
        return self._files[path]

    def stat(self, path: str) -> Entry:
        """A file that was recorded or put, or the folder of a recorded walk."""
        if path in self._walks:
            return self._walks[path][0]
        return Entry(path, "file", 0o644, 0, 0, len(self.get(path)), 0)

    def walk(self, path: str, *, digests: bool = False, limit: int = 200_000) -> tuple[Entry, ...]:  # noqa: ARG002
        """A recorded walk."""
        if path not in self._walks:
            raise FileNotFoundError(path)
        return self._walks[path][:limit]

    def sibling(self, extra: Mapping[str, Path]) -> FakeBox:
        """Another box with the same answers, and `extra` among its files where they are files."""
        files = {at: path.read_bytes() for at, path in extra.items() if path.is_file()}
        recording = Recording(files={**self._files, **files}, walks=self._walks)
        return FakeBox(self.cell, self.distribution, recording, self._answer)

    def close(self) -> None:
        """Remove the folder; may be called twice."""
        shutil.rmtree(self.run_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        """Use it as a context manager."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()


class Fake:
    """Replays a function, or the recording that $EVERYLINUX_FAKE names."""

    name = "fake"
    boots = False

    def __init__(self, answer: Answer | None = None, recording: Recording | None = None) -> None:
        """With neither, the recording is read when a cell is opened."""
        self._fixed = answer
        self._recording = recording

    def unavailable(self) -> str | None:
        """Why it cannot be used: there is nothing to replay."""
        if self._fixed or self._recording:
            return None
        try:
            self._read()
        except EngineError as error:
            return f"fake: {error}"
        return None

    def refuses(self, cell: Cell) -> str:
        """A recording was made under one kernel in one posture: only what changes neither."""
        changed = [name for name in (cell.kernel, cell.posture) if name not in {NATIVE, DEFAULT}]
        return f"fake: a recording has no {changed[0]}" if changed else ""

    def _read(self) -> Recording:
        named = os.environ.get(VARIABLE, "")
        if not named:
            raise EngineError("there is no recording", move=f"name one in {VARIABLE}")
        try:
            return Recording.from_json(Path(named).read_text())
        except OSError as error:
            raise EngineError(f"{named}: {error.strerror}", move="name another") from None

    def open(self, cell: Cell, distribution: Distribution, root: RootFs) -> FakeBox:  # noqa: ARG002
        """A box that replays."""
        recording = self._recording or (Recording() if self._fixed else self._read())
        return FakeBox(cell, distribution, recording, self._fixed or recording.answer())

    def sweep(self) -> tuple[str, ...]:
        """Nothing is ever left."""
        return ()


def record(box: Box, into: Recording) -> Answer:
    """A function that runs in `box` and notes the result; give it to Fake."""

    def run(argv: tuple[str, ...], uid: int | None) -> Result:
        result = box.run(argv, uid=uid)
        into.runs.append(((argv, uid), result))
        return result

    return run
