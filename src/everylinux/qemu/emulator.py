"""The emulator's process: its command line, its sockets, its end, and whether KVM really works."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from everylinux.errors import EngineError
from everylinux.model import NOBODY
from everylinux.places import cache_root
from everylinux.qemu.relay import Relay

PROGRAM = "qemu-system-x86_64"
MEMORY = 2048
"""MiB of the machine: a cell's 2 GiB, of which its files take a part."""
OVERHEAD = 1024
"""MiB of the emulator itself: translated code, devices, and the initial file system."""
KVM = Path("/dev/kvm")
BOOT = Path("/proc/sys/kernel/random/boot_id")
PROOF_SECONDS = 20.0
"""For a boot by KVM, which takes 1 to 3 s where it works."""
END_SECONDS = 10.0
PROCESSES = 64  # threads of the emulator
COMMAND_LINE = (
    "console=ttyS0 quiet loglevel=4 rdinit=/everylinux/machine/init panic=1 reboot=t noisapnp"
)
"""Of the kernel. Looking for ISA cards takes 32-bit kernels minutes, emulated: it counts."""

PROCESSORS = {
    "kvm": ("-cpu", "host"),
    "tcg": ("-cpu", "max,-erms,-fsrm", "-icount", "shift=0,sleep=on"),
}
"""Emulated, the machine's clock counts instructions, one a nanosecond, and runs by ours where it
waits: time limits in it mean what they mean natively, however slow or busy we are. Copying by
`rep movsb`, which kernels choose on processors with erms, is emulated byte by byte."""

# Parent-death signals follow the thread that forked: see engines/cell.py.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="everylinux-emulator")


@dataclass(frozen=True, slots=True)
class Order:
    """What to start."""

    name: str  # tells whose it is: engines/owner.py
    kernel: Path
    initrd: Path
    accelerator: str = "tcg"  # or kvm
    joins: tuple[str, ...] = ()  # files of control groups to join
    agent: Path | None = None  # which joins them


@dataclass(frozen=True, slots=True)
class Started:
    """A process and our ends of its two serial ports."""

    process: subprocess.Popen[bytes]
    console: socket.socket
    line: socket.socket


def start(order: Order, errors: Path) -> Started:
    """Start the emulator; what it says itself goes to the file `errors`. EngineError."""
    if shutil.which(PROGRAM) is None:
        raise EngineError(f"no {PROGRAM} on PATH", move="install qemu-system-x86")
    console, line = socket.socketpair(), socket.socketpair()
    try:
        with errors.open("wb") as said:
            argv = [*_prefix(order), *_argv(order, console[1].fileno(), line[1].fileno())]
            numbers = (console[1].fileno(), line[1].fileno())
            process = _starter.submit(_popen, argv, said.fileno(), numbers).result()
    except BaseException:
        console[0].close()
        line[0].close()
        raise
    finally:
        console[1].close()
        line[1].close()
    return Started(process, console[0], line[0])


def _popen(argv: list[str], errors: int, keep: tuple[int, ...]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            pass_fds=keep,
            process_group=0,  # no Ctrl-C; a new session would be a new autogroup, whose nice is 0
            env={"PATH": os.environ.get("PATH", os.defpath)},
        )
    except OSError as error:
        raise EngineError(f"cannot start {argv[0]}: {error.strerror}") from None


def _prefix(order: Order) -> list[str]:
    """What the emulator is started by: a control group, an unprivileged user, an end with ours."""
    joins = [str(order.agent), "--join", *order.joins, "--"] if order.joins else []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return joins
    lesser = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    can = os.geteuid() == 0 and order.accelerator == "tcg" and _reachable(order.initrd)
    return [*joins, setpriv, "--no-new-privs", *(lesser if can else []), "--pdeathsig=KILL", "--"]


def _reachable(path: Path) -> bool:
    """Whether another user may read a file: each folder above it may be searched by all."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _argv(order: Order, console: int, line: int) -> list[str]:
    ports = (("console", console), ("line", line))
    return [
        *(PROGRAM, "-name", order.name, "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none", "-nic", "none", "-smp", "1", "-m", str(MEMORY)),
        *("-machine", f"pc,accel={order.accelerator}", *PROCESSORS[order.accelerator]),
        *("-kernel", str(order.kernel), "-initrd", str(order.initrd), "-append", COMMAND_LINE),
        *(part for port in ports for part in _port(*port)),
        *("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"),
    ]


def _port(name: str, number: int) -> tuple[str, ...]:
    return "-chardev", f"socket,id={name},fd={number}", "-serial", f"chardev:{name}"


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill it: nothing in it is worth an orderly end. One that hangs in the kernel is left."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)


def running() -> Iterator[tuple[int, str]]:
    """The emulators of this machine by what we named them: pid and name."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if Path(os.fsdecode(words[0])).name == PROGRAM and b"-name" in words:
                yield int(folder.name), os.fsdecode(words[words.index(b"-name") + 1])


def accelerator(order: Order, errors: Path) -> str:
    """What machines run by: "kvm" where this machine was seen to boot by it, else "tcg".

    That /dev/kvm opens proves nothing, and one instruction little: there are machines where a boot
    hangs. The answer of a boot is kept until the next one of this machine.
    """
    if not os.access(KVM, os.R_OK | os.W_OK):
        return "tcg"
    try:
        note = _note("kvm")
        if not note.is_file():
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text("kvm" if boots(replace(order, accelerator="kvm"), errors) else "tcg")
        return note.read_text()
    except OSError:
        return "tcg"


def _note(what: str) -> Path:
    """Where something is noted that holds until this machine is started anew."""
    return cache_root() / "machine" / f"{what}-{BOOT.read_text().strip()}"


def note_boot() -> None:
    """Note that a machine booted here."""
    with contextlib.suppress(OSError):
        _note("booted").touch()


def has_booted() -> bool:
    """Whether a machine booted here since this one was started."""
    try:
        return _note("booted").is_file()
    except OSError:
        return False


def boots(order: Order, errors: Path, seconds: float = PROOF_SECONDS) -> bool:
    """Whether process 1 of a machine speaks within so many seconds."""
    started = start(order, errors)
    relay = Relay(started.line, started.console)
    relay.start(lambda: end(started.process))
    try:
        return relay.wait_ready(seconds)
    finally:
        relay.close()
        relay.agent.close()
