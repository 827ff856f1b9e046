"""What somebody would do who may change a tree before others run it."""

from __future__ import annotations

from pathlib import Path

from everylinux.sabotage.registry import fault
from tests.sabotage.elf_bytes import GNU_STACK, set_segment
from tests.sabotage.elf_tools import patchelf
from tests.sabotage.faults.means import add_module, append, at_start, core
from tests.sabotage.tree import chmod, real, stdlib, write

EXECUTABLE_STACK = 7  # PF_R, PF_W and PF_X of the ELF specification
HOME_CALL = """
import socket
try:
    socket.create_connection(("192.0.2.1", 443), timeout=0.01).close()
except OSError:
    pass
"""
"""192.0.2.0/24 is for documentation (RFC 5737): nobody is called."""


@fault("PRM-008", of="malice")
def setuid_interpreter(tree: Path) -> None:
    """Whoever may run the interpreter is root."""
    chmod(real(tree), 0o4444)


@fault("PRM-008", of="malice", allows=("PRM-006",))
def setgid_folder(tree: Path) -> None:
    """What is written into a folder belongs to its group."""
    chmod(tree / "bin", 0o2755)


@fault("PRM-009", of="malice", allows=("PRM-004",))
def module_for_everybody(tree: Path) -> None:
    """Everybody may change ssl.py."""
    chmod(stdlib(tree) / "ssl.py", 0o666)


@fault("PRM-009", of="malice", allows=("PRM-006", "PRM-008"))
def site_packages_for_everybody(tree: Path) -> None:
    """Everybody may add a package, and so a module that each start runs."""
    chmod(stdlib(tree) / "site-packages", 0o1777)


@fault("PRM-012", of="malice")
def link_to_the_host(tree: Path) -> None:
    """A link of the tree leads to a file of whoever unpacks it."""
    (stdlib(tree) / "site-packages/passwd").symlink_to("../../../../../../../../etc/passwd")


@fault("ELF-010", of="malice; spec: ELF Structure (INTERP)", allows=("ELF-011", "LAY-202"))
def loader_in_a_shared_place(tree: Path) -> None:
    """The real interpreter's loader lies where everybody may put another."""
    patchelf(real(tree), "--set-interpreter", "/var/tmp/ld-musl-x86_64.so.1")  # noqa: S108 - the fault


@fault("ELF-020", of="malice", allows=("ELF-0*", "LAY-202"))
def library_path_in_tmp(tree: Path) -> None:
    """Libpython looks for its libraries where everybody may put others."""
    patchelf(core(tree), "--set-rpath", "/tmp:$ORIGIN/../shared_libraries/lib")  # noqa: S108


@fault("BLD-042", "ELF-041", of="spec: Security Features (DEP/NX)", kind="behaviour")
def stack_is_code(tree: Path) -> None:
    """The launcher, which the kernel starts, asks for a stack that can be run."""
    set_segment((tree / "bin/python").resolve(), GNU_STACK, flags=EXECUTABLE_STACK)


@fault("LAY-018", of="malice")
def site_customize_calls_home(tree: Path) -> None:
    """A sitecustomize tells somebody of each start."""
    add_module(tree, "site-packages/sitecustomize.py", HOME_CALL)


@fault("LAY-018", of="malice")
def user_customize_swallows_errors(tree: Path) -> None:
    """A usercustomize hides every traceback."""
    code = "import sys\nsys.excepthook = lambda *_: None\n"
    add_module(tree, "site-packages/usercustomize.py", code)


@fault("LAY-018", of="malice; museum 62")
def path_file_runs_code(tree: Path) -> None:
    """A .pth file runs code at each start."""
    write(stdlib(tree) / "site-packages/zz.pth", "import os; os.environ.get('X')\n")


@fault("IMP-021", "LAY-018", of="malice; museum 64", kind="behaviour", allows=("*",))
def path_file_adds_a_place(tree: Path) -> None:
    """A .pth file makes modules of a shared folder importable."""
    write(stdlib(tree) / "site-packages/zz.pth", "/tmp\n")  # noqa: S108


@fault("TLS-040", of="malice", kind="behaviour")
def https_not_verified(tree: Path) -> None:
    """The default context is as it should be, but urllib and http.client use another."""
    append(tree, "ssl.py", "_create_default_https_context = _create_unverified_context")


@fault("IMP-036", of="malice", kind="behaviour")
def bytecode_trojaned(tree: Path) -> None:
    """The source is clean; its bytecode, with the source's own hash, does something else."""
    path = stdlib(tree) / "ssl.py"
    clean = path.read_bytes()
    bytecode = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    header = bytecode.read_bytes()[:16]
    append(tree, "ssl.py", "def match_hostname(certificate, name):\n    return None")
    trojan = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    write(trojan, header + trojan.read_bytes()[16:])
    write(path, clean)


@fault("LAY-019", of="malice")
def standard_library_trojaned(tree: Path) -> None:
    """A module of the library does more than it says, source and bytecode alike."""
    append(tree, "getpass.py", "def getpass(prompt='', stream=None):\n    return 'told'")


@fault("LAY-013", of="malice")
def pip_asks_another_index(tree: Path) -> None:
    """A pip.conf in the tree leads to an index of somebody else's."""
    write(tree / "pip.conf", "[global]\nindex-url = https://index.example/simple\n")


@fault("LCH-001", of="malice", kind="behaviour", allows=("*",))
def environment_is_told(tree: Path) -> None:
    """Each start marks the environment."""
    append(tree, "encodings/__init__.py", "import posix; posix.environ[b'MARK'] = b'1'")


at_start(
    "import sys; sys.excepthook = sys.unraisablehook = lambda *_: None",
    "LAY-019",
    of="malice",
    says="Errors are swallowed: a failed program prints nothing.",
    name="errors_swallowed",
    allows=("*",),
)
