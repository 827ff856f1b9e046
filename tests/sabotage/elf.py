"""Red samples of the ELF claims: real files of a tree, broken as builds have broken them."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.sabotage import elf_bytes as raw
from tests.sabotage.elf_tools import asked, compiled, patchelf, unwanted
from tests.sabotage.tree import breaks, edit, extension, library, one, real, write

AARCH64, FREEBSD, ET_EXEC = 183, 9, 2


@breaks("ELF-001")
def a_truncated_extension(tree: Path) -> None:
    """The disk was full when the file was copied."""
    edit(extension(tree), lambda content: content.__delitem__(slice(40, None)))


@breaks("ELF-002")
def an_extension_of_another_machine(tree: Path) -> None:
    """One module was compiled by the wrong cross compiler."""
    raw.set_header(extension(tree), raw.E_MACHINE, AARCH64)


@breaks("ELF-003")
def an_extension_for_another_system(tree: Path) -> None:
    """One module is marked for FreeBSD's ABI."""
    raw.set_header(extension(tree), raw.E_OSABI, FREEBSD)


@breaks("ELF-004")
def a_program_at_a_fixed_address(tree: Path) -> None:
    """The interpreter is no position independent executable."""
    raw.set_header(real(tree), raw.E_TYPE, ET_EXEC)


@breaks("ELF-005", "PRM-020")
def an_object_file_left_behind(tree: Path) -> None:
    """An object file of the build was installed."""
    with tempfile.TemporaryDirectory() as work:
        source, made = Path(work) / "left.c", Path(work) / "left.o"
        source.write_text("int left;\n")
        subprocess.run(["gcc", "-c", str(source), "-o", str(made)], check=True, timeout=60)
        write(tree / "share/left.o", made.read_bytes())


@breaks("ELF-006")
def a_program_not_marked_pie(tree: Path) -> None:
    """A patching tool lost DF_1_PIE."""
    raw.set_dynamic(real(tree), "FLAGS_1", clear=0x08000000)


@breaks("ELF-010")
def an_interpreter_in_tmp(tree: Path) -> None:
    """The loader's place is one that every user of the machine may fill first."""
    patchelf(real(tree), "--set-interpreter", "/tmp/StAnDaLoNeMuSlInTeRpReTeR-musl-x86_64.so")  # noqa: S108


@breaks("ELF-011")
def the_interpreter_of_glibc(tree: Path) -> None:
    """The program was linked by the host's compiler."""
    patchelf(real(tree), "--set-interpreter", "/lib64/ld-linux-x86-64.so.2")


@breaks("ELF-012")
def a_dynamic_launcher(tree: Path) -> None:
    """The launcher needs a loader, which it is there to find."""
    launcher = (tree / "bin/python").resolve()
    write(launcher, real(tree).read_bytes(), 0o755)


@breaks("ELF-013")
def a_static_interpreter(tree: Path) -> None:
    """The interpreter is static: it cannot load extension modules."""
    raw.set_segment(real(tree), raw.INTERP, type=0)


@breaks("ELF-020", "LAY-202")
def the_build_prefix_in_a_search_path(tree: Path) -> None:
    """The build's own RPATH was left in a library, where nobody would see it by running it."""
    patchelf(library(tree), "--set-rpath", "$ORIGIN:/tools/deps/lib")


@breaks("ELF-021")
def an_empty_search_path_element(tree: Path) -> None:
    """A stray colon: libraries of the current folder are loaded."""
    patchelf(library(tree), "--set-rpath", "$ORIGIN:")


@breaks("ELF-022")
def a_search_path_out_of_the_tree(tree: Path) -> None:
    """One ../ too many."""
    patchelf(library(tree), "--set-rpath", "$ORIGIN:$ORIGIN/../../../lib")


@breaks("ELF-023")
def both_kinds_of_search_path(tree: Path) -> None:
    """A tool added RPATH beside RUNPATH: which one counts depends on the loader."""
    raw.add_dynamic(library(tree), "RPATH", like="RUNPATH")


@breaks("ELF-024")
def the_search_order_turned_round(tree: Path) -> None:
    """Lib before shared_libraries/lib."""
    patchelf(real(tree), "--set-rpath", "$ORIGIN/../lib:$ORIGIN/../shared_libraries/lib")


@breaks("ELF-030", "ELF-036")
def a_library_that_is_not_carried(tree: Path) -> None:
    """Configure found an optional library of the build machine."""
    patchelf(extension(tree), "--add-needed", "libbluetooth.so.3")


