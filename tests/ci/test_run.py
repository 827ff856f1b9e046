"""`.ci/run` with a made-up ./bootstrap: what it calls, and what its exit status says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = [
    "--with-engines lint",
    "type",
    "doctor",
    "build",
    "cells -n 2 --engine=bubblewrap",
    "sabotage",
    "cells -n 2 --engine=podman",
    "cells -n 2 --engine=docker",
    "build --arch=x86",
    "cells -n 2 --engine=bubblewrap",
    "build --python=3.14",
    "cells -n 2 --engine=bubblewrap",
    "build --edition=reference --nearest --python=3.11",
    "cells -n 2 --engine=bubblewrap",
    "test",
]


def ci(folder: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Run it in a copy, from another folder."""
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci")
    for name in ("with-dockerd", "test-tools"):  # a daemon and packages are for the real run only
        program = folder / ".ci" / name
        program.write_text('#!/bin/sh\n[ $# = 0 ] || exec "$@"\n')
        program.chmod(0o755)
    bootstrap = folder / "bootstrap"
    bootstrap.write_text(f'#!/bin/sh\necho "$*" >>called\n{body}\n')
    bootstrap.chmod(0o755)
    return subprocess.run(
        ["bash", folder / ".ci" / "run"],
        cwd="/",
        input="something",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def called(folder: Path) -> list[str]:
    """What ./bootstrap was called with, without the options that name cells and folders."""
    dropped = ("--distro=", "--report-dir=", "--dist=", "--output=")
    return [
        " ".join(word for word in line.split() if not word.startswith(dropped))
        for line in (folder / "called").read_text().splitlines()
    ]


def test_all_parts_in_order(tmp_path: Path) -> None:
    """A good run calls every part, the README's test command last, and exits 0."""
    done = ci(tmp_path, "echo '== 3 passed in 0.1s =='")

    assert called(tmp_path) == PARTS
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert done.stdout.count("exit status 0 after") == 2 * (len(PARTS) + 1)


@pytest.mark.parametrize("bad", ["type", "build", "test"])
def test_goes_on_after_a_failure(tmp_path: Path, bad: str) -> None:
    """One part that fails makes the whole fail and is shown again; the others run all the same."""
    done = ci(tmp_path, f'[ "$1" != {bad} ] || {{ echo "what went wrong"; exit 7; }}')

    assert called(tmp_path) == PARTS
    assert done.returncode == 1
    times = sum(part.split()[0] == bad for part in PARTS)
    assert done.stdout.count("exit status 7") == 2 * times
    assert done.stdout.count("what went wrong") == 2 * times


def test_masks_hosts_and_has_no_stdin(tmp_path: Path) -> None:
    """No host of a registry is printed, however a client names it; nothing can be asked."""
    noise = (
        'echo "Get:1 https://mirror.invalid/debian x"; read -r answer && exit 9;'
        "echo \"HTTPSConnectionPool(host='mirror.invalid', port=443)\";"
        "echo \"Temporary failure resolving 'mirror.invalid'\"; true"
    )
    done = ci(tmp_path, noise)

    assert done.returncode == 0
    assert "https://HOST/debian" in done.stdout
    assert "mirror.invalid" not in done.stdout + done.stderr
