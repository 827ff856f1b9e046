"""Texts of the tree that name the build's places or tools, written anew: sysconfig, pkg-config."""

from __future__ import annotations

import ast
import json
import pprint
import re
from collections.abc import Mapping
from pathlib import Path

from everylinux.errors import BuildError
from everylinux.forge.contract import Settings

PREFIX = "/opt/python"
MARK = "@prefix@"  # becomes the tree's folder when sysconfig data is imported

TOOLS = (
    (r"(?:(?:x86_64|i386)-linux-musl-)?gcc-(ar|ranlib|nm)", r"\1"),
    (r"(x86_64|i386)-linux-musl-gcc", "cc"),
    (r"(x86_64|i386)-linux-musl-g\+\+", "c++"),
    (r"@READELF@|(x86_64|i386)-linux-musl-readelf", "readelf"),
)
"""The build's tools -> the names under which a user has them."""

# Flags that name a folder of the build: of the forge, of its sources, or relative to them.
_FOLDER = re.compile(
    r"(?<!\S)(?:-Wl,-rpath(?:-link)?,|-[IL]\s*)(?:/opt/(?!python)|/build/|\./|\.(?=\s|$)|[A-Za-z])\S*"
)
_SOURCES = re.compile(r"/build/src/[^/\s'\"]+")

PLACE = "#! /usr/local/bin/python"

_HEADER = """# Written by everylinux: the tree lies anywhere, tools are those of the machine.
_prefix = __file__.rpartition("/lib/python")[0]
"""
_FOOTER = f"""
build_time_vars = {{
    name: value.replace("{MARK}", _prefix) if isinstance(value, str) else value
    for name, value in build_time_vars.items()
}}
"""

_CONFIG_HEADER = """# What the program beside, without "-real", runs: that one is the launcher.
"""


def rewrite_sysconfig(tree: Path, settings: Settings) -> None:
    """The variables of the build, without its places; written anew in each tree at import."""
    library = tree / "lib" / f"python{settings.python}"
    _rewrite_details(library)
    files = sorted(library.glob("_sysconfigdata_*.py"))
    if len(files) != 1:
        raise BuildError(f"{len(files)} files of sysconfig data, not one", move="see CPython's log")
    variables = neutral(_variables(files[0].read_text("utf-8")))
    body = pprint.pformat(variables, width=100, sort_dicts=True)
    files[0].write_text(f"{_HEADER}build_time_vars = {body}\n{_FOOTER}", "utf-8")


def _rewrite_details(library: Path) -> None:
    """PEP 739's description of the interpreter (3.14 and later): `base_prefix` relative to it."""
    path = library / "build-details.json"
    if not path.exists():
        return
    found = json.loads(path.read_text("utf-8"))
    text = json.dumps(found, indent=2).replace(PREFIX, "../..")
    path.write_text(text + "\n", "utf-8")


def _variables(text: str) -> dict[str, str | int]:
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            return dict(ast.literal_eval(node.value))
    raise BuildError("sysconfig data without variables", move="see CPython's log")


def neutral(variables: Mapping[str, str | int]) -> dict[str, str | int]:
    """Each value without the build's folders, with tools by the names that users have."""
    return {
        name: neutral_text(value) if isinstance(value, str) else value
        for name, value in variables.items()
    }


def neutral_text(text: str) -> str:
    """One value: `x86_64-linux-musl-gcc -shared -L/opt/x/lib` becomes `cc -shared`."""
    for tool, usual in TOOLS:
        text = re.sub(tool, usual, text)
    text = _FOLDER.sub("", text)
    text = _SOURCES.sub(".", text)
    text = text.replace("/opt/shared_libraries", f"{MARK}/shared_libraries")
    return re.sub(r" {2,}", " ", text.replace(PREFIX, MARK)).strip()


def rewrite_scripts(tree: Path, version: str) -> None:
    """cgi.py of CPython 3.12 and before names /usr/local/bin/python, where no user has it."""
    for path in sorted((tree / "lib" / f"python{version}").glob("*.py")):
        text = path.read_text("utf-8", errors="surrogateescape")
        if text.startswith(PLACE):
            _, _, rest = text.partition("\n")
            path.write_text(f"#!/usr/bin/env python3\n{rest}", "utf-8", errors="surrogateescape")


def rewrite_pkgconfig(tree: Path) -> None:
    """`prefix` from the place of the .pc file itself; programs have no copies of our types."""
    for path in sorted((tree / "lib" / "pkgconfig").glob("*.pc")):
        if path.is_symlink():
            continue
        text = path.read_text("utf-8")
        text = re.sub(r"(?m)^prefix=.*$", "prefix=${pcfiledir}/../..", text)
        if path.stem.endswith("-embed"):  # libpython is linked by -Bsymbolic: docs/building.md
            text = re.sub(r"(?m)^Cflags:", "Cflags: -fPIC", text)
        path.write_text(text.replace(PREFIX, "${prefix}"), "utf-8")


_SHARED = "if not getvar('Py_ENABLE_SHARED'):\n"
_CONFIG = {
    "sys.argv[0]": "_NAME",
    "import sysconfig\n": 'import sysconfig\n\n_NAME = sys.argv[0].removesuffix("-real")\n',
    _SHARED: f"libs.insert(0, '-L' + getvar('LIBDIR'))\n            {_SHARED}",
}
"""python-config.py -> what it must say instead: its own name, and where libpython is."""


def rewrite_config(text: str) -> str:
    """CPython's python-config.py, without the line that names an interpreter."""
    text = text.partition("\n")[2]
    for old, new in _CONFIG.items():
        if old not in text:
            raise BuildError(f"python-config.py has no {old.strip()}", move="see what is new in it")
        text = text.replace(old, new, 1)
    return _CONFIG_HEADER + text
