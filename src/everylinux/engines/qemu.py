"""Real kernels in an emulated machine: the engine that boots what matrix.yaml's `kernels:` names.

The machine has a processor, memory and two serial ports, and no disk, network or screen. Its whole
file system is unpacked by the kernel at boot, process 1 (build/machine) makes the cell's mounts and
starts the same agent as everywhere, and its pipe goes over the second port. See docs/engines.md.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from types import MappingProxyType

import everylinux
from everylinux import cgroups, matrix
from everylinux.agent.binary import agent_path
from everylinux.agent.session import AgentSession
from everylinux.agent.terminal import Terminal
from everylinux.engines import owner
from everylinux.engines.base import DEFAULT_LIMITS
from everylinux.engines.box import AgentBox
from everylinux.engines.cell import AgentEngine, Binds, Place, gist
from everylinux.engines.trial import try_engine
from everylinux.errors import AgentError, EngineError
from everylinux.images import kernels
from everylinux.kernels.choosing import real, runs
from everylinux.kernels.rules import Rules
from everylinux.model import DEFAULT, Cell, Distribution, Kernel, Limits, Result, RootFs
from everylinux.places import cache_root
from everylinux.postures import POSTURES, Posture
from everylinux.qemu import emulator, initramfs
from everylinux.qemu.carrying import Carrier
from everylinux.qemu.program import program
from everylinux.qemu.relay import Relay

BOOT_SECONDS = 600.0
"""Until process 1 speaks. Measured: 9 to 14 s of processor time, emulated; neighbours may have most
of the processor."""
SLOWNESS = {"tcg": 40.0, "kvm": 1.0}
"""How many times longer by our clock something may take than by the machine's. Measured: TCG runs
150 to 300 of the 1000 instructions in a microsecond that the machine's clock counts; neighbours."""
LIGHT = frozenset({"says", "env", "files", "uid", "gid"})
UNLIMITED = "the machine's kernel is not ours to make control groups in"


class MachineBox(AgentBox):
    """A cell in a machine of its own."""

    again: Callable[[], MachineBox] | None = None  # without entropy
    relay: Relay | None = None
    carrier: Carrier | None = None

    def run(  # noqa: PLR0913 - the Box protocol
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        stdin: bytes = b"",
        uid: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        executable: str | None = None,
    ) -> Result:
        """Run one command to its end; it sees what is in `run_dir` by now."""
        self.refresh()
        return super().run(
            argv,
            env=env,
            cwd=cwd,
            stdin=stdin,
            uid=uid,
            limits=limits,
            executable=executable,
        )

    def spawn(  # noqa: PLR0913 - as run
        self,
        argv: Sequence[str | bytes],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str = "/",
        uid: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        executable: str | None = None,
        size: tuple[int, int] = (24, 80),
    ) -> Terminal:
        """Start a command on a terminal of its own."""
        self.refresh()
        return super().spawn(
            argv, env=env, cwd=cwd, uid=uid, limits=limits, executable=executable, size=size
        )

    def refresh(self) -> None:
        """Carry into the machine what changed in `run_dir`."""
        if self.carrier is not None:
            self.carrier.carry()

    def feed(self) -> None:
        """Give the machine's kernel entropy from now on."""
        if self.relay is not None:
            self.relay.feed()

    def starved(self) -> MachineBox:
        """Boot the same cell once more, with a kernel that is given no entropy; close it."""
        if self.again is None:
            raise AgentError("this cell was not opened by an engine")
        return self.again()

    def close(self) -> None:
        """End the machine and remove what was made for it; may be called twice."""
        if self.relay is not None:
            self.relay.close()  # which ends the emulator
            self.relay.agent.close()
        super().close()


