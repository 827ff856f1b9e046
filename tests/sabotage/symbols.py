"""Red samples of the area symbols: objects that ask for more than their package says."""

from __future__ import annotations

from pathlib import Path

from tests.sabotage import fault
from tests.sabotage.symbols_tree import GLIBC, MUSL, for_glibc, for_musl


@fault(kills={"SYM-001"})
def built_on_a_newer_alpine(folder: Path) -> None:
    """Compiled where musl is 1.2.5, tagged for every 1.2."""
    for_musl(folder / MUSL / "package/newer.so", "preadv2")


@fault(kills={"SYM-002"})
def built_on_a_newer_debian(folder: Path) -> None:
    """Compiled where glibc is 2.36, tagged for 2.17."""
    for_glibc(folder / GLIBC / "package/newer.so", "arc4random")


@fault(kills={"SYM-003"})
def the_other_c_library(folder: Path) -> None:
    """One object of the package for musl went through the machine's own compiler."""
    for_glibc(folder / MUSL / "package/other.so", "getpid")


@fault(kills={"SYM-004"})
def a_symbol_of_glibc_alone(folder: Path) -> None:
    """The C++ run-time library was compiled for glibc (bug museum 45)."""
    for_musl(folder / MUSL / "package/atexit.so", "__cxa_thread_atexit_impl")
