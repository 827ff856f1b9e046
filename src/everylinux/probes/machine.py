"""What cells lack of a machine: a network interface with an address, and the kernel's /sys.

The cell is opened once more with a folder in the place of /sys that tells of huge pages as every
kernel does, and with an Ethernet interface in its network namespace. Only root can make that one;
the interface is a tap device, which goes away with the descriptor that made it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import socket
import struct
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.errors import AgentError, EngineError
from everylinux.model import Section
from everylinux.probes.base import python_of
from everylinux.probes.namespaces import within
from everylinux.probes.starting import CLEAN, LIMITS, answer

ADDRESS = "00163e5a1b2c"
"""The interface's: universally administered (the second lowest bit of the first byte is 0)."""
IPV4 = "192.0.2.1"  # TEST-NET-1 (RFC 5737), in a network namespace that leads nowhere
HUGE_PAGES = "kernel/mm/transparent_hugepage"
FILES = {
    f"{HUGE_PAGES}/enabled": "always [madvise] never\n",
    f"{HUGE_PAGES}/defrag": "always defer defer+madvise [madvise] never\n",
    f"{HUGE_PAGES}/hpage_pmd_size": "2097152\n",
}
"""Of /sys; the kernel's Documentation/admin-guide/mm/transhuge.rst."""

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFHWADDR = 0x8914, 0x8916, 0x8924  # linux/sockios.h
ARPHRD_ETHER, IFF_UP = 1, 0x1  # linux/if_arp.h, linux/if.h
NODE = "import json, uuid; print(json.dumps('%012x' % uuid.getnode()))"
OPEN = """
import json, os
found = {}
for number in os.listdir("/proc/self/fd"):
    try:
        found[number] = os.readlink("/proc/self/fd/" + number)
    except OSError:
        pass  # the listing's own, closed by now
print(json.dumps(found))
"""


class Machine:
    """The scenario; see the module."""

    name = "machine"
    sections = ("machine_node", "machine_descriptors")

    @property
    def digest(self) -> str:
        """Digest of this file."""
        return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Both sections, in one cell of their own."""
        try:
            with _sys() as folder, box.sibling({"/sys": folder}) as other:
                return {
                    "machine_descriptors": _descriptors(other),
                    "machine_node": _node(other),
                }
        except (OSError, EngineError) as error:
            return dict.fromkeys(self.sections, Section(error=f"no cell with /sys: {error}"))


@contextmanager
def _sys() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="everylinux-sys-") as folder:
        for name, content in FILES.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        Path(folder).chmod(0o755)
        yield Path(folder)


def _descriptors(box: Box) -> Section:
    """`open`: number -> what it is, of what the interpreter has open; `sys`: what it could see."""
    try:
        seen = box.get(f"/sys/{HUGE_PAGES}/enabled").decode()
        found = _asked(box, OPEN)
    except (OSError, AgentError) as error:
        return Section(error=str(error))
    return Section(value={"open": found, "sys": seen.strip()})


def _node(box: Box) -> Section:
    """`nodes` of two processes and the `address` that the machine has; or what is lacking."""
    try:
        with _interface(getattr(box, "agent_pid", 0)):
            nodes = [_asked(box, NODE), _asked(box, NODE)]
    except OSError as error:
        return Section(value={"lacks": f"a network interface: {error.strerror or error}"})
    except AgentError as error:
        return Section(error=str(error))
    return Section(value={"nodes": nodes, "address": ADDRESS})


def _asked(box: Box, code: str) -> Any:  # noqa: ANN401 - JSON
    return answer(box.run([python_of(box.distribution), "-c", code], env=CLEAN, limits=LIMITS))


@contextmanager
def _interface(pid: int) -> Iterator[None]:
    """An Ethernet interface in the network namespace of a process; OSError if that cannot be."""
    tap = within(pid, _tap)
    try:
        yield
    finally:
        os.close(tap)


def _tap() -> int:
    """The descriptor that the interface lives as long as."""
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
    try:
        name = b"everylinux0"
        fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name, IFF_TAP | IFF_NO_PI))
        hardware = struct.pack("16sH6s16x", name, ARPHRD_ETHER, bytes.fromhex(ADDRESS))
        address = struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(IPV4))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
            fcntl.ioctl(any_, SIOCSIFHWADDR, hardware)
            fcntl.ioctl(any_, SIOCSIFADDR, address)  # SIOCGIFCONF, as libuuid asks, lists no other
            fcntl.ioctl(any_, SIOCSIFFLAGS, struct.pack("16sH22x", name, IFF_UP))
    except BaseException:
        os.close(tap)
        raise
    return tap
