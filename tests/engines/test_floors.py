"""Kernel floors in real cells: both ABIs, every user, children of children, the agent itself."""

# ruff: noqa: S108 - paths in the cell

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import pytest

from everylinux import distribution
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.cell import AgentEngine
from everylinux.errors import BuildError, EngineError
from everylinux.model import NOBODY, Cell, Limits

from .asking import FLAGS, asking, program
from .conftest import ROOT, MakeRoot, Open

GETRANDOM = {"x86_64": 318, "i386": 355}
EACH_ABI = pytest.mark.parametrize("abi", list(FLAGS))


@EACH_ABI
@pytest.mark.usefixtures("bubblewrap")
@pytest.mark.parametrize(
    ("kernel", "number"),
    [
        ("native", 0),
        ("2.6.32", errno.ENOSYS),
        ("2.6.32+eperm", errno.EPERM),
        ("3.16", errno.ENOSYS),
        ("3.17", 0),
        ("3.16+eperm", errno.EPERM),
    ],
)
def test_getrandom_begins_with_3_17(
    open_cell: Open, folder: Path, abi: str, kernel: str, number: int
) -> None:
    """A program of each ABI gets the call from its release on, and the floor's errno before."""
    with asking(open_cell(Bubblewrap(), kernel=kernel), abi, folder) as ask:
        assert ask("call", GETRANDOM[abi]) == str(number)


@EACH_ABI
def test_each_engine_has_floors(
    engine: AgentEngine, open_cell: Open, folder: Path, abi: str
) -> None:
    """Also where a container tool has filters of its own; the release is the floor's."""
    with asking(open_cell(engine, kernel="3.10"), abi, folder) as ask:
        assert ask("call", GETRANDOM[abi]) == str(errno.ENOSYS)
        number = 63 if abi == "x86_64" else 122
        assert ask("uname", number, 65) == "3.10.0"


def test_each_form_of_uname(bubblewrap: Bubblewrap, open_cell: Open, folder: Path) -> None:
    """i386's two old ones have shorter fields, and less of them."""
    with asking(open_cell(bubblewrap, kernel="4.18"), "i386", folder) as ask:
        told = {number: ask("uname", number, width) for number, width in ((109, 65), (59, 9))}
        assert told == {109: "4.18.0", 59: "4.18.0"}


@EACH_ABI
def test_a_wild_address(bubblewrap: Bubblewrap, open_cell: Open, folder: Path, abi: str) -> None:
    """The supervisor answers as the kernel does, and goes on."""
    number = 63 if abi == "x86_64" else 122
    with asking(open_cell(bubblewrap, kernel="3.10"), abi, folder) as ask:
        assert ask("wild", number) == str(errno.EFAULT)
        assert ask("uname", number, 65) == "3.10.0"


@pytest.mark.skipif(not ROOT, reason="only root has other users in a cell")
def test_another_user_s_uname(engine: AgentEngine, open_cell: Open, folder: Path) -> None:
    """The supervisor writes into processes of any user, though it may not trace them."""
    with asking(open_cell(engine, kernel="3.10"), "x86_64", folder) as ask:
        assert ask("uname", 63, 65, uid=NOBODY) == "3.10.0"


def test_a_2_6_tells_itself_as_one(bubblewrap: Bubblewrap, open_cell: Open, folder: Path) -> None:
    """By the persona UNAME26, which counts 2.6.40 for 3.0 and 2.6.60 for 4.0 upwards."""
    with asking(open_cell(bubblewrap, kernel="2.6.32"), "x86_64", folder) as ask:
        numbers = ask("uname", 63, 65).split("-")[0].split(".")
        assert numbers[:2] == ["2", "6"]
        assert int(numbers[2]) >= 40


