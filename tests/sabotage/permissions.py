"""Red samples of the claims on modes, owners, links and leftovers."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from tests.sabotage.tree import breaks, chmod, edit, extension, real, stdlib, write


@breaks("PRM-001")
def the_real_interpreter_is_executable(tree: Path) -> None:
    """It can be started past the launcher, and then finds the host's libraries."""
    chmod(real(tree), 0o555)


@breaks("PRM-002")
def a_program_without_its_bit(tree: Path) -> None:
    """A script lost its executable bit on the way."""
    chmod(next(tree.glob("bin/idle3.??")), 0o644)


@breaks("PRM-003")
def a_writable_library(tree: Path) -> None:
    """An extension module is writable, as make install leaves it."""
    chmod(extension(tree), 0o755)


@breaks("PRM-004")
def an_executable_source(tree: Path) -> None:
    """A module with a shebang kept its executable bit."""
    chmod(stdlib(tree) / "ssl.py", 0o755)


@breaks("PRM-005")
def executable_bytecode(tree: Path) -> None:
    """Bytecode that took its source's mode."""
    chmod(next(stdlib(tree).glob("__pycache__/ssl.*.pyc")), 0o755)


@breaks("PRM-006")
def a_closed_folder_for_the_group(tree: Path) -> None:
    """The build's umask closed a folder to writing for its own owner."""
    chmod(stdlib(tree) / "json", 0o555)


@breaks("PRM-007")
def an_executable_header(tree: Path) -> None:
    """A header is executable."""
    chmod(next(tree.glob("include/python3.*/Python.h")), 0o755)


@breaks("PRM-008")
def a_setuid_program(tree: Path) -> None:
    """The launcher is setuid."""
    chmod((tree / "bin/python").resolve(), 0o4755)


@breaks("PRM-006", "PRM-009")
def a_folder_for_everybody(tree: Path) -> None:
    """Anybody may put a module into the standard library."""
    chmod(stdlib(tree) / "json", 0o777)


@breaks("PRM-007", "PRM-009")
def a_file_for_everybody(tree: Path) -> None:
    """Anybody may change the configuration that extensions are built with."""
    chmod(next(tree.glob("include/python3.*/Python.h")), 0o666)


@breaks("PRM-010", root=True)
def a_stranger_owns_a_file(tree: Path) -> None:
    """The build user's number was kept."""
    path = stdlib(tree) / "ssl.py"
    chmod(path, 0o644)
    os.chown(path, 12345, 12345)


@breaks("PRM-011")
def a_dangling_link(tree: Path) -> None:
    """A link to a development name of a library that is not shipped."""
    (tree / "share/lost").symlink_to("../lib/libgone.so.1")


@breaks("PRM-012")
def a_link_out_of_the_tree(tree: Path) -> None:
    """A link climbs out of the tree."""
    (tree / "share/out").symlink_to("../../../etc/hostname")


@breaks("PRM-012")
def links_in_a_circle(tree: Path) -> None:
    """Two links lead to each other."""
    (tree / "share/a").symlink_to("b")
    (tree / "share/b").symlink_to("a")


@breaks("PRM-013")
def an_absolute_link(tree: Path) -> None:
    """A link names the prefix of the build."""
    (tree / "share/absolute").symlink_to("/opt/python/bin/python")


@breaks("PRM-014")
def a_fifo(tree: Path) -> None:
    """Who reads it hangs."""
    os.mkfifo(tree / "share/pipe", 0o644)


@breaks("PRM-014")
def a_socket(tree: Path) -> None:
    """Left by a test that ran in the tree."""
    here = Path.cwd()
    os.chdir(tree)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind("share/s")
    finally:
        os.chdir(here)
    (tree / "share/s").chmod(0o755)


@breaks("PRM-015")
def an_extended_attribute(tree: Path) -> None:
    """A file carries an attribute that archives keep or lose as they like."""
    path = stdlib(tree) / "ssl.py"
    chmod(path, 0o644)
    os.setxattr(path, "user.everylinux", b"1")


@breaks("PRM-004", "PRM-016")
def a_file_only_its_owner_reads(tree: Path) -> None:
    """Built with umask 077: root's tests are green, everybody else's import fails."""
    chmod(stdlib(tree) / "ssl.py", 0o600)


@breaks("PRM-006", "PRM-016")
def a_folder_only_its_owner_enters(tree: Path) -> None:
    """Built with umask 077."""
    chmod(stdlib(tree) / "json", 0o700)


@breaks("PRM-020")
def a_file_of_patch(tree: Path) -> None:
    """Patch kept what it changed."""
    write(stdlib(tree) / "ssl.py.orig", "")


@breaks("PRM-020")
def a_static_library(tree: Path) -> None:
    """A static library was installed beside the shared one."""
    write(tree / "shared_libraries/libz.a", "!<arch>\n")


@breaks("PRM-021", "PRM-022")
def bytecode_of_another_version(tree: Path) -> None:
    """A Python of the build machine compiled a module that is not there."""
    write(stdlib(tree) / "__pycache__/other.cpython-311.pyc", b"\xa7\x0d\x0d\x0a" + b"\0" * 12)


@breaks("PRM-021")
def bytecode_with_a_wrong_magic(tree: Path) -> None:
    """An alpha of the version compiled it: the name fits, the content does not."""
    path = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    write(path, b"\x00\x0d" + path.read_bytes()[2:])


@breaks("PRM-022")
def bytecode_without_source(tree: Path) -> None:
    """A source was removed and its bytecode forgotten."""
    path = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    write(path.with_name(path.name.replace("ssl.", "gone.")), path.read_bytes())


@breaks("PRM-023")
def a_module_not_compiled(tree: Path) -> None:
    """A module that was added after compiling."""
    next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc")).unlink()


@breaks("PRM-024")
def stale_bytecode(tree: Path) -> None:
    """The source's time was set after compiling: every start compiles it again."""
    path = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    header = (0).to_bytes(4, "little") + (1).to_bytes(4, "little") * 2
    edit(path, lambda content: content.__setitem__(slice(4, 16), header))


@breaks("PRM-024")
def bytecode_of_another_source(tree: Path) -> None:
    """Compiled with hashes that nobody checks, then patched: the old code runs, without a word."""
    path = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    header = (1).to_bytes(4, "little") + b"old hash"
    edit(path, lambda content: content.__setitem__(slice(4, 16), header))


@breaks("PRM-025")
def three_levels_of_bytecode(tree: Path) -> None:
    """Make install's own three levels, 99 MB of them."""
    path = next(stdlib(tree).glob("__pycache__/ssl.cpython-3??.pyc"))
    write(path.with_suffix(".opt-2.pyc"), path.read_bytes())
