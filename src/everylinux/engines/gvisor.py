"""gVisor on an unpacked root: a kernel in user space, which says that it is Linux 4.4.0.

It is one more kernel rather than one more way to hold a cell: https://gvisor.dev/docs/.
"""

from __future__ import annotations

import os
import shutil
from types import MappingProxyType

from everylinux.engines.box import AgentBox
from everylinux.engines.cell import AgentEngine, Binds, Place, told
from everylinux.engines.oci import write_bundle
from everylinux.engines.trial import try_engine
from everylinux.errors import EngineError
from everylinux.model import NATIVE, Arch, Cell, Distribution, RootFs
from everylinux.postures import POSTURES

FLAGS = ("--platform=systrap", "--network=none", "--ignore-cgroups", "--host-uds=open")
"""systrap works wherever seccomp does; its KVM hangs on some machines where /dev/kvm opens."""
SMALL = Arch("x86")


class GvisorBox(AgentBox):
    """Its processes are none of the machine's, so no command can have a bound of its own."""

    def find_main(self, pid: int | None) -> None:
        """There is nothing to find."""


class Gvisor(AgentEngine):
    """Cells by runsc(1), as root."""

    name = "gvisor"
    box_class = GvisorBox

    def unavailable(self) -> str | None:
        """Why it cannot be used here, with the next move; None if a trial cell opened."""
        if shutil.which("runsc") is None:
            return "gvisor: no runsc on PATH: install the package runsc"
        if os.geteuid() != 0:
            return "gvisor: its sandbox without root has no other users: run everylinux as root"
        return try_engine(self, "try `runsc --platform=systrap do COMMAND` by hand")

    def refuses(self, cell: Cell) -> str:
        """Filters of system calls are taken and not obeyed; no MDWE, no userland of 32 bit."""
        if cell.image.arch == SMALL:
            return "gvisor starts no program of 32 bit"
        if cell.kernel != NATIVE or POSTURES[cell.posture].mdwe:
            return "gvisor is a kernel of its own: it has no floors and no MDWE"
        return super().refuses(cell)

    def open(
        self,
        cell: Cell,
        distribution: Distribution,
        root: RootFs,
        extra: Binds = MappingProxyType({}),
    ) -> AgentBox:
        """As any engine; EngineError for a distribution of 32 bit, whose programs cannot start."""
        if distribution.arch == SMALL:
            raise EngineError("gvisor starts no program of 32 bit", move="take another engine")
        return super().open(cell, distribution, root, extra)

    def argv(self, place: Place) -> list[str]:
        """Write the bundle, and run it in the foreground."""
        return [*_tool(place), "run", f"--bundle={write_bundle(place)}", place.name]

    def end(self, place: Place) -> None:
        """Remove the sandbox, whose processes an ended client may have left."""
        told(*_tool(place), "delete", "--force", place.name)


def _tool(place: Place) -> list[str]:
    return ["runsc", f"--root={place.folder / 'state'}", *FLAGS]
