"""`everylinux images` as a user types it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from everylinux.cli import main
from everylinux.images import RootStore
from everylinux.pins import LOCK_NAME, Pin, load_pins, save_pin

MakeTar = Callable[..., Path]
MATRIX = """version: 1
ca_layouts: {{}}
distros:
  one:
    name: One
    release: "1.0"
    support: required
    libc: glibc 2.0
    arch: {{x86_64: {{tarball: {{file: one.tar.gz, sha256: {sha}}}}}, x86: {{}}}}
  two:
    name: Two
    release: "2"
    support: best-effort
    reference: registry.invalid/two:2
    arch: {{x86_64: {{}}}}
"""


@pytest.fixture
def matrix(tmp_path: Path, make_tar: MakeTar) -> Path:
    """Two distributions; the first has a tarball for x86_64."""
    sha = hashlib.sha256(make_tar("one.tar.gz").read_bytes()).hexdigest()
    path = tmp_path / "matrix.yaml"
    path.write_text(MATRIX.format(sha=sha))
    return path


@pytest.fixture
def call(matrix: Path) -> Callable[..., Result]:
    """Run a command of the group on that matrix."""

    def run(command: str, *arguments: str) -> Result:
        line = ["images", command, "--matrix", str(matrix), *arguments]
        return CliRunner().invoke(main, line)

    return run


def rows(result: Result) -> dict[str, dict[str, Any]]:
    """The JSON that a command printed, by image."""
    return {f"{row['id']}-{row['arch']}": row for row in json.loads(result.stdout)}


def test_list_tells_who_has_an_image(call: Callable[..., Result], folder: Path) -> None:
    """Before anything is fetched, providers are named and nothing is in the cache."""
    found = rows(call("list", "--json", "--rootfs-dir", str(folder)))

    assert {name: row["providers"] for name, row in found.items()} == {
        "one-x86": {},
        "one-x86_64": {"tarball": "one.tar.gz"},
        "two-x86_64": {"registry": "registry.invalid/two:2"},
    }
    assert [row["cached"] for row in found.values()] == [False] * 3


def test_fetch_fills_the_cache_and_list_shows_it(call: Callable[..., Result], folder: Path) -> None:
    """What was fetched is listed with its size, what could not be had has a reason."""
    options = ("--rootfs-dir", str(folder))
    fetched = call("fetch", "--offline", "--json", *options)
    listed = rows(call("list", "--json", *options))

    assert fetched.exit_code == 0
    reasons = {name: row["reason"] for name, row in rows(fetched).items()}
    assert reasons["one-x86_64"] == ""
    assert "one-x86.tar*" in reasons["one-x86"]
    assert "registry: offline" in reasons["two-x86_64"]
    assert listed["one-x86_64"]["cached"] is True
    assert listed["one-x86_64"]["bytes"] == len("#!") + len("hello")


@pytest.mark.parametrize("command", ["list", "fetch"])
def test_tables_name_every_image(call: Callable[..., Result], folder: Path, command: str) -> None:
    """Without --json there is a table that a person can read."""
    offline = ["--offline"] if command == "fetch" else []
    result = call(command, *offline, "--rootfs-dir", str(folder))

    assert result.exit_code == 0
    assert all(name in result.stdout for name in ("one-x86_64", "one-x86 ", "two-x86_64"))


def test_fetch_of_nothing_is_exit_3(call: Callable[..., Result], folder: Path) -> None:
    """Where no image can be had, nothing could run."""
    result = call("fetch", "--offline", "--distro", "two", "--rootfs-dir", str(folder))

    assert result.exit_code == 3


@pytest.mark.parametrize("command", ["list", "fetch", "pin"])
def test_an_unknown_distribution_is_exit_2(call: Callable[..., Result], command: str) -> None:
    """A misspelt name is one line with the nearest ones."""
    result = call(command, "--distro", "ome")

    assert result.exit_code == 2
    assert "no distribution is called 'ome': did you mean one" in result.stderr
    assert "Traceback" not in result.output


def test_a_hostile_tarball_is_exit_2(
    call: Callable[..., Result], make_tar: MakeTar, folder: Path
) -> None:
    """Bad input is one line, and nothing of it is kept."""
    make_tar("one-x86.tar.gz", (("../evil", "file", "x"),))

    result = call("fetch", "--offline", "--arch", "x86", "--rootfs-dir", str(folder))

    assert result.exit_code == 2
    assert result.stderr.startswith("everylinux: one-x86.tar.gz was refused")
    assert result.stderr.count("\n") == 1


def test_pin_without_a_registry_is_exit_3(call: Callable[..., Result], matrix: Path) -> None:
    """A registry that cannot be reached pins nothing and says so."""
    result = call("pin", "--json", "--distro", "two")

    assert result.exit_code == 3
    assert "cannot be pinned" in rows(result)["two-x86_64"]["reason"]
    assert not matrix.with_name(LOCK_NAME).exists()


def test_pin_of_what_has_no_reference_is_told(call: Callable[..., Result]) -> None:
    """What no registry has cannot be pinned."""
    assert call("pin", "--distro", "one").exit_code == 2


def test_prune_drops_stale_pins_and_trees(
    call: Callable[..., Result], matrix: Path, folder: Path, store: RootStore
) -> None:
    """Pins and trees that the matrix no longer names go, the others stay."""
    call("fetch", "--offline", "--rootfs-dir", str(folder))
    lock = matrix.with_name(LOCK_NAME)
    digest = "sha256:" + "a" * 64
    save_pin(lock, "two-x86_64", Pin("registry.invalid/two:2", digest, "2026-01-01"))
    save_pin(lock, "gone-x86_64", Pin("registry.invalid/gone:2", digest, "2026-01-01"))

    kept = call("prune", "--json")
    known = store.markers()[0].digest.removeprefix("sha256:")
    matrix.write_text(matrix.read_text().replace(known, "0" * 64))
    removed = call("prune", "--json")

    assert [row["what"] for row in json.loads(kept.stdout)] == ["pin gone-x86_64"]
    assert list(load_pins(lock)) == ["two-x86_64"]
    assert [row["what"] for row in json.loads(removed.stdout)] == [
        "one-x86_64 (tarball one.tar.gz)"
    ]
    assert store.markers() == ()


def test_the_group_alone_lists() -> None:
    """`everylinux images` shows the project's own matrix."""
    result = CliRunner().invoke(main, ["images"])

    assert result.exit_code == 0
    assert "debian12-x86_64" in result.stdout
