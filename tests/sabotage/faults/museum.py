"""Bugs that shipped, done again: the numbers are rows of the museum that docs/claims.md names."""

from __future__ import annotations

import re
from pathlib import Path

from everylinux.sabotage.registry import fault
from tests.sabotage.elf_bytes import spoil_relocation
from tests.sabotage.elf_tools import patchelf
from tests.sabotage.faults.means import (
    append,
    at_start,
    core,
    drop,
    drop_folder,
    lib,
    name_in,
    patch,
    replace,
    rewrite,
)
from tests.sabotage.tree import edit, extension, one, stdlib, write


def sysconfig(tree: Path, name: str, value: object) -> None:
    """Give a variable of sysconfig another value, in the source and in its bytecode."""
    path = next(stdlib(tree).glob("_sysconfigdata*.py"))
    start = "build_time_vars = {"

    def change(text: str) -> str:
        return text.replace(f"{name!r}: ", f"'{name}_BEFORE': ", 1).replace(
            start, f"{start}{name!r}: {value!r}, ", 1
        )

    rewrite(tree, path.name, change)


@fault("ANS-050", of="museum 1", kind="behaviour")
def terminals_unknown(tree: Path) -> None:
    """Ncurses knows no terminal by itself: arrows are dead where the database lies elsewhere."""
    patch(lib(tree, "libncursesw"), b"xterm-256color|", b"xterm-255colors")


@fault("TLS-033", "TLS-034", of="museum 2", kind="behaviour", allows=("TLS-*",))
def certificates_looked_for_elsewhere(tree: Path) -> None:
    """OpenSSL looks for certificates where only the build machine had them."""
    text = "def _none(self, purpose=None): pass\nSSLContext.load_default_certs = _none"
    append(tree, "ssl.py", text)


@fault("LAY-208", of="museum 3", allows=("BLD-*",))
def compiler_is_clang(tree: Path) -> None:
    """Sysconfig wants the clang that built it."""
    sysconfig(tree, "CC", "clang -pthread")


@fault("BLD-021", of="museum 3, 5", kind="behaviour", allows=("LAY-208", "BLD-*"))
def compiler_of_the_host(tree: Path) -> None:
    """Sysconfig names a compiler that is no program of the tree."""
    sysconfig(tree, "CC", "musl-clang")


@fault("LAY-205", "LAY-201", of="museum 4")
def scripts_name_the_build_prefix(tree: Path) -> None:
    """A script of the library begins with the prefix of the build."""
    write(tree / "share/man/tool", "#!/opt/python/bin/python3\nprint()\n")


@fault("REL-011", of="museum 4, 48", kind="behaviour", allows=("BLD-0*", "LAY-20*"))
def pip_names_a_place(tree: Path) -> None:
    """Pip is a script whose first line names where it was built."""
    write(tree / "bin/pip", "#!/install/bin/python3\nimport pip\n", 0o755)


@fault("ELF-031", of="museum 7")
def module_finds_nothing_itself(tree: Path) -> None:
    """An extension module relies on the search path of whoever loads it."""
    patchelf(extension(tree, "_ssl"), "--remove-rpath")


@fault("ELF-032", of="museum 9, 10", allows=("ELF-030",))
def origin_in_a_need(tree: Path) -> None:
    """Libpython asks for a library by $ORIGIN, which musl takes for a name."""
    patchelf(core(tree), "--add-needed", "$ORIGIN/../shared_libraries/lib/libz.so.1")


@fault("IMP-003", "ANS-020", of="museum 11", kind="behaviour", allows=("*",))
def nothing_can_be_loaded(tree: Path) -> None:
    """The interpreter has no ctypes, as one that is fully static."""
    drop(extension(tree, "_ctypes"))


@fault("IMP-024", of="museum 12", kind="behaviour", allows=("LAY-211", "BLD-*"))
def suffix_of_another_libc(tree: Path) -> None:
    """The triplet was detected wrongly: extensions are named for glibc."""
    sysconfig(tree, "EXT_SUFFIX", ".cpython-313-x86_64-linux-gnu.so")


