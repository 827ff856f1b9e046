"""Red samples of the claims on hardening, segments, sections and stripping."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from tests.sabotage import elf_bytes as raw
from tests.sabotage.elf_tools import compiled
from tests.sabotage.tree import breaks, extension, library, private

READ, WRITE, EXECUTE = 4, 2, 1


@breaks("ELF-040")
def a_stack_not_declared(tree: Path) -> None:
    """An optimiser dropped PT_GNU_STACK, so the kernel makes the stack executable."""
    raw.set_segment(extension(tree), raw.GNU_STACK, type=0)


@breaks("ELF-041")
def an_executable_stack(tree: Path) -> None:
    """One assembler file without a note made the whole library's stack executable."""
    raw.set_segment(library(tree), raw.GNU_STACK, flags=READ | WRITE | EXECUTE)


@breaks("ELF-042")
def no_relro(tree: Path) -> None:
    """A library ignored LDFLAGS."""
    raw.set_segment(library(tree), raw.GNU_RELRO, type=0)


@breaks("ELF-043")
def lazy_binding(tree: Path) -> None:
    """A library ignored LDFLAGS, as bzip2's Makefile does."""
    path = library(tree)
    if raw.has_dynamic(path, "FLAGS"):
        raw.set_dynamic(path, "FLAGS", clear=0x8)
    if raw.has_dynamic(path, "BIND_NOW"):
        raw.set_dynamic(path, "BIND_NOW", new="DEBUG")
    raw.set_dynamic(path, "FLAGS_1", clear=0x1)


@breaks("ELF-044")
def a_writable_code_segment(tree: Path) -> None:
    """A segment is both writable and executable."""
    path = extension(tree)
    code = next(row for _, row in raw.segments(path.read_bytes()) if row["flags"] & EXECUTE)
    place = [row for _, row in raw.segments(path.read_bytes()) if row["type"] == raw.LOAD]
    raw.set_segment(path, raw.LOAD, place.index(code), flags=READ | WRITE | EXECUTE)


@breaks("ELF-045")
def headers_that_can_be_executed(tree: Path) -> None:
    """Linked as linkers did before separate code: all read-only data is executable."""
    raw.set_segment(extension(tree), raw.LOAD, 0, flags=READ | EXECUTE)


@breaks("ELF-046")
def text_relocations(tree: Path) -> None:
    """Code that is not position independent was linked into a library."""
    path = library(tree)
    if not raw.has_dynamic(path, "FLAGS"):  # the same promise, BIND_NOW, where there is room
        raw.set_dynamic(path, "FLAGS_1", new="FLAGS", clear=0x1, add=0x8)
    raw.set_dynamic(path, "FLAGS", add=0x4)


@breaks("ELF-047")
def no_stack_protector(tree: Path) -> None:
    """One library was compiled without it."""
    raw.rename(library(tree), "__stack_chk_fail", "strerror")


@breaks("ELF-048")
def segments_not_page_aligned(tree: Path) -> None:
    """Linked with a page size that no kernel has."""
    raw.set_segment(extension(tree), raw.LOAD, 0, align=512)


@breaks("ELF-049")
def a_segment_larger_than_its_memory(tree: Path) -> None:
    """A patching tool grew the file's part and forgot the memory's."""
    path = extension(tree)
    last = [row for _, row in raw.segments(path.read_bytes()) if row["type"] == raw.LOAD][-1]
    raw.set_segment(path, raw.LOAD, -1, memsz=last["filesz"] - 8)


@breaks("ELF-050")
def sections_that_moved_away(tree: Path) -> None:
    """Stripped after patching: sections and segments no longer agree."""
    raw.set_section(library(tree), ".eh_frame", offset=0x10)


@breaks("ELF-051")
def code_for_newer_processors(tree: Path) -> None:
    """Compiled with -march=x86-64-v3 and marked so."""
    compiled(extension(tree), "-Wl,-z,x86-64-v3")


@breaks("ELF-052", "ELF-065")
def a_function_chosen_at_load_time(tree: Path) -> None:
    """GNU's indirect functions, which musl does not know."""
    more = """
    static int plain(void) { return 1; }
    static void *choose(void) { return (void *)plain; }
    int picked(void) __attribute__((ifunc("choose")));
    """
    compiled(extension(tree), more=more)
    raw.set_header(extension(tree), raw.E_OSABI, 0)


@breaks("ELF-053")
def not_stripped(tree: Path) -> None:
    """The symbol table was left in."""
    compiled(extension(tree), strip=False)


@breaks("ELF-054")
def debug_sections(tree: Path) -> None:
    """Debug sections were left in, or a link to them."""
    path = extension(tree)
    mode = path.stat().st_mode & 0o7777
    private(path).chmod(0o600)
    with tempfile.TemporaryDirectory() as work:
        note = Path(work) / "debug"
        note.write_bytes(b"debug")
        section = f".debug_info={note}"
        subprocess.run(["objcopy", "--add-section", section, str(path)], check=True, timeout=60)
    path.chmod(mode)
