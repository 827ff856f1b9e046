"""Real roots unpacked from tarballs, a cell in each engine, a dockerd of our own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from everylinux.engines.base import Engine
from everylinux.engines.box import AgentBox
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.cell import FOLDERS, AgentEngine
from everylinux.engines.containerd import Containerd
from everylinux.engines.docker import Docker
from everylinux.engines.gvisor import Gvisor
from everylinux.engines.lxc import Lxc
from everylinux.engines.podman import Podman
from everylinux.model import DEFAULT, NATIVE, Arch, Cell, Distribution, Image, RootFs

TARBALLS = Path(
    os.environ.get("EVERYLINUX_ROOTFS_DIR")
    or Path(__file__).parents[2].parent / "shared" / "rootfs"
)
ROOT = os.geteuid() == 0
CONTAINERD = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{folder}/socket"
"""
BUSYBOX = "busybox-musl-x86_64"
MakeRoot = Callable[[str], RootFs]
Open = Callable[..., AgentBox]


@pytest.fixture(scope="session")
def make_root(tmp_path_factory: pytest.TempPathFactory) -> MakeRoot:
    """Unpacks a tarball once, by its name without the ending."""
    made: dict[str, RootFs] = {}

    def make(name: str) -> RootFs:
        if name not in made:
            made[name] = unpack(name, tmp_path_factory.mktemp("root"))
        return made[name]

    return make


def unpack(name: str, folder: Path) -> RootFs:
    found = list(TARBALLS.glob(f"{name}.tar.*"))
    if not found:
        pytest.skip(f"no tarball of {name}: name a folder in EVERYLINUX_ROOTFS_DIR")
    argv = ["tar", "-x", "-f", str(found[0]), "-C", str(folder), "--exclude=dev/*"]
    subprocess.run(argv, check=True)
    folder.chmod(0o755)
    for parent in folder.parents[:2]:
        parent.chmod(0o755)
    for inside in FOLDERS:
        (folder / inside).mkdir(exist_ok=True)
    arch = Arch("x86" if name.endswith("x86") else "x86_64")
    image = Image(name.replace("-", "").replace(".", ""), arch, name, "")
    return RootFs(image, folder, f"sha256:{name}", "tarball")


@pytest.fixture(scope="session")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    """A tree that stands for a distribution: a file to read, a name that is not UTF-8."""
    root = tmp_path_factory.mktemp("subject") / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "bin" / "hello").write_text("#!/bin/sh\necho hello\n")
    (root / "bin" / "hello").chmod(0o755)
    (root / os.fsdecode(b"\xff name")).write_text("odd")
    return Distribution(root, "3.13", Arch("x86_64"), "0" * 64)


@pytest.fixture(scope="session")
def open_cell(make_root: MakeRoot, subject: Distribution) -> Open:
    """Opens a cell; the caller closes it. Without its root a test is skipped before it begins.

    Amid one, what it made would stay, and in a thread of its own a skip is an error.
    """
    make_root(BUSYBOX)

    def open_(
        engine: AgentEngine,
        name: str = BUSYBOX,
        kernel: str = NATIVE,
        posture: str = DEFAULT,
    ) -> AgentBox:
        root = make_root(name)
        cell = Cell(root.image, "3.13", engine.name, kernel, posture)
        return engine.open(cell, subject, root)

    return open_


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the program of asking.py is compiled."""
    return tmp_path_factory.mktemp("ask")


def need(engine: Engine) -> None:
    reason = engine.unavailable()
    if reason:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def bubblewrap() -> Bubblewrap:
    engine = Bubblewrap()
    need(engine)
    return engine


@pytest.fixture(scope="session")
def podman() -> Podman:
    engine = Podman()
    need(engine)
    return engine


@pytest.fixture(scope="session")
def lxc() -> Lxc:
    engine = Lxc()
    need(engine)
    return engine


@pytest.fixture(scope="session")
def gvisor() -> Gvisor:
    engine = Gvisor()
    need(engine)
    return engine


@pytest.fixture(scope="session")
def containerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containerd]:
    """Through a daemon that we start, away from any other, and stop by its pid."""
    if shutil.which("containerd") is None or not ROOT:
        pytest.skip("a containerd of our own needs root and the package containerd")
    folder = tmp_path_factory.mktemp("containerd")
    settings = CONTAINERD.format(folder=folder)
    (folder / "config.toml").write_text(settings)
    patch = pytest.MonkeyPatch()
    patch.setenv("CONTAINERD_ADDRESS", f"{folder}/socket")
    with (folder / "log").open("wb") as log:
        argv = ["containerd", "--config", str(folder / "config.toml")]
        daemon = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        wait_for(daemon, ["ctr", "version"], folder / "log")
        need(Containerd())
        yield Containerd()
    finally:
        patch.undo()
        daemon.terminate()
        daemon.wait(30)


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Docker]:
    """Through a dockerd that we start, away from any other, and stop by its pid."""
    if shutil.which("dockerd") is None or not ROOT:
        pytest.skip("a dockerd of our own needs root and the package docker.io")
    folder = tmp_path_factory.mktemp("dockerd")
    daemon = start_dockerd(folder)
    patch = pytest.MonkeyPatch()
    patch.setenv("DOCKER_HOST", f"unix://{folder}/socket")
    try:
        wait_for(daemon, ["docker", "info"], folder / "log")
        need(Docker())
        yield Docker()
    finally:
        patch.undo()
        daemon.terminate()
        daemon.wait(30)


def start_dockerd(folder: Path) -> subprocess.Popen[bytes]:
    settings = {
        "bridge": "none",
        "iptables": False,
        "ip6tables": False,
        "data-root": str(folder / "data"),
        "exec-root": str(folder / "exec"),
        "pidfile": str(folder / "pid"),
        "hosts": [f"unix://{folder}/socket"],
    }
    (folder / "daemon.json").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        argv = ["dockerd", "--config-file", str(folder / "daemon.json")]
        return subprocess.Popen(argv, stdout=log, stderr=log)


def wait_for(daemon: subprocess.Popen[bytes], question: list[str], log: Path) -> None:
    for _ in range(150):
        if daemon.poll() is not None:
            break
        if subprocess.run(question, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    last = log.read_text(errors="replace").strip().splitlines()[-1:]
    pytest.skip(f"the daemon of {question[0]} does not start here: {last}")


@pytest.fixture(
    scope="module",
    params=[
        "bubblewrap",
        pytest.param("podman", marks=pytest.mark.podman),
        pytest.param("docker", marks=pytest.mark.docker),
        "lxc",
        "containerd",
    ],
)
def engine(request: pytest.FixtureRequest) -> AgentEngine:
    """Each engine that works here."""
    found: AgentEngine = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def box(engine: AgentEngine, open_cell: Open) -> Iterator[AgentBox]:
    """A cell on a static busybox, shared by the tests of a file."""
    with open_cell(engine) as made:
        yield made
