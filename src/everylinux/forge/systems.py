"""The table of systems: the functions that `system:` of a recipe names."""

from __future__ import annotations

from everylinux.forge import compilers, interpreter, libraries
from everylinux.forge.assemble import distribution
from everylinux.forge.contract import HostStep, System
from everylinux.forge.project_files import project_files

SYSTEMS: dict[str, System] = {
    system.__name__.replace("_", "-"): system
    for system in (
        *(compilers.binutils, compilers.cross_musl, compilers.gcc, compilers.linux_headers),
        compilers.linux_source,
        *(compilers.musl, compilers.toolchain, compilers.toolchain_gcc),
        *(libraries.autotools, libraries.bzip2, libraries.cmake, libraries.gettext),
        *(libraries.ncurses, libraries.openssl, libraries.readline, libraries.sqlite),
        libraries.sqlite_autoconf,
        *(libraries.tcl, libraries.tk, libraries.xheaders, libraries.zlib),
        *(interpreter.agent, interpreter.cpython, interpreter.launcher, project_files),
    )
}
"""Systems that run in the sandbox, by the name that recipes use."""

HOST_STEPS: dict[str, HostStep] = {"distribution": distribution}
"""Steps that are Python on the host."""
