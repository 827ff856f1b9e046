"""Red samples of the claims on manifest.json: what it says is not what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.sabotage import fault
from tests.sabotage.tree import edit_manifest, truthful, write

Change = Callable[[dict[str, Any]], object]


def lies(*kills: str) -> Callable[[Callable[[dict[str, Any]], object]], Change]:
    """Register a fault of the manifest alone: the function edits what it says."""

    def declare(change: Change) -> Change:
        def apply(tree: Path) -> None:
            edit_manifest(tree, change)

        apply.__doc__ = change.__doc__
        fault(kills=kills, name=change.__name__)(apply)
        return change

    return declare


@fault(kills={"LAY-101"})
def no_manifest(tree: Path) -> None:
    """It was not packed."""
    (tree / "manifest.json").unlink()


@fault(kills={"LAY-102"})
def a_file_not_listed(tree: Path) -> None:
    """A file was added after the manifest was written."""
    write(tree / "share/late.txt", "late\n")


@fault(kills={"LAY-103"})
def a_listed_file_gone(tree: Path) -> None:
    """A file was removed after the manifest was written."""
    write(tree / "share/early.txt", "early\n")
    truthful(tree)
    (tree / "share/early.txt").unlink()


def _first(manifest: dict[str, Any], kind: str = "file") -> dict[str, Any]:
    row: dict[str, Any] = next(row for row in manifest["files"] if row["kind"] == kind)
    return row


@lies("LAY-104")
def a_mode_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A mode was changed after the manifest was written."""
    _first(manifest)["mode"] = "4755"


@lies("LAY-105")
def a_size_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A size is that of another build."""
    _first(manifest)["size"] += 1


@lies("LAY-106")
def a_digest_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A digest is that of another build."""
    _first(manifest)["sha256"] = "0" * 64


@lies("LAY-107")
def a_target_that_is_not_true(manifest: dict[str, Any]) -> None:
    """A link was turned after the manifest was written."""
    _first(manifest, "link")["target"] = "elsewhere"


@lies("LAY-108", "LAY-112")
def a_component_without_version(manifest: dict[str, Any]) -> None:
    """A component does not say which release it is."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["version"] = ""
    row["sources"][0]["version"] = ""


@lies("LAY-109")
def a_component_without_origin(manifest: dict[str, Any]) -> None:
    """A source came from nowhere."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["origin"] = {}


@lies("LAY-110", "LAY-112")
def a_component_without_digest(manifest: dict[str, Any]) -> None:
    """A source has no digest."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["sha256"] = ""


@lies("LAY-111")
def a_component_without_licence(manifest: dict[str, Any]) -> None:
    """Nobody looked at the licence."""
    manifest["components"][0].pop("licence")


@lies("LAY-112")
def another_release_than_locked(manifest: dict[str, Any]) -> None:
    """A source is another release than the lock pins."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["version"] = "0.0.1"


@lies("LAY-112")
def another_archive_than_locked(manifest: dict[str, Any]) -> None:
    """A source has the right name and another content."""
    row = next(row for row in manifest["components"] if row.get("sources"))
    row["sources"][0]["sha256"] = "1" * 64


@lies("LAY-113")
def flags_not_recorded(manifest: dict[str, Any]) -> None:
    """How a component was compiled is lost."""
    manifest["components"][0]["flags"]["commands"] = []


@lies("LAY-114")
def tool_chain_not_recorded(manifest: dict[str, Any]) -> None:
    """Which compiler it was is lost."""
    manifest["toolchain"] = {}


@lies("LAY-115")
def settings_that_are_not_true(manifest: dict[str, Any]) -> None:
    """The manifest is that of another architecture's build."""
    manifest["arch"] = "x86"


@lies("LAY-116")
def a_file_listed_twice(manifest: dict[str, Any]) -> None:
    """Two rows for one file: a reader takes one of them."""
    manifest["files"].append(dict(_first(manifest)))
