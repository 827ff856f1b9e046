"""Environment variables of the specification: each set for a child that tells its effect."""

# ruff: noqa: D103, S108 - each question is told by its name; paths are the cell's

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CLEAN = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}


def said(code: str, *options: str, **variables: str) -> dict[str, Any]:
    """Status, output and errors of `python -c code` with variables set."""
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        stdout=-1, stderr=-1, text=True, check=False, timeout=20, env={**CLEAN, **variables},
    )  # fmt: skip
    return {"status": done.returncode, "out": done.stdout.strip(), "err": done.stderr.strip()}


def pair(code: str, **variables: str) -> dict[str, Any]:
    """What is said without and with the variables."""
    return {"without": said(code), "with": said(code, **variables)}


def home() -> dict[str, Any]:
    code = "import sys, json; print(sys.prefix, sys.exec_prefix)"  # json: what is not frozen in
    return {
        "tree": said(code, PYTHONHOME=sys.prefix)["out"], "prefix": sys.prefix,
        "nowhere": said(code, PYTHONHOME="/nowhere")["status"],
    }  # fmt: skip


def path() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "everylinux_found.py"), "w") as stream:
            stream.write("answer = 42\n")
        code = "import sys, everylinux_found; print(everylinux_found.answer, sys.path[1])"
        found = pair(code, PYTHONPATH=folder)
        return {**found, "folder": folder}


def hashes() -> dict[str, Any]:
    code = "print(hash('everylinux'))"
    seeds = {seed: said(code, PYTHONHASHSEED=seed)["out"] for seed in ("0", "1", "42")}
    again = said(code, PYTHONHASHSEED="42")["out"]
    return {"seeds": seeds, "again": again, "random": [said(code)["out"] for _ in range(3)]}


def encoding() -> dict[str, Any]:
    code = "import sys; print(sys.stdout.encoding, sys.stdout.errors)"
    return pair(code, PYTHONIOENCODING="iso8859-1:replace")


def unbuffered() -> dict[str, Any]:
    # os._exit leaves what is buffered behind
    code = "import os, sys; sys.stdout.write('written'); os._exit(0)"
    return pair(code, PYTHONUNBUFFERED="1")


def verbose() -> dict[str, Any]:
    found = pair("import colorsys", PYTHONVERBOSE="1")
    return {name: "colorsys" in row["err"] for name, row in found.items()}


def warnings() -> dict[str, Any]:
    return pair("import warnings; warnings.warn('seen'); print('went on')", PYTHONWARNINGS="error")


def bytecode() -> dict[str, Any]:
    found = {}
    for name, more in {"without": {}, "with": {"PYTHONDONTWRITEBYTECODE": "1"}}.items():
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "everylinux_cached.py"), "w") as stream:
                stream.write("answer = 42\n")
            said("import everylinux_cached", PYTHONPATH=folder, **more)
            found[name] = os.path.isdir(os.path.join(folder, "__pycache__"))
    return found


def optimize() -> dict[str, Any]:
    code = "def f():\n    'text'\nassert True\ntry:\n    assert False\n    ran = 'skipped'\n"
    code += "except AssertionError:\n    ran = 'asserted'\nprint(ran, f.__doc__)"
    found = {level: said(code, PYTHONOPTIMIZE=level)["out"] for level in ("1", "2")}
    return {"0": said(code)["out"], **found}


def temporary() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        code = "import tempfile; print(tempfile.NamedTemporaryFile().name)"
        return {**pair(code, TMPDIR=folder), "folder": folder}


def cache() -> dict[str, Any]:
    code = "import runpy, sys; sys.argv = ['pip', 'cache', 'dir']; "
    code += "runpy.run_module('pip', run_name='__main__')"
    return {place: said(code, HOME=place)["out"] for place in ("/tmp/first", "/tmp/second")}


def search() -> dict[str, Any]:
    """Programs of the tree's bin/ by PATH, as the table asks."""
    names = ("python", "python3", "pip", "pip3")
    code = "import json, shutil, subprocess, sys\nprint(json.dumps({n: subprocess.run("
    code += "[n, '--version'], stdout=-1, text=True).stdout.split()[:1] for n in sys.argv[1:]}))"
    done = subprocess.run(
        [sys.executable, "-c", code, *names], stdout=-1, check=True, text=True, timeout=60,
        env={**CLEAN, "PATH": os.path.join(sys.prefix, "bin") + ":/usr/bin:/bin"},
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


ASKERS = {
    "variable_home": home,
    "variable_path": path,
    "variable_hash_seed": hashes,
    "variable_io_encoding": encoding,
    "variable_unbuffered": unbuffered,
    "variable_verbose": verbose,
    "variable_warnings": warnings,
    "variable_bytecode": bytecode,
    "variable_optimize": optimize,
    "variable_temporary": temporary,
    "variable_pip_cache": cache,
    "variable_search": search,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