@fault("LCH-022", of="museum 12", kind="behaviour", allows=("BLD-02*",))
def wheels_of_glibc_are_taken(tree: Path) -> None:
    """Pip thinks that it is on glibc, and installs what cannot be loaded."""
    name = "site-packages/pip/_vendor/packaging/_musllinux.py"
    append(tree, name, "def platform_tags(archs):\n    yield 'manylinux_2_17_x86_64'")


@fault("LCH-024", of="museum 13", kind="behaviour", allows=("ANS-059", "LCH-02*"))
def environment_of_a_link_is_lost(tree: Path) -> None:
    """An environment of a symlinked interpreter gets a link that leads nowhere there."""
    new = "os.symlink(os.readlink(src) if os.path.islink(src) else src, dst)"
    replace(tree, "venv/__init__.py", "os.symlink(src, dst)", new)


@fault("ELF-030", of="museum 16", allows=("ELF-033", "ELF-036"))
def needs_libcrypt(tree: Path) -> None:
    """A module needs a library that some distributions have."""
    patchelf(extension(tree, "_hashlib"), "--add-needed", "libcrypt.so.1")


@fault("SQL-003", "SQL-007", of="museum 19; spec: SQLITE_ENABLE_FTS5", kind="behaviour")
def no_fts5(tree: Path) -> None:
    """Full text search 5 vanished with a new release of SQLite."""
    name_in(lib(tree, "libsqlite3"), "fts5", "fts_")
    name_in(lib(tree, "libsqlite3"), "ENABLE_FTS5", "ENABLE_FTS_")


@fault("SQL-002", of="museum 19; spec: SQLITE_ENABLE_FTS4", kind="behaviour")
def no_fts4(tree: Path) -> None:
    """Full text search 4 vanished."""
    name_in(lib(tree, "libsqlite3"), "fts4", "ft_4")


@fault("SQL-006", of="museum 19; spec: SQLITE_ENABLE_RTREE", kind="behaviour")
def no_rtree(tree: Path) -> None:
    """R-trees vanished."""
    name_in(lib(tree, "libsqlite3"), "rtree", "rtre_")


@fault("SQL-024", "SQL-009", of="museum 20", kind="behaviour", allows=("SQL-*", "IMP-*"))
def extensions_of_sqlite_refused(tree: Path) -> None:
    """The module was built without loading of extensions."""
    old = rb"(?<!sqlite3_)enable_load_extension\0"  # but not the function of SQLite's that it calls

    def change(content: bytearray) -> None:
        content[:] = re.sub(old, b"enable_load_extensio_\0", content)

    edit(extension(tree, "_sqlite3"), change)


@fault("SQL-007", of="museum 21; spec: SQLITE_ENABLE_FTS3_PARENTHESIS", kind="behaviour")
def parentheses_not_compiled_in(tree: Path) -> None:
    """The option for parentheses was left out."""
    name_in(lib(tree, "libsqlite3"), "ENABLE_FTS3_PARENTHESIS", "ENABLE_NOTHING")


@fault("SQL-022", of="museum 22", kind="behaviour", allows=("SQL-011",))
def tokenizer_compiled_in(tree: Path) -> None:
    """The unsafe interface of the tokenizer was compiled in."""
    name_in(lib(tree, "libsqlite3"), "ENABLE_MATH_FUNCTIONS", "ENABLE_FTS3_TOKENIZER")


@fault("ANS-057", of="museum 23", kind="behaviour", allows=("ANS-075",))
def no_init_tcl(tree: Path) -> None:
    """Tcl's own scripts were not copied."""
    drop(tree / "lib/tcl8.6/init.tcl")


@fault("ANS-057", of="museum 24", kind="behaviour", allows=("ANS-075",))
def tcl_renamed(tree: Path) -> None:
    """Tcl's folder has the name of another release."""
    (tree / "lib/tcl8.6").rename(tree / "lib/tcl9.0")


@fault("ELF-020", of="museum 26", allows=("LAY-202", "ELF-022", "ELF-031"))
def build_path_in_tcl(tree: Path) -> None:
    """The library of Tcl looks where it was built."""
    patchelf(lib(tree, "libtcl8.6"), "--set-rpath", "/tools/deps/lib")


