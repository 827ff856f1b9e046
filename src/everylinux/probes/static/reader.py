"""The child that parses untrusted files: run as a program by child.py, with hard limits.

It reads `{"kind": ..., "path": ...}` a line and answers `{"facts": ...}` or `{"error": ...}`.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ADDRESS_SPACE = 3 << 30  # lief maps a few hundred MB by itself; a file is at most 256 MB
CPU_SECONDS = 300  # for a whole artefact; one of 224 MB takes 5 s
OPEN_FILES = 64
PARSERS = {
    "elf": ("elf_object", "describe"),
    "text": ("content", "paths"),
    "sysconfig": ("content", "sysconfig"),
    "json": ("content", "json_paths"),
    "macros": ("content", "macros"),
    "pc": ("content", "pkgconfig"),
    "bill": ("bill", "describe"),
}


def main() -> None:
    """Answer until stdin ends."""
    _limit()
    sys.path.insert(0, str(Path(__file__).parent))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        answer = json.dumps(_answer(request["kind"], request["path"]))
        sys.stdout.buffer.write(answer.encode() + b"\n")
        sys.stdout.buffer.flush()


def _limit() -> None:
    bounds = {
        resource.RLIMIT_AS: ADDRESS_SPACE,
        resource.RLIMIT_CPU: CPU_SECONDS,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
    }
    for what, bound in bounds.items():
        resource.setrlimit(what, (bound, bound))


def _answer(kind: str, path: str) -> dict[str, Any]:
    module, function = PARSERS[kind]
    parse: Callable[[str], dict[str, Any]] = getattr(importlib.import_module(module), function)
    try:
        return {"facts": parse(path)}
    except Exception as error:  # noqa: BLE001 - whatever a hostile file provokes is its own fact
        return {"error": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    main()
