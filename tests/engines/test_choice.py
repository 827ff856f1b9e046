"""Which engine is taken, and what is said of those that cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import everylinux
from everylinux.agent import agent_path, session
from everylinux.engines import registry
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.containerd import Containerd
from everylinux.engines.docker import Docker
from everylinux.engines.registry import AUTO, ENGINES, choose
from everylinux.errors import EngineError, UsageError

from .conftest import ROOT

NOBODY = 65534


def fake_tool(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_every_engine_has_its_own_name() -> None:
    """The table's keys are the engines' names, and auto knows only engines that exist."""
    assert [engine.name for engine in ENGINES.values()] == list(ENGINES)
    assert set(AUTO) < set(ENGINES)


@pytest.mark.parametrize(
    ("name", "said"), [("bubblerap", "did you mean bubblewrap"), ("x", "auto")]
)
def test_an_unknown_engine_offers_the_nearest(name: str, said: str) -> None:
    """A mistyped name is a usage error with the next move."""
    with pytest.raises(UsageError, match=said):
        choose(name)


def test_auto_takes_the_first_that_works(bubblewrap: Bubblewrap) -> None:
    """Where bubblewrap works, auto is bubblewrap."""
    assert choose("auto").name == bubblewrap.name


def test_auto_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first does not work the next is taken, and swept before its use."""

    class Sweeping(Docker):
        swept = False

        def unavailable(self) -> str | None:
            return None

        def sweep(self) -> tuple[str, ...]:
            self.swept = True
            return ()

    class Broken(Bubblewrap):
        def unavailable(self) -> str | None:
            return "bubblewrap: broken"

    last = Sweeping()
    monkeypatch.setattr(registry, "ENGINES", {"bubblewrap": Broken(), "docker": last})
    assert choose() is last
    assert last.swept


def test_no_engine_names_every_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without any tool the error lists each engine with what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("EVERYLINUX_AGENT", str(agent_path()))
    with pytest.raises(EngineError) as caught:
        choose()
    text = str(caught.value)
    for package in ("bubblewrap", "podman", "docker.io"):
        assert f"install the package {package}" in text
    assert "\n" not in text


def test_a_tool_that_is_there_is_still_tried(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A bwrap that fails is not taken for one that works, and its own words are passed on."""
    fake_tool(tmp_path, "bwrap", 'echo "bwrap: No permissions to create new namespace" >&2; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    reason = Bubblewrap().unavailable()
    assert reason
    assert "No permissions to create new namespace" in reason


def test_no_daemon_of_containerd_s_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is not asked: ctr waits ten seconds for a socket, at each start of ours."""
    fake_tool(tmp_path, "ctr", f"touch {tmp_path}/asked")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CONTAINERD_ADDRESS", str(tmp_path / "none"))
    if os.geteuid() == 0:
        assert f"no socket {tmp_path / 'none'}" in (Containerd().unavailable() or "")
    Containerd().sweep()
    assert not (tmp_path / "asked").exists()


def test_a_tool_that_hangs_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A tool that never answers is a reason after a time limit."""
    fake_tool(tmp_path, "bwrap", '[ "$1" = --version ] || exec sleep 600')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(session, "HELLO_SECONDS", 0.3)
    reason = Bubblewrap().unavailable()
    assert reason
    assert "is silent" in reason


def test_a_docker_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon on another machine cannot see our folders."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    reason = Docker().unavailable()
    assert reason
    assert "is on another machine" in reason


UNPRIVILEGED = """
import sys
from pathlib import Path
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines import trial
from everylinux.errors import AgentError
from everylinux.model import *
engine = Bubblewrap()
reason = engine.unavailable()
if reason:
    print("unavailable", reason); sys.exit()
image = Image("i", Arch("x86_64"), "i", "")
here = Path(sys.argv[1])
with engine.open(Cell(image, "0", "bubblewrap"), Distribution(here, "0", image.arch, ""),
                 RootFs(image, here, "", "")) as box:
    status = box.get("/proc/self/status").decode()
    result = box.run(["/everylinux/agent", "--join"])
    print("ran", result.status, result.error)
    try:
        box.run(["/everylinux/agent", "--join"], uid=65534)
    except AgentError as error:
        print("refused", error)
under = Cell(image, "0", "bubblewrap", "3.10", "readonly-noexec")
with engine.open(under, Distribution(here, "0", image.arch, ""),
                 RootFs(image, here, "", "")) as box:
    print("under a floor", box.run(["/everylinux/agent", "--join"]).status)
print(engine.refuses(Cell(image, "0", "bubblewrap", "native", "openshift")))
"""


@pytest.mark.skipif(not ROOT, reason="needs root to become somebody else")
def test_bubblewrap_without_root(bubblewrap: Bubblewrap, tmp_path: Path) -> None:
    """An unprivileged user has the same cell; only other uids are refused, and clearly."""
    for name in ("proc", "dev", "tmp", "sys", "everylinux"):
        (tmp_path / "root" / name).mkdir(parents=True)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    agent = tmp_path / "agent"
    agent.write_bytes(agent_path().read_bytes())
    agent.chmod(0o755)
    packages = [str(Path(everylinux.__file__).parents[1]), *filter(None, sys.path)]
    env = {**os.environ, "PYTHONPATH": ":".join(packages), "EVERYLINUX_AGENT": str(agent)}
    done = None
    for python in (sys.executable, "/usr/bin/python3"):
        try:
            done = subprocess.run(
                [python, "-c", UNPRIVILEGED, str(tmp_path / "root")],
                user=NOBODY, group=NOBODY, extra_groups=[], env=env, cwd="/",
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        except OSError:
            continue
        if done.returncode == 0:
            break
    if done is None or done.returncode:
        pytest.skip(f"nobody can run no Python with our packages here: {done and done.stderr}")
    if done.stdout.startswith("unavailable"):
        pytest.skip(done.stdout)
    assert bubblewrap.name == "bubblewrap"
    assert done.stdout.splitlines()[0] == "ran 71 "
    assert "run everylinux as root for others" in done.stdout
    assert "under a floor 71" in done.stdout
    assert "the posture openshift needs root" in done.stdout
