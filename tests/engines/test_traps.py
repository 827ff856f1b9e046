"""The ways in which container tools fail that a harness does not notice, each met on purpose."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from everylinux.agent import session
from everylinux.engines import podman as podman_module
from everylinux.engines.cell import AGENT_ARGV, Place
from everylinux.engines.container import LABEL, ContainerEngine
from everylinux.engines.docker import REPOSITORY, Docker
from everylinux.engines.podman import Podman, is_hybrid
from everylinux.errors import AgentError, EngineError
from everylinux.model import Limits

from .conftest import MakeRoot, Open

HOG = ["sh", "-c", "exec tail -c 300000000 /dev/zero"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("everylinux-test", tmp_path, tmp_path, tmp_path, tmp_path / "agent")


@pytest.mark.podman
def test_hybrid_cgroups(podman: Podman, monkeypatch: pytest.MonkeyPatch, open_cell: Open) -> None:
    """Where crun refuses hybrid control groups, hiding the version 2 tree is what makes it work."""
    if not is_hybrid():
        pytest.skip("this machine's control groups are not hybrid")
    monkeypatch.setattr(podman_module, "is_hybrid", lambda: False)
    with pytest.raises(EngineError, match="hybrid mode"):
        open_cell(podman)
    monkeypatch.undo()
    open_cell(podman).close()
    assert is_hybrid()  # and it was hidden from podman only


def test_hybrid_is_seen(tmp_path: Path) -> None:
    """A version 2 tree among version 1 controllers is hybrid; alone it is not."""
    mounts = tmp_path / "mounts"
    mounts.write_text("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n")
    assert not is_hybrid(mounts)
    mounts.write_text(
        "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
        "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
    )
    assert is_hybrid(mounts)


@pytest.mark.parametrize("engine", [Podman(), Docker()])
def test_the_flags_that_matter(engine: ContainerEngine, place: Place) -> None:
    """Nothing is pulled, ulimits are always given, the agent is the whole command."""
    if isinstance(engine, Docker):
        engine = _Imported()
    argv = engine.argv(place)
    assert {"--pull=never", "--network=none", "--read-only", "--cap-drop=ALL"} <= set(argv)
    assert [word.split(":")[0] for word in argv if word.startswith("--ulimit=n")] != []
    assert f"--label={LABEL}={place.name}" in argv
    assert tuple(argv[-len(AGENT_ARGV) :]) == AGENT_ARGV


class _Imported(Docker):
    def root(self, place: Place) -> list[str]:  # noqa: ARG002 - no daemon is asked
        return [f"{REPOSITORY}:x"]


@pytest.mark.docker
def test_a_missing_image_fails_at_once(docker: Docker, place: Place) -> None:
    """An image that is not there is no reason to ask a registry again and again."""
    began = time.monotonic()
    with pytest.raises(EngineError, match=r"No such image|Unable to find image"):
        docker.ask("run", "--rm", "--pull=never", f"{REPOSITORY}:absent-{place.name}", "true")
    assert time.monotonic() - began < 2


@pytest.mark.docker
def test_a_root_is_imported_once(docker: Docker, open_cell: Open) -> None:
    """The second cell on the same root takes the image of the first."""
    open_cell(docker).close()
    before = images(docker)
    open_cell(docker).close()
    assert images(docker) == before


def images(docker: Docker) -> list[str]:
    """Ids of all our images, sorted: docker's own order of those of one second changes."""
    return sorted(docker.ask("images", "--quiet", REPOSITORY).split())


@pytest.mark.podman
def test_an_oom_that_podman_does_not_report(podman: Podman, open_cell: Open) -> None:
    """Podman says OOMKilled=false of a container whose command the kernel killed; we say true."""
    with open_cell(podman) as box:
        result = box.run(HOG, limits=Limits(memory_bytes=48 << 20, seconds=30))
        name = box.run_dir.parent.name.partition(".")[0]
        said = podman.ask("inspect", "--format", "{{.State.OOMKilled}}", name).strip()
    assert (result.oom_killed, said) == (True, "false")


@pytest.mark.podman
@pytest.mark.parametrize("victim", ["podman", "conmon"])
def test_a_killed_helper_leaves_no_container(
    podman: Podman, open_cell: Open, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When podman's client or its monitor is killed, the box breaks, and close removes all."""
    monkeypatch.setattr(session, "GRACE", 1.0)
    box = open_cell(podman)
    name = box.run_dir.parent.name.partition(".")[0]
    inside = box._agent_pid
    for pid in named(victim, name):
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(AgentError, match="agent"):
        box.run(["true"], limits=Limits(seconds=1))
    box.close()
    assert podman.ask("ps", "--all", "--quiet", "--filter", f"name={name}").strip() == ""
    assert not Path(f"/proc/{inside}").exists()


def named(program: str, name: str) -> list[int]:
    """The pids of a program that works for a container."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].rpartition(b"/")[2] == program.encode() and name.encode() in b" ".join(words):
            found.append(int(process.name))
    assert found
    return found


@pytest.mark.podman
def test_a_stranger_s_container_stays(podman: Podman, make_root: MakeRoot) -> None:
    """A sweep removes no container without our label."""
    root = make_root("busybox-musl-x86_64").path
    stranger = f"stranger-{os.getpid()}"
    flags = ["--network=none", "--ulimit=nofile=99:99", "--ulimit=nproc=99:99", "--log-driver=none"]
    run = podman.tool("run", "--detach", f"--name={stranger}", *flags, "--rootfs", f"{root}:O")
    subprocess.run([*run, "/bin/sleep", "60"], check=True, capture_output=True)
    try:
        podman.sweep()
        assert stranger in podman.ask("ps", "--format", "{{.Names}}").split()
    finally:
        podman.ask("rm", "--force", "--time=0", stranger)
