"""Environments by other people's tools, console scripts, targets and zipapps work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

PROFILES = ("standalone",)
SHEBANG_BYTES = 127
"""What Linux below 5.1 takes of a `#!` line (fs/binfmt_script.c)."""


def _way(facts: Facts, name: str, evidence: Evidence) -> Mapping[str, Any]:
    """What a way came to; skipped where nobody asked, or where the cell lacks what it needs."""
    ways: Mapping[str, Any] = facts["packages_ways"]
    if "lacks" in ways:
        pytest.skip(f"the area packages {ways['lacks']}")
    found: Mapping[str, Any] = ways[name]
    evidence["found"] = found
    if "lacks" in found:
        pytest.skip(f"the cell lacks {found['lacks']}")
    assert "failed" not in found, found["failed"]
    return found


def _environment(found: Mapping[str, Any]) -> tuple[str, str]:
    """Where an environment's interpreter says that it and its base are."""
    report = found["report"]
    assert "failed" not in report, report["failed"]
    return report["prefix"], report["base_prefix"]


@check(
    "PKG-012",
    source="issue 4: packages; docs.astral.sh: uv venv",
    remedy="Answer uv's questions (sysconfig, platform, sys) as an installed Python does.",
    profiles=PROFILES,
)
def test_uv_venv(facts: Facts, evidence: Evidence) -> None:
    """An environment made by uv has its own prefix and the tree as its base."""
    found = _way(facts, "uv venv", evidence)
    assert _environment(found) == (found["place"], str(SUBJECT))


@check(
    "PKG-013",
    source="issue 4: packages; virtualenv.pypa.io: explanation",
    remedy="Let the interpreter start by a symlink, and pyvenv.cfg be found beside it.",
    profiles=PROFILES,
)
def test_virtualenv(facts: Facts, evidence: Evidence) -> None:
    """An environment made by virtualenv has its own prefix, the tree as its base, and a pip."""
    found = _way(facts, "virtualenv", evidence)
    pip = str(found["pip"]).startswith(f"{found['place']}/lib/")
    assert (_environment(found), pip) == ((found["place"], str(SUBJECT)), True)


@check(
    "PKG-014",
    source="docs.python.org: venv, ensurepip; bug museum 13",
    remedy="Carry ensurepip with the wheel of pip, and let an environment's pip see the tags.",
    profiles=PROFILES,
)
def test_venv_with_pip(facts: Facts, evidence: Evidence) -> None:
    """An environment made by venv has a pip of its own, which installs wheels."""
    found = _way(facts, "venv with pip", evidence)
    assert {name: step["status"] for name, step in found.items()} == dict.fromkeys(found, 0)


def _script(found: Mapping[str, Any], version: str) -> tuple[object, object, bool]:
    """How installing a console script and starting it ended, and whether it told its version."""
    started = found["started"]
    return found["installed"]["status"], started["status"], version in started["out"]


def _version(expected: Expected) -> str:
    return str(expected.table("packages/packages.yaml")["text"]["charset-normalizer"]["version"])


@check(
    "PKG-015",
    source="issue 4: packages; pypi distlib: scripts.py, shebangs",
    remedy="Let sys.executable be the path as it is: pip quotes it for the script's first lines.",
    profiles=PROFILES,
)
def test_script_with_spaces(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A console script of an environment in a path with spaces starts."""
    found = _way(facts, "script in a path with spaces", evidence)
    assert _script(found, _version(expected)) == (0, 0, True)


@check(
    "PKG-016",
    source="issue 4: packages; Linux fs/binfmt_script.c: 127 bytes below 5.1",
    remedy="Let sys.executable be the whole path: pip writes a #!/bin/sh line for long ones.",
    profiles=PROFILES,
)
def test_script_in_a_long_path(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A console script of an environment whose path is longer than a `#!` line may be starts."""
    found = _way(facts, "script in a long path", evidence)
    long = found["bytes"] > SHEBANG_BYTES
    assert (long, *_script(found, _version(expected))) == (True, 0, 0, True)


@check(
    "PKG-017",
    source="issue 4: packages; pip.pypa.io: pip install --target",
    remedy="Let PYTHONPATH come before the tree's own folders, and --target be any folder.",
    profiles=PROFILES,
)
def test_target(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """What `pip install --target` put into a folder is imported from there, by PYTHONPATH."""
    found = _way(facts, "target", evidence)
    answer = expected.table("packages/packages.yaml")["secrets"]["xxhash"]["answer"]
    wanted = [f"{found['place']}/xxhash/__init__.py", answer]
    assert (found["installed"]["status"], found["found"]) == (0, wanted)


@check(
    "PKG-018",
    source="issue 4: packages; docs.python.org: zipapp; RFC 3492 (the name's encoding)",
    remedy="Carry zipapp and zipimport, and let zlib load.",
    profiles=PROFILES,
)
def test_zipapp(facts: Facts, evidence: Evidence) -> None:
    """A program packed by zipapp with a package in it runs from its one file."""
    found = _way(facts, "zipapp", evidence)
    states = [found[step]["status"] for step in ("installed", "packed", "started")]
    assert (states, found["started"]["out"]) == ([0, 0, 0], "xn--bcher-kva.example")


@check(
    "PKG-019",
    source="pip.pypa.io: pip uninstall; packaging.python.org: RECORD",
    remedy="Let pip write RECORD whole, and sysconfig name the folders that it wrote to.",
    profiles=PROFILES,
)
def test_uninstalled(facts: Facts, evidence: Evidence) -> None:
    """What pip installed, pip removes whole."""
    found = _way(facts, "uninstalled", evidence)
    states = [found[step]["status"] for step in ("installed", "uninstalled")]
    assert (states, bool(found["before"]), found["left"]) == ([0, 0], True, [])


@check(
    "PKG-020",
    source="PEP 656; bug museum 12",
    remedy="Take manylinux out of the platform tags that the tree says it has.",
    profiles=PROFILES,
)
def test_a_wheel_for_glibc_is_refused(facts: Facts, evidence: Evidence) -> None:
    """Neither pip nor uv installs a wheel that was made for glibc."""
    found = _way(facts, "foreign", evidence)
    assert "manylinux" in found["wheel"]
    tag = {"pip": "not a supported wheel" in found["pip"]["said"], "uv": _by_tag(found["uv"])}
    refused = {name: found[name]["status"] not in {0, None} for name in tag}
    assert (refused, tag) == ({"pip": True, "uv": True}, {"pip": True, "uv": True})


def _by_tag(ended: Mapping[str, Any]) -> bool:
    """Whether uv refused by the platform, not for another reason."""
    return "incompatible with the current platform" in ended["said"]
