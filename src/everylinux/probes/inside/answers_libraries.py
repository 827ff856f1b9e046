"""Known answers of the bundled libraries that carry data or a version of their own."""

# ruff: noqa: PLC0415, UP031, D103, ICN001, DTZ001, SLF001 - each question imports what it asks, and is told by its name

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TERMINALS = ("xterm", "linux", "vt100", "xterm-256color")
KEYS = ("kcuu1", "kcud1", "kcub1", "kcuf1")
LOCALES = {
    "unset": {},
    "C": {"LC_ALL": "C"},
    "POSIX": {"LC_ALL": "POSIX"},
    "C.UTF-8": {"LC_ALL": "C.UTF-8"},
    "en_US.UTF-8": {"LC_ALL": "en_US.UTF-8"},
    "bogus": {"LC_ALL": "no_SUCH.locale"},
}
LOCALE_CODE = """
import locale, sys, time
try: locale.setlocale(locale.LC_ALL, "")
except locale.Error: pass
print("gr\\u00f6\\u00dfe \\u6f22", sys.getfilesystemencoding(), sys.stdout.encoding,
      time.strptime("Feb 2000", "%b %Y")[1], "%.1f" % 1.5, ascii(sys.argv[1]))
"""
# Modules that some version took out: suites/answers/versions.yaml says which.
GONE = (
    "aifc", "asynchat", "asyncore", "audioop", "binhex", "cgi", "cgitb", "chunk", "crypt",
    "distutils", "formatter", "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib",
    "ossaudiodev", "parser", "pipes", "smtpd", "sndhdr", "spwd", "sunau", "symbol", "telnetlib",
    "tkinter.tix", "uu", "xdrlib",
)  # fmt: skip


def _run(code: str, *arguments: str, env: Any = None) -> str:  # noqa: ANN401 - a mapping or None
    """What a fresh interpreter prints, or how it ended."""
    import subprocess

    command = [sys.executable, "-B", "-c", code, *arguments]
    done = subprocess.run(command, stdin=-3, stdout=-1, stderr=-1, timeout=15, env=env, check=False)
    if done.returncode:
        return "status %d: %s" % (done.returncode, done.stderr.decode("utf-8", "replace")[-200:])
    return done.stdout.decode("utf-8", "backslashreplace").strip()


def _terminal(name: str) -> dict[str, Any]:
    import curses

    os.environ.pop("TERMINFO", None)
    curses.setupterm(name, 1)
    keys = [(curses.tigetstr(key) or b"").hex() for key in KEYS]
    move = curses.tparm(curses.tigetstr("cup") or b"", 5, 10).hex()
    return {"keys": keys, "move": move, "colors": curses.tigetnum("colors")}


def curses_answers() -> dict[str, Any]:
    """Terminal by terminal, a child each: setupterm counts only once in a process."""
    forked = sys.modules["__main__"].forked
    rows = {name: forked(_terminal, (name,), 10) for name in TERMINALS}
    return {name: row.get("value", row.get("error")) for name, row in rows.items()}


def _backend(readline: Any) -> str:  # noqa: ANN401 - a module
    """The library beneath: `backend` since 3.13, before that the module's text tells libedit."""
    if hasattr(readline, "backend"):
        return str(readline.backend)
    return "editline" if "libedit" in (readline.__doc__ or "libedit") else "readline"


def readline_answers() -> dict[str, Any]:
    import readline
    import rlcompleter
    import tempfile

    readline.parse_and_bind("tab: complete")
    lines = ["first", "größe = 'ß'", "x" * 5000]
    for line in lines:
        readline.add_history(line)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "history")
        readline.write_history_file(path)
        readline.clear_history()
        emptied = readline.get_current_history_length()
        readline.read_history_file(path)
    back = [readline.get_history_item(n + 1) for n in range(len(lines))]
    completer = rlcompleter.Completer({"everylinux": 1})
    readline.set_completer(completer.complete)
    return {
        "backend": _backend(readline),
        "history": [emptied, back == lines],
        "completed": completer.complete("everyl", 0),
        "attribute": completer.complete("os.getpi", 0) or completer.complete("str.isdig", 0),
        "delimiters": " " in readline.get_completer_delims(),
        "set": readline.get_completer() is not None,
    }


def _store(kind: str, path: str) -> list[Any]:
    import dbm
    import importlib

    module = importlib.import_module("dbm." + kind)
    with module.open(path, "c") as store:
        for number in range(100):
            store[b"key%d" % number] = b"\0value%d" % number
        del store[b"key50"]
    with module.open(path, "r") as store:
        return [len(store.keys()), store[b"key99"].hex(), b"key50" in store, dbm.whichdb(path)]


def dbm_answers() -> dict[str, Any]:
    import tempfile

    forked = sys.modules["__main__"].forked
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("gnu", "ndbm", "sqlite3", "dumb"):
            row = forked(_store, (kind, os.path.join(folder, kind)), 10)
            found[kind] = row.get("value", row.get("error"))
    return found


