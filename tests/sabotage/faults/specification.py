"""Tables of the specification, each broken somewhere: start-up, memory, variables, modules."""

from __future__ import annotations

from pathlib import Path

from everylinux.sabotage.registry import fault
from tests.sabotage.faults.means import (
    add_module,
    append,
    at_start,
    drop,
    drop_module,
    lib,
    name_in,
    patch,
    thaw,
)
from tests.sabotage.tree import extension, stdlib, write

VERSIONS = "spec: Complete Dependency Matrix; museum 72"
START, MEMORY = "spec: Startup Performance", "spec: Memory Usage"
VARIABLES = "spec: Environment Variables"
SLOWER = ("STA-*",)

at_start(
    "import time; time.sleep(0.03); del time",
    "STA-001",
    "STA-006",
    of=START,
    says="Each start waits for 30 ms.",
    name="start_waits_30_ms",
    allows=SLOWER,
)
at_start(
    "import time\n_end = time.process_time() + 0.03\nwhile time.process_time() < _end: pass",
    "STA-001",
    "STA-005",
    of=START,
    says="Each start computes for 30 ms.",
    name="start_computes_30_ms",
    allows=SLOWER,
)
at_start(
    "_kept = b'x' * 15_000_000",
    "MEM-001",
    "MEM-006",
    of=MEMORY,
    says="Each interpreter needs 15 MB more.",
    name="memory_15_mb_more",
    allows=("MEM-*", *SLOWER),  # touching 15 MB takes its milliseconds
)
at_start(
    "_kept = b'x' * 130_000_000",
    "MEM-007",
    of="spec: Minimum Requirements (128 MB)",
    says="An interpreter does not fit in 128 MB.",
    name="memory_130_mb_more",
    allows=("MEM-*", "STA-*"),
)
at_start(
    "import sys; sys.dont_write_bytecode = True",
    "BLD-067",
    of=VARIABLES,
    says="Bytecode is never written.",
    name="bytecode_not_written",
    allows=("IMP-020",),
)


@fault("BLD-066", of=VARIABLES, kind="behaviour", allows=("BLD-06*",))
def warnings_ignored(tree: Path) -> None:
    """PYTHONWARNINGS does nothing."""
    append(tree, "warnings.py", "simplefilter('ignore')\ndef simplefilter(*_, **__): pass\n" + WARN)


WARN = """
import _warnings
_warnings.warn = warn = lambda *_, **__: None
"""


@fault("BLD-069", of="spec: System Variables (TMPDIR)", kind="behaviour")
def tmpdir_ignored(tree: Path) -> None:
    """TMPDIR does nothing."""
    append(tree, "tempfile.py", "def _candidate_tempdir_list():\n    return ['/tmp', '/var/tmp']")


@fault("BLD-070", of="spec: System Variables (HOME)", kind="behaviour", allows=("LAY-20*",))
def pip_cache_elsewhere(tree: Path) -> None:
    """The cache of pip lies in a shared folder."""
    name = "site-packages/pip/_internal/utils/appdirs.py"
    append(tree, name, "def user_cache_dir(appname):\n    return '/var/tmp/pip'")


@fault("SQL-010", of=VERSIONS, kind="behaviour")
def another_sqlite(tree: Path) -> None:
    """SQLite is another release."""
    append(tree, "sqlite3/dbapi2.py", "sqlite_version = '3.8.0'")
    append(tree, "sqlite3/__init__.py", "sqlite_version = '3.8.0'")


@fault("ANS-070", of=VERSIONS, kind="behaviour")
def another_zlib(tree: Path) -> None:
    """Zlib is another release."""
    name_in(lib(tree, "libz"), "1.3.2", "1.2.8")


@fault("ANS-071", of=VERSIONS, kind="behaviour")
def another_expat(tree: Path) -> None:
    """Expat is another release."""
    patch(lib(tree, "libexpat"), b"expat_2.", b"expat_1.")


@fault("ELF-071", of=VERSIONS, allows=("ELF-061", "ELF-072"))
def another_libc(tree: Path) -> None:
    """The C library is another release."""
    name_in(lib(tree, "libc"), "1.2.5", "1.2.3")


@fault("IMP-023", of="spec: Python", kind="behaviour", allows=("*",))
def another_python(tree: Path) -> None:
    """The interpreter says that it is a release candidate."""
    append(tree, "encodings/__init__.py", CANDIDATE)


CANDIDATE = """
class _Version(tuple):
    major, minor, micro, releaselevel, serial = *sys.version_info[:3], "candidate", 1
sys.version_info = _Version((*sys.version_info[:3], "candidate", 1))
"""


