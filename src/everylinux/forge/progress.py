"""Progress of a build on stderr: a live display in a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

from rich.console import Console
from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


@dataclass(slots=True)
class Progress:
    """Says which step runs, what came from the cache, and how long each took."""

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    total: int = 0
    done: int = 0
    began: float = field(default_factory=time.monotonic)
    bars: Bars | None = None
    tasks: dict[str, TaskID] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def shown(cls) -> Iterator[Self]:
        """Show it while the build runs."""
        progress = cls()
        if not progress.console.is_terminal:
            yield progress
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Bars(*columns, console=progress.console, transient=True) as progress.bars:
            yield progress

    def line(self, text: str) -> None:
        """Say a line."""
        self.console.print(text, markup=False, soft_wrap=True)

    def started(self, name: str, version: str, jobs: int) -> None:
        """A step runs."""
        if self.bars:
            self.tasks[name] = self.bars.add_task(f"{name} {version} (-j{jobs})", total=None)
        else:
            self.line(f"{self._head(self.done + 1)} {name} {version}: building, -j{jobs}")

    def finished(self, name: str, version: str, how: str, seconds: float = 0.0) -> None:
        """A step ended: `how` is "built", "from cache" or "failed"."""
        self.done += 1
        if self.bars and name in self.tasks:
            self.bars.remove_task(self.tasks.pop(name))
        took = f" in {seconds:.1f} s" if seconds else ""
        self.line(f"{self._head(self.done)} {name} {version}: {how}{took}")

    def _head(self, number: int) -> str:
        elapsed = int(time.monotonic() - self.began)
        width = len(str(self.total))
        return f"{elapsed // 60:3d}:{elapsed % 60:02d} [{number:{width}d}/{self.total}]"
