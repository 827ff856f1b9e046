"""What protects a process, by trying: random addresses, pages without code, stacks, names."""

# ruff: noqa: UP031, D103 - each question is told by its name

from __future__ import annotations

import ctypes
import json
import os
import stat
import struct
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SECONDS = 60.0
STARTS = 6
OWNER = b"everylinux\0"  # of the note that build/fortify leaves
PT_LOAD, PT_NOTE = 1, 4
EXECUTABLE = 1  # PF_X of elf(5)
TRAP = b"\x0f\x0b"  # ud2 of both x86, which the compiler makes of __builtin_trap
# Where things lie in a process: a local's address, the heap's, and those of two libraries. A tree
# that starts by a wrapper runs a copy of its libc.so, which is then the process's own program.
ADDRESSES = """
import ctypes, json, os, sys
lines = [line.split() for line in open("/proc/self/maps")]
def first(end):
    return next((int(l[0].split("-")[0], 16) for l in lines if l[-1].endswith(end)), 0)
exe = os.readlink("/proc/self/exe")
loader = first(exe) if "-musl-" in exe else 0
print(json.dumps({
    "stack": first("[stack]"), "heap": id(object()),
    "program": first("-real"), "libpython": first(".so.1.0"), "libc": first("/libc.so") or loader}))
"""
# Machine code that returns, on each kind of page; a page that may run code is the control.
RUN = """
import ctypes, mmap, sys
code = b"\\xc3" * 64  # ret, of both x86
kind = sys.argv[1]
if kind == "stack":
    libc = ctypes.CDLL(None)
    class Attributes(ctypes.Structure):
        _fields_ = [("words", ctypes.c_ulong * 16)]
    given, where, size = Attributes(), ctypes.c_void_p(), ctypes.c_size_t()
    libc.pthread_self.restype = ctypes.c_void_p
    assert not libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), ctypes.byref(given))
    assert not libc.pthread_attr_getstack(
        ctypes.byref(given), ctypes.byref(where), ctypes.byref(size))
    address = where.value + size.value - 256
    ctypes.memmove(address, code, 1)
elif kind == "heap":
    held = ctypes.create_string_buffer(code, 64)
    address = ctypes.addressof(held)
else:
    allowed = mmap.PROT_READ | mmap.PROT_WRITE | (mmap.PROT_EXEC if kind == "control" else 0)
    held = mmap.mmap(-1, 4096, prot=allowed)
    held[:64] = code
    address = ctypes.addressof(ctypes.c_char.from_buffer(held))
ctypes.CFUNCTYPE(None)(address)()
print("ran")
"""
STACK = """
import ctypes, json, threading
found = []
def work():
    libc = ctypes.CDLL(None)
    class Attributes(ctypes.Structure):
        _fields_ = [("words", ctypes.c_ulong * 16)]
    given, size = Attributes(), ctypes.c_size_t()
    libc.pthread_self.restype = ctypes.c_void_p
    assert not libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), ctypes.byref(given))
    assert not libc.pthread_attr_getstacksize(ctypes.byref(given), ctypes.byref(size))
    found.append(size.value)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(json.dumps(found[0]))
"""


