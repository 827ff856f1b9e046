"""Builds an extension of SQLite on the host, carries it into the cell, loads and asks it there."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.model import Limits, Section
from everylinux.places import project_root
from everylinux.probes.base import python_of

SOURCE = "build/fixtures/ext/everylinux_ext.c"
TARGET = "/tmp/everylinux_ext.so"  # noqa: S108 - the cell's own tmpfs
COMPILERS = ("gcc", "cc", "clang")
FLAGS = ("-shared", "-fPIC", "-O2", "-nostdlib", "-fno-stack-protector", "-Wl,-z,noexecstack")
WORD = {"x86_64": "-m64", "x86": "-m32"}
COMPILE_SECONDS = 30
LOAD = """
import json, sqlite3, sys
connection = sqlite3.connect(":memory:")
found = {}
try:
    connection.load_extension(sys.argv[1])
    found["before"] = "loaded"
except sqlite3.OperationalError as error:
    found["before"] = "refused"
try:
    connection.enable_load_extension(True)
    connection.load_extension(sys.argv[1])
    connection.enable_load_extension(False)
    found["twice"] = connection.execute("select everylinux_twice(21)").fetchone()[0]
except Exception as error:
    found["failed"] = "%s: %s" % (type(error).__name__, error)
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Extension:
    """The section `sqlite_extension`: what a real extension answers, or what the host lacks."""

    name: str = "sqlite_extension"
    sections: tuple[str, ...] = ("sqlite_extension",)

    @property
    def digest(self) -> str:
        """Digest of this file and of the extension's source."""
        content = Path(__file__).read_bytes() + (project_root() / SOURCE).read_bytes()
        return hashlib.sha256(content).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Load the extension in the cell; a crash or an error there is a fact."""
        try:
            return {"sqlite_extension": Section(value=_gather(box))}
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return {"sqlite_extension": Section(error=f"{type(error).__name__}: {error}")}


def _gather(box: Box) -> dict[str, Any]:
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if not compiler:
        return {"lacks": f"a compiler on the host: none of {', '.join(COMPILERS)}"}
    box.put(TARGET, _compiled(compiler, WORD[box.distribution.arch]), 0o755)
    argv = [python_of(box.distribution), "-I", "-B", "-c", LOAD, TARGET]
    result = box.run(argv, limits=Limits(seconds=20))
    if result.timed_out or result.error:
        raise ValueError(result.error or "stopped after 20 seconds")
    if result.status != 0:
        return {"failed": f"status {result.status}, signal {result.signal}"}
    found: dict[str, Any] = json.loads(result.out)
    return found


def _compiled(compiler: str, word: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "extension.so"
        command = [compiler, word, *FLAGS, "-o", str(target), str(project_root() / SOURCE)]
        subprocess.run(command, check=True, capture_output=True, timeout=COMPILE_SECONDS)
        return target.read_bytes()
