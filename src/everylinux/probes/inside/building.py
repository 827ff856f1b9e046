"""Compiles with the compiler that sysconfig names, as setuptools does, and uses what came out.

Where the cell has no gcc, the answer says so in `lacks`; what a user sees there is asked too.
"""

# ruff: noqa: UP031, D103 - each question is told by its name

from __future__ import annotations

import functools
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

SECONDS = 150.0
COMMAND_SECONDS = 60
WHEELS = "/usr/share/python-wheels"  # Debian's python3-setuptools-whl
SOURCE = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
unsigned long crc32(unsigned long a, const unsigned char *b, unsigned n) { (void)b; return a + n; }
static PyObject *answer(PyObject *self, PyObject *unused)
{
    char text[32]; /* glibc's headers turn these into __isoc23_strtol and __snprintf_chk */
    (void)self; (void)unused;
    snprintf(text, sizeof text, "%d", 42);
    return PyLong_FromLong(strtol(text, NULL, 10) + (long)strlen(text));
}
static PyObject *own(PyObject *self, PyObject *unused)
{
    (void)self; (void)unused;
    return PyLong_FromUnsignedLong(crc32(1, NULL, 2));
}
static PyMethodDef methods[] = {
    {"answer", answer, METH_NOARGS, NULL}, {"own_crc32", own, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "everylinux_built", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_everylinux_built(void)
{
    PyObject *made = PyModule_Create(&module);
    if (made && (PyModule_AddIntConstant(made, "hexversion", PY_VERSION_HEX)
                 || PyModule_AddStringConstant(made, "version", PY_VERSION)
                 || PyModule_AddIntConstant(made, "major", PY_MAJOR_VERSION)
                 || PyModule_AddIntConstant(made, "minor", PY_MINOR_VERSION)
                 || PyModule_AddIntConstant(made, "micro", PY_MICRO_VERSION)))
        return NULL;
    return made;
}
"""
LOAD = """
import json, sys, zlib
sys.path.insert(0, sys.argv[1])
import everylinux_built as built
print(json.dumps({
    "file": built.__file__, "answer": built.answer(), "own": built.own_crc32(),
    "zlib": zlib.crc32(b"123456789"), "hexversion": built.hexversion, "version": built.version,
    "numbers": [built.major, built.minor, built.micro]}))
"""
PROGRAM = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
int main(int count, char **words)
{
    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    PyStatus status = PyConfig_SetBytesString(&config, &config.home, words[1]);
    if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (count < 2 || PyStatus_Exception(status)) return 3;
    status.exitcode =
        PyRun_SimpleString("import sys, zlib, sqlite3; print(sys.prefix, sys.version_info[:2])");
    PyObject *one = PyLong_FromLong(1), *none = Py_BuildValue("");
    int types = one && Py_TYPE(one) == &PyLong_Type, nones = none == Py_None;
    if (Py_FinalizeEx()) return 4;
    printf("%d %d\\n", types, nones);
    return status.exitcode;
}
"""
OVERFLOW = """
#include <stdio.h>
#include <string.h>
int main(int count, char **words)
{
    char text[8];
    memset(text, 0, sizeof text);
    if (count > 1) strcpy(text, words[1]);
    return printf("%s", text) < 0;
}
"""
SETUP = """
import json
from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
made = setup(name="everylinux-built", version="1",
             ext_modules=[Extension("everylinux_built", ["everylinux_built.c"])])
command = bdist_wheel(made)
command.finalize_options()
print(json.dumps(list(command.get_tag())))
"""
MODULE = "everylinux_built"
MOVED_TO: list[str] = []  # the runner's argument: the same tree, in a path with spaces


PARTS = ("crtbeginS.o", "crtendS.o")


class CommandFailedError(Exception):
    """A command of the subject's failed; its last lines say how."""


def run(argv: Sequence[str], **more: Any) -> str:  # noqa: ANN401 - as subprocess.run
    """What a command printed; CommandFailedError if it failed."""
    done = subprocess.run(
        argv, stdout=-1, stderr=-1, timeout=COMMAND_SECONDS, check=False, text=True, **more
    )
    if done.returncode:
        last = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise CommandFailedError("%s: status %d: %s" % (argv[0], done.returncode, last[:400]))
    return str(done.stdout)


def words(name: str) -> list[str]:
    """A variable of sysconfig as the words of a command line."""
    return shlex.split(sysconfig.get_config_var(name) or "")


def lacking() -> str:
    """What the cell lacks to compile; "" if nothing."""
    if not shutil.which("sh"):
        return "a shell"
    if not shutil.which("gcc"):
        return "a C compiler"
    return "" if links() else "a C compiler for this architecture"


@functools.cache
def links() -> bool:
    """Whether gcc, without anything of the tree, has its own parts for this word size.

    A gcc of i386 compiles with -m64 and has neither crtbeginS.o nor libgcc for it.
    """
    gcc = ["gcc"]
    if os.uname().machine in ("x86_64", "i686", "i586", "i486", "i386"):
        gcc.append("-m64" if sys.maxsize > 2**32 else "-m32")
    with tempfile.TemporaryDirectory() as folder:
        try:
            begin, end = (run([*gcc, "-print-file-name=" + part]).strip() for part in PARTS)
            target = os.path.join(folder, "parts.so")
            run([*gcc, "-shared", "-nostdlib", "-o", target, begin, end, "-lgcc"])
        except CommandFailedError:
            return False
    return True


def compiled(folder: str, name: str, *flags: str, source: str = SOURCE) -> str:
    """An extension module, by the two commands that setuptools would run."""
    file, item = os.path.join(folder, name + ".c"), os.path.join(folder, name + ".o")
    target = os.path.join(folder, name.partition("+")[0])
    with open(file, "w") as stream:
        stream.write(source)
    include = ["-I" + sysconfig.get_path("include"), *flags]
    steps = words("CC") + words("CFLAGS") + words("CCSHARED")
    run([*steps, *include, "-Wall", "-c", file, "-o", item])
    run([*words("LDSHARED"), item, "-o", target])
    return target


def loaded(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run([sys.executable, "-I", "-B", "-c", LOAD, folder]))
    return found


def with_folder(work: Callable[[str], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """An asker that works in a folder of its own, where there is a compiler."""

    def asker() -> dict[str, Any]:
        lacks = lacking()
        if lacks:
            return {"lacks": lacks}
        with tempfile.TemporaryDirectory() as folder:
            return work(folder)

    return asker


def extension(folder: str) -> dict[str, Any]:
    target = compiled(folder, MODULE + sysconfig.get_config_var("EXT_SUFFIX"))
    with open(target, "rb") as stream:
        content = stream.read()
    found = loaded(folder)
    found["file"] = os.path.basename(found["file"])
    found["running"] = [sys.hexversion, sys.version.split()[0], list(sys.version_info[:3])]
    found["glibc"] = sorted({w for w in (b"GLIBC_2", b"libc.so.6", b"__isoc23") if w in content})
    found["glibc"] = [word.decode() for word in found["glibc"]]
    found["libc"] = b"\0libc.so\0" in content
    found["compiler"] = words("CC")[0]
    return found


def limited(folder: str) -> dict[str, Any]:
    wanted = min(0x030C0000, sys.hexversion & 0xFFFF0000)
    compiled(folder, MODULE + ".abi3.so", "-DPy_LIMITED_API=%#x" % wanted)
    found = loaded(folder)
    return {"file": os.path.basename(found["file"]), "answer": found["answer"], "api": wanted}


def headers(folder: str) -> dict[str, Any]:
    """Public headers, each in a file of its own behind Python.h, as the documentation asks."""
    include = sysconfig.get_path("include")
    names = [os.path.basename(path) for path in sorted(glob.glob(include + "/*.h"))]
    files = []
    for name in names:
        files.append(os.path.join(folder, name + ".c"))
        with open(files[-1], "w") as stream:
            stream.write("#include <Python.h>\n#include <%s>\n" % name)
    command = [*words("CC"), "-I" + include, "-fsyntax-only", "-w"]
    done = subprocess.run([*command, *files], stderr=-1, text=True, check=False, timeout=120)
    broken = re.findall(r"(?m)^In file included from \S*/(\w+\.h)\.c:", done.stderr)
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    found = {"headers": len(names), "status": done.returncode, "broken": sorted(set(broken))}
    return {**found, "errors": errors[:20]}


def program(folder: str) -> dict[str, Any]:
    """A program that embeds the interpreter, by the flags of pythonX.Y-config."""
    version = "%d.%d" % sys.version_info[:2]
    config = os.path.join(sys.prefix, "bin", "python%s-config" % version)
    file, target, loader = (os.path.join(folder, n) for n in ("p.c", "program", "loader"))
    with open(file, "w") as stream:
        stream.write(PROGRAM)
    shutil.copy(os.path.join(sys.prefix, "shared_libraries/lib/libc.so"), loader)
    os.chmod(loader, 0o700)  # the tree's own is no program: File Permissions
    flags = run([config, "--includes", "--ldflags", "--embed"]).split()
    libraries = [os.path.join(sys.prefix, part) for part in ("lib", "shared_libraries/lib")]
    more = ["-Wl,-rpath,%s,--dynamic-linker,%s" % (":".join(libraries), loader)]
    run([*words("CC"), "-fPIE", file, "-o", target, *flags, *more])
    said, same = run([target, sys.prefix], env={"PATH": "/nowhere"}).splitlines()
    wanted = "%s %s" % (sys.prefix, sys.version_info[:2])
    return {"said": said, "wanted": wanted, "same": same}


def package(folder: str) -> dict[str, Any]:
    """`build_ext` of setuptools, whose wheel lies in the cell, and the tag it would give a wheel.

    Not `pip wheel`: Debian's setuptools installs into Debian's own layout only (install_layout).
    """
    wheels = glob.glob(WHEELS + "/setuptools-*.whl")
    if not wheels:
        return {"lacks": "a wheel of setuptools"}
    library = os.path.join(folder, "library")
    run([sys.executable, "-I", "-m", "zipfile", "-e", wheels[0], library])
    with open(os.path.join(folder, MODULE + ".c"), "w") as stream:
        stream.write(SOURCE)
    script = os.path.join(folder, "setup.py")
    with open(script, "w") as stream:
        stream.write(SETUP)
    environment = {"PATH": os.environ["PATH"], "HOME": folder, "PYTHONPATH": library}
    argv = [sys.executable, "-B", script, "-q", "build_ext", "--inplace"]
    tag = json.loads(run(argv, cwd=folder, env=environment).splitlines()[-1])
    shutil.rmtree(os.path.join(folder, "build"), ignore_errors=True)
    found = loaded(folder)
    return {"tag": tag, "file": os.path.basename(found["file"]), "answer": found["answer"]}


def overflow(folder: str) -> dict[str, Any]:
    """Whether a checked function stops what is too long, and lets pass what fits."""
    file, target, loader = (os.path.join(folder, n) for n in ("o.c", "program", "loader"))
    with open(file, "w") as stream:
        stream.write(OVERFLOW)
    shutil.copy(os.path.join(sys.prefix, "shared_libraries/lib/libc.so"), loader)
    os.chmod(loader, 0o700)
    flags = ["-O2", "-D_FORTIFY_SOURCE=2", "-fno-stack-protector"]
    run([*words("CC"), *flags, file, "-o", target, "-Wl,--dynamic-linker," + loader])
    found = {}
    for text in ("seven77", "eight888"):
        done = subprocess.run([target, text], stdout=-1, check=False, timeout=20)
        found[text] = done.returncode
    return found


def moved(folder: str) -> dict[str, Any]:
    """What sysconfig names where the tree lies in a path with spaces, and whether it compiles."""
    code = "import json, sysconfig; print(json.dumps([sysconfig.get_config_var('CC')"
    code += ", sysconfig.get_path('include')]))"
    place = MOVED_TO[0]
    python = os.path.join(place, "bin", os.path.basename(sys.executable))
    compiler, include = json.loads(run([python, "-I", "-B", "-c", code]))
    file = os.path.join(folder, "m.c")
    with open(file, "w") as stream:
        stream.write(SOURCE)
    run([*shlex.split(compiler), "-fPIC", "-I" + include, "-c", file, "-o", file + ".o"])
    return {"compiler": shlex.split(compiler)[0], "include": include, "place": place}


def without() -> dict[str, Any]:
    """What is said where there is no compiler in PATH."""
    if not os.path.exists("/bin/sh"):
        return {"lacks": "a shell"}
    command = ["/bin/sh", *words("CC")[:1], "-c", "x.c"]
    if not os.path.isfile(command[1]):
        raise CommandFailedError("sysconfig's compiler is no file of the tree: %s" % command[1])
    done = subprocess.run(
        command, stdout=-1, stderr=-1, text=True, check=False, env={"PATH": "/nowhere"}
    )
    return {"status": done.returncode, "lines": done.stderr.strip().splitlines()[:10]}


ASKERS = {
    "built_extension": with_folder(extension),
    "built_limited": with_folder(limited),
    "built_headers": with_folder(headers),
    "built_program": with_folder(program),
    "built_package": with_folder(package),
    "built_overflow": with_folder(overflow),
    "built_moved": with_folder(moved),
    "built_without": without,
}


def _section(asker: Callable[[], dict[str, Any]]) -> Callable[[Sequence[str]], dict[str, Any]]:
    def section(arguments: Sequence[str]) -> dict[str, Any]:
        MOVED_TO[:] = arguments[:1]
        found: dict[str, Any] = sys.modules["__main__"].load("asking").ask(asker, SECONDS - 10)
        return found

    return section


SECTIONS = {name: _section(asker) for name, asker in ASKERS.items()}
