"""From the cache to the user: a copy of the finished tree, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import filelock

from everylinux.archives import remove_tree
from everylinux.errors import BuildError, UsageError
from everylinux.forge.contract import Settings
from everylinux.forge.store import digests, local_trouble

MARK = ".everylinux-build.json"


def name(settings: Settings, key: str) -> str:
    """The folder of a finished build below places.builds_root()."""
    words = ["python", settings.python, settings.arch, settings.profile]
    if settings.edition != "current":
        words.insert(1, settings.edition)
    return "-".join([*words, settings.start, key[:12]])


def publish(output: Path, target: Path, key: str) -> Path:
    """Make `target` a copy of a step's `output`; the path of the finished tree in it.

    What is right already is left alone. A folder with files that no build put there is refused.
    """
    tree = target / _tree(output).name
    with local_trouble(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target.parent / f".{target.name}.lock"):
            if not _is_right(output, target, key):
                _replace(output, target, key)
    return tree


def _tree(output: Path) -> Path:
    folders = [path for path in output.iterdir() if path.is_dir() and not path.is_symlink()]
    if len(folders) != 1:
        msg = f"the step distribution left {len(folders)} folders, not one"
        raise BuildError(msg, move="the finished tree must be the only one")
    return folders[0]


def _mark(target: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads((target / MARK).read_text())
    except (OSError, ValueError):
        return None


def _is_right(output: Path, target: Path, key: str) -> bool:
    mark = _mark(target)
    if not isinstance(mark, dict) or mark.get("key") != key:
        return False
    there, wanted = digests(target), digests(output)
    return all(there.get(path) == value for path, value in wanted.items())


def _replace(output: Path, target: Path, key: str) -> None:
    _refuse_strangers(target)
    staged = target.parent / f".{target.name}.{os.getpid()}"
    remove_tree(staged)
    try:
        shutil.copytree(output, staged, symlinks=True)
        (staged / MARK).write_text(json.dumps({"key": key, "files": sorted(digests(output))}))
        if target.exists():
            remove_tree(target)
        staged.rename(target)
    finally:
        remove_tree(staged)


def _refuse_strangers(target: Path) -> None:
    """What a build put there, and what Python itself writes beside it, may be replaced."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"--output {target}: not a folder", move="give a new or an empty one")
    mark = _mark(target) or {}
    ours = {*mark.get("files", ()), MARK}
    strangers = [path for path in digests(target) if path not in ours and "__pycache__" not in path]
    if strangers:
        cause = f"--output {target}: it has files that no build put there ({strangers[0]})"
        raise UsageError(cause, move="move them, or give a new or an empty folder")
