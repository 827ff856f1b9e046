"""Nothing is left: after close, after an exception, after kill -9 of us; and only ours is swept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from everylinux import cgroups
from everylinux.engines import owner
from everylinux.engines.box import AgentBox
from everylinux.engines.cell import AgentEngine
from everylinux.errors import AgentError
from everylinux.model import Distribution

from .conftest import MakeRoot, Open

# Opens a cell, starts a command that ignores signals in it, says so, and waits for its end.
CHILD = """
import os, sys, threading, time
from pathlib import Path
from everylinux.engines.registry import ENGINES
from everylinux.model import *
name, root, subject = sys.argv[1:]
image = Image("i", Arch("x86_64"), "i", "")
box = ENGINES[name].open(
    Cell(image, "3.13", name),
    Distribution(Path(subject), "3.13", image.arch, ""),
    RootFs(image, Path(root), "sha256:i", "i"),
)
nap = f"sleep {100000 + os.getpid()}"
script = f"trap '' TERM INT HUP; setsid {nap} & {nap}"
threading.Thread(target=lambda: box.run(["sh", "-c", script]), daemon=True).start()
time.sleep(0.3)
print(box.run_dir.parent.name, flush=True)
try:
    time.sleep(60)
finally:
    box.close()
"""


def start_child(
    engine: AgentEngine, root: Path, subject: Path
) -> tuple[subprocess.Popen[str], str]:
    argv = [sys.executable, "-c", CHILD, engine.name, str(root), str(subject)]
    child = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert child.stdout
    return child, child.stdout.readline().strip()


def left(name: str) -> list[str]:
    """Processes, groups and folders that carry a cell's name."""
    found = [str(path) for path in Path(tempfile.gettempdir()).glob(f"{name}*")]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
        except OSError:
            continue
        found += [words.decode("utf-8", "replace")] if name.encode() in words else []
    own = cgroups.of_process()
    for path in own.paths if own else ():
        found += map(str, path.glob(name.partition(".")[0]))
    return found


def wait_until_left(name: str, seconds: float = 10.0) -> list[str]:
    until = time.monotonic() + seconds
    while (found := left(name)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def sleeping(child: subprocess.Popen[str]) -> int:
    rows = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return rows.stdout.splitlines().count(f"sleep {100000 + child.pid}")


def test_close_leaves_nothing(engine: AgentEngine, open_cell: Open) -> None:
    """A closed cell has no process, no group and no folder; a second close is nothing."""
    box = open_cell(engine)
    name = box.run_dir.parent.name
    assert left(name)
    box.close()
    box.close()
    assert left(name) == []
    with pytest.raises(AgentError, match="is closed"):
        box.run(["true"])


def test_an_exception_leaves_nothing(engine: AgentEngine, open_cell: Open) -> None:
    """A cell that is left by an exception is closed."""

    def fail(box: AgentBox) -> None:
        raise InterruptedError(box.run_dir.parent.name)

    with pytest.raises(InterruptedError) as caught, open_cell(engine) as box:
        fail(box)
    assert left(str(caught.value)) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_our_end_is_the_cell_s(
    engine: AgentEngine, make_root: MakeRoot, subject: Distribution, number: signal.Signals
) -> None:
    """After kill -9 or Ctrl-C of the process that opened a cell, a sweep leaves nothing of it."""
    root = make_root("busybox-musl-x86_64").path
    child, name = start_child(engine, root, subject.root)
    assert owner._NAME.fullmatch(name.partition(".")[0])
    assert sleeping(child) == 2
    child.send_signal(number)
    child.wait(20)
    assert child.stdout
    child.stdout.close()
    until = time.monotonic() + 10
    while sleeping(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert sleeping(child) == 0
    if number == signal.SIGKILL:
        engine.sweep()  # or another worker's has just swept it
    assert wait_until_left(name) == []


def test_a_sweep_takes_only_what_is_ours(engine: AgentEngine, open_cell: Open) -> None:
    """What lives, what others made, and what only looks like ours stays."""
    temporary = Path(tempfile.gettempdir())
    others = [
        temporary / f"everylinux-of-a-stranger-{os.getpid()}",
        temporary / f"everylinux-n1-p{os.getpid()}-t1-0.another-namespace",
        temporary / f"{owner.new_name()}.alive",
    ]
    dead = temporary / f"everylinux-n{owner._namespace()}-p{os.getpid()}-t1-0.dead"
    link = temporary / f"everylinux-n{owner._namespace()}-p{os.getpid()}-t1-1.link"
    for folder in (*others, dead):
        folder.mkdir()
    (others[0] / "file").touch()
    (dead / "cgroups").write_text(f"/etc/{dead.stem}\n/sys/fs/cgroup/memory\n")
    link.symlink_to(others[0])
    try:
        with open_cell(engine) as box:
            assert not set(map(str, others)) & set(engine.sweep())
            assert box.run(["true"]).ok
        assert [path for path in others if not path.is_dir()] == []
        assert (others[0] / "file").exists()
        assert not dead.exists()
    finally:
        link.unlink()
        for folder in others:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()


def test_a_cell_outlives_the_thread_that_opened_it(engine: AgentEngine, open_cell: Open) -> None:
    """A parent-death signal follows a thread: cells are opened by one that stays."""
    boxes: list[AgentBox] = []
    thread = threading.Thread(target=lambda: boxes.append(open_cell(engine)))
    thread.start()
    thread.join()
    time.sleep(0.1)
    with boxes[0] as box:
        assert box.run(["true"]).ok


def test_cells_side_by_side(engine: AgentEngine, open_cell: Open) -> None:
    """Four cells at once see nothing of each other, and all are taken down."""
    boxes = [open_cell(engine) for _ in range(4)]
    for number, box in enumerate(boxes):
        box.put("/tmp/number", str(number).encode())  # noqa: S108
    assert [box.get("/tmp/number") for box in boxes] == [b"0", b"1", b"2", b"3"]  # noqa: S108
    names = [box.run_dir.parent.name for box in boxes]
    for box in boxes:
        box.close()
    assert [left(name) for name in names] == [[]] * 4
