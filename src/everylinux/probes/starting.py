"""Starts the interpreter in every way that users do: moved, linked, renamed, poisoned, alone.

A scenario: many short commands, each of which answers with one JSON line about itself. What the
interpreter answers is a fact, also when it fails: `{"failed": ...}` is the subject's own failure;
only a broken cell breaks a section.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.errors import AgentError
from everylinux.model import MOVED, NOBODY, SUBJECT, Limits, Result, Section
from everylinux.probes.base import python_of

TEMP = "/tmp/starting"  # noqa: S108 - the cell's own tmpfs
CLEAN = {"PATH": "/usr/bin:/bin", "HOME": TEMP}
LIMITS = Limits(seconds=30, output_bytes=1 << 20)

# What a started interpreter says of itself. The imports need the shared libraries of the tree; one
# that fails is a name in "lost", and wrong only where it works elsewhere: IMP-002 and IMP-035 judge
# the others.
REPORT = """
import json, os, sys
lost = []
for name in ("zlib", "_sqlite3"):
    try:
        __import__(name)
    except ImportError:
        lost.append(name)
print(json.dumps({
    "lost": lost,
    "executable": sys.executable, "prefix": sys.prefix, "base_prefix": sys.base_prefix,
    "path": sys.path, "stdlib": os.path.dirname(os.__file__), "argv": sys.argv,
    "orig_argv": sys.orig_argv,
}))
"""
ENVIRONMENT = """
import json, os, subprocess, sys
child = "import json, os; print(json.dumps(dict(os.environ)))"
out = subprocess.run([sys.executable, "-c", child], stdout=-1, check=True).stdout
fds = "import os; print(sorted(os.listdir('/proc/self/fd'), key=int)[:-1])"
handed = subprocess.run([sys.executable, "-c", fds], stdout=-1, check=True, close_fds=False).stdout
own = os.listdir("/proc/self/fd")
print(json.dumps({"own": dict(os.environ), "child": json.loads(out), "fds": sorted(own[:-1]),
                  "child_fds": handed.decode().strip()}))
"""
MAPS = """
import json, ssl, sqlite3, ctypes, zlib, bz2, lzma, readline, curses, xml.parsers.expat
paths = {line.split(None, 5)[5].strip() for line in open("/proc/self/maps")
         if len(line.split(None, 5)) == 6}
print(json.dumps(sorted(p for p in paths if p.startswith("/"))))
"""
BUSY = """
import importlib, json, subprocess, sys
names = "asyncio ctypes decimal logging multiprocessing os sqlite3 ssl threading tempfile"
for name in names.split() + "urllib.request uuid xml.etree.ElementTree zoneinfo".split():
    try:
        importlib.import_module(name)
    except ImportError:
        sys.modules.pop(name, None)  # IMP-002 and IMP-035 judge that
subprocess.run([sys.executable, "-c", "pass"], check=True)
if "ssl" in sys.modules:
    sys.modules["ssl"].create_default_context()
if "sqlite3" in sys.modules:
    sys.modules["sqlite3"].connect(":memory:").execute("create table t(x)")
print(json.dumps("done"))
"""
TAGS = """
import json
from pip._vendor.packaging import tags
print(json.dumps([str(tag) for tag in tags.sys_tags()]))
"""
LINKS = """
import os, stat, sys
top, python, subject = sys.argv[1:]
os.makedirs(top + "/links/dir", exist_ok=True)
os.makedirs(top + "/alone")
os.makedirs(top + "/gone")
os.symlink(python, top + "/links/python3")
os.symlink("python3", top + "/links/chain")
os.symlink("../chain", top + "/links/dir/python")
os.symlink(subject, top + "/links/tree")
with open(top + "/script", "w") as script:
    script.write("#!" + python + "\\n" + sys.stdin.read())
os.chmod(top + "/script", 0o755)
os.symlink("script", top + "/script-link")
with open(python, "rb") as source, open(top + "/alone/python3.13", "wb") as target:
    target.write(source.read())
os.chmod(top + "/alone/python3.13", 0o755)
"""


class Starting:
    """The scenario; see the module."""

    name = "starting"
    sections = ("starts", "venvs", "surroundings", "user", "tools", "alone")

    @property
    def digest(self) -> str:
        """Digest of this file."""
        return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Every section; the links that several need are made first."""
        python = python_of(box.distribution)
        top = [python, "-I", "-c", LINKS, TEMP, python, str(SUBJECT)]
        made = box.run(top, env=CLEAN, stdin=REPORT.encode(), limits=LIMITS)
        if not made.ok:
            why = f"the interpreter could not make the links: {_failure(made)}"
            return {name: Section(error=why) for name in self.sections}
        scenes: dict[str, Callable[[Box, str], Any]] = {
            "starts": starts,
            "venvs": venvs,
            "surroundings": surroundings,
            "user": user,
            "tools": tools,
            "alone": alone,
        }
        return {name: _section(scene, box, python) for name, scene in scenes.items()}


