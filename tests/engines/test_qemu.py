"""Real kernels, really booted: what a machine is, what it shares with us, what it leaves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from everylinux import matrix
from everylinux.engines import owner
from everylinux.engines.qemu import MachineBox, Qemu
from everylinux.errors import EngineError
from everylinux.images import kernels
from everylinux.model import MOVED, NATIVE, NOBODY, RUN, SUBJECT, Cell, Distribution, Kernel, Limits
from everylinux.qemu import emulator

from .conftest import MakeRoot, need

pytestmark = pytest.mark.slow


def here() -> list[Kernel]:
    """The kernels that need no network, for 64-bit userlands."""
    table = matrix.load().kernels.values()
    return [kernel for kernel in table if kernel.arch == "x86_64" and kernels.local(kernel)]


@pytest.fixture(scope="module")
def qemu() -> Qemu:
    """The engine, which has booted once already to tell that it works."""
    engine = Qemu()
    if not here():
        pytest.skip("no kernel here: name a folder in EVERYLINUX_KERNELS_DIR")
    need(engine)
    return engine


@pytest.fixture(scope="module")
def cell(qemu: Qemu, make_root: MakeRoot) -> Cell:
    """BusyBox under the oldest kernel that is here."""
    root = make_root("busybox-musl-x86_64")
    return Cell(root.image, "3.13", qemu.name, here()[0].id)


@pytest.fixture(scope="module")
def box(qemu: Qemu, cell: Cell, make_root: MakeRoot, subject: Distribution) -> Iterator[MachineBox]:
    """One machine for all tests that do not end it."""
    with qemu.open(cell, subject, make_root("busybox-musl-x86_64")) as opened:
        yield opened


def out(box: MachineBox, script: str, uid: int | None = None) -> str:
    """What a shell script prints in the machine."""
    return box.run(["sh", "-c", script], uid=uid).out.decode().strip()


def test_it_is_the_kernel_of_the_matrix(box: MachineBox) -> None:
    """Uname tells the row's release, the agent and its commands alike."""
    release = here()[0].release

    assert box.agent.hello.uname[1] == release
    assert out(box, "uname -r") == release
    assert os.uname().release != release


def test_it_is_the_cell_of_the_other_engines(box: MachineBox) -> None:
    """The tree at each of its places, nothing to be written but /tmp and /dev/shm, a loopback."""
    assert out(box, f"sh {SUBJECT}/bin/hello") == "hello"
    assert [out(box, f"sh '{at}/bin/hello'") for at in MOVED.values()] == ["hello"] * len(MOVED)
    for place in ("/", "/etc", str(SUBJECT / "bin"), str(RUN), "/proc/sys/kernel/hostname"):
        target = place if place.startswith("/proc") else f"{place}/x"
        assert "ead-only" in out(box, f"(echo x > {target}) 2>&1")
    assert out(box, "echo x > /tmp/x; echo x > /dev/shm/x; cat /tmp/x /dev/shm/x") == "x\nx"
    assert "127.0.0.1" in out(box, "ifconfig lo")
    assert out(box, "hostname") == "everylinux"


def test_commands_have_no_capability_that_there_is(box: MachineBox) -> None:
    """As root and as nobody. Old kernels show bits beyond the last one: they mean nothing."""
    last = 33 if out(box, "uname -r").startswith("2.6.32") else 40
    for uid in (None, NOBODY):
        shown = out(box, "grep CapEff /proc/self/status", uid=uid).split()[1]
        assert int(shown, 16) & ((1 << last) - 1) == 0
    assert out(box, "id -u", uid=NOBODY) == str(NOBODY)


def test_the_line_is_clean_for_any_byte(box: MachineBox) -> None:
    """Every byte, both ways, and more than any buffer on the way holds."""
    data = bytes(range(256)) * 300
    box.put("/tmp/bytes", data)  # noqa: S108 - the cell's own

    assert box.get("/tmp/bytes") == data  # noqa: S108
    assert box.run(["cat"], stdin=data).out == data


def test_a_terminal_works(box: MachineBox) -> None:
    """The agent's own pseudo-terminals, over the same line."""
    terminal = box.spawn(["sh", "-c", "tty; read a; echo got $a"])
    terminal.write(b"it\n")
    seen = b""
    while (part := terminal.read()) is not None and b"got it" not in seen:
        seen += part
    terminal.close()
    assert b"/dev/pts/" in seen
    assert b"got it" in seen


def test_files_of_the_run_folder_are_carried(box: MachineBox) -> None:
    """New, changed, replaced and removed ones, and folders, before each command."""
    file = box.run_dir / "folder" / "file"
    file.parent.mkdir()
    file.write_bytes(b"one" * 2000)
    assert out(box, f"cat {RUN}/folder/file") == "one" * 2000

    file.write_bytes(b"two")
    assert out(box, f"cat {RUN}/folder/file") == "two"

    file.unlink()
    file.parent.rmdir()
    assert out(box, f"ls {RUN}") == ""