class Qemu(AgentEngine):
    """Machines by qemu-system-x86_64."""

    name = "qemu"
    boots = True
    box_class = MachineBox
    fed = True  # the machine's kernel is given entropy

    def lacks(self) -> str:
        """What is missing before anything is tried, with the next move; "" if nothing is."""
        if shutil.which(emulator.PROGRAM) is None:
            return f"qemu: no {emulator.PROGRAM} on PATH: install the package qemu-system-x86"
        reasons = [kernels.absent(kernel) for kernel in matrix.load().kernels.values()]
        if not reasons:
            return "qemu: matrix.yaml names no kernels"
        return f"qemu: {reasons[0]}" if all(reasons) else ""

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if a machine booted.

        One boot tells it until this machine is started anew.
        """
        if reason := self.lacks():
            return reason
        here = [kernel for kernel in matrix.load().kernels.values() if kernels.local(kernel)]
        if emulator.has_booted() or not here:  # apt may have a kernel: nothing is fetched to try
            return None
        return try_engine(self, "see what its kernel said", here[0].id)

    def refuses(self, cell: Cell) -> str:
        """Why this engine cannot give a cell its kernel or posture here; "" if it can."""
        table = matrix.load().kernels
        posture = POSTURES[cell.posture]
        kernel = table.get(cell.kernel)
        if kernel is None:
            what = "boots kernels of matrix.yaml" if real(cell.kernel) else "boots real kernels"
            return f"qemu {what}, not {cell.kernel}: --kernel {','.join(table)}"
        if not runs(kernel, cell.image):
            return f"the kernel {kernel.id} has 32 bits and runs no userland of {cell.image.arch}"
        if _heavy(posture):
            return f"qemu cannot give the posture {cell.posture}"
        return kernels.absent(kernel)

    def open(
        self,
        cell: Cell,
        distribution: Distribution,
        root: RootFs,
        extra: Binds = MappingProxyType({}),
    ) -> MachineBox:
        """Boot a machine with the agent in a cell of its own; EngineError if that fails."""
        box = super().open(cell, distribution, root, extra)
        assert isinstance(box, MachineBox)
        box.again = lambda: _Starving().open(cell, distribution, root, extra)
        return box

    def rules(self, cell: Cell) -> Rules:  # noqa: ARG002 - its kernel is a real one
        """Nothing is pretended."""
        return Rules()

    def _start(self, place: Place, box: AgentBox) -> None:
        assert isinstance(box, MachineBox)
        kernel = _kernel(box.cell.kernel)
        order, said = self._order(place, box, kernel), place.folder / "stderr"
        order = replace(order, accelerator=emulator.accelerator(order, said))
        box.unlimited, box.slowness = UNLIMITED, SLOWNESS[order.accelerator]
        started = emulator.start(order, said)
        box.process = started.process
        box.relay = Relay(started.line, started.console, fed=self.fed)
        box.relay.start(lambda: emulator.end(started.process))
        if not box.relay.wait_ready(BOOT_SECONDS):
            raise EngineError(f"qemu: {kernel.id} did not boot: {_why(place, box.relay)}")
        _greet(place, box, box.relay)

    def _order(self, place: Place, box: MachineBox, kernel: Kernel) -> emulator.Order:
        """Everything that the emulator reads, in the place's folder or readable to all."""
        initrd, image = place.folder / "initrd", place.folder / "kernel"
        initramfs.write(_content(place, box, kernel), initrd)
        shutil.copyfile(kernels.fetch(kernel), image)
        place.folder.chmod(0o711)  # the emulator is another user
        for path in (initrd, image):
            path.chmod(0o644)
        joins = _group(place, box)
        return emulator.Order(place.name, image, initrd, joins=joins, agent=place.agent)

    def sweep(self) -> tuple[str, ...]:
        """Kill emulators whose process of ours is gone, and remove their folders."""
        killed = []
        for pid, name in emulator.running():
            if owner.is_left(name):
                os.kill(pid, signal.SIGKILL)
                killed.append(f"{name} (an emulator)")
        return (*killed, *super().sweep())


class _Starving(Qemu):
    """The same without entropy."""

    fed = False


def _heavy(posture: Posture) -> bool:
    """Whether a posture asks for more than a machine can have: variables, files, a user."""
    names = [field.name for field in fields(posture) if field.name not in LIGHT]
    plain = POSTURES[DEFAULT]
    return any(getattr(posture, name) != getattr(plain, name) for name in names)


def _kernel(id_: str) -> Kernel:
    table = matrix.load().kernels
    if id_ not in table:
        raise EngineError(f"matrix.yaml has no kernel {id_}", move=", ".join(table))
    return table[id_]


def _content(place: Place, box: MachineBox, kernel: Kernel) -> initramfs.Content:
    probes = Path(everylinux.__file__).parent / "probes" / "inside"
    return initramfs.Content(
        root=place.root,
        root_digest=_key(place.root),
        subject=place.subject,
        subject_digest=box.distribution.digest,
        agent=program("agent", kernel.arch) if kernel.arch == "x86" else agent_path(),
        init=program("machine", kernel.arch),
        probes=probes if probes.is_dir() else None,
        extra={at: source for source, at in place.extra},
    )


def _key(root: Path) -> str:
    """Another when the folder was unpacked again; "" for a root that is not of the store.

    Roots come from a store by digest and are never changed in it; path and birth name one.
    """
    if not root.is_relative_to(cache_root()):
        return ""
    about = root.stat()
    text = f"{root.resolve()} {about.st_ino} {about.st_mtime_ns} {about.st_ctime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _group(place: Place, box: MachineBox) -> tuple[str, ...]:
    """A control group for the emulator, noted in its folder for the sweep, if one can be made."""
    memory = (emulator.MEMORY + emulator.OVERHEAD) << 20
    try:
        group = cgroups.create(
            place.name.removeprefix(owner.PREFIX), memory_bytes=memory,
            processes=emulator.PROCESSES,
        )  # fmt: skip
    except EngineError:
        return ()
    (place.folder / "cgroups").write_text("\n".join(map(str, group.paths)))
    box.group = group
    return tuple(map(str, group.child("main").joins))


def _greet(place: Place, box: MachineBox, relay: Relay) -> None:
    box.carrier = Carrier(place.run, relay)
    box.carrier.carry()
    ends = relay.agent.detach()
    try:
        box.session = AgentSession(os.dup(ends), ends, BOOT_SECONDS, patience=box.slowness)
    except AgentError as error:
        raise EngineError(f"qemu: {_why(place, relay)}") from error
    emulator.note_boot()


def _why(place: Place, relay: Relay) -> str:
    """What the emulator or the kernel said last."""
    relay.close()
    said = (place.folder / "stderr").read_text("utf-8", "replace")[-4000:]
    return gist(said) or gist(relay.console[-4000:]) or relay.why or "it said nothing"