def _section(scene: Callable[[Box, str], Any], box: Box, python: str) -> Section:
    try:
        return Section(value=scene(box, python))
    except AgentError as error:
        return Section(error=str(error))


def _failure(result: Result) -> str:
    if result.error:
        return f"not started: {result.error}"
    if result.timed_out:
        return f"still running after {result.wall_seconds:.0f} s"
    lines = result.err.decode("utf-8", "replace").strip().splitlines()
    ended = f"signal {result.signal}" if result.signal else f"status {result.status}"
    return f"{ended}: {' | '.join(lines[-2:])[:300]}"


def answer(result: Result) -> Any:  # noqa: ANN401 - JSON
    """What the interpreter printed as JSON, or {"failed": how}."""
    if not result.ok:
        return {"failed": _failure(result)}
    try:
        return json.loads(result.out)
    except ValueError:
        return {"failed": f"printed no JSON: {result.out[:100]!r}"}


def _says(box: Box, argv: list[str], code: str = REPORT, **options: Any) -> Any:  # noqa: ANN401
    options = {"env": CLEAN, "limits": LIMITS, **options}
    return answer(box.run([*argv, "-c", code] if code else argv, **options))


def starts(box: Box, python: str) -> dict[str, Any]:
    """The interpreter's report on itself for each way to start it, by the way's name."""
    name = python.rpartition("/")[2]
    here = str(SUBJECT / "bin")
    found = {
        "absolute": _says(box, [python]),
        "bin/python3": _says(box, [f"{here}/python3"]),
        "bin/python": _says(box, [f"{here}/python"]),
        "relative": _says(box, [f"./{name}"], cwd=here),
        "relative from the top": _says(box, [f"bin/{name}"], cwd=str(SUBJECT)),
        "doubled slashes": _says(box, [f".//bin//{name}"], cwd=str(SUBJECT)),
        "symlink": _says(box, [f"{TEMP}/links/python3"]),
        "chain of symlinks": _says(box, [f"{TEMP}/links/chain"]),
        "relative symlink in a folder": _says(box, [f"{TEMP}/links/dir/python"]),
        "symlinked tree": _says(box, [f"{TEMP}/links/tree/bin/{name}"]),
        "by PATH": _says(box, [name], executable=python, env={**CLEAN, "PATH": f"/bin:{here}"}),
        "empty argv[0]": _says(box, [""], executable=python),
        "argv[0] of another program": _says(box, ["login"], executable=python),
        "argv[0] of a device": _says(box, ["/dev/null"], executable=python),
        "shebang": _says(box, [f"{TEMP}/script", "argument"], ""),
        "symlink to a script": _says(box, [f"{TEMP}/script-link"], ""),
        "deleted working folder": _says(box, [python], _gone(REPORT)),
        "stdin, stdout and stderr closed": _says(box, [python], CLOSED),
    }
    for kind, place in MOVED.items():
        found[f"moved: {kind}"] = _says(box, [str(place / "bin" / name)])
        found[f"moved, relative: {kind}"] = _says(box, [f"bin/{name}"], cwd=str(place))
    return found


CLOSED = f"""
import os, sys
child = os.fork()
if not child:
    for number in (0, 1, 2):
        os.close(number)
    os.execv(sys.executable, [sys.executable, "-c", "import ssl; open('{TEMP}/closed', 'w')"])
status = os.waitpid(child, 0)[1]
assert status == 0, "ended with status %d" % status
os.stat("{TEMP}/closed")
os.execv(sys.executable, [sys.executable, "-c", {REPORT!r}])
"""


def _gone(code: str) -> str:
    """Run code by a second interpreter that starts in a folder that is no more."""
    return (
        f"import os, sys; os.chdir('{TEMP}/gone'); os.rmdir('{TEMP}/gone');"
        f"os.execv(sys.executable, [sys.executable, '-c', {code!r}])"
    )


def venvs(box: Box, python: str) -> dict[str, Any]:
    """A virtual environment's report on itself, and its pyvenv.cfg, by how it was made."""
    makers = {
        "venv": [python, "-m", "venv", "--without-pip"],
        "venv of a symlinked interpreter": [
            f"{TEMP}/links/chain", "-m", "venv", "--without-pip"
        ],
        "venv --copies": [python, "-m", "venv", "--without-pip", "--copies"],
        "venv of a moved tree": [
            str(MOVED["space"] / "bin/python3"), "-m", "venv", "--without-pip"
        ],
    }  # fmt: skip
    return {kind: _venv(box, argv, number) for number, (kind, argv) in enumerate(makers.items())}


def _venv(box: Box, argv: list[str], number: int) -> Any:  # noqa: ANN401
    place = f"{TEMP}/venv{number}"
    made = box.run([*argv, place], env=CLEAN, limits=LIMITS)
    if not made.ok:
        return {"failed": _failure(made)}
    report = _says(box, [f"{place}/bin/python"])
    nested = _says(box, [f"{place}/bin/python"], _by_child(REPORT))
    return {"place": place, "report": report, "child": nested}


