"""What files say in their text: paths, shebangs, pkg-config, sysconfig, JSON.

Runs in the child of reader.py; imports nothing of ours.
"""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOTS = (
    "build",
    "builds",
    "home",
    "install",
    "mnt",
    "opt",
    "root",
    "tmp",
    "tools",
    "usr/src",
    "var/tmp",
    "work",
    "workspace",
)
"""First folders that only a build machine has: what no distribution of Linux may be asked for.

`install` and `tools` are python-build-standalone's (bug museum 4 and 26), `opt` the
specification's own prefix."""

# A root that begins a path: not in the middle of another path or of a URL.
PATH = re.compile(
    rb"(?<![\w.~%})*$-])/(?:" + b"|".join(r.encode() for r in ROOTS) + rb")/[\w.+@%~/-]*",
    re.ASCII,
)
DISTINCT = 60
LONGEST = 200
LINE = 512


def paths(path: str) -> dict[str, Any]:
    """`paths`: absolute paths below ROOTS and how often; `shebang`: first line of a script."""
    content = Path(path).read_bytes()
    found = Counter(match[0][:LONGEST].decode("ascii") for match in PATH.finditer(content))
    facts: dict[str, Any] = {}
    if found:
        facts["paths"] = dict(sorted(found.items())[:DISTINCT])
    if content.startswith(b"#!"):
        facts["shebang"] = content[:LINE].split(b"\n")[0].decode("utf-8", "backslashreplace")
    return facts


def pkgconfig(path: str) -> dict[str, Any]:
    """`variables` (name -> text) and `fields` (Libs, Cflags, ...) of a .pc file."""
    variables: dict[str, str] = {}
    fields: dict[str, str] = {}
    for line in Path(path).read_text(errors="backslashreplace").splitlines():
        if match := re.match(r"([\w.]+)\s*([=:])\s*(.*)", line):
            (variables if match[2] == "=" else fields)[match[1]] = match[3].strip()[:LINE]
    return {"variables": variables, "fields": fields}


def sysconfig(path: str) -> dict[str, Any]:
    """`variables`: build_time_vars of a _sysconfigdata module, read without running it."""
    tree = ast.parse(Path(path).read_bytes())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            return {"variables": dict(_variables(node.value))}
    raise ValueError("no dictionary is assigned in it")


def _variables(node: ast.Dict) -> Iterator[tuple[str, Any]]:
    """Names with literal values; a value that is computed at run time is left out."""
    for key, value in zip(node.keys, node.values, strict=True):
        try:
            name = ast.literal_eval(key) if key else ""
            literal = ast.literal_eval(value)
        except ValueError:
            continue
        if isinstance(name, str) and isinstance(literal, str | int):
            yield name, literal


def json_paths(path: str) -> dict[str, Any]:
    """`absolute`: dotted path -> text, of every string that is an absolute path."""
    found = dict(_absolute(json.loads(Path(path).read_bytes()), ""))
    return {"absolute": dict(sorted(found.items())[:DISTINCT])}


DEFINE = re.compile(r"^#define\s+(\w+)(?:[ \t]+(.*?))?\s*$", re.MULTILINE)
MACROS = 5000


def macros(path: str) -> dict[str, Any]:
    """`macros`: name -> text of each plain #define of a header, quotes and comments taken off."""
    text = Path(path).read_text(errors="backslashreplace")
    pairs = [(m[1], (m[2] or "").split("/*")[0].strip().strip('"')) for m in DEFINE.finditer(text)]
    return {"macros": {name: value[:LINE] for name, value in pairs[:MACROS]}}


def _absolute(value: Any, where: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _absolute(child, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _absolute(child, f"{where}.{index}".lstrip("."))
    elif isinstance(value, str) and value.startswith("/"):
        yield where, value[:LONGEST]
