"""A whole distribution in miniature, made with gcc in two seconds: every static claim is green.

Not a Python: its objects hold a function each. But they are real ELF files, linked as the real ones
are, and each file that a claim looks at is there under its name.
"""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
from pathlib import Path
from typing import Any

from everylinux.symbols.musl import TABLE
from tests.sabotage.tree import truthful, write

PYTHON, ARCH = "3.13", "x86_64"
ANY = {"upstream": {"sha256": "0" * 64}}
LOCK: dict[str, dict[str, Any]] = {
    "musl": {"version": "1.2.5", **ANY},
    "cpython": {"version": "3.13.5", **ANY},
    "zlib": {"version": "1.3.2", **ANY},
}
MAGIC = 3571  # Lib/importlib/_bootstrap_external.py of 3.13
TIME = 1_750_000_000
SUFFIX = ".cpython-313-x86_64-linux-musl.so"

HARD = [
    "-O2", "-fstack-protector-strong", "-nostdlib", "-s",
    "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack", "-Wl,-z,separate-code",
    "-Wl,--build-id=none", "-Wl,--enable-new-dtags",
]  # fmt: skip
BODY = """
extern char *strcpy(char *, const char *);
{extern}
int {name}(const char *s) {{ char b[64]; strcpy(b, s); return b[3]{use}; }}
"""
LAUNCHER = """
void __stack_chk_fail(void) { __builtin_trap(); }
static void *table[] = {(void *)__stack_chk_fail, &table};
static int fill(volatile char *b, int n) { while (n--) b[n] = 1; return b[0] + !table[0]; }
__attribute__((noinline)) int run(int n) { char b[64]; return fill(b, n); }
void _start(void) { for (;;) run(4); }
"""
REAL = """
extern int Py_BytesMain(const char *);
extern int puts(const char *);
static void fill(volatile char *b, int n) { while (n--) b[n] = 1; }
__attribute__((noinline)) void say(int n) { char b[64]; fill(b, n); puts(b); }
void _start(void) { for (;;) say(Py_BytesMain("")); }
"""
LIBRARIES = [
    "libsqlite3.so.0", "libreadline.so.8", "libncursesw.so.6", "libz.so.1", "libbz2.so.1.0",
    "liblzma.so.5", "libffi.so.8", "libexpat.so.1",
]  # fmt: skip
FOLDERS = [
    "asyncio", "collections", "concurrent", "ctypes", "email", "encodings", "html", "http",
    "importlib", "json", "multiprocessing", "sqlite3", "test", "unittest", "urllib", "xml",
]  # fmt: skip
SOURCES = ("os", "ssl", "site")


def build(root: Path, work: Path) -> Path:
    """Make the tree at `root`; `work` takes the sources. CalledProcessError if gcc fails."""
    work.mkdir(parents=True, exist_ok=True)
    _libraries(root, work)
    _python(root, work)
    _texts(root)
    _settle(root)
    _manifest(root)
    return root


def library() -> dict[str, object]:
    """The table suites/layout/library.yaml, as it would be of this library."""
    texts = {f"{name}/__init__.py": name for name in FOLDERS}
    texts |= {f"{name}.py": name for name in SOURCES}
    sources = {path: f'"""{name}"""\n'.encode() for path, name in texts.items()}
    digests = {path: hashlib.sha256(text).hexdigest()[:16] for path, text in sources.items()}
    return {LOCK["cpython"]["version"]: {"sources": digests, "patched": []}}


def compile_object(output: Path, source: str, work: Path, *flags: str, strip: bool = True) -> None:
    """Compile one object with the flags of a hardened build, and more."""
    file = work / f"{output.name}.c"
    file.write_text(source)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.unlink(missing_ok=True)
    hard = [flag for flag in HARD if strip or flag != "-s"]
    command = ["gcc", "-fPIC", *hard, str(file), "-o", str(output), *flags]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def shared(output: Path, name: str, work: Path, *needs: Path, rpath: str = "$ORIGIN") -> None:
    """Compile a library or an extension that exports one function and calls those of `needs`."""
    calls = [_function(need) for need in needs if need.name != "libc.so"]
    source = BODY.format(
        name=name,
        extern="".join(f"extern int {call}(const char *);" for call in calls),
        use="".join(f" + {call}(b)" for call in calls),
    )
    soname = [f"-Wl,-soname,{output.name}"] if SUFFIX not in output.name else []
    links = [flag for need in needs for flag in linked(need)]
    compile_object(output, source, work, "-shared", *soname, f"-Wl,-rpath,{rpath}", *links)


