"""What can be imported, what importing does besides, and what the interpreter is.

Every name is tried that this version's own list has or that lies in the library's folder; which
of them must work is for the claims to say. A name that is neither listed nor there has no entry.
"""

# ruff: noqa: PLC0415, UP031 - each question imports what it asks, and is told by its name

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

SECONDS = 60.0
TEXT = 500
NOT_LIBRARY = {"__pycache__", "site-packages", "lib-dynload", "test", "tests", "idle_test"}
# They start a program or print when imported, which is what they are for.
STARTS_SOMETHING = {"antigravity", "this", "idlelib.idle"}
# Insides of programs, 30 ms each; the one below imports nearly all of its package.
PROGRAMS = ("idlelib.", "turtledemo.", "_pyrepl.")
STANDS_FOR_ITS_PACKAGE = {"_pyrepl.simple_interact", "idlelib.pyshell"}
WORKERS = 2
ATTRIBUTES = ("os", "socket", "select", "signal", "time", "fcntl", "mmap", "resource", "termios")


def _library() -> str:
    return os.path.dirname(os.path.abspath(os.__file__))


def _files(top: str) -> Iterator[str]:
    for folder, folders, files in os.walk(top):
        folders[:] = [f for f in folders if f not in NOT_LIBRARY and "-" not in f]
        for name in files:
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(folder, name), top)


def _module(path: str) -> str:
    name = path[: -len(".py")].replace(os.sep, ".")
    return name[: -len(".__init__")] if name.endswith(".__init__") else name


def _names() -> list[str]:
    names = {_module(path) for path in _files(_library())}
    names.update(getattr(sys, "stdlib_module_names", sys.builtin_module_names))
    return sorted(
        name
        for name in names
        if name not in STARTS_SOMETHING
        and not name.endswith("__main__")
        and (name in STANDS_FOR_ITS_PACKAGE or not name.startswith(PROGRAMS))
        and all(part.isidentifier() for part in name.split("."))
    )


def _import_all(folders: Sequence[str]) -> None:
    """Run importing.py once for each folder, side by side, on a part of the names each."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "importing.py")
    names = _names()
    packages = sorted({name.partition(".")[0] for name in names})
    running = []
    for number, folder in enumerate(folders):
        part = set(packages[number :: len(folders)])
        mine = [name for name in names if name.partition(".")[0] in part]
        command = [sys.executable, "-I", "-B", script, folder, *mine]
        running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))
    for process in running:
        if process.wait(SECONDS - 5):
            raise RuntimeError("importing.py ended with status %d" % process.returncode)


def _rows(folder: str) -> list[Any]:
    with open(os.path.join(folder, "results")) as stream:
        return [ast.literal_eval(line) for line in stream]


def imports(_: Sequence[str]) -> dict[str, Any]:
    """Names that were imported, errors of those that were not, and effects besides, by name."""
    with tempfile.TemporaryDirectory() as top:
        folders = [os.path.join(top, str(number)) for number in range(WORKERS)]
        for folder in folders:
            os.mkdir(folder)
        _import_all(folders)
        rows = [row for folder in folders for row in _rows(folder)]
    effects: dict[str, dict[str, Any]] = {}
    for name, _error, changed in rows:
        for kind, what in changed.items():
            effects.setdefault(kind, {})[name] = what
    failed = {name: error for name, error, _changed in rows if error}
    worked = sorted({name for name, error, _changed in rows if not error} - set(failed))
    return {"imported": worked, "failed": failed, "effects": effects}


def extension_set(_: Sequence[str]) -> dict[str, Any]:
    """Extension modules: built in, and as files with what follows their names."""
    folder = next((p for p in sys.path if p.endswith("lib-dynload")), "")
    files = sorted(os.listdir(folder)) if folder else []
    return {
        "built_in": sorted(sys.builtin_module_names),
        "files": [name.partition(".")[0] for name in files],
        "suffixes": sorted({"." + name.partition(".")[2] for name in files}),
    }


def interpreter(_: Sequence[str]) -> dict[str, Any]:
    """What a fresh interpreter says of itself."""
    import platform
    import site
    import sysconfig

    flags = {name: getattr(sys.flags, name) for name in dir(sys.flags) if _is_flag(name)}
    return {
        "version": ".".join(map(str, sys.version_info[:3])),
        "release": sys.version_info.releaselevel,
        "implementation": sys.implementation.name,
        "flags": flags,
        "path": sys.path,
        "prefix": sys.prefix,
        "hash": sys.hash_info.algorithm,
        "frozen": bool(getattr(sys, "frozen", False)),
        "bits": sys.hash_info.width,
        "maxunicode": sys.maxunicode,
        "platform": sys.platform,
        "machine": platform.machine(),
        "soabi": sysconfig.get_config_var("SOABI"),
        "ext_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
        "site_packages": [[p, os.path.isdir(p)] for p in site.getsitepackages()],
        "purelib": sysconfig.get_path("purelib"),
        "purelib_on_path": sysconfig.get_path("purelib") in sys.path,
        "debug": hasattr(sys, "gettotalrefcount"),
        "thread": list(sys.thread_info[:2]),
        "utf8": [sys.getfilesystemencoding(), sys.getdefaultencoding()],
    }


def _is_flag(name: str) -> bool:
    value = getattr(sys.flags, name)
    return not name.startswith("_") and not callable(value) and not name.startswith("n_")


def bytecode(_: Sequence[str]) -> dict[str, Any]:
    """Sources whose cached bytecode will not do, and what start-up compiled."""
    import importlib.util

    top = _library()
    magic = importlib.util.MAGIC_NUMBER
    rows = {path: _cached(os.path.join(top, path), magic) for path in _files(top)}
    bad = {path: why for path, why in sorted(rows.items()) if why}
    found = {"checked": len(rows), "bad": dict(list(bad.items())[:200]), "at_start": _at_start()}
    found.update(_compiled_again(top))
    return found


def _cached(path: str, magic: bytes) -> str:
    """Why the cached bytecode of a source will not do; "" if it will."""
    import importlib.util

    try:
        with open(importlib.util.cache_from_source(path), "rb") as stream:
            header = stream.read(16)
    except OSError as error:
        return type(error).__name__
    if header[:4] != magic:
        return "of another version"
    if header[4] & 1:  # PEP 552: found by the source's hash, no time in it
        return ""
    seen = os.stat(path)
    times = [seen.st_mtime, seen.st_size]
    wanted = b"".join((int(n) & 0xFFFFFFFF).to_bytes(4, "little") for n in times)
    return "" if header[8:] == wanted else "older than its source"


# What programs import first, and what guards them: bytecode that is not their source's own is the
# place to hide. All of the library would take ten times as long.
GUARDED = "hashlib, hmac, http.client, json, logging, random, secrets, ssl, subprocess, tempfile"
COMPILE = """
import GUARDED
import marshal, os, sys
compared, unlike = 0, []
for module in list(sys.modules.values()):
    spec = getattr(module, "__spec__", None)
    cached, origin = getattr(spec, "cached", None), getattr(spec, "origin", None)
    if not cached or not os.path.exists(cached):
        continue
    with open(cached, "rb") as stream:
        code = marshal.loads(stream.read()[16:])
    with open(origin, "rb") as stream:
        again = compile(stream.read(), code.co_filename, "exec", dont_inherit=True, optimize=0)
    compared += 1
    if code != again:
        unlike.append(os.path.relpath(origin, sys.argv[1]))
