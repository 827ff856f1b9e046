"""The cost of one command in a cell: through our agent, and through testinfra's podman backend.

Both run `/bin/true` in the same root filesystem, in turns, in one process; the backend gets a
container that already runs, so that neither is charged for opening a cell.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from measure import CannotMeasureError, Context, Measurement, interleave, timed

ROUNDS = 40
PER_TURN = 20  # commands through the agent in one turn: one alone is near the clock's noise
LIMIT = "4096:4096"  # podman's own defaults pass what some machines allow
UNIFIED = Path("/sys/fs/cgroup/unified")
CONTAINER = f"everylinux-bench-{os.getpid()}"
IMAGE = f"localhost/{CONTAINER}"
LIFETIME = 600  # seconds, after which the container ends by itself
HYBRID = 'umount "$0" && exec "$@"'


def ratio_of_commands(context: Context) -> Iterator[Measurement]:
    """command.agent, command.testinfra-podman, and how many times dearer the second is."""
    agent, testinfra = (timed(name, values) for name, values in samples(context).items())
    yield agent
    yield testinfra
    assert agent.value is not None
    assert testinfra.value is not None
    yield Measurement("command.ratio", "", testinfra.value / agent.value)


def samples(context: Context) -> dict[str, list[float]]:
    """Seconds per command of both, measured in a child.

    The child has a mount namespace of its own where cgroups are in hybrid mode: crun refuses them
    unless the v2 side is out of sight.
    """
    argv = [sys.executable, str(Path(__file__)), context.distro]
    if UNIFIED.is_dir() and os.geteuid() == 0:
        argv = [
            *["unshare", "-m", "--propagation", "private", "sh", "-c"],
            HYBRID,
            str(UNIFIED),
            *argv,
        ]
    done = subprocess.run(
        argv, cwd=context.project, capture_output=True, text=True, timeout=LIFETIME, check=False
    )
    if done.returncode:
        raise CannotMeasureError((done.stderr.strip().splitlines() or ["no answer"])[-1])
    measured: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def compare(agent: Callable[[], object], testinfra: Callable[[], object]) -> dict[str, list[float]]:
    """Time both in turns, after one of each that does not count."""

    def turn() -> None:
        for _ in range(PER_TURN):
            agent()

    agent()
    testinfra()
    times = interleave({"command.agent": turn, "command.testinfra-podman": testinfra}, ROUNDS)
    times["command.agent"] = tuple(value / PER_TURN for value in times["command.agent"])
    return {name: list(values) for name, values in times.items()}


@contextlib.contextmanager
def podman_container(root: Path) -> Iterator[str]:
    """A running container of that root filesystem, removed at the end with its image."""
    packed = subprocess.Popen(["tar", "-C", str(root), "-c", "."], stdout=subprocess.PIPE)
    call("podman", "import", "-q", "-", IMAGE, stdin=packed.stdout)
    packed.wait()
    limits = ["--ulimit", f"nofile={LIMIT}", "--ulimit", f"nproc={LIMIT}"]
    where = ["--pull=never", "--network=none", "--name", CONTAINER]
    try:
        call("podman", "run", "-d", *limits, *where, IMAGE, "sleep", str(LIFETIME))
        yield CONTAINER
    finally:
        call("podman", "rm", "-f", "-t", "0", CONTAINER)
        call("podman", "rmi", "-f", IMAGE)


def call(*argv: str, stdin: object = None) -> None:
    """Run podman; CannotMeasureError with its last line."""
    source = stdin if stdin is not None else subprocess.DEVNULL
    done = subprocess.run(argv, stdin=source, capture_output=True, check=False)  # type: ignore[call-overload]
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["failed"])[-1]
        msg = f"{' '.join(argv[:2])}: {last}"
        raise CannotMeasureError(msg)


def child(distro: str) -> dict[str, list[float]]:
    """Open both and compare them."""
    import testinfra  # noqa: PLC0415 - the extra `bench`

    from everylinux import distribution, images, matrix  # noqa: PLC0415 - only in the child
    from everylinux.engines.registry import ENGINES  # noqa: PLC0415
    from everylinux.model import Cell  # noqa: PLC0415

    tree = distribution.newest("3.13")
    if tree is None:
        msg = "no finished build: run `everylinux build` first"
        raise CannotMeasureError(msg)
    subject = distribution.resolve(tree)
    rows = matrix.load().select([distro], ["x86_64"])
    roots, missing = images.gather(rows, offline=True)
    if not roots:
        raise CannotMeasureError(missing[0].reason)
    cell = Cell(roots[0].image, subject.python, "bubblewrap")
    with (
        ENGINES["bubblewrap"].open(cell, subject, roots[0]) as box,
        podman_container(roots[0].path) as name,
    ):
        host = testinfra.get_host(f"podman://{name}")
        return compare(
            lambda: expect(box.run(["/bin/true"]).status), lambda: expect(host.run("/bin/true").rc)
        )


def expect(status: int | None) -> None:
    """A command that fails is no figure."""
    if status != 0:
        msg = f"/bin/true ended with {status}"
        raise CannotMeasureError(msg)


if __name__ == "__main__":
    try:
        print(json.dumps(child(sys.argv[1])))  # noqa: T201 - read by `samples`
    except Exception as error:  # noqa: BLE001 - one line for the parent
        sys.exit(f"{type(error).__name__}: {error}")
