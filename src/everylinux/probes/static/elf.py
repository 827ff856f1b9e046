"""The sections `elf` and `musl`: every ELF file of the artefact, parsed in a child."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from everylinux.model import Distribution, Section
from everylinux.probes.static import resolve
from everylinux.probes.static.child import Answer, examine
from everylinux.probes.static.files import follow
from everylinux.probes.static.tree import Item, TreeTooLarge, walk

MAGIC = b"\x7fELF"
PROGRAM = re.compile(r"bin/python3\.\d+-real")


@dataclass(frozen=True, slots=True)
class ElfProbe:
    """Gathers `elf.objects` (path -> facts, see elf_object.py), what they load, and `musl`.

    `elf.main` is the real interpreter's path; `elf.search` says where each NEEDED name is found and
    `elf.unresolved` which symbols nobody provides (resolve.py).
    `elf.errors` maps each file that claims to be ELF and cannot be parsed to the reason. `musl`
    has `libraries` (path -> release) of every file that calls itself musl's libc.
    """

    name: str = "elf"
    sections: tuple[str, ...] = ("elf", "musl")
    schema: int = 1

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Parse what begins with ELF's magic or has a shared library's name."""
        try:
            everything = walk(distribution.root)
        except (OSError, TreeTooLarge) as error:
            why = Section(error=f"{type(error).__name__}: {error}")
            return dict.fromkeys(self.sections, why)
        answers = examine(filter(_is_elf, everything), "elf")
        objects = {
            path: {"kind": resolve.kind(path, answer["facts"]), **answer["facts"]}
            for path, answer in answers.items()
            if "facts" in answer
        }
        value = _found(distribution, objects, everything) | {"errors": _errors(answers)}
        return {
            "elf": Section(value=value),
            "musl": Section(value={"libraries": _libraries(objects)}),
        }


def _found(
    distribution: Distribution, objects: Mapping[str, Any], items: list[Item]
) -> dict[str, Any]:
    targets = {i.path: i.target for i in items if i.kind == "link"}
    links = {path: end for path in targets if (end := follow(path, targets)) is not None}
    python = f"bin/python{distribution.python}"
    main = f"{python}-real" if f"{python}-real" in objects else links.get(python, python)
    search = resolve.search(objects, links, main)
    unresolved = resolve.unresolved(objects, search, main)
    return {"main": main, "objects": objects, "search": search, "unresolved": unresolved}


def _is_elf(item: Item) -> bool:
    """By content; by name as well, so that a library emptied or overwritten is not overlooked."""
    if item.kind != "file":
        return False
    name = item.path.rsplit("/", 1)[-1]
    named = name.endswith(".so") or ".so." in name or PROGRAM.fullmatch(item.path) is not None
    return item.identity is None or item.identity.head.startswith(MAGIC) or named


def _errors(answers: Mapping[str, Answer]) -> dict[str, str]:
    return {path: str(a.get("error")) for path, a in answers.items() if "facts" not in a}


def _libraries(objects: Mapping[str, Any]) -> dict[str, str]:
    return {path: facts["musl"] for path, facts in objects.items() if facts["musl"]}