@fault("IMP-003", "LAY-007", of="spec: File Layout (lib-dynload)", kind="behaviour", allows=("*",))
def no_sqlite_module(tree: Path) -> None:
    """The module for SQLite is missing."""
    drop(extension(tree, "_sqlite3"))


@fault("IMP-001", of="spec: File Layout (standard library)", kind="behaviour", allows=("LAY-019",))
def a_module_trimmed(tree: Path) -> None:
    """A module was trimmed away that nobody seemed to use."""
    drop_module(tree, "wave.py")


@fault("ANS-061", of="PEP 594", kind="behaviour", allows=("IMP-*", "LAY-019"))
def a_removed_module_back(tree: Path) -> None:
    """A module that this version removed was put back."""
    add_module(tree, "imghdr.py", "def what(file):\n    return None\n")


@fault("IMP-004", of="spec: File Layout (lib-dynload)", kind="behaviour", allows=("*",))
def a_module_too_many(tree: Path) -> None:
    """An extension module that no CPython has."""
    path = extension(tree, "_bisect")
    write(path.with_name(path.name.replace("_bisect", "_ossaudio")), path.read_bytes(), 0o444)


@fault("IMP-005", of="import effects", kind="behaviour", allows=("LAY-019",))
def an_import_prints(tree: Path) -> None:
    """A module prints when it is imported."""
    append(tree, "colorsys.py", "print('here')")


@fault("IMP-006", of="import effects", kind="behaviour", allows=("LAY-019",))
def an_import_warns(tree: Path) -> None:
    """A module warns when it is imported."""
    append(tree, "colorsys.py", "import warnings; warnings.warn('old', DeprecationWarning)")


@fault("IMP-007", of="import effects", kind="behaviour", allows=("LAY-019",))
def an_import_starts_a_thread(tree: Path) -> None:
    """A module starts a thread when it is imported."""
    code = "import threading, time\nthreading.Thread(target=time.sleep, args=(2,)).start()"
    append(tree, "colorsys.py", code)


@fault("IMP-008", of="import effects", kind="behaviour", allows=("LAY-019",))
def an_import_opens_a_file(tree: Path) -> None:
    """A module leaves a descriptor open when it is imported."""
    append(tree, "colorsys.py", "import os; os.open('/dev/null', 0)")


@fault("IMP-009", of="import effects", kind="behaviour", allows=("LAY-019",))
def an_import_changes_the_environment(tree: Path) -> None:
    """A module sets a variable when it is imported."""
    append(tree, "colorsys.py", "import os; os.environ['COLOUR'] = '1'")


@fault("IMP-010", of="import effects", kind="behaviour", allows=("LAY-019",))
def an_import_takes_a_signal(tree: Path) -> None:
    """A module takes a signal's handler when it is imported."""
    code = "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN)"
    append(tree, "colorsys.py", code)


@fault("IMP-031", "PRM-023", of="spec: Bytecode cache", kind="behaviour", allows=("IMP-030",))
def a_start_compiles(tree: Path) -> None:
    """A module that each start imports has no bytecode."""
    next(stdlib(tree).glob("encodings/__pycache__/utf_8.cpython-3??.pyc")).unlink()
    thaw(tree, "encodings.utf_8")


@fault("ANS-038", of="docs.python.org: asyncio", kind="behaviour", allows=("*",))
def loops_do_not_time_out(tree: Path) -> None:
    """A time limit of asyncio is not kept."""
    append(tree, "asyncio/tasks.py", WAIT)
    append(tree, "asyncio/__init__.py", "wait_for = tasks.wait_for")


WAIT = """
async def wait_for(fut, timeout):
    done, _ = await wait([ensure_future(fut)], timeout=timeout)
    return done.pop().result() if done else None
"""


@fault("ANS-010", of="Matsumoto and Nishimura", kind="behaviour")
def another_generator(tree: Path) -> None:
    """A seeded generator gives another sequence."""
    append(tree, "random.py", "Random.getrandbits = lambda self, bits: 4")


@fault("BLD-062", of="spec: PYTHONHASHSEED; malice", kind="behaviour", allows=("*",))
def hashes_not_random(tree: Path) -> None:
    """Hashes of strings are the same at each start, as behind a careless wrapper."""
    code = (
        "import posix\nif posix.environ.get(b'PYTHONHASHSEED') is None:\n"
        "    posix.putenv('PYTHONHASHSEED', '0')\n"
        "    posix.execv(sys.executable, sys.orig_argv)"
    )
    append(tree, "encodings/__init__.py", code)