def _by_child(code: str) -> str:
    return (
        "import subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', {code!r}], check=True)"
    )  # fmt: skip


HOSTILE_LIBRARIES = (
    "/lib:/usr/lib:/lib64:/usr/lib64:/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu"
)


def surroundings(box: Box, python: str) -> dict[str, Any]:
    """What passes between the interpreter and its surroundings: variables, files, libraries."""
    given = {**CLEAN, "A": "1", "LD_LIBRARY_PATH": HOSTILE_LIBRARIES, "LD_PRELOAD": ""}
    preload = {**given, "LD_PRELOAD": "/lib/libc.so.6:/lib/x86_64-linux-gnu/libc.so.6"}
    poisoned = {"PYTHONHOME": "/nowhere", "PYTHONPATH": "/nowhere", **CLEAN}
    before = box.walk("/tmp")  # noqa: S108 - the cell's own tmpfs
    busy = _says(box, [python], BUSY)
    after = box.walk("/tmp")  # noqa: S108
    return {
        "given": given,
        "environment": _says(box, [python], ENVIRONMENT, env=given),
        "maps": _says(box, [python], MAPS),
        "maps under LD_LIBRARY_PATH": _says(box, [python], MAPS, env=given),
        "maps under LD_PRELOAD": _says(box, [python], MAPS, env=preload),
        "shell under LD_PRELOAD": {"status": box.run(["/bin/sh", "-c", ":"], env=preload).status},
        "isolated from PYTHONHOME": _says(box, [python, "-I"], env=poisoned),
        "no environment": _says(box, [python], env={}),
        "busy": busy,
        "written": sorted({e.path for e in after} - {e.path for e in before}),
        "quiet": _quiet(box, python),
    }


def _quiet(box: Box, python: str) -> dict[str, Any]:
    """What a start prints by itself where PATH and HOME lead nowhere."""
    result = box.run([python, "-c", "pass"], env={"PATH": "", "HOME": "/nowhere"}, limits=LIMITS)
    return {
        "status": result.status,
        "out": result.out.decode("utf-8", "replace")[:500],
        "err": result.err.decode("utf-8", "replace")[:500],
    }


USER = """
import json, os, tempfile, ssl, subprocess, sys, threading, multiprocessing, pwd
fd, name = tempfile.mkstemp()
os.unlink(name)
thread = threading.Thread(target=list)
thread.start(), thread.join()
subprocess.run([sys.executable, "-c", "import json"], check=True)
print(json.dumps({"uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(),
                  "home": os.path.expanduser("~"), "executable": sys.executable}))
"""


def user(box: Box, python: str) -> dict[str, Any]:
    """The life of a user without rights: unknown to passwd, with an unwritable HOME or none."""
    return {
        "nobody": _says(box, [python], USER, uid=NOBODY, env={**CLEAN, "HOME": "/"}),
        "stranger": _says(box, [python], USER, uid=4242, env={**CLEAN, "HOME": "/nowhere"}),
        "no HOME": _says(box, [python], USER, uid=4242, env={"PATH": "/bin"}),
        "root": _says(box, [python], USER),
        "writable": _says(box, [python], WRITABLE, uid=NOBODY),
    }


WRITABLE = f"""
import json, os
print(json.dumps(sorted(
    os.path.join(where, name) for where, folders, files in os.walk("{SUBJECT}")
    for name in folders + files
    if not os.path.islink(os.path.join(where, name))
    and os.stat(os.path.join(where, name)).st_mode & 0o022)))
"""


def tools(box: Box, python: str) -> dict[str, Any]:
    """The programs beside the interpreter, each run where the tree is and where it was moved."""
    found: dict[str, Any] = {"tags": _says(box, [python, "-I"], TAGS)}
    number = box.distribution.python
    places = {"subject": SUBJECT, **MOVED}
    names = ("pip", "pip3", f"pip{number}", "pip")  # one file by three names: each once
    for name, (kind, place) in zip(names, places.items(), strict=True):
        found[f"pip {kind}"] = _tool(box, f"{place}/bin/{name}", "--version")
        found[f"config {kind}"] = _tool(box, f"{place}/bin/python{number}-config", "--prefix")
    for kind in ("subject", "long"):
        found[f"pydoc {kind}"] = _tool(box, f"{places[kind]}/bin/pydoc{number}", "errno")
    return found


def _tool(box: Box, program: str, argument: str) -> dict[str, str]:
    result = box.run([program, argument], env=CLEAN, limits=LIMITS)
    if not result.ok:
        return {"failed": _failure(result)}
    return {"out": result.out.decode("utf-8", "replace")[:1000]}


def alone(box: Box, python: str) -> dict[str, Any]:  # noqa: ARG001 - as every scene
    """What the launcher says without the parts beside it."""
    result = box.run([f"{TEMP}/alone/python3.13", "-c", "pass"], env=CLEAN, limits=LIMITS)
    return {
        "status": result.status,
        "signal": result.signal,
        "error": result.error,
        "lines": result.err.decode("utf-8", "replace").strip().splitlines()[:20],
    }
