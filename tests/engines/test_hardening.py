"""What a command in a cell cannot do, in every engine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from everylinux.engines.box import AgentBox
from everylinux.errors import AgentError
from everylinux.model import MOVED, NOBODY, RUN, SUBJECT, Limits, Result

from .conftest import ROOT

USERS = [None, pytest.param(NOBODY, marks=pytest.mark.skipif(not ROOT, reason="needs root"))]


def shell(box: AgentBox, script: str, **options: object) -> Result:
    return box.run(["sh", "-c", script], **options)  # type: ignore[arg-type]


def status(box: AgentBox, uid: int | None) -> dict[str, str]:
    text = box.run(["cat", "/proc/self/status"], uid=uid).out.decode()
    return {key: value.strip() for key, value in (r.split(":", 1) for r in text.splitlines())}


@pytest.mark.parametrize("uid", USERS)
def test_no_capability_and_no_new_privileges(box: AgentBox, uid: int | None) -> None:
    """Neither root nor nobody has a capability in any of its five sets, nor a way to gain one."""
    rows = status(box, uid)
    assert {rows[f"Cap{name}"] for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert rows["NoNewPrivs"] == "1"
    assert rows["Uid"].split() == [str(uid or 0)] * 4


def test_no_network(box: AgentBox) -> None:
    """There is no interface but loopback, and that one is up where the engine can."""
    text = box.run(["cat", "/proc/net/dev"]).out.decode()
    assert [line.split(":")[0].strip() for line in text.splitlines()[2:]] == ["lo"]
    assert box.run(["ping", "-c", "1", "-W", "1", "192.0.2.1"]).status != 0


def test_loopback_works(box: AgentBox) -> None:
    """A server and a client in the cell talk through 127.0.0.1."""
    server = "echo from-server | nc -l -p 4711 -s 127.0.0.1"
    script = f"{server} & sleep 0.3; nc 127.0.0.1 4711 </dev/null"
    assert shell(box, script, limits=Limits(seconds=10)).out == b"from-server\n"


@pytest.mark.parametrize("uid", USERS)
def test_the_root_is_read_only(box: AgentBox, uid: int | None) -> None:
    """Nothing but /tmp and the like can be written; also our own folders cannot."""
    places = ["/", "/etc", "/bin", "/everylinux", str(SUBJECT), str(SUBJECT / "bin"), str(RUN)]
    places += [str(place) for place in MOVED.values()]
    for place in places:
        result = box.run(["touch", f"{place}/x"], uid=uid)
        assert result.status == 1, place
        assert b"Read-only file system" in result.err or b"Permission denied" in result.err


@pytest.mark.parametrize("uid", USERS)
@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])  # noqa: S108 - the cell's own
def test_temporary_folders_are_writable(box: AgentBox, uid: int | None, place: str) -> None:
    """Every user has /tmp and /dev/shm, with the sticky bit."""
    made = box.run(["mktemp", "-p", place], uid=uid)
    assert made.ok, made
    assert box.run(["rm", made.out.decode().strip()], uid=uid).ok
    assert box.stat(place).mode == 0o1777


def test_programs_run_from_tmp(box: AgentBox) -> None:
    """A file that is put into /tmp can be executed there."""
    box.put("/tmp/d/script", b"#!/bin/sh\necho ran\n", 0o755)  # noqa: S108
    assert box.run(["/tmp/d/script"]).out == b"ran\n"  # noqa: S108


@pytest.mark.parametrize(
    "name", ["sys/kernel/core_pattern", "sys/vm/swappiness", "sysrq-trigger", "irq", "bus"]
)
def test_the_kernel_cannot_be_turned(box: AgentBox, name: str) -> None:
    """A root without capabilities may write sysctls by its uid alone: they are read-only here.

    The file is opened for appending and nothing is written.
    """
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    place = f"/proc/{name}"
    script = f"test -d {place} && touch {place}/x || : >> {place}"
    assert shell(box, script).status != 0
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def test_own_pid_namespace(box: AgentBox) -> None:
    """Only processes of the cell are to be seen."""
    found = shell(box, "for p in /proc/[0-9]*; do echo ${p#/proc/}; done").out.split()
    assert len(found) <= 4
    assert max(map(int, found)) < 5000


def test_own_ipc_and_host_name(box: AgentBox) -> None:
    """The cell has a fixed name, and no shared memory segment of the host's."""
    assert box.run(["hostname"]).out == b"everylinux\n"
    assert len(box.run(["cat", "/proc/sysvipc/shm"]).out.splitlines()) == 1


def test_only_the_standard_descriptors(box: AgentBox) -> None:
    """A command has 0, 1, 2, all pipes, and what it opens itself."""
    listed = shell(box, "ls -l /proc/self/fd").out.decode()
    rows = [line.split(" -> ") for line in listed.splitlines() if " -> " in line]
    assert [row[0].split()[-1] for row in rows] == ["0", "1", "2"]
    assert all(row[1].startswith("pipe:") for row in rows)


def test_no_terminal_of_the_host(box: AgentBox) -> None:
    """There is no controlling terminal to type into."""
    assert shell(box, ": < /dev/tty").status != 0


def test_the_agent_s_environment_is_not_ours(box: AgentBox) -> None:
    """No variable of the host's is in any process of the cell that may be read."""
    text = shell(box, "cat /proc/[0-9]*/environ | tr '\\0' '\\n'").out.decode()
    assert "PYTEST_CURRENT_TEST" not in text


def test_the_subject_is_there_in_every_place(box: AgentBox) -> None:
    """The same tree is at its place and at each place that it may be moved to."""
    for place in (SUBJECT, *MOVED.values()):
        assert box.run([f"{place}/bin/hello"]).out == b"hello\n"
    assert box.get(str(SUBJECT / "\udcff name")) == b"odd"
    assert "\udcff name" in [entry.path for entry in box.walk(str(SUBJECT))]


@pytest.fixture(scope="module")
def connect(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A static program that talks to a UNIX socket."""
    target = tmp_path_factory.mktemp("connect") / "connect"
    source = Path(__file__).parent / "connect.c"
    compiler = shutil.which("musl-gcc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler for a client of UNIX sockets")
    subprocess.run([compiler, "-static", "-Os", str(source), "-o", str(target)], check=True)
    return target.read_bytes()


@pytest.mark.parametrize("uid", USERS)
def test_a_socket_of_the_host_can_be_reached(
    box: AgentBox, connect: bytes, uid: int | None
) -> None:
    """A UNIX socket in run_dir is connected to from the cell, though its folder is read-only."""
    heard: list[bytes] = []

    def serve(server: socket.socket) -> None:
        with server.accept()[0] as client:
            heard.append(client.recv(100))
            client.sendall(b"hello cell")

    box.put("/tmp/connect", connect, 0o755)  # noqa: S108
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(box.run_dir / f"socket{uid}"))
        (box.run_dir / f"socket{uid}").chmod(0o777)
        server.listen()
        thread = threading.Thread(target=serve, args=[server], daemon=True)
        thread.start()
        argv = ["/tmp/connect", f"{RUN}/socket{uid}"]  # noqa: S108
        client = box.run(argv, stdin=b"hello host", uid=uid)
        thread.join(5)
    assert client.out == b"hello cell", client.err
    assert heard == [b"hello host"]


@pytest.mark.skipif(ROOT, reason="root may run as anybody")
def test_another_user_without_root_is_refused(box: AgentBox) -> None:
    """Where the host's user is no root, another uid is refused with a clear text."""
    with pytest.raises(AgentError, match="run everylinux as root for others"):
        box.run(["id"], uid=NOBODY)