def _hardware_addresses() -> list[str]:
    """Addresses of the interfaces, those of nothing but zeros left out (lo)."""
    import fcntl
    import socket
    import struct

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(anything, 0x8927, request)  # SIOCGIFHWADDR
            except OSError:
                continue
            if any(answer[18:24]):
                found.append(answer[18:24].hex())
    return found


def uuid_answers() -> dict[str, Any]:
    import uuid

    code = "import uuid; print(uuid.getnode())"
    return {
        "nodes": [int(_run(code)), int(_run(code))],
        "addresses": _hardware_addresses(),
        "library": hasattr(__import__("_uuid"), "generate_time_safe"),
        "by name": str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")),
        "versions": [uuid.uuid1().version, uuid.uuid4().version],
        "distinct": len({uuid.uuid1() for _ in range(1000)}),
    }


def _zone() -> bytes:
    """A TZif file of version 2 (RFC 8536): one type and the rule of central Europe."""
    import struct

    head = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
    body = struct.pack(">lBB4s", 3600, 0, 0, b"CET\0")
    return head + body + head + body + b"\nCET-1CEST,M3.5.0,M10.5.0/3\n"


def zone_answers() -> dict[str, Any]:
    import datetime
    import io
    import zoneinfo

    moments = [datetime.datetime(2025, *moment) for moment in ((3, 30, 1, 59), (3, 30, 3), (12, 1))]

    def offsets(zone: zoneinfo.ZoneInfo) -> list[str]:
        local = [moment.replace(tzinfo=zone) for moment in moments]
        return [moment.strftime("%z %Z") for moment in local]

    try:
        system: Any = offsets(zoneinfo.ZoneInfo("Europe/Berlin"))
    except Exception as error:  # its name is the fact
        system = type(error).__name__
    there = [p for p in zoneinfo.TZPATH if os.path.exists(os.path.join(p, "Europe/Berlin"))]
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    import time

    time.tzset()
    summer = time.localtime(1_751_328_000)
    return {
        "given": offsets(zoneinfo.ZoneInfo.from_file(io.BytesIO(_zone()), "Given/Zone")),
        "system": system,
        "there": there,
        "in C": zoneinfo.ZoneInfo is getattr(sys.modules.get("_zoneinfo"), "ZoneInfo", None),
        "posix": [summer.tm_hour, summer.tm_isdst, list(time.tzname)],
    }


def tcl_answers() -> dict[str, Any]:
    import tkinter

    tcl = tkinter.Tcl()
    return {
        "version": tcl.eval("info patchlevel"),
        "library": tcl.eval("info library"),
        "script": tcl.eval("clock format 86400 -gmt 1 -format %Y-%m-%d"),
        "encoding": tcl.eval("binary encode hex [encoding convertto shiftjis \\u6f22]"),
        "sum": tcl.eval("expr {6 * 7}"),
        "tk": tkinter.TkVersion,
    }


def locale_answers() -> dict[str, Any]:
    return {name: _run(LOCALE_CODE, "größe", env=env) for name, env in LOCALES.items()}


def packaging_answers() -> dict[str, Any]:
    import ensurepip
    import tempfile
    import venv

    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=False, symlinks=True)
        code = "import sys, zlib; print(sys.prefix); print(sys.base_prefix)"
        import subprocess

        python = os.path.join(folder, "bin", "python")
        done = subprocess.run([python, "-I", "-c", code], stdout=-1, stderr=-1, check=False)
        prefixes = done.stdout.decode().split("\n")
        inside = prefixes[:2] == [folder, sys.base_prefix]
    own = _run("import sys; print(sys.executable == sys.argv[1], sys.prefix)", sys.executable)
    return {"pip": ensurepip.version(), "venv": inside, "child": own == "True " + sys.prefix}


def gone_answers() -> dict[str, Any]:
    import importlib.util

    return {"still there": [name for name in GONE if importlib.util.find_spec(name)]}


def _version(name: str) -> str:
    if name == "zlib":
        return str(__import__("zlib").ZLIB_RUNTIME_VERSION)
    if name == "expat":
        return str(__import__("pyexpat").EXPAT_VERSION).replace("expat_", "")
    if name == "readline":
        number = __import__("readline")._READLINE_RUNTIME_VERSION
        return "%d.%d" % (number >> 8, number & 0xFF)
    if name == "ncurses":
        return "%d.%d" % __import__("_curses").ncurses_version[:2]
    numbers = __import__("_gdbm")._GDBM_VERSION
    return ".".join(str(number) for number in (numbers if numbers[2] else numbers[:2]))


def version_answers() -> dict[str, Any]:
    forked = sys.modules["__main__"].forked
    names = ("zlib", "expat", "readline", "ncurses", "gdbm")
    rows = {name: forked(_version, (name,), 10) for name in names}
    return {name: row.get("value", row.get("error")) for name, row in rows.items()}


ASKERS = {
    "answers_curses": curses_answers,
    "answers_readline": readline_answers,
    "answers_dbm": dbm_answers,
    "answers_uuid": uuid_answers,
    "answers_zone": zone_answers,
    "answers_tcl": tcl_answers,
    "answers_locale": locale_answers,
    "answers_packaging": packaging_answers,
    "answers_gone": gone_answers,
    "library_versions": version_answers,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
