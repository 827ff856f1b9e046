"""The import rules of the design, the size of files and their names, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "everylinux"
MODULES = sorted(SOURCE.rglob("*.py"))
SUITES = sorted((ROOT / "suites").rglob("*.py"))
MAX_LINES = 350
BAD_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
NOUNS = {"model", "errors"}
# What every part may use: files, archives and YAML, without a word about what is in them. They use
# the nouns and each other.
FOUNDATION = {
    "places",
    "cgroups",
    "archives",
    "compression",
    "zips",
    "unpacking",
    "root_copies",
    "strict_yaml",
    "schema_errors",
    "json_schema",
}
FOUNDATION |= NOUNS

# part -> what of ours it may import besides itself and the foundation. A part that is not listed
# (plugin, cli, and what they are made of) may import everything.
RULES: dict[str, set[str]] = {
    **{name: set() for name in FOUNDATION},
    "pins": set(),
    "matrix": {"pins"},
    "images": {"pins"},
    "kernels": set(),
    "postures": set(),
    # a cell names its kernel and posture, and real kernels come from where images do
    "engines": {"agent", "kernels", "postures", "matrix", "images", "qemu"},
    "qemu": set(),
    "agent": set(),
    "budgets": set(),
    "allowances": set(),
    "distribution": set(),
    "symbols": set(),
    "forge": set(),
    "probes": {"agent", "engines", "symbols"},  # of the engines only their protocol, see below
    "facts": set(),
    "promises": set(),
    "checks": {"facts", "budgets", "promises"},
    "journal": set(),
    "report": {"journal"},
    "gate": {"report"},
}
SUITES_MAY = {*NOUNS, "checks", "facts", "budgets", "allowances", "symbols"}


def part_of(path: Path) -> str:
    """`forge` for src/everylinux/forge/run.py, `model` for src/everylinux/model.py."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it; relative ones are refused by ruff."""
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def parts_imported(path: Path) -> set[str]:
    """The parts of ours that the file imports (names in `from everylinux import x` count)."""
    parts = {name.split(".")[1] for name in imports(path) if name.startswith("everylinux.")}
    known = {part_of(module) for module in MODULES}
    return parts & known


def relative(path: Path) -> str:
    """The id of a case."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_import_directions(path: Path) -> None:
    """A part imports only what stands below it."""
    part = part_of(path)
    allowed = RULES.get(part)
    if allowed is None:
        allowed = {part_of(module) for module in MODULES}

    assert parts_imported(path) - allowed - FOUNDATION - {part} == set()


@pytest.mark.parametrize("path", SUITES, ids=relative)
def test_suites_see_claims_and_facts_only(path: Path) -> None:
    """A suite judges facts: it starts no container and reads no build."""
    assert parts_imported(path) - SUITES_MAY == set()


def test_forge_and_harness_never_meet() -> None:
    """The build knows no cell, and nothing that judges knows the build but the command line."""
    users = {part_of(path) for path in MODULES if "forge" in parts_imported(path)}

    assert users <= {"forge", "cli", "commands", "doctor"}


def test_probes_inside_import_nothing_of_ours() -> None:
    """What runs under the Python under test stands alone."""
    inside = sorted((SOURCE / "probes" / "inside").rglob("*.py"))

    assert inside
    assert [relative(path) for path in inside if parts_imported(path)] == []


def test_probes_know_only_the_protocol_of_engines() -> None:
    """A probe gathers through any Box and never chooses how it is held."""
    used = {
        name
        for path in MODULES
        if part_of(path) == "probes"
        for name in imports(path)
        if name.startswith("everylinux.engines.")
    }

    assert {name for name in used if not name.startswith("everylinux.engines.base")} == set()


def test_only_checks_and_the_plugin_know_pytest() -> None:
    """How claims are run is a detail of the plugin and of its parts, judging and dist_option."""
    users = {part_of(path) for path in MODULES if "pytest" in set(imports(path))}

    assert users <= {"checks", "plugin", "judging", "dist_option"}


@pytest.mark.parametrize("path", [*MODULES, *SUITES], ids=relative)
def test_files_are_short_and_well_named(path: Path) -> None:
    """Fewer than 350 lines, and a name that says what is inside."""
    assert len(path.read_text().splitlines()) < MAX_LINES
    assert path.stem not in BAD_NAMES
    assert not BAD_NAMES & set(path.relative_to(ROOT).parts)