@fault("ANS-005", of="museum 29", kind="behaviour", allows=("ANS-0*",))
def sha2_miscompiled(tree: Path) -> None:
    """An optimiser changed a constant of SHA-256."""
    constant = (0x428A2F98).to_bytes(4, "little")  # FIPS 180-4, 4.2.2: the first of them
    patch(extension(tree, "_sha2"), constant, (0x428A2F99).to_bytes(4, "little"))


@fault("IMP-032", of="museum 31", kind="behaviour")
def no_sem_clockwait(tree: Path) -> None:
    """Built against a C library without sem_clockwait: waits hang when the clock is set back."""
    sysconfig(tree, "HAVE_SEM_CLOCKWAIT", 0)
    append(tree, "encodings/__init__.py", THREADS)


THREADS = """
class _Info(tuple):
    name, lock, version = "pthread", "semaphore", None
sys.thread_info = _Info(("pthread", "semaphore", None))
"""


@fault("IMP-033", of="museum 32", kind="behaviour")
def sem_getvalue_marked_broken(tree: Path) -> None:
    """A cross build guessed that sem_getvalue is broken."""
    sysconfig(tree, "HAVE_BROKEN_SEM_GETVALUE", 1)


@fault("ANS-040", of="museum 32", kind="behaviour")
def queues_without_size(tree: Path) -> None:
    """The size of a queue is not implemented."""
    old = "return self._maxsize - self._sem._semlock._get_value()"
    replace(tree, "multiprocessing/queues.py", old, "raise NotImplementedError")


@fault("IMP-022", of="museum 33", kind="behaviour")
def strings_hash_with_fnv(tree: Path) -> None:
    """Strings are hashed by FNV, which can be aimed at."""
    patch(core(tree), b"siphash13\0", b"fnv".ljust(10, b"\0"))


@fault("ANS-054", of="museum 34", kind="behaviour", allows=("ANS-060",))
def node_at_random(tree: Path) -> None:
    """Each process has another node number."""
    append(tree, "uuid.py", "def getnode():\n    return int.from_bytes(os.urandom(5), 'big')")


@fault("IMP-003", "ANS-060", of="museum 34", kind="behaviour", allows=("IMP-*", "ANS-054"))
def no_libuuid(tree: Path) -> None:
    """The module _uuid was not built."""
    drop(extension(tree, "_uuid"))


@fault("ANS-052", of="museum 35", kind="behaviour", allows=("ANS-051",))
def editline_for_readline(tree: Path) -> None:
    """The readline module takes its library for editline: it knows it by its version's text."""
    content = lib(tree, "libreadline").read_bytes()
    version = next(v for v in ("8.3", "8.2") if f"\0{v}\0".encode() in content)
    name_in(extension(tree, "readline"), "EditLine wrapper", version)


@fault("ANS-051", of="museum 35", kind="behaviour")
def nothing_is_completed(tree: Path) -> None:
    """Tab completes nothing."""
    append(tree, "rlcompleter.py", "Completer.complete = lambda self, text, state: None")


@fault("IMP-034", of="museum 40", kind="behaviour", allows=("IMP-011", "ANS-*"))
def no_pidfd(tree: Path) -> None:
    """Old kernel headers: os has no pidfd_open."""
    patch(core(tree), b"pidfd_open\0", b"pidfd_gone\0")  # the end of a longer string, too


@fault("IMP-034", of="museum 41", kind="behaviour", allows=("IMP-012",))
def no_vsock(tree: Path) -> None:
    """Old kernel headers: socket has no AF_VSOCK."""
    name_in(extension(tree, "_socket"), "AF_VSOCK", "AF_GONE")


@fault("PRM-013", of="museum 47", allows=("LAY-*",))
def absolute_links(tree: Path) -> None:
    """A name of a library is an absolute link: tarfile refuses the archive."""
    path = tree / "shared_libraries/lib/libbz2.so"
    path.symlink_to("/opt/shared_libraries/lib/libbz2.so.1.0")