@pytest.mark.parametrize("kernel", ["2.6.32", "3.10"])
def test_children_of_children_inherit(
    bubblewrap: Bubblewrap, open_cell: Open, folder: Path, kernel: str
) -> None:
    """Through shells, a session of their own, and many at once."""
    box = open_cell(bubblewrap, kernel=kernel)
    with asking(box, "x86_64", folder) as ask:
        assert ask("call", 318) == "38"
        release = ask("uname", 63, 65)
        script = "for i in $(seq 50); do (setsid sh -c '/tmp/ask call 318; uname -r') & done; wait"
        said = box.run(["sh", "-c", script]).out.decode().split()
        assert said.count("38") == 50
        assert said.count(release) == 50


@pytest.mark.parametrize("kernel", ["2.6.32+eperm", "3.10"])
def test_the_agent_works_as_ever(bubblewrap: Bubblewrap, open_cell: Open, kernel: str) -> None:
    """Files, terminals, limits of a command: what the agent itself does has no floor."""
    with open_cell(bubblewrap, kernel=kernel) as box:
        box.put("/tmp/a/b", b"text")
        assert box.get("/tmp/a/b") == b"text"
        assert [entry.path for entry in box.walk("/tmp/a")] == ["", "b"]
        terminal = box.spawn(["sh", "-c", "uname -r; read x"])
        assert (terminal.read(5.0) or b"").startswith(b"2.6." if "2.6" in kernel else b"3.10.0")
        terminal.close()
        slow = box.run(["sh", "-c", "sleep 9 & sleep 9"], limits=Limits(seconds=0.3))
        assert slow.timed_out
        assert box.run(["pidof", "sleep"]).status == 1
        if not box.unlimited:
            assert box.run(["true"], limits=Limits(memory_bytes=64 << 20, processes=8)).ok


def test_nothing_is_left(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """Supervisor and agent end with the cell."""
    box = open_cell(bubblewrap, kernel="3.10")
    inside = box.group.processes() if box.group else []
    assert box.run(["uname", "-r"]).out == b"3.10.0\n"
    box.close()
    assert [pid for pid in inside if Path(f"/proc/{pid}").exists()] == []


def test_ipc_is_the_cell_s_own(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """OpenSSL believes a segment of shared memory that says randomness was seeded once."""
    with open_cell(bubblewrap, kernel="2.6.32") as box:
        inside = box.run(["readlink", "/proc/self/ns/ipc"]).out.decode().strip()
    assert inside.startswith("ipc:")
    assert inside != str(Path("/proc/self/ns/ipc").readlink())


def test_what_cannot_be_had_is_refused(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """A floor above this machine, a real kernel: an error, not another kernel."""
    for kernel, why in (("99.0", "older than 99.0.0"), ("6.1-debian", "qemu")):
        with pytest.raises(EngineError, match=why):
            open_cell(bubblewrap, kernel=kernel)


def newest() -> Path | None:
    try:
        return distribution.newest("3.13")
    except (BuildError, OSError):
        return None


@pytest.mark.parametrize("kernel", ["2.6.32", "2.6.32+eperm", "3.10", "4.4"])
def test_python_s_tls_below_getrandom(
    bubblewrap: Bubblewrap, make_root: MakeRoot, kernel: str
) -> None:
    """OpenSSL takes /dev/urandom below 4.8 only, by what uname says: a floor has to say it."""
    path = newest()
    if path is None:
        pytest.skip("no build of Python 3.13 here: everylinux build")
    subject = distribution.resolve(path)
    root = make_root("busybox-musl-x86_64")
    code = "import ssl, os, secrets; ssl.create_default_context(); print(len(ssl.RAND_bytes(9)))"
    cell = Cell(root.image, "3.13", "bubblewrap", kernel)
    with bubblewrap.open(cell, subject, root) as box:
        result = box.run(["/everylinux/subject/bin/python3", "-I", "-c", code])
    assert (result.status, result.out.strip()) == (0, b"9"), result.err.decode()


def test_the_machine_runs_programs_of_each_abi(folder: Path) -> None:
    """Without a floor the same programs get their random bytes."""
    for abi, number in GETRANDOM.items():
        path = folder / f"here-{abi}"
        path.write_bytes(program(abi, folder))
        path.chmod(0o755)
        done = subprocess.run([path, "call", str(number)], capture_output=True, check=True)
        assert done.stdout == b"0\n", os.uname()
