"""What the tree says to those who build with it: sysconfig, pkg-config, pythonX.Y-config, tags."""

# ruff: noqa: UP031, D103 - each question is told by its name

from __future__ import annotations

import glob
import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

SECONDS = 60.0
FOLDER = re.compile(r"-(?:I|L)(.+)")
TAGS = """
import json, sys
sys.path[:0] = sys.argv[1:]
from packaging import tags
print(json.dumps([str(tag) for tag in tags.sys_tags()]))
"""
# As scripts of builds read it: every variable of sysconfig that is a place.
PLACES = """
import json, os, sysconfig
found = dict(sysconfig.get_paths())
found.update((name, value) for name, value in sysconfig.get_config_vars().items()
             if isinstance(value, str) and value.startswith("/") and " " not in value)
found["config_h"] = sysconfig.get_config_h_filename()
print(json.dumps({name: [path, os.path.exists(path)] for name, path in found.items()}))
"""


def said(argv: Sequence[str]) -> str:
    done = subprocess.run(argv, stdout=-1, stderr=-1, text=True, check=False, timeout=20)
    if done.returncode:
        raise RuntimeError("%s: status %d: %s" % (argv[0], done.returncode, done.stderr[-200:]))
    return done.stdout


def python_of(place: str) -> str:
    return os.path.join(place, "bin", "python%d.%d" % sys.version_info[:2])


def places(moved: str) -> dict[str, Any]:
    """Each place that sysconfig names: [path, whether it is there], here and in a moved tree."""
    return {
        kind: json.loads(said([python_of(place), "-I", "-B", "-c", PLACES]))
        for kind, place in {"here": sys.prefix, "moved": moved}.items()
    }


def variables(_moved: str) -> dict[str, Any]:
    names = "CC CXX LDSHARED CFLAGS PY_CFLAGS CONFIGURE_CFLAGS CONFIG_ARGS CONFIGURE_LDFLAGS"
    names += " EXT_SUFFIX SOABI MULTIARCH"
    found = {name: sysconfig.get_config_var(name) or "" for name in names.split()}
    compiler = (shlex.split(found["CC"]) or [""])[0]
    return {
        **found,
        "prefix": sys.prefix,
        "compiler": compiler,
        "is a program": os.path.isfile(compiler) and os.access(compiler, os.X_OK),
    }


def config(moved: str) -> dict[str, Any]:
    """Folders that pythonX.Y-config names, each with whether it is there; and other words."""
    found = {}
    for kind, place in {"here": sys.prefix, "moved": moved}.items():
        tool = python_of(place) + "-config"
        words = said([tool, "--includes", "--cflags", "--ldflags", "--embed"]).split()
        names = [match[1] for match in map(FOLDER.match, words) if match]
        found[kind] = {
            "folders": {name: os.path.isdir(name) for name in names},
            "outside": [name for name in names if not name.startswith(place + "/")],
            "library": [word for word in words if word.startswith("-lpython")],
            "header": any(os.path.isfile(os.path.join(name, "Python.h")) for name in names),
            "suffix": said([tool, "--extension-suffix"]).strip(),
        }
    return found


def expanded(text: str, known: Mapping[str, str]) -> str:
    while "${" in text:
        text = re.sub(r"\$\{(\w+)\}", lambda match: known[match[1]], text)
    return text


def pkgconfig(path: str) -> dict[str, str]:
    """The fields of a .pc file with its variables filled in, as pkg-config(1) does."""
    known, fields = {"pcfiledir": os.path.dirname(path)}, {}
    with open(path) as stream:
        for line in stream:
            variable = re.match(r"(\w+)=(.*)", line)
            field = re.match(r"([\w.]+):\s*(.*)", line)
            if variable:
                known[variable[1]] = expanded(variable[2].strip(), known)
            elif field:
                fields[field[1]] = expanded(field[2].strip(), known)
    return fields


def packages(moved: str) -> dict[str, Any]:
    """Of each .pc file: its version, whether its folders hold the header and the library."""
    found = {}
    for kind, place in {"here": sys.prefix, "moved": moved}.items():
        for path in sorted(glob.glob(glob.escape(place) + "/lib/pkgconfig/*.pc")):
            fields = pkgconfig(path)
            headers = [w[2:] for w in fields["Cflags"].split() if w.startswith("-I")]
            folders = [w[2:] for w in fields["Libs"].split() if w.startswith("-L")]
            names = [w[2:] for w in fields["Libs"].split() if w.startswith("-l")]
            found[kind + " " + os.path.basename(path)] = {
                "version": fields["Version"],
                "header": any(os.path.isfile(h + "/Python.h") for h in headers),
                "libraries": {
                    n: any(os.path.exists("%s/lib%s.so" % (f, n)) for f in folders) for n in names
                },
            }
    return found


def manifest(_moved: str) -> dict[str, Any]:
    """What the manifest says of flags: of CPython all, of the others the words of commands."""
    with open(os.path.join(sys.prefix, "manifest.json"), encoding="utf-8") as stream:
        found = json.load(stream)
    # "openssl-1.1.1w", "musl-release": an edition's recipe of the component
    flags = {re.sub(r"-(\d|release).*$", "", name): row for name, row in found["flags"].items()}
    own = {name: value for name, value in flags.pop("cpython").items() if name != "commands"}
    return {
        "profile": found["profile"],
        "python": own,
        "deviations": found.get("deviations", []),
        "others": {name: flag_words(row) for name, row in flags.items()},
    }


def flag_words(row: Mapping[str, Any]) -> list[str]:
    """Options among a component's commands, and its configure arguments whole."""
    text = " ".join([row.get("CFLAGS", ""), row.get("LDFLAGS", ""), *row.get("commands", [])])
    options = {word for word in re.split(r"[\s'\"]+", text) if word.startswith("-")}
    return sorted(options.union(row.get("configure", [])))


def tags(_moved: str) -> dict[str, Any]:
    """What `packaging`, carried into the cell, and pip's own copy make of this Python."""
    carried = "/tmp/everylinux-packaging.zip"  # noqa: S108 - the cell's
    if not os.path.exists(carried):
        return {"lacks": "the package packaging: the machine has none to carry into the cell"}
    own = TAGS.replace("from packaging", "from pip._vendor.packaging")
    found = {}
    for name, argv in {"packaging": [TAGS, carried], "pip": [own]}.items():
        all_ = json.loads(said([sys.executable, "-B", "-c", *argv]))
        platforms = list(dict.fromkeys(tag.split("-", 2)[2] for tag in all_))
        found[name] = {"platforms": platforms, "first": all_[:2]}
    return found


ASKERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "sysconfig_places": places,
    "sysconfig_variables": variables,
    "config_tool": config,
    "pkgconfig": packages,
    "manifest_flags": manifest,
    "wheel_tags": tags,
}


def _section(asker: Callable[[str], dict[str, Any]]) -> Callable[[Sequence[str]], dict[str, Any]]:
    def section(arguments: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = (
            sys.modules["__main__"].load("asking").ask(lambda: asker(arguments[0]), 40.0)
        )
        return found

    return section


SECTIONS = {name: _section(asker) for name, asker in ASKERS.items()}