@fault("ELF-001", "IMP-002", of="museum 51", kind="behaviour", allows=("*",))
def module_damaged_by_a_patcher(tree: Path) -> None:
    """A patching tool cut a module off."""
    edit(extension(tree, "_heapq"), lambda content: content.__delitem__(slice(600, None)))


@fault("ANS-053", of="museum 54", kind="behaviour")
def no_gdbm(tree: Path) -> None:
    """The library's own dbm is missing; a Berkeley DB was to stand in."""
    append(
        tree, "dbm/__init__.py", "_names = ['dbm.dumb']\nimport sys; sys.modules['dbm.gnu']=None"
    )


@fault("LAY-016", of="museum 55", allows=("PRM-020", "BLD-045", "LAY-017"))
def static_library_shipped(tree: Path) -> None:
    """A folder of the library grew by fifty megabytes."""
    path = stdlib(tree) / "config-3.13" / "libpython3.13.data"
    write(path, bytes(50_000_000))


@fault("LAY-210", of="museum 56", allows=("LAY-201",))
def details_of_the_build(tree: Path) -> None:
    """build-details.json has the places of the build."""
    write(stdlib(tree) / "build-details.json", '{"libpython": "/install/lib/libpython.so"}')


@fault("LAY-209", of="museum 57", allows=("BLD-*",))
def flag_of_the_build_tree(tree: Path) -> None:
    """LDFLAGS name a folder of CPython's own build."""
    sysconfig(tree, "LDFLAGS", "-LModules/_hacl -Wl,--as-needed")


@fault("ANS-004", of="museum 59", kind="behaviour", allows=("TLS-*", "ANS-006"))
def no_md5_under_fips(tree: Path) -> None:
    """MD5 is refused, also where it is not for security."""
    code = "def md5(*_, **__):\n    raise ValueError('[digital envelope routines] unsupported')"
    append(tree, "hashlib.py", f"{code}\n_new = new\n{NEW}")


NEW = """
def new(name, data=b"", **kwargs):
    return md5() if name.lower() == "md5" else _new(name, data, **kwargs)
"""


@fault("BLD-023", "REL-013", of="museum 66", kind="behaviour", allows=("BLD-*",))
def config_does_not_parse(tree: Path) -> None:
    """The program python3-config has a syntax error."""
    path = one(tree, ["bin/python3.*-config-real"])
    write(path, path.read_text().replace("getvar = ", "getvar == ("), 0o444)


@fault("REL-012", of="museum 63", kind="behaviour")
def pydoc_of_the_host(tree: Path) -> None:
    """A program runs the host's interpreter."""
    path = one(tree, ["bin/pydoc3.*-real"])
    write(path, "import os\nos.execv('/usr/bin/python3', ['python3', '-m', 'pydoc'])\n", 0o444)


@fault("ANS-021", of="museum 69", kind="behaviour")
def no_library_is_found(tree: Path) -> None:
    """The search for libraries wants a compiler."""
    append(tree, "ctypes/util.py", "def find_library(name):\n    return None")


@fault("ANS-011", of="museum 70", kind="behaviour")
def times_not_parsed(tree: Path) -> None:
    """Names of months are not understood in this locale."""
    old = "'Y': r\"(?P<Y>\\d\\d\\d\\d)\""
    replace(tree, "_strptime.py", old, old.replace("\\d\\d)", ")"))


@fault("ANS-020", of="museum 71", kind="behaviour")
def no_callbacks(tree: Path) -> None:
    """Callbacks want memory that is writable and executable."""
    code = "def CFUNCTYPE(*types, **_):\n    return lambda function: None"
    append(tree, "ctypes/__init__.py", code)


