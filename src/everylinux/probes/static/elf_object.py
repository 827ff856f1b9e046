"""Describes one ELF file, with lief. Runs in the child of reader.py; imports nothing of ours."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lief

lief.logging.disable()

SYMBOLS = 60_000
"""More dynamic symbols than any library of a full build (libcrypto has 6,039)."""
LONGEST_NAME = 400

HEADER_BYTES = 52  # of a 32-bit file, the smaller
DF_1_PIE = 0x08000000  # elf.h
DF_1_NOW = 0x1
DF_BIND_NOW = 0x8
DF_TEXTREL = 0x4
SHF_ALLOC = 0x2
PF_X = 0x1

MUSL = b"musl libc ("
VERSION = re.compile(rb"(?<![0-9.])(1\.\d{1,2}\.\d{1,3})\0")

CANARY = (
    re.compile(rb"\x64\x48[\x2b\x33\x8b].\x25\x28\0\0\0", re.DOTALL),  # mov/sub/xor %fs:0x28
    re.compile(rb"\x65[\x2b\x33\x8b].\x14\0\0\0", re.DOTALL),  # the same with %gs:0x14
    re.compile(rb"\x65\xa1\x14\0\0\0"),  # mov %gs:0x14,%eax
)
"""What gcc's stack protector compiles to on x86_64 and i386: for programs without symbols."""


def describe(path: str) -> dict[str, Any]:
    """All facts of an ELF file that the claims judge, as JSON values; ValueError if it is none."""
    binary = _parse(path)
    return {
        **_header(binary),
        **_dynamic(binary),
        **_segments(binary),
        **_sections(binary),
        **_symbols(binary),
        **_versions(binary),
        **_notes(binary),
        **_content(path),
    }


def _parse(path: str) -> lief.ELF.Binary:
    config = lief.ELF.ParserConfig()
    config.parse_relocations = False  # most of the time, and no claim looks at them
    config.parse_overlay = False
    binary = lief.ELF.parse(path, config)
    if not isinstance(binary, lief.ELF.Binary):
        raise ValueError("lief cannot read it as an ELF file")  # noqa: TRY004 - it is the file
    _check_whole(binary, Path(path).stat().st_size)
    return binary


def _check_whole(binary: lief.ELF.Binary, size: int) -> None:
    """ValueError if the file ends before what its headers promise: lief reads what is left."""
    header = binary.header
    if size < HEADER_BYTES or (not len(binary.segments) and header.file_type.name != "REL"):
        raise ValueError(f"no program headers in {size} bytes")
    if header.numberof_segments != len(binary.segments):
        raise ValueError(f"{header.numberof_segments} segments promised")
    tables = header.section_header_offset + header.section_header_size * header.numberof_sections
    ends = [segment.file_offset + segment.physical_size for segment in binary.segments]
    if (end := max([tables, *ends])) > size:
        raise ValueError(f"truncated: {size} bytes of {end}")


def _header(binary: lief.ELF.Binary) -> dict[str, Any]:
    header = binary.header
    return {
        "class": header.identity_class.name,
        "data": header.identity_data.name,
        "machine": header.machine_type.name,
        "osabi": header.identity_os_abi.name,
        "type": header.file_type.name,
        "interpreter": str(binary.interpreter) if binary.has_interpreter else "",
    }


def _dynamic(binary: lief.ELF.Binary) -> dict[str, Any]:
    entries = [e for e in binary.dynamic_entries if _name(e.tag) != "NULL"]
    values = {_name(e.tag): int(e.value) for e in entries}
    flags, flags_1 = values.get("FLAGS", 0), values.get("FLAGS_1", 0)
    return {
        "tags": [_name(e.tag) for e in entries],
        "needed": [_text(e.name) for e in entries if isinstance(e, lief.ELF.DynamicEntryLibrary)],
        "soname": "".join(
            _text(e.name) for e in entries if isinstance(e, lief.ELF.DynamicSharedObject)
        ),
        "rpath": [_text(e.rpath) for e in entries if isinstance(e, lief.ELF.DynamicEntryRpath)],
        "runpath": [
            _text(e.runpath) for e in entries if isinstance(e, lief.ELF.DynamicEntryRunPath)
        ],
        "bind_now": bool(flags & DF_BIND_NOW or flags_1 & DF_1_NOW or "BIND_NOW" in values),
        "textrel": bool(flags & DF_TEXTREL or "TEXTREL" in values),
        "pie_flag": bool(flags_1 & DF_1_PIE),
    }


