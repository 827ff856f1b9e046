"""The ways in which packages get to be used: environments by tools, scripts, targets, zipapps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from everylinux.model import Result
from everylinux.probes.packages_commands import OFFLINE, TEMP, UV, WHEELS, Commands, how
from everylinux.probes.starting import REPORT, answer

TOOLS = UV.removesuffix("/bin/uv")
SPACE = f"{TEMP}/a place with spaces"
LONG = f"{TEMP}/{'long-' * 30}"
"""Longer than the 127 bytes that Linux below 5.1 takes of a `#!` line (fs/binfmt_script.c)."""
SCRIPT, SCRIPTED = "normalizer", "charset-normalizer"
"""A console script, and the package that brings it."""
PURE = "idna"
SMALL = "xxhash"
"""A small package with compiled code, and wheels for musl and glibc in both architectures."""
APP = """
import os, sys
os.makedirs(sys.argv[1])
with open(sys.argv[1] + "/__main__.py", "w") as main:
    main.write("import idna\\nprint(idna.encode('b\\\\u00fccher.example').decode())\\n")
"""
LEFT = """
import json, os, sys
names = [name for _, folders, files in os.walk(sys.argv[1]) for name in folders + files]
print(json.dumps(sorted({name for name in names if "xxhash" in name})))
"""
FOREIGN = f"import glob, json; print(json.dumps(glob.glob('{WHEELS}/foreign/*.whl')))"


def gathered(ways: Commands) -> dict[str, Any]:
    """Every way by its name; the tools' environment, made by the tree's own pip, is first."""
    tools = how(ways.install(ways.venv(TOOLS), "virtualenv", "uv"))
    scenes: dict[str, Callable[[Commands], Any]] = {
        "venv with pip": _venv,
        "uv venv": _uv_venv,
        "virtualenv": _virtualenv,
        "script in a path with spaces": lambda ways: _script(ways, SPACE),
        "script in a long path": lambda ways: _script(ways, LONG),
        "target": _target,
        "zipapp": _zipapp,
        "uninstalled": _uninstalled,
        "foreign": _foreign,
    }
    return {"tools": tools, **{name: scene(ways) for name, scene in scenes.items()}}


def _venv(ways: Commands) -> dict[str, Any]:
    """An environment with the pip that ensurepip brings."""
    place = f"{TEMP}/by-venv"
    made = ways.run(ways.python, "-m", "venv", place)
    pip = (f"{place}/bin/python", "-m", "pip")
    return {
        "venv": how(made),
        "pip": how(ways.run(*pip, "--version")),
        "installed": how(ways.run(*pip, "install", "-q", *OFFLINE, SMALL)),
    }


def _report(ways: Commands, made: Result, place: str) -> dict[str, Any]:
    """What an environment's interpreter says of itself, as the area launcher judges it."""
    found = ways.says(f"{place}/bin/python", REPORT) if made.ok else {"failed": how(made)["said"]}
    return {"place": place, "report": found}


def _uv_venv(ways: Commands) -> dict[str, Any]:
    place = f"{TEMP}/by-uv"
    words = ("venv", "--quiet", "--offline", "--no-python-downloads", "--no-cache")
    return _report(ways, ways.run(UV, *words, "--python", ways.python, place), place)


def _virtualenv(ways: Commands) -> dict[str, Any]:
    place = f"{TEMP}/by-virtualenv"
    tool = (f"{TOOLS}/bin/python", "-m", "virtualenv", "--quiet", "--no-download")
    made = ways.run(*tool, "--python", ways.python, place)
    version = answer(ways.run(f"{place}/bin/python", "-c", PIP))
    return {**_report(ways, made, place), "pip": version}


PIP = "import json, pip; print(json.dumps(pip.__file__))"


def _script(ways: Commands, place: str) -> dict[str, Any]:
    """A console script, started by its path."""
    if not _has_shell(ways):
        return {"lacks": "/bin/sh, which such scripts start with"}
    python = ways.venv(place)
    done = how(ways.install(python, SCRIPTED))
    started = how(ways.run(f"{place}/bin/{SCRIPT}", "--version"))
    return {"bytes": len(f"{place}/bin/python"), "installed": done, "started": started}


def _has_shell(ways: Commands) -> bool:
    return ways.run("/bin/sh", "-c", ":").ok


def _target(ways: Commands) -> dict[str, Any]:
    place = f"{TEMP}/target"
    done = how(ways.target(place, SMALL))
    code = "import json, xxhash as x; print(json.dumps([x.__file__, x.xxh64(b'').hexdigest()]))"
    return {
        "place": place,
        "installed": done,
        "found": ways.says(ways.python, code, PYTHONPATH=place),
    }


def _zipapp(ways: Commands) -> dict[str, Any]:
    """A program with a package in it, in one file."""
    place = f"{TEMP}/app"
    ways.run(ways.python, "-c", APP, place)
    done = how(ways.target(place, PURE))
    packed = how(ways.run(ways.python, "-m", "zipapp", place, "--output", f"{place}.pyz"))
    started = how(ways.run(ways.python, f"{place}.pyz"))
    return {"installed": done, "packed": packed, "started": started}


def _uninstalled(ways: Commands) -> dict[str, Any]:
    place = f"{TEMP}/left"
    python = ways.venv(place)
    done = how(ways.install(python, SMALL))
    before = ways.says(python, LEFT, place)
    gone = how(ways.pip(python, "uninstall", "--quiet", "--yes", SMALL))
    after = ways.says(python, LEFT, place)
    return {"installed": done, "before": before, "uninstalled": gone, "left": after}


def _foreign(ways: Commands) -> dict[str, Any]:
    """What pip and uv do with a wheel for glibc."""
    place = f"{TEMP}/foreign"
    python = ways.venv(place)
    wheel = ways.says(ways.python, FOREIGN)
    if not isinstance(wheel, list) or len(wheel) != 1:
        return {"failed": f"no single wheel for glibc in the cell: {wheel}"}
    by_uv = (UV, "pip", "install", "--offline", "--no-cache", "--no-index", "--python", python)
    return {
        "wheel": wheel[0].rpartition("/")[2],
        "pip": how(ways.pip(python, "install", "--no-index", *wheel)),
        "uv": how(ways.run(*by_uv, *wheel)),
    }