print((compared, sorted(unlike)))
"""


def _compiled_again(top: str) -> dict[str, Any]:
    """Sources whose cached bytecode is not what they compile to, of what GUARDED loads."""
    code = COMPILE.replace("GUARDED", GUARDED)
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, top],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=40,
    )  # fmt: skip
    compared, unlike = ast.literal_eval(ended.stdout.decode())
    return {"compared": compared, "unlike": unlike}


def _at_start() -> list[str]:
    """Sources that a start compiles: `-v` says "code object from" them, not from the cache."""
    command = [sys.executable, "-I", "-v", "-c", "pass"]
    ended = subprocess.run(command, check=True, stderr=subprocess.PIPE, timeout=20)
    lines = ended.stderr.decode("utf-8", "replace").splitlines()
    found = [line for line in lines if line.startswith("# code object from")]
    return [line for line in found if not line.rstrip("'").endswith(".pyc")]


def attributes(_: Sequence[str]) -> dict[str, Any]:
    """Public names of modules whose content depends on the C library and on the headers."""
    import importlib
    import sysconfig

    def public(name: str) -> list[str]:
        return [key for key in dir(importlib.import_module(name)) if not key.startswith("_")]

    wanted = (
        "HAVE_SEM_CLOCKWAIT",
        "HAVE_BROKEN_SEM_GETVALUE",
        "HAVE_GETRANDOM",
        "Py_ENABLE_SHARED",
    )
    return {
        "modules": {name: public(name) for name in ATTRIBUTES},
        "config": {name: sysconfig.get_config_var(name) for name in wanted},
    }


def libraries(_: Sequence[str]) -> dict[str, Any]:
    """The shared libraries of the tree, and what the loader says of those that it refuses."""
    folder = os.path.join(sys.base_prefix, "shared_libraries", "lib")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    found = [name for name in names if ".so" in name]
    told = {name: _loaded(os.path.join(folder, name)) for name in found}
    return {"found": found, "refused": {name: why for name, why in told.items() if why}}


def _loaded(path: str) -> str:
    """Why a library cannot be loaded, tried in a child: a broken one may end it by a signal."""
    import _ctypes

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _ctypes.dlopen(path, os.RTLD_NOW)
        except OSError as error:
            os.write(writer, str(error).encode()[:TEXT])
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        why = stream.read().decode("utf-8", "replace")
    status = os.waitpid(child, 0)[1]
    return why or ("status %d" % status if status else "")


SECTIONS = {
    "imports": imports,
    "libraries": libraries,
    "extension_set": extension_set,
    "interpreter": interpreter,
    "bytecode": bytecode,
    "attributes": attributes,
}
