"""Commands in a cell that has wheels: the distribution's own pip, uv, and what they make."""

from __future__ import annotations

from typing import Any

from everylinux.engines.base import Box
from everylinux.model import CELL, Limits, Result
from everylinux.probes.starting import answer

WHEELS = str(CELL / "wheels")
TEMP = "/tmp/packages"  # noqa: S108 - the cell's own tmpfs
UV = f"{TEMP}/tools/bin/uv"
OFFLINE = ("--no-index", "--find-links", WHEELS)
"""How pip and uv are told to take the cell's wheels and nothing else."""
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": TEMP,
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_NO_CACHE_DIR": "1",
}
INSTALL = Limits(seconds=300, output_bytes=1 << 20)
USE = Limits(seconds=90, output_bytes=1 << 20)
REMOVE = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"


class Commands:
    """Commands in the cell, as several scenes need them."""

    def __init__(self, box: Box, python: str) -> None:
        """`python` is the interpreter under test, by its path in the cell."""
        self.box = box
        self.python = python

    def run(self, *argv: str, limits: Limits = INSTALL, **env: str) -> Result:
        """One command in the scene's environment."""
        return self.box.run(list(argv), env={**ENVIRONMENT, **env}, limits=limits)

    def says(self, python: str, code: str, *arguments: str, **env: str) -> Any:  # noqa: ANN401
        """What an interpreter prints as JSON, or {"failed": how}."""
        return answer(self.run(python, "-c", code, *arguments, limits=USE, **env))

    def venv(self, place: str) -> str:
        """An empty environment; its interpreter."""
        self.run(self.python, "-m", "venv", "--without-pip", place)
        return f"{place}/bin/python"

    def pip(self, python: str, *words: str) -> Result:
        """The distribution's own pip, about an environment."""
        return self.run(self.python, "-m", "pip", "--python", python, *words)

    def install(self, python: str, *pins: str) -> Result:
        """Install wheels by the distribution's own pip."""
        return self.pip(python, "install", "--quiet", "--no-compile", *OFFLINE, *pins)

    def target(self, place: str, *pins: str) -> Result:
        """Install wheels into a folder that is no environment."""
        words = ("install", "--quiet", *OFFLINE, "--target", place)
        return self.run(self.python, "-m", "pip", *words, *pins)

    def install_by_uv(self, python: str, *pins: str) -> Result:
        """Install wheels by uv."""
        words = ("pip", "install", "--quiet", "--offline", "--no-cache", *OFFLINE)
        return self.run(UV, *words, "--python", python, *pins)

    def remove(self, place: str) -> None:
        """Make room."""
        self.run(self.python, "-c", REMOVE, place)


def how(result: Result) -> dict[str, Any]:
    """`status` (or why there is none), `out` and `said` (stderr), both by their ends."""
    lost = "timed out" if result.timed_out else result.error or f"signal {result.signal}"
    return {
        "status": lost if result.status is None else result.status,
        "out": result.out.decode("utf-8", "replace").strip()[-400:],
        "said": " ".join(result.err.decode("utf-8", "replace").split())[-400:],
    }
