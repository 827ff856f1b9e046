"""What a runtime of the Open Container Initiative is told: one bundle for containerd and gVisor.

Keys are those of config.json: https://github.com/opencontainers/runtime-spec/blob/v1.0.2/config.md
"""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from everylinux.engines.cell import (
    CAPABILITIES,
    GUARDED,
    HOSTNAME,
    SHARED,
    SHM,
    TEMP_BYTES,
    Place,
    most,
)
from everylinux.model import CELL

VERSION = "1.0.2"
NAMESPACES = ("pid", "ipc", "uts", "mount", "network")
PROC = "/proc"
Mount = dict[str, Any]


def write_bundle(place: Place) -> Path:
    """Write config.json, and the folder on which what is carried into the cell is mounted."""
    skeleton = make_skeleton(place)
    bundle = place.folder / "bundle"
    bundle.mkdir()
    (bundle / "config.json").write_text(json.dumps(_config(place, skeleton)))
    return bundle


def make_skeleton(place: Place) -> Path:
    """A folder with a mount point for all that is mounted below CELL: a root has none of them."""
    skeleton = place.folder / "skeleton"
    for source, target in place.binds:
        if not Path(target).is_relative_to(CELL):
            continue
        point = skeleton / Path(target).relative_to(CELL)
        (point if source.is_dir() else point.parent).mkdir(parents=True, exist_ok=True)
        if not source.is_dir():
            point.touch()
    return skeleton


def _config(place: Place, skeleton: Path) -> dict[str, Any]:
    files = most(resource.RLIMIT_NOFILE)
    names = tuple(f"CAP_{name}" for name in CAPABILITIES)
    held = dict.fromkeys(("bounding", "effective", "permitted"), names)
    return {
        "ociVersion": VERSION,
        "hostname": HOSTNAME,
        "root": {"path": str(place.root), "readonly": True},
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": place.agent_argv(),
            "cwd": "/",
            "capabilities": held,
            "noNewPrivileges": True,
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": files, "soft": files}],
        },
        "mounts": list(_mounts(place, skeleton)),
        "linux": {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "resources": {
                "memory": {"limit": place.memory_bytes},
                "pids": {"limit": place.processes},
            },
            "readonlyPaths": [f"{PROC}/{name}" for name in GUARDED],
        },
    }


def _mounts(place: Place, skeleton: Path) -> Iterator[Mount]:
    guarded = ["nosuid", "noexec", "nodev"]
    yield _mount("proc", PROC, "proc", guarded)
    yield _mount("tmpfs", "/dev", "tmpfs", ["nosuid", "mode=755", "size=65536k"])
    yield _mount("devpts", "/dev/pts", "devpts", ["newinstance", "ptmxmode=0666", "mode=0620"])
    yield _mount("sysfs", "/sys", "sysfs", [*guarded, "ro"])
    starts = ["noexec"] if place.posture.noexec else []
    for folder in SHARED:
        size = [f"size={TEMP_BYTES}"] if folder != SHM else []
        if folder not in place.posture.without:
            options = ["nosuid", "nodev", "mode=1777", *size, *starts]
            yield _mount("tmpfs", folder, "tmpfs", options)
    yield _mount(skeleton, str(CELL), "bind", ["bind", "ro"])
    for source, target in place.binds:
        yield _mount(source, target, "bind", ["bind", "ro"])


def _mount(source: Path | str, target: str, kind: str, options: list[str]) -> Mount:
    return {"destination": target, "type": kind, "source": str(source), "options": options}