def linked(library: Path) -> list[str]:
    """Flags that link a library by its name: NEEDED without a path, also where it has no soname."""
    return [f"-L{library.parent}", f"-l:{library.name}"]


def _function(library: Path) -> str:
    if library.name.startswith("libpython"):
        return "PyList_Append"
    return f"{library.name.split('.', 1)[0]}_use"


def _libraries(root: Path, work: Path) -> None:
    folder = root / "shared_libraries/lib"
    libc = folder / "libc.so"
    compile_object(libc, _libc(), work, "-shared")
    for name in LIBRARIES:
        shared(folder / name, _function(Path(name)), work, libc)
    script = work / "crypto.map"
    script.write_text("OPENSSL_3.0.0 { global: libcrypto_use; local: *; };")
    source = BODY.format(name="libcrypto_use", extern="", use="")
    flags = (f"-Wl,--version-script={script}", "-Wl,-rpath,$ORIGIN", *linked(libc))
    crypto = folder / "libcrypto.so.3"
    compile_object(crypto, source, work, "-shared", "-Wl,-soname,libcrypto.so.3", *flags)
    shared(folder / "libssl.so.3", "libssl_use", work, crypto, libc)


def _libc() -> str:
    """A library that exports every name of musl 1.2.5, and says that it is it."""
    rows = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
    names = [row[0] for row in rows if row[1] not in {"-", ""} and not row[2]]
    labels = "".join(f".globl {n}\\n.type {n},@function\\n{n}:\\n" for n in names)
    return (
        f'__asm__(".text\\n{labels}ret\\n");\n'
        'const char said[] = "musl libc (x86_64)\\0Version %s\\0" "1.2.5";\n'
        "const char *const kept[] = {said};\n"
    )


def _python(root: Path, work: Path) -> None:
    libraries, dynload = root / "shared_libraries/lib", root / f"lib/python{PYTHON}/lib-dynload"
    libc, lib = libraries / "libc.so", root / "lib"
    path = "$ORIGIN/../../../shared_libraries/lib:$ORIGIN/../.."
    python = lib / f"libpython{PYTHON}.so.1.0"
    core = BODY.format(name="Py_BytesMain", extern="", use="")
    core += "int PyList_Append(const char *s) { return *s; }\n"
    core += "int PyNobody_AsksForThis(void) { return 1; }\n"
    soname = f"-Wl,-soname,{python.name}"
    rpath = "-Wl,-rpath,$ORIGIN/../shared_libraries/lib:$ORIGIN"
    compile_object(python, core, work, "-shared", soname, rpath, *linked(libc))
    for name, needs in {
        "_ssl": [libraries / "libssl.so.3", libraries / "libcrypto.so.3"],
        "_sqlite3": [libraries / "libsqlite3.so.0"],
        "zlib": [libraries / "libz.so.1"],
        "readline": [libraries / "libreadline.so.8"],
        "_bisect": [python],
    }.items():
        shared(dynload / f"{name}{SUFFIX}", f"PyInit_{name}", work, *needs, libc, rpath=path)
    bin_ = root / "bin"
    compile_object(bin_ / "python", LAUNCHER, work, "-static-pie", "-fPIE")
    interpreter = "-Wl,-dynamic-linker,/lib/ld-musl-x86_64.so.1"
    rpath = "-Wl,-rpath,$ORIGIN/../shared_libraries/lib:$ORIGIN/../lib"
    real = bin_ / f"python{PYTHON}-real"
    compile_object(
        real, REAL, work, "-fPIE", "-pie", interpreter, rpath, *linked(python), *linked(libc)
    )


