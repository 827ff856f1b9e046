"""Edits of a 64-bit little-endian ELF file's own tables, by hand, as its format says (gABI)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

from tests.sabotage.tree import edit

E_TYPE, E_MACHINE, E_OSABI = 16, 18, 7  # offsets in the ELF header
LOAD, DYNAMIC, INTERP, GNU_STACK, GNU_RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
SEGMENT = struct.Struct("<IIQQQQQQ")  # type, flags, offset, vaddr, paddr, filesz, memsz, align
FIELDS = ("type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align")
SECTION = struct.Struct("<IIQQQQIIQQ")
DYN = struct.Struct("<qQ")
KIND, UNKNOWN_KIND = 8, 0x7FFF  # offset of a relocation's type in its row; none has this one
TAGS = {
    "NULL": 0,
    "RELA": 7,
    "NEEDED": 1,
    "STRTAB": 5,
    "STRSZ": 10,
    "DEBUG": 21,
    "BIND_NOW": 24,
    "FLAGS": 30,
    "FINI_ARRAY": 26,
    "RUNPATH": 29,
}
TAGS |= {"PREINIT_ARRAY": 32, "FLAGS_1": 0x6FFFFFFB, "RELACOUNT": 0x6FFFFFF9, "RPATH": 15}


def set_header(path: Path, offset: int, value: int) -> None:
    """Set two bytes of the ELF header (one, for E_OSABI)."""
    size = 1 if offset == E_OSABI else 2
    edit(
        path, lambda b: b.__setitem__(slice(offset, offset + size), value.to_bytes(size, "little"))
    )


def segments(content: bytes | bytearray) -> Iterator[tuple[int, dict[str, int]]]:
    """Offset and fields of each program header."""
    start, size, count = _header(content)
    for index in range(count):
        place = start + index * size
        yield place, dict(zip(FIELDS, SEGMENT.unpack_from(content, place), strict=True))


def _header(content: bytes | bytearray) -> tuple[int, int, int]:
    (start,) = struct.unpack_from("<Q", content, 32)
    size, count = struct.unpack_from("<HH", content, 54)
    return start, size, count


def set_segment(path: Path, kind: int, nth: int = 0, **fields: int) -> None:
    """Change fields of the nth program header of a type (-1: the last)."""

    def change(content: bytearray) -> None:
        place, row = [hit for hit in segments(content) if hit[1]["type"] == kind][nth]
        SEGMENT.pack_into(content, place, *(row | fields).values())

    edit(path, change)


def set_dynamic(path: Path, tag: str, *, new: str = "", clear: int = 0, add: int = 0) -> None:
    """Change the first dynamic entry of a tag: rename it, or clear and add bits of its value."""

    def change(content: bytearray) -> None:
        place, value = _dynamic(content, tag)
        DYN.pack_into(content, place, TAGS[new or tag], value & ~clear | add)

    edit(path, change)


def has_dynamic(path: Path, tag: str) -> bool:
    """Whether there is an entry of a tag: the cross linker writes BIND_NOW instead of FLAGS."""
    try:
        return bool(_dynamic(path.read_bytes(), tag))
    except LookupError:
        return False


def add_dynamic(path: Path, tag: str, like: str) -> None:
    """Add an entry with the value of another, in the room that linkers leave at the end."""

    def change(content: bytearray) -> None:
        place, _ = _dynamic(content, "NULL")
        DYN.pack_into(content, place, TAGS[tag], _dynamic(content, like)[1])
        _dynamic(content, "NULL")  # the list still ends

    edit(path, change)


def spoil_relocation(path: Path) -> None:
    """Give the first relocation of a kind that no loader knows, as a tool that miscounts may."""

    def change(content: bytearray) -> None:
        address = _dynamic(content, "RELA")[1]
        rows = [row for _, row in segments(content) if row["type"] == LOAD]
        row = next(r for r in rows if r["vaddr"] <= address < r["vaddr"] + r["filesz"])
        place = address - row["vaddr"] + row["offset"] + KIND
        struct.pack_into("<I", content, place, UNKNOWN_KIND)

    edit(path, change)


def _dynamic(content: bytes | bytearray, tag: str) -> tuple[int, int]:
    """Offset and value of the first dynamic entry of a tag; LookupError."""
    where = next(row for _, row in segments(content) if row["type"] == DYNAMIC)
    for place in range(where["offset"], where["offset"] + where["filesz"], DYN.size):
        found, value = DYN.unpack_from(content, place)
        if found == TAGS[tag]:
            return place, value
    raise LookupError(f"no dynamic entry {tag}")


def set_section(path: Path, name: str, *, offset: int) -> None:
    """Move a section in the section headers only, by a number of bytes."""

    def change(content: bytearray) -> None:
        (start,) = struct.unpack_from("<Q", content, 40)
        size, count, names = struct.unpack_from("<HHH", content, 58)
        rows = [
            (start + i * size, SECTION.unpack_from(content, start + i * size)) for i in range(count)
        ]
        strings = rows[names][1][4]
        for place, row in rows:
            begin = strings + row[0]
            if bytes(content[begin : content.index(0, begin)]).decode() == name:
                SECTION.pack_into(content, place, *row[:4], row[4] + offset, *row[5:])
                return
        raise LookupError(f"{path} has no section {name}")

    edit(path, change)


def rename(path: Path, old: str, new: str) -> None:
    """Rename a dynamic symbol or version in place: no longer than it was, and not shared."""
    before, after = f"\0{old}\0".encode(), f"\0{new}\0".encode()
    if len(after) > len(before):
        raise ValueError(f"{new} is longer than {old}")

    def change(content: bytearray) -> None:
        start, end = _strings(content)
        if occurrences(content, old) != 1:
            raise LookupError(f"{path} has {old} {occurrences(content, old)} times")
        place = content.index(before, start, end)
        content[place : place + len(before)] = after.ljust(len(before), b"\0")

    edit(path, change)


def occurrences(content: bytes | bytearray, name: str) -> int:
    """How often a whole name stands in the dynamic string table."""
    return content.count(f"\0{name}\0".encode(), *_strings(content))


def _strings(content: bytes | bytearray) -> tuple[int, int]:
    """Where the dynamic string table begins and ends in the file."""
    _, address = _dynamic(content, "STRTAB")
    _, size = _dynamic(content, "STRSZ")
    for _, row in segments(content):
        if row["type"] == LOAD and 0 <= address - row["vaddr"] < row["filesz"]:
            start = address - row["vaddr"] + row["offset"]
            return start, start + size
    raise LookupError("the dynamic string table is in no segment")
