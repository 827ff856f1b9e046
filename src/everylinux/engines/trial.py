"""Whether an engine works is tried, not guessed: a cell that holds nothing but the agent."""

from __future__ import annotations

import tempfile
from pathlib import Path

from everylinux.engines.base import Engine
from everylinux.engines.cell import FOLDERS
from everylinux.errors import EngineError
from everylinux.model import AGENT, NATIVE, Arch, Cell, Distribution, Image, Limits, RootFs

TRIAL_SECONDS = 20.0


def try_engine(engine: Engine, move: str, kernel: str = NATIVE) -> str | None:
    """Open a cell on an empty root and run the agent's own file in it; None if that works.

    Else one line that says what the engine said, and the next move.
    """
    with tempfile.TemporaryDirectory(prefix="everylinux-trial-") as folder:
        root = Path(folder) / "root"
        for name in FOLDERS:
            (root / name).mkdir(parents=True)
        Path(folder).chmod(0o755)
        try:
            _run(engine, root, kernel)
        except EngineError as error:
            return f"{error}: {move}" if not error.move else str(error)
    return None


def _run(engine: Engine, root: Path, kernel: str) -> None:
    image = Image("trial", Arch("x86_64"), "trial", "")
    cell = Cell(image, "0", engine.name, kernel)
    subject = Distribution(root / "tmp", "0", image.arch, "")
    with engine.open(cell, subject, RootFs(image, root, "sha256:trial", "trial")) as box:
        result = box.run([str(AGENT), "--join"], limits=Limits(seconds=TRIAL_SECONDS))
        if result.status != 71:  # noqa: PLR2004 - what the agent says of a --join without a program
            cause = f"a trial command ended with {result.status or result.error or result.signal}"
            raise EngineError(cause)