def _texts(root: Path) -> None:
    stdlib, site = root / f"lib/python{PYTHON}", root / f"lib/python{PYTHON}/site-packages"
    for name in FOLDERS:
        write(stdlib / name / "__init__.py", f'"""{name}"""\n')
    for name in SOURCES:
        write(stdlib / f"{name}.py", f'"""{name}"""\n')
    write(stdlib / f"_sysconfigdata__linux_{ARCH}-linux-musl.py", _sysconfig())
    write(site / "pip/__init__.py", "")
    write(site / "pip-25.1.1.dist-info/METADATA", "Name: pip\n")
    headers = root / f"include/python{PYTHON}"
    write(headers / "Python.h", "#pragma once\n")
    write(headers / "pyconfig.h", "#define HAVE_SEM_OPEN 1\n")
    write(headers / "patchlevel.h", '#define PY_VERSION             "3.13.5"\n')
    write(root / f"share/man/man1/python{PYTHON}.1", ".TH PYTHON\n")
    write(root / f"lib/pkgconfig/python-{PYTHON}.pc", PC)
    for name in ("pip", f"pip{PYTHON}-real", f"idle{PYTHON}", f"pydoc{PYTHON}"):
        write(root / "bin" / name, '#!/bin/sh\nexec "${0%/*}/python3" "$@"\n')
    write(root / "LICENSE", "PSF\n")
    for link, target in {"python3": "python", f"python{PYTHON}": "python"}.items():
        (root / "bin" / link).symlink_to(target)
    for link in ("pip3", f"pip{PYTHON}"):
        (root / "bin" / link).symlink_to("pip")
    (root / "shared_libraries/lib/ld-musl-x86_64.so.1").symlink_to("libc.so")


PC = """prefix=${pcfiledir}/../..
libdir=${prefix}/lib
includedir=${prefix}/include
Name: Python
Libs: -L${libdir} -lpython3.13
Cflags: -I${includedir}/python3.13
"""


def _sysconfig() -> str:
    variables = {
        "CC": "gcc",
        "CXX": "g++",
        "AR": "ar",
        "LDSHARED": "gcc -shared",
        "LDFLAGS": "-Wl,--as-needed",
        "EXT_SUFFIX": SUFFIX,
    }
    return f"build_time_vars = {variables!r}\n"


def _settle(root: Path) -> None:
    """Modes of the specification, bytecode beside the sources."""
    import os  # noqa: PLC0415 - used here only

    for source in [*root.glob(f"lib/python{PYTHON}/**/*.py")]:
        os.utime(source, (TIME, TIME))
        header = struct.pack("<HBBIII", MAGIC, 13, 10, 0, TIME, source.stat().st_size)
        write(source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc", header + b"N")
    for path in [root, *root.rglob("*")]:
        if not path.is_symlink():
            path.chmod(_mode(path.relative_to(root), path.is_dir()))


def _mode(path: Path, folder: bool) -> int:  # noqa: FBT001 - a small table
    if folder:
        return 0o755
    if path.name.endswith("-real") or ".so" in path.suffixes:
        return 0o444
    return 0o755 if path.parts[0] == "bin" else 0o644


def _manifest(root: Path) -> None:
    components = [
        {
            "name": name,
            "version": row["version"],
            "licence": "MIT",
            "flags": {"configure": [], "commands": ["./configure"]},
            "sources": [
                {
                    "name": name,
                    "version": row["version"],
                    "file": f"{name}.tar.gz",
                    "sha256": "0" * 64,
                    "origin": {"urls": [f"https://example.org/{name}.tar.gz"]},
                }
            ],
        }
        for name, row in LOCK.items()
    ]
    manifest = {
        "schema": 1,
        "python": PYTHON,
        "arch": ARCH,
        "profile": "quick",
        "toolchain": {"gcc": "gcc (Debian 12.2.0-14) 12.2.0"},
        "components": components,
        "files": [],
    }
    write(root / "manifest.json", json.dumps(manifest))
    truthful(root)