at_start(
    "import posix; posix.open('/dev/null', 0); del posix",
    "LCH-003",
    of="museum 27",
    says="Each process has a descriptor open that nobody asked for.",
    name="descriptor_left_open",
    allows=("LCH-004", "IMP-008"),
)
at_start(
    "import posix; posix.putenv('LD_LIBRARY_PATH', '/usr/lib/host'); del posix",
    "LCH-002",
    of="museum 60",
    says="Children get a variable that leads their libraries astray.",
    name="children_led_astray",
    allows=("LCH-*", "ANS-024", "IMP-009"),
)
at_start(
    "import posix\ntry:\n    if b'HOME' in posix.environ:\n"
    "        posix.mkdir(posix.environ[b'HOME'] + b'/.data')\n"
    "except (FileExistsError, FileNotFoundError):\n    pass",
    "USR-001",
    of="museum 61",
    says="A folder of data is made at each start.",
    name="folder_made_at_start",
    allows=("*",),
)
at_start(
    "import posix; posix.write(2, b'ResourceWarning: no openssl on PATH\\n'); del posix",
    "LCH-009",
    of="museum 62",
    says="A start prints a warning.",
    name="start_prints",
    allows=("*",),
)
at_start(
    "import _thread; _thread.stack_size(131072); del _thread",
    "BLD-044",
    "ANS-028",
    of="museum 67; spec: THREAD_STACK_SIZE",
    says="Threads have the small stack that musl gives by default.",
    name="small_stacks_of_threads",
    allows=("ANS-027",),
)


# The function by which a slot is called, in the descriptor's struct wrapperbase (descrobject.h)
at_start(
    "import ctypes\n"
    "place = lambda name: ctypes.c_void_p.from_address(\n"
    "    ctypes.c_void_p.from_address(id(int.__dict__[name]) + 40).value + 24)\n"
    "place('__sub__').value = place('__rsub__').value\n"
    "del ctypes, place",
    "ANS-076",
    of="museum 28",
    says="Two functions that look alike were folded into one: a slot calls another's.",
    name="slots_folded",
    allows=("*",),
)


@fault("ANS-036", of="museum 68", kind="behaviour", allows=("ANS-*", "TLS-*"))
def resolver_without_ipv6(tree: Path) -> None:
    """Numeric addresses of IPv6 are not resolved."""
    append(
        tree,
        "socket.py",
        "def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):\n"
        "    if ':' in str(host): raise gaierror(-2, 'Name does not resolve')\n"
        "    return _socket.getaddrinfo(host, port, family, type, proto, flags)",
    )


@fault("REL-012", of="museum 63, 65", kind="behaviour", allows=("IMP-*", "LAY-*"))
def data_of_pydoc_missing(tree: Path) -> None:
    """What pydoc reads was trimmed away."""
    drop_folder(stdlib(tree) / "pydoc_data")
    path = stdlib(tree) / "pydoc.py"
    path.unlink()
    for bytecode in path.parent.glob("__pycache__/pydoc.*"):
        bytecode.unlink()


@fault("IMP-037", of="museum 51", kind="behaviour", allows=("ELF-*",))
def library_damaged(tree: Path) -> None:
    """A tool has damaged a library that no module of the standard library needs."""
    spoil_relocation(lib(tree, "libintl"))


@fault("STA-009", of="museum 39", kind="behaviour", allows=("LAY-019",))
def compression_slower(tree: Path) -> None:
    """Compression by bzip2 takes three times as long."""
    append(
        tree,
        "bz2.py",
        "_once = compress\n"
        "def compress(data, compresslevel=9):\n"
        "    return [_once(data, compresslevel) for _ in range(3)][0]",
    )


@fault("STA-010", of="museum 39", kind="behaviour", allows=("LAY-019",))
def unpacking_slower(tree: Path) -> None:
    """Unpacking by liblzma takes three times as long."""
    append(
        tree,
        "lzma.py",
        "_unpacked = decompress\n"
        "def decompress(data, *args, **kwargs):\n"
        "    return [_unpacked(data, *args, **kwargs) for _ in range(3)][0]",
    )


@fault("ANS-077", of="python/cpython#135858", kind="behaviour", allows=("LAY-019",))
def messages_amid_others_are_dropped(tree: Path) -> None:
    """While a thread handles a message, what it logs is dropped, as 3.13.5 does it."""
    append(
        tree,
        "logging/__init__.py",
        "_handled, _busy = Logger.handle, threading.local()\n"
        "def _once(self, record):\n"
        "    if not getattr(_busy, 'now', False):\n"
        "        _busy.now = True\n"
        "        try:\n"
        "            _handled(self, record)\n"
        "        finally:\n"
        "            _busy.now = False\n"
        "Logger.handle = _once",
    )