def _segments(binary: lief.ELF.Binary) -> dict[str, Any]:
    rows = [
        {
            "type": _name(segment.type),
            "flags": int(segment.flags),
            "align": segment.alignment,
            "offset": segment.file_offset,
            "address": segment.virtual_address,
            "filesz": segment.physical_size,
            "memsz": segment.virtual_size,
        }
        for segment in binary.segments
    ]
    return {"segments": rows}


def _sections(binary: lief.ELF.Binary) -> dict[str, Any]:
    rows = [
        {
            "name": _text(section.name),
            "type": _name(section.type),
            "flags": int(section.flags),
            "address": section.virtual_address,
            "offset": section.offset,
            "size": section.size,
        }
        for section in binary.sections
    ]
    return {"sections": rows}


def _symbols(binary: lief.ELF.Binary) -> dict[str, Any]:
    defined, undefined, weak, ifuncs = set[str](), set[str](), set[str](), set[str]()
    for count, symbol in enumerate(binary.dynamic_symbols):
        if count > SYMBOLS:
            raise ValueError(f"more than {SYMBOLS} dynamic symbols")
        name, binding = _text(symbol.name), symbol.binding.name
        if not name or binding == "LOCAL":
            continue
        if symbol.shndx == 0:
            (weak if binding == "WEAK" else undefined).add(name)
        elif symbol.visibility.name in {"DEFAULT", "PROTECTED"}:
            defined.add(name)
        if symbol.type.name == "GNU_IFUNC":
            ifuncs.add(name)
    return {
        "exports": sorted(defined),
        "undefined": sorted(undefined),
        "weak": sorted(weak),
        "ifuncs": sorted(ifuncs),
        "symtab": len(binary.symtab_symbols),
    }


def _versions(binary: lief.ELF.Binary) -> dict[str, Any]:
    return {
        "verneed": {
            _text(need.name): sorted(_text(a.name) for a in need.get_auxiliary_symbols())
            for need in binary.symbols_version_requirement
        },
        "wanted": dict(_wanted(binary)),
        "verdef": sorted(
            {
                _text(auxiliary.name)
                for definition in binary.symbols_version_definition
                for auxiliary in list(definition.auxiliary_symbols)[:1]
            }
        ),
    }


def _wanted(binary: lief.ELF.Binary) -> Iterator[tuple[str, str]]:
    """Each undefined symbol that asks for a version, and which."""
    for symbol in binary.dynamic_symbols:
        version = symbol.symbol_version if symbol.shndx == 0 else None
        auxiliary = version.symbol_version_auxiliary if version is not None else None
        if auxiliary is not None:
            yield _text(symbol.name), _text(auxiliary.name)


def _notes(binary: lief.ELF.Binary) -> dict[str, Any]:
    isa = [
        f"{kind.name} {level.name}"
        for note in binary.notes
        if isinstance(note, lief.ELF.NoteGnuProperty)
        for entry in note.properties
        if isinstance(entry, lief.ELF.X86ISA)
        for kind, level in entry.values
    ]
    return {"notes": [_name(note.type) for note in binary.notes], "isa": sorted(isa)}


def _content(path: str) -> dict[str, Any]:
    """`musl`: the release a musl libc says of itself, else ""; `canary`: code that reads one."""
    with open(path, "rb") as stream:  # noqa: PTH123 - no Path needed for one open
        content = stream.read()
    found = VERSION.search(content) if MUSL in content else None
    musl = found[1].decode() if found else "unknown"
    return {
        "musl": musl if MUSL in content else "",
        "canary": any(pattern.search(content) for pattern in CANARY),
    }


def _name(value: Any) -> str:  # noqa: ANN401 - an enumeration of lief's
    """A number's name; what lief has no name for (clang's own sections) stays a number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lief warns of what it does not know
        return str(getattr(value, "name", f"{int(value):#x}"))


def _text(value: str | bytes) -> str:
    """A name as text: bytes that are no UTF-8 stay visible, and none is endless."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
    return text.encode("utf-8", "backslashreplace").decode()[:LONGEST_NAME]
