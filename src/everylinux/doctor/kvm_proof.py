"""Run one HLT in a virtual machine; exit 0 if the processor came back. Run as a child: may hang.

Request numbers and layouts are those of linux/kvm.h for x86_64.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import struct
import sys

CREATE_VM, CREATE_VCPU, VCPU_MMAP_SIZE, RUN = 0xAE01, 0xAE41, 0xAE04, 0xAE80
SET_MEMORY, SET_REGS, GET_SREGS, SET_SREGS = 0x4020AE46, 0x4090AE82, 0x8138AE83, 0x4138AE84
SREGS_BYTES, PAGE, CODE, EXIT_HLT = 312, 4096, 0x1000, 5
HLT = b"\xf4"


def main() -> int:
    """Status 0 if the machine stopped at its HLT."""
    kvm = os.open("/dev/kvm", os.O_RDWR)
    machine = fcntl.ioctl(kvm, CREATE_VM, 0)
    page = mmap.mmap(-1, PAGE)
    page[:1] = HLT
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    fcntl.ioctl(machine, SET_MEMORY, struct.pack("=IIQQQ", 0, 0, CODE, PAGE, address))
    cpu = fcntl.ioctl(machine, CREATE_VCPU, 0)
    state = mmap.mmap(cpu, fcntl.ioctl(kvm, VCPU_MMAP_SIZE, 0))
    segments = bytearray(SREGS_BYTES)
    fcntl.ioctl(cpu, GET_SREGS, segments)
    segments[:14] = struct.pack("=QIH", 0, 0xFFFF, 0)  # cs: real mode, base 0
    fcntl.ioctl(cpu, SET_SREGS, segments)
    fcntl.ioctl(cpu, SET_REGS, struct.pack("=18Q", *[0] * 16, CODE, 2))  # rip, rflags
    fcntl.ioctl(cpu, RUN, 0)
    reason = struct.unpack_from("=I", state, 8)[0]
    return 0 if reason == EXIT_HLT else 1


if __name__ == "__main__":
    sys.exit(main())
