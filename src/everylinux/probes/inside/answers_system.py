"""Known answers of modules that stand on the C library and the kernel.

Some need what a cell may lack (IPv6, /dev/shm, a terminal): then the answer says so in `lacks`.
"""

# ruff: noqa: PLC0415, UP031, D103, UP022, SLF001 - each question imports what it asks, and is told by its name

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DEEP = 15_000  # frames of Python: more than the default limit of 1000, within a stack of 1 MiB
NESTED = 900  # levels of JSON, patterns and syntax trees: they recurse in C, limited by CPython
CHILD_SECONDS = 15

RECURSION = """
import sys, threading
sys.setrecursionlimit(%d)
def deep(n): return n if n == 0 else 1 + deep(n - 1)
def work():
    print(deep(%d))
thread = threading.Thread(target=work)
thread.start()
thread.join()
""" % (DEEP + 500, DEEP)

# What recurses in C, in a thread of the default stack: a result or RecursionError, never a signal.
C_RECURSION = {
    "json": "import json; json.loads('[' * 100000 + ']' * 100000)",
    "json dumps": "import json; a = []\nfor _ in range(100000): a = [a]\njson.dumps(a)",
    "re": "import re; re.compile('(' * 5000 + ')' * 5000)",
    "re match": "import re; re.match('(?:(?:a|b)*c?)*$', 'ab' * 50000)",
    "pickle": "import pickle; a = []\nfor _ in range(100000): a = [a]\npickle.dumps(a)",
    "ast": "import ast; ast.parse('-' * 50000 + '1')",
    "compile": "compile('(' * 5000 + ')' * 5000, 'x', 'eval')",
    "repr": "a = []\nfor _ in range(100000): a = [a]\nrepr(a)",
    "literal": "import ast; ast.literal_eval('(' * 190 + '1' + ')' * 190)",
}
IN_THREAD = """
import sys, threading
def work():
    try:
        exec(sys.argv[1], {})
        print("result")
    except (RecursionError, MemoryError, SyntaxError) as error:
        print(type(error).__name__)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def _without_shell() -> list[str]:
    """The interpreter, without a wrapper in sh that it may start by: shells touch variables.

    The loader's command line is then to be seen: loader --preload= ... -- real tree executable.
    """
    with open("/proc/self/cmdline", "rb") as file:
        own = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    if own[1:2] != ["--preload="]:
        return [sys.executable]
    return own[: own.index("--") + 4]


def _child(code: str, *arguments: str, **more: Any) -> tuple[int, str, str]:  # noqa: ANN401
    import subprocess

    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=CHILD_SECONDS,
        check=False,
        **more,
    )
    return done.returncode, done.stdout.decode()[-500:].strip(), done.stderr.decode()[-1500:]


def ctypes_answers() -> dict[str, Any]:
    import ctypes
    import ctypes.util
    import errno

    class Quotient(ctypes.Structure):
        _fields_ = (("quot", ctypes.c_int), ("rem", ctypes.c_int))

    library = ctypes.CDLL(None, use_errno=True)
    compare = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.POINTER(ctypes.c_int)] * 2)
    numbers = (ctypes.c_int * 5)(3, 1, 2, 5, 4)
    library.qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare(lambda a, b: a[0] - b[0]))
    library.div.restype = Quotient
    quotient = library.div(17, 5)
    library.strtod.restype, library.strtod.argtypes = ctypes.c_double, [ctypes.c_char_p] * 2
    library.close(-1)
    return {
        "call": library.abs(-42),
        "double": library.strtod(b"2.5", None),
        "callback": list(numbers),
        "structure by value": [quotient.quot, quotient.rem],
        "errno": errno.errorcode.get(ctypes.get_errno()),
        "string": ctypes.string_at(ctypes.create_string_buffer(b"abc")).decode(),
        "pythonapi": ctypes.pythonapi.Py_IsInitialized(),
        "sizes": [ctypes.sizeof(ctypes.c_int64), ctypes.sizeof(ctypes.c_double)],
    }


def find_library_answers() -> dict[str, Any]:
    import ctypes
    import ctypes.util

    names = {name: ctypes.util.find_library(name) for name in ("c", "m")}
    usable = {name: bool(found and ctypes.CDLL(found)._handle) for name, found in names.items()}
    return {"names": names, "usable": usable}


def memory_answers() -> dict[str, Any]:
    import fcntl
    import mmap
    import struct
    import tempfile

    with tempfile.TemporaryFile() as stream:
        stream.write(b"abcdef" * 1000)
        stream.flush()
        with mmap.mmap(stream.fileno(), 0) as mapped:
            mapped[0:3] = b"XYZ"
            found = [mapped.find(b"def"), mapped[-3:].decode(), len(mapped)]
            mapped.flush()
        stream.seek(0)
        start = stream.read(6).decode()
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        cloexec = fcntl.fcntl(stream, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    reader, writer = os.pipe()
    os.write(writer, b"12345")
    waiting = struct.unpack("i", fcntl.ioctl(reader, 0x541B, b"\0" * 4))[0]  # FIONREAD
    anonymous = mmap.mmap(-1, mmap.PAGESIZE)
    anonymous.write(b"q")
    return {
        "mapped": found, "written": start, "cloexec": cloexec, "waiting": waiting,
        "anonymous": anonymous[0],
    }  # fmt: skip


def terminal_answers() -> dict[str, Any]:
    import pty
    import termios
    import tty

    try:
        master, slave = pty.openpty()
    except OSError as error:
        return {"lacks": "a terminal: %s" % error}
    before = termios.tcgetattr(slave)
    tty.setraw(slave)
    raw = termios.tcgetattr(slave)
    os.write(master, b"\x03x")
    through = os.read(slave, 10)
    termios.tcsetattr(slave, termios.TCSANOW, before)
    return {
        "is a terminal": os.isatty(slave),
        "named": os.ttyname(slave).startswith("/dev/"),
        "canonical": [bool(a[3] & termios.ICANON) for a in (before, raw)],
        "through": list(through),
        "interrupt": before[6][termios.VINTR][0],
    }


def process_answers() -> dict[str, Any]:
    import resource
    import signal
    import subprocess

    codes = [_child("raise SystemExit(%d)" % n)[0] for n in (0, 7)]
    killed = _child("import os; os.kill(os.getpid(), 15)")[0]
    env = {"ONE": "1", "ÜMLAUT": "ß", "EMPTY": "", "LC_ALL": "C.UTF-8"}  # else PEP 538
    code = "import os; print(ascii(sorted(os.environ.items())))"
    direct = [*_without_shell(), "-I", "-B", "-c", code]
    given = subprocess.run(direct, env=env, stdout=-1, check=False).stdout.decode().strip()
    shell = [sys.executable, "-I", "-c", "import sys; print(sys.stdin.read()[::-1], end='')"]
    piped = subprocess.run(shell, input=b"abc" * 50_000, stdout=-1, check=True).stdout
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-c", "raise SystemExit(3)"], {})
    spawned = os.waitpid(pid, 0)[1] >> 8
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(64, soft), hard))
    limited = _child("import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[0])")[1]
    try:
        subprocess.run(["/nonexistent/program"], check=False)
        absent = "started"
    except FileNotFoundError as error:
        absent = str(error.filename)
    return {
        "codes": codes, "killed": killed, "environment": given,
        "piped": [len(piped), piped[:3].decode()],
        "spawned": spawned, "limited": int(limited), "absent": absent,
        "signals": signal.Signals(15).name,
    }  # fmt: skip


def signal_answers() -> dict[str, Any]:
    import select
    import signal
    import time

    seen: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _frame: seen.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGALRM, lambda number, _frame: seen.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    time.sleep(0.02)  # PEP 475: goes on sleeping after the handler
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    os.kill(os.getpid(), signal.SIGUSR2)
    pending = signal.SIGUSR2 in signal.sigpending()
    waited = signal.sigtimedwait([signal.SIGUSR2], 1)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    os.kill(os.getpid(), signal.SIGUSR1)
    woken = bool(select.select([reader], [], [], 1)[0])
    signal.set_wakeup_fd(-1)
    return {
        "seen": [signal.Signals(n).name for n in seen], "pending": pending, "woken": woken,
        "waited": waited.si_signo if waited else None,
        "realtime": signal.SIGRTMAX > signal.SIGRTMIN,
    }  # fmt: skip


def user_answers() -> dict[str, Any]:
    import grp
    import pwd
    import syslog

    try:
        root = pwd.getpwuid(0)
        names = {
            "user": root.pw_name,
            "home": bool(root.pw_dir),
            "by name": pwd.getpwnam("root")[2],
        }
    except KeyError:  # the image has no /etc/passwd: nothing to look up
        names = {"lacks": "a user of id 0 in /etc/passwd"}
    try:
        names["group"] = grp.getgrgid(0).gr_gid
        names["groups"] = len(grp.getgrall()) > 0
    except KeyError:
        names["lacks"] = "a group of id 0 in /etc/group"
    return {**names, "syslog": syslog.LOG_UPTO(syslog.LOG_ERR)}


def recursion_answers() -> dict[str, Any]:
    status, out, _ = _child(RECURSION)
    return {"status": status, "depth": out}


def c_recursion_answers() -> dict[str, Any]:
    """Signals that ended deep recursion in C, by what recursed: none should be there."""
    ended = {name: _child(IN_THREAD, code) for name, code in C_RECURSION.items()}
    return {
        "signals": {name: -status for name, (status, _, _) in ended.items() if status < 0},
        "answers": {name: out for name, (_, out, _) in ended.items()},
    }


def fault_answers() -> dict[str, Any]:
    code = "import faulthandler, os; faulthandler.enable(); os.kill(os.getpid(), 11)"
    status, _, err = _child(code)
    return {
        "status": status,
        "says": "Fatal Python error: Segmentation fault" in err,
        "frame": 'File "<string>", line 1' in err,
    }


def logging_answers() -> dict[str, Any]:
    """What arrives of a message that a handler logs while it handles another."""
    import logging

    class Keeping(logging.Handler):
        """Remembers."""

        def emit(self, record: logging.LogRecord) -> None:
            arrived.append(record.getMessage())

    class Telling(logging.Handler):
        """Logs elsewhere."""

        def emit(self, record: logging.LogRecord) -> None:
            inner.warning("amid %s", record.getMessage())

    arrived: list[str] = []
    outer, inner = logging.getLogger("outer"), logging.getLogger("inner")
    outer.addHandler(Telling())
    inner.addHandler(Keeping())
    outer.warning("one")
    outer.warning("%d", 2)
    return {"arrived": arrived}


def runtime_answers() -> dict[str, Any]:
    import gc
    import secrets
    import tracemalloc

    class Node:
        """Part of a circle."""

    tracemalloc.start()
    kept = bytearray(1_000_000)
    traced = tracemalloc.get_traced_memory()[0] > len(kept)
    gc.disable()
    node = Node()
    node.other = node  # type: ignore[attr-defined]
    del node
    tokens = {secrets.token_bytes(16) for _ in range(100)} | {os.urandom(16) for _ in range(100)}
    try:
        sys.activate_stack_trampoline("perf")  # type: ignore[attr-defined]
        perf = "available"
    except (ValueError, AttributeError, OSError) as error:
        perf = type(error).__name__
    return {"collected": gc.collect() > 0, "traced": traced, "random": len(tokens), "perf": perf}


ASKERS = {
    "answers_ctypes": ctypes_answers,
    "answers_find_library": find_library_answers,
    "answers_memory": memory_answers,
    "answers_terminal": terminal_answers,
    "answers_process": process_answers,
    "answers_signal": signal_answers,
    "answers_user": user_answers,
    "answers_recursion": recursion_answers,
    "answers_c_recursion": c_recursion_answers,
    "answers_fault": fault_answers,
    "answers_runtime": runtime_answers,
    "answers_logging": logging_answers,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
