"""Runs a filter as the kernel does: the few instructions of classic BPF that ours are made of."""

from __future__ import annotations

import struct

from everylinux.kernels import bpf

X32 = 0x40000000


def verdict(program: bytes, number: int, abi: str, argument: int = 0) -> tuple[str, int]:
    """What the filter says of a call: ("allow" | "errno" | "notify", errno)."""
    arch = bpf.ARCHS.get(abi, 0)
    data = struct.pack("=IIQ6Q", number % bpf.NUMBERS, arch, 0, argument, 0, 0, 0, 0, 0)
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        name, if_true, if_false, k = code[at]
        at += 1
        if name == bpf.LOAD:
            accumulator = struct.unpack_from("=I", data, k)[0]
        elif name == bpf.JUMP:
            at += k
        elif name == bpf.RETURN:
            return _told(k)
        else:
            holds = accumulator == k if name == bpf.IF_EQUAL else accumulator >= k
            at += if_true if holds else if_false


def _told(action: int) -> tuple[str, int]:
    kinds = {bpf.ALLOW: "allow", bpf.ERRNO: "errno", bpf.NOTIFY: "notify"}
    return kinds[action & 0xFFFF0000], action & 0xFFFF