def child(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-I", "-B", "-c", code, *arguments]
    return subprocess.run(argv, stdout=-1, stderr=-1, text=True, check=False, timeout=20)


def answer(code: str) -> Any:  # noqa: ANN401 - JSON
    done = child(code)
    if done.returncode:
        raise RuntimeError("status %d: %s" % (done.returncode, done.stderr.strip()[-200:]))
    return json.loads(done.stdout)


def addresses() -> dict[str, Any]:
    setting = read("/proc/sys/kernel/randomize_va_space")
    personality = ctypes.CDLL(None).personality(0xFFFFFFFF)
    if setting.strip() == "0" or personality & 0x0040000:  # ADDR_NO_RANDOMIZE
        return {"lacks": "random addresses: the kernel does not give them"}
    found = [answer(ADDRESSES) for _ in range(STARTS)]
    distinct = {name: len({row[name] for row in found}) for name in found[0]}
    return {
        "starts": STARTS,
        "distinct": distinct,
        "missing": [n for n in found[0] if not found[0][n]],
    }


def pages() -> dict[str, Any]:
    ended = {kind: child(RUN, kind) for kind in ("control", "stack", "heap", "mapped")}
    if ended["control"].stdout.strip() != "ran":
        return {"lacks": "a page that may run code: %d" % ended["control"].returncode}
    return {kind: done.returncode for kind, done in ended.items()}


def read(path: str) -> str:
    try:
        with open(path) as stream:
            return stream.read()
    except OSError:
        return ""


def walk(top: str) -> Iterator[tuple[str, os.stat_result]]:
    for folder, names, files in os.walk(top):
        for name in (*names, *files):
            path = os.path.join(folder, name)
            yield path, os.lstat(path)


def size() -> dict[str, Any]:
    """Bytes of the files, and of the 4 KiB blocks that they take on a usual file system."""
    files = [state.st_size for _, state in walk(sys.prefix) if stat.S_ISREG(state.st_mode)]
    entries = sum(1 for _ in walk(sys.prefix))
    return {"bytes": sum(files), "blocks": sum(-(-n // 4096) for n in files), "entries": entries}


def protection(path: str) -> dict[str, Any] | None:
    """`level` that the fortify note tells (0: none), `traps` in the code; None for another file."""
    with open(path, "rb") as stream:
        data = stream.read()
    if data[:4] != b"\x7fELF" or data[16:18] not in (b"\x02\x00", b"\x03\x00"):
        return None
    level, traps = 0, 0
    for kind, flags, content in segments(data):
        at = content.find(OWNER) if kind == PT_NOTE else -1
        if at >= 0:
            level = struct.unpack_from("<I", content, at + 12)[0]
        if kind == PT_LOAD and flags & EXECUTABLE:
            traps += content.count(TRAP)
    return {"level": level, "traps": traps}


def segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The program header's rows: p_type, p_flags, and what they hold of the file."""
    wide = data[4] == 2  # noqa: PLR2004 - ELFCLASS64
    table, step, count = (
        (*struct.unpack_from("<Q", data, 32), *struct.unpack_from("<HH", data, 54))
        if wide
        else (*struct.unpack_from("<I", data, 28), *struct.unpack_from("<HH", data, 42))
    )
    form, flags_at, start_at, size_at = ("<Q", 4, 8, 32) if wide else ("<I", 24, 4, 16)
    for row in range(table, table + count * step, step):
        kind = struct.unpack_from("<I", data, row)[0]
        flags = struct.unpack_from("<I", data, row + flags_at)[0]
        start = struct.unpack_from(form, data, row + start_at)[0]
        size = struct.unpack_from(form, data, row + size_at)[0]
        yield kind, flags, data[start : start + size]


def fortified() -> dict[str, Any]:
    """Each ELF object of the tree: the level at which its calls were checked, and its traps."""
    found = {}
    for path, state in walk(sys.prefix):
        if stat.S_ISREG(state.st_mode) and state.st_size > 64:  # noqa: PLR2004 - a header
            row = protection(path)
            if row is not None:
                found[os.path.relpath(path, sys.prefix)] = row
    return {
        "levels": {path: row["level"] for path, row in found.items()},
        "traps": {path: row["traps"] for path, row in found.items()},
    }


class Object(ctypes.Structure):
    """dl_phdr_info of dl_iterate_phdr(3), its first fields."""

    _fields_ = (("address", ctypes.c_void_p), ("name", ctypes.c_char_p))


class Place(ctypes.Structure):
    """Dl_info of dladdr(3)."""

    _fields_ = (
        ("file", ctypes.c_char_p), ("base", ctypes.c_void_p),
        ("name", ctypes.c_char_p), ("address", ctypes.c_void_p),
    )  # fmt: skip


LIBC_NAMES = ("malloc", "free", "memcpy", "strlen", "qsort", "printf", "pthread_create", "getenv")
PYTHON_NAMES = ("Py_Initialize", "PyObject_Repr", "PyList_Append")


def order() -> dict[str, Any]:
    """The objects in the order in which names are looked up, and where some names are found."""
    import sqlite3  # noqa: F401, PLC0415 - it and zlib bring libraries of shared_libraries/lib
    import zlib  # noqa: F401, PLC0415

    libc, objects = ctypes.CDLL(None), []
    callback = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(Object), ctypes.c_size_t, ctypes.c_void_p
    )

    def take(row: Any, _size: int, _data: object) -> int:  # noqa: ANN401 - a pointer of ctypes
        objects.append(row[0].name.decode())
        return 0

    libc.dl_iterate_phdr(callback(take), None)
    return {"objects": objects, "prefix": sys.prefix, "found": {
        name: where(libc, name) for name in (*LIBC_NAMES, *PYTHON_NAMES)
    }}  # fmt: skip


def where(libc: ctypes.CDLL, name: str) -> str:
    place = Place()
    libc.dladdr(ctypes.cast(getattr(libc, name), ctypes.c_void_p), ctypes.byref(place))
    return os.path.realpath(place.file.decode()) if place.file else ""


def stack() -> dict[str, Any]:
    return {"thread": answer(STACK)}


ASKERS = {
    "protected_addresses": addresses,
    "protected_pages": pages,
    "thread_stack": stack,
    "tree_size": size,
    "fortified": fortified,
    "lookup_order": order,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
