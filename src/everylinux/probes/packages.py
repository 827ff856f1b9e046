"""Installs much used wheels with compiled code by pip and by uv, and uses each.

A scenario in a cell of its own that has the wheels (packages_wheels.py) and no network. It takes
minutes, so it runs only where EVERYLINUX_PACKAGES is set (`--packages`). What an installer or a
package does is a fact, also when it fails; only a broken cell breaks a section.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.errors import AgentError, EngineError, FileError
from everylinux.model import SUBJECT, Section
from everylinux.places import project_root
from everylinux.probes import packages_commands, packages_ways, packages_wheels
from everylinux.probes.base import python_of
from everylinux.probes.packages_commands import TEMP, WHEELS, Commands, how
from everylinux.probes.packages_wheels import NoWheelsError, Wanted
from everylinux.strict_yaml import read_yaml

ASKED, OFFLINE = "EVERYLINUX_PACKAGES", "EVERYLINUX_OFFLINE"
"""Variables: set by the options --packages and --offline."""
TABLE = "suites/packages/packages.yaml"
TOOLS = ("virtualenv", "uv", packages_ways.PURE)
MODULES = (
    __file__,
    packages_commands.__file__,
    packages_ways.__file__,
    packages_wheels.__file__,
)
LINUX = ("/dev/", "/SYSV", "/memfd:")  # of a map, but no file of the cell's

# A use prints its answer. The maps of code are read when it has: what it loaded is still there.
WRAP = """
import contextlib, io, json, sys
told = io.StringIO()
with contextlib.redirect_stdout(told):
    exec(compile(sys.argv[1], "use", "exec"), {"__name__": "__main__"})
try:
    rows = [line.split(None, 5) for line in open("/proc/self/maps")]
    rows = [row for row in rows if len(row) == 6 and "x" in row[1]]
    maps = sorted({row[5].strip() for row in rows if row[5].startswith("/")})
except OSError:
    maps = []
print(json.dumps({"told": told.getvalue().strip(), "maps": maps}))
"""
VERSIONS = """
import importlib.metadata, json
rows = importlib.metadata.distributions()
print(json.dumps({row.metadata["Name"].lower().replace("_", "-"): row.version for row in rows}))
"""


class Packages:
    """The scenario; see the module."""

    name = "packages"
    sections = ("packages_pip", "packages_uv", "packages_ways")

    @property
    def digest(self) -> str:
        """Digest of this file, of those beside it and of the table."""
        content = b"".join(Path(name).read_bytes() for name in MODULES)
        return hashlib.sha256(content + (project_root() / TABLE).read_bytes()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """All sections in one cell of their own, or what they need that is not here."""
        if not os.environ.get(ASKED):
            return self._lack("was not asked for: --packages installs from an index")
        try:
            folder = packages_wheels.wheels(wanted(box), offline=bool(os.environ.get(OFFLINE)))
        except NoWheelsError as error:
            return self._lack(f"needs {error}")
        try:
            with box.sibling({WHEELS: folder}) as other:
                return scenes(other)
        except (OSError, EngineError, AgentError) as error:
            return dict.fromkeys(self.sections, Section(error=f"no cell with wheels: {error}"))

    def _lack(self, what: str) -> dict[str, Section]:
        return dict.fromkeys(self.sections, Section(value={"lacks": what}))


def wanted(box: Box) -> Wanted:
    """All wheels that a cell needs: those of its architecture's rows, and those of the ways."""
    subject = box.distribution
    rows = {name for found in families(subject.arch).values() for name in found}
    pins = [_pin(name) for name in sorted(rows | {packages_ways.SCRIPTED, packages_ways.SMALL})]
    return Wanted(subject.python, subject.arch, (*pins, *TOOLS), _pin(packages_ways.SMALL))


def _pin(name: str) -> str:
    """A package in the table's version."""
    rows = {name: row for found in _table().values() for name, row in found.items()}
    return f"{name}=={rows[name]['version']}"


@cache
def _table() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = read_yaml(project_root() / TABLE, wrong=FileError).value
    return found


@cache
def families(arch: str) -> dict[str, dict[str, Any]]:
    """The table's rows of an architecture: family -> package -> row."""
    kept = {
        family: {name: row for name, row in rows.items() if arch in row["archs"]}
        for family, rows in _table().items()
    }
    return {family: rows for family, rows in kept.items() if rows}


def scenes(box: Box) -> dict[str, Section]:
    """Every section; the tools that two of them need are made first."""
    python = python_of(box.distribution)
    found: dict[str, Callable[[], Any]] = {
        "packages_ways": lambda: packages_ways.gathered(Commands(box, python)),
        "packages_pip": lambda: installed(box, python, "pip"),
        "packages_uv": lambda: installed(box, python, "uv"),
    }
    return {name: _section(scene) for name, scene in found.items()}


def _section(scene: Callable[[], Any]) -> Section:
    try:
        return Section(value=scene())
    except AgentError as error:
        return Section(error=str(error))


def installed(box: Box, python: str, installer: str) -> dict[str, Any]:
    """By family: how the installation ended, versions, consistency, and each package's use."""
    return {
        family: _family(Commands(box, python), installer, rows)
        for family, rows in families(box.distribution.arch).items()
    }


def _family(ways: Commands, installer: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    place = f"{TEMP}/{installer}"
    python = ways.venv(place)
    pins = [f"{name}=={row['version']}" for name, row in rows.items()]
    by = ways.install if installer == "pip" else ways.install_by_uv
    found = {
        "installed": how(by(python, *pins)),
        "checked": how(ways.pip(python, "check")),
        "versions": ways.says(python, VERSIONS),
        "uses": {name: _use(ways, python, row["use"]) for name, row in rows.items()},
    }
    ways.remove(place)
    return found


def _use(ways: Commands, python: str, code: str) -> dict[str, Any]:
    """What a package answers, and the code of the cell's userland that it loaded."""
    found: dict[str, Any] = ways.says(python, WRAP, code, TMPDIR=f"{TEMP}/")
    own = (str(SUBJECT), TEMP, *LINUX)
    maps = found.pop("maps", [])
    return {**found, "strangers": [path for path in maps if not path.startswith(own)]}