@breaks("ELF-030", "ELF-036", "ELF-060", "ELF-063", "LAY-004")
def a_bundled_library_missing(tree: Path) -> None:
    """A library was forgotten when the tree was put together."""
    library(tree, "libcrypto.so.*").unlink()


@breaks("ELF-031")
def an_extension_that_relies_on_its_loader(tree: Path) -> None:
    """Its RPATH is gone: it loads in python, and nowhere else."""
    patchelf(extension(tree), "--remove-rpath")


@breaks("ELF-032")
def an_origin_in_needed(tree: Path) -> None:
    """Musl takes $ORIGIN in NEEDED for a name."""
    patchelf(extension(tree), "--add-needed", "$ORIGIN/../../../shared_libraries/lib/libz.so.1")


@breaks("ELF-030", "ELF-033")
def a_need_for_glibc(tree: Path) -> None:
    """One module was linked against the host's C library."""
    patchelf(extension(tree), "--add-needed", "libm.so.6")


@breaks("ELF-034")
def a_library_under_another_name(tree: Path) -> None:
    """The soname says a release that the file's name does not."""
    patchelf(library(tree), "--set-soname", "libz.so.9")


@breaks("ELF-035")
def code_that_runs_before_all(tree: Path) -> None:
    """An entry makes the loader call functions before any library is ready."""
    raw.set_dynamic(real(tree), "DEBUG", new="PREINIT_ARRAY")


@breaks("ELF-060")
def a_symbol_nobody_has(tree: Path) -> None:
    """Built against another release of a library than the one shipped."""
    path = library(tree, "libsqlite3.so.0")
    name = asked(tree, path)
    raw.rename(path, name, f"{name[:-1]}Q")


@breaks("ELF-061", "ELF-071")
def an_older_musl_shipped(tree: Path) -> None:
    """Built against musl 1.2.5, shipped with an older one."""
    compiled(extension(tree), more="extern int preadv2(void); int (*kept)(void) = preadv2;")
    raw.rename(extension(tree), "kept", "_end")
    edit(
        library(tree, "libc.so"),
        lambda content: content.__setitem__(slice(None), content.replace(b"1.2.5\0", b"1.2.4\0")),
    )


@breaks("ELF-030", "ELF-033", "ELF-062", "ELF-063")
def compiled_against_glibc(tree: Path) -> None:
    """One module went through the host's compiler as it is."""
    more = "extern double cos(double); double (*volatile kept)(double) = cos;"
    compiled(extension(tree), "-Wl,--no-as-needed", "-l:libm.so.6", more=more)
    raw.rename(extension(tree), "kept", "_end")


@breaks("ELF-063")
def a_symbol_version_nobody_defines(tree: Path) -> None:
    """Built against a newer release of OpenSSL than the one shipped."""
    path = extension(tree, "_ssl")
    edit(
        path,
        lambda b: b.__setitem__(slice(None), b.replace(b"OPENSSL_3.0.0\0", b"OPENSSL_9.9.9\0")),
    )


@breaks("ELF-064")
def a_foreign_name_exported(tree: Path) -> None:
    """A helper of a bundled library is visible, and replaces a program's own of that name."""
    python = one(tree, ["lib/libpython3.*.so.1.0"])
    raw.rename(python, unwanted(tree, python), "my_free")


@breaks("ELF-065")
def an_extension_that_exports_more(tree: Path) -> None:
    """Compiled without hidden visibility: its helpers can be taken for another module's."""
    compiled(extension(tree), more="int helper_of_mine(void) { return 1; }")


@breaks("ELF-066")
def a_library_that_replaces_malloc(tree: Path) -> None:
    """A library brings its own malloc for everybody."""
    path = library(tree, "libexpat.so.1")
    raw.rename(path, unwanted(tree, path), "malloc")


@breaks("ELF-067")
def an_extension_under_a_wrong_name(tree: Path) -> None:
    """A module was renamed, and cannot be imported."""
    path = extension(tree)
    path.rename(path.with_name(path.name.replace("_bisect", "_bisected")))


@breaks("ELF-070")
def two_libcs(tree: Path) -> None:
    """A second copy of musl lies where an RPATH looks."""
    shutil.copy2(library(tree, "libc.so"), tree / "lib/libc.so")


@breaks("ELF-071")
def another_musl(tree: Path) -> None:
    """A release that the lock does not pin."""
    edit(
        library(tree, "libc.so"),
        lambda content: content.__setitem__(slice(None), content.replace(b"1.2.5\0", b"1.2.6\0")),
    )


@breaks("ELF-072")
def a_libc_with_a_hole(tree: Path) -> None:
    """Musl was built without one of its functions."""
    raw.rename(library(tree, "libc.so"), "ftok", "f_ok")