def test_a_socket_of_the_run_folder_is_connected_to(box: MachineBox, tmp_path: Path) -> None:
    """As nobody, with bytes and ends both ways."""
    source, target = Path(__file__).with_name("connect.c"), tmp_path / "connect"
    argv = ["musl-gcc", "-static", "-Os", "-o", str(target), str(source)]
    subprocess.run(argv, check=True)
    box.put("/tmp/connect", target.read_bytes(), 0o755)  # noqa: S108
    heard: list[bytes] = []

    def serve(server: socket.socket) -> None:
        with server.accept()[0] as client:
            heard.append(client.recv(100))
            client.sendall(b"hello machine")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(box.run_dir / "s"))
        server.listen()
        thread = threading.Thread(target=serve, args=[server], daemon=True)
        thread.start()
        client = box.run(["/tmp/connect", f"{RUN}/s"], stdin=b"hello host", uid=NOBODY)  # noqa: S108
        thread.join(5)
    assert client.out == b"hello machine", client.err
    assert heard == [b"hello host"]


def test_a_command_ends_at_its_time(box: MachineBox) -> None:
    """By the machine's clock; what it left is gone."""
    result = box.run(["sh", "-c", "sleep 1000 & sleep 1000"], limits=Limits(seconds=2))

    assert result.timed_out
    assert out(box, "ps | grep -c '[s]leep 1000'") == "0"


def test_a_sibling_has_what_is_extra(box: MachineBox, tmp_path: Path) -> None:
    """A folder of ours in the place of the root's own, in a machine of its own."""
    (tmp_path / "passwd").write_text("only::0:0:::\n")
    tmp_path.chmod(0o755)
    with box.sibling({"/etc": tmp_path}) as other:
        assert other.run(["ls", "/etc"]).out == b"passwd\n"
    assert out(box, "ls /etc") != "passwd"


def test_nothing_is_left(
    qemu: Qemu, cell: Cell, make_root: MakeRoot, subject: Distribution
) -> None:
    """After close, after a kernel that is none, and after kill -9 of us."""
    root = make_root("busybox-musl-x86_64")
    argv = [sys.executable, "-c", CHILD, cell.kernel, str(root.path), str(subject.root)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        name = child.stdout.readline().strip()
        assert [n for _, n in emulator.running() if n == name] == [name]
        child.send_signal(signal.SIGKILL)
        child.wait()
    until = time.monotonic() + 20
    while any(n == name for _, n in emulator.running()) and time.monotonic() < until:
        time.sleep(0.1)
    swept = qemu.sweep()

    assert [n for _, n in emulator.running() if n == name] == []
    assert any(name in what for what in swept)
    assert owner.is_left(name)


CHILD = """
import sys, time
from pathlib import Path
from everylinux.engines.qemu import Qemu
from everylinux.model import *
kernel, root, subject = sys.argv[1:]
image = Image("i", Arch("x86_64"), "i", "")
with Qemu().open(
    Cell(image, "3.13", "qemu", kernel),
    Distribution(Path(subject), "3.13", image.arch, ""),
    RootFs(image, Path(root), "sha256:i", "i"),
) as box:
    print(box.run_dir.parent.name.partition(".")[0], flush=True)
    time.sleep(600)
"""


def test_a_kernel_that_is_none_is_told(
    qemu: Qemu, box: MachineBox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, soon, and no emulator stays."""
    none = tmp_path / "none"
    none.write_bytes(b"no kernel" * 1000)
    monkeypatch.setattr(kernels, "fetch", lambda _kernel: none)
    monkeypatch.setattr("everylinux.engines.qemu.BOOT_SECONDS", 20.0)
    before = set(emulator.running())

    with pytest.raises(EngineError, match=r"qemu: .*did not boot: \S"):
        box.sibling({})
    assert qemu.sweep() == ()
    assert set(emulator.running()) <= before


def test_what_cannot_be_had_is_refused(cell: Cell) -> None:
    """The host's own kernel, a floor, a 32-bit kernel for 64 bit, a posture of mounts."""
    engine = Qemu()
    small = next(k.id for k in matrix.load().kernels.values() if k.arch == "x86")
    settings = {
        "not native": (NATIVE, "default"),
        "not 3.10": ("3.10", "default"),
        "32 bits": (small, "default"),
        "cannot give the posture no-proc": (cell.kernel, "no-proc"),
    }
    for reason, (kernel, posture) in settings.items():
        refused = Cell(cell.image, "3.13", "qemu", kernel, posture)
        assert reason in engine.refuses(refused)
    assert engine.refuses(cell) == ""
