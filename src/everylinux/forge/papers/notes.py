"""Release notes in Markdown: what differs between two manifests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

SETTINGS = ("python", "arch", "libc", "profile", "start", "source_date_epoch")
EXTENSION = re.compile(r"lib/python[\d.]+/lib-dynload/([^./]+)\.[^/]*so")
PYTHON_FOLDER = re.compile(r"\b(python|pip|idle|pydoc|2to3-|cpython-)3\.?\d+")
SHOWN = 20  # of the files whose size changed most
Manifest = Mapping[str, Any]


def notes(old: Manifest, new: Manifest) -> str:
    """The notes of `new`, as a difference from `old`: one section for each kind of difference."""
    sections = {
        "Settings": _settings(old, new),
        "Components": _components(old, new),
        "Patches": _patches(old, new),
        "Extension modules": _capabilities(old, new),
        "Flags": _flags(old, new),
        "Size": _size(old, new),
        "Files": _files(old, new),
    }
    told = [f"## {title}\n\n" + "\n".join(lines) for title, lines in sections.items() if lines]
    head = f"# {title_of(new)}\n\nDifference from {title_of(old)}."
    return "\n\n".join([head, *(told or ["Nothing differs."])]) + "\n"


def title_of(manifest: Manifest) -> str:
    """`Standalone Python 3.13.5 x86_64 (current, quick, launcher)`."""
    version = _versions(manifest).get("cpython", manifest["python"])
    kinds = [manifest.get("edition", {}).get("name"), manifest["profile"], manifest.get("start")]
    return f"Standalone Python {version} {manifest['arch']} ({', '.join(filter(None, kinds))})"


def _versions(manifest: Manifest) -> dict[str, str]:
    return {row["name"]: row["version"] for row in manifest["components"]}


def _table(head: str, rows: Iterable[tuple[object, ...]]) -> list[str]:
    found = [f"| {' | '.join(map(str, row))} |" for row in rows]
    columns = head.count("|") - 1
    return [head, "|" + "---|" * columns, *found] if found else []


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[object, ...]]:
    names = sorted({*old, *new})
    return [(n, old.get(n, "-"), new.get(n, "-")) for n in names if old.get(n) != new.get(n)]


def _settings(old: Manifest, new: Manifest) -> list[str]:
    before, after = (
        {
            **{key: one[key] for key in SETTINGS if key in one},
            **({"edition": one["edition"]["name"]} if "edition" in one else {}),
            **{f"tool: {tool}": says for tool, says in one["toolchain"].items()},
        }
        for one in (old, new)
    )
    return _table("| setting | before | now |", _changes(before, after))


def _components(old: Manifest, new: Manifest) -> list[str]:
    before, after = _told(old), _told(new)
    return _table("| component | before | now |", _changes(before, after))


def _told(manifest: Manifest) -> dict[str, str]:
    """Version and licence, and the digest where two versions look alike."""
    return {
        row["name"]: f"{row['version']} ({row['licence']}; {row['sha256'][:12]})"
        for row in manifest["components"]
    }


def _patch_names(manifest: Manifest) -> dict[str, str]:
    rows = (*manifest["components"], *manifest.get("made_here", ()))
    return {f"{row['name']}/{p['file']}": p["sha256"][:12] for row in rows for p in row["patches"]}


def _patches(old: Manifest, new: Manifest) -> list[str]:
    before, after = _patch_names(old), _patch_names(new)
    words = {name: _word(name, before, after) for name in sorted({*before, *after})}
    return [f"- {word}: `{name}`" for name, word in words.items() if word]


def _word(name: object, before: Mapping[Any, Any], after: Mapping[Any, Any]) -> str:
    if name not in before:
        return "new"
    if name not in after:
        return "gone"
    return "" if before[name] == after[name] else "changed"


def _modules(manifest: Manifest) -> dict[str, None]:
    found = (EXTENSION.fullmatch(row["path"]) for row in manifest["files"])
    return dict.fromkeys(match[1] for match in found if match)


def _capabilities(old: Manifest, new: Manifest) -> list[str]:
    before, after = _modules(old), _modules(new)
    words = {name: _word(name, before, after) for name in sorted({*before, *after})}
    return [f"- {word}: `{name}`" for name, word in words.items() if word]


def _flags(old: Manifest, new: Manifest) -> list[str]:
    """Words of the flags and of configure's arguments that came or went."""
    lines = []
    before, after = old["flags"], new["flags"]
    for name in sorted(before.keys() & after.keys()):
        was, now = _words(before[name]), _words(after[name])
        came, went = sorted(now - was), sorted(was - now)
        told = [f"+ `{word}`" for word in came] + [f"- `{word}`" for word in went]
        lines += [f"- {name}: {', '.join(told)}"] if told else []
    return lines


def _words(flags: Mapping[str, Any]) -> set[str]:
    """Each flag with the variable that has it."""
    given = {f"{key} {word}" for key, text in flags.items() if isinstance(text, str)
             for word in text.split()}  # fmt: skip
    return given | set(flags["configure"])


def _sizes(manifest: Manifest) -> dict[str, int]:
    """Path -> bytes of each file, the version of Python taken out of the path."""
    return {
        PYTHON_FOLDER.sub(r"\g<1>3.N", row["path"]): row["size"]
        for row in manifest["files"]
        if row["kind"] == "file"
    }


def _size(old: Manifest, new: Manifest) -> list[str]:
    before, after = _sizes(old), _sizes(new)
    total = (("files", len(before), len(after)),
             ("bytes", f"{sum(before.values()):,}", f"{sum(after.values()):,}"))  # fmt: skip
    moved = {path: after.get(path, 0) - before.get(path, 0) for path in {*before, *after}}
    biggest = sorted(moved.items(), key=lambda one: (-abs(one[1]), one[0]))
    rows = [
        (f"`{path}`", f"{before.get(path, 0):,}", f"{after.get(path, 0):,}")
        for path, change in biggest
        if change and not path.endswith(".pyc")  # those follow their sources
    ]
    changed = total[0][1:] != tuple([len(before)] * 2) or rows
    return _table("| size | before | now |", [*total, *rows[:SHOWN]]) if changed else []


def _digests(manifest: Manifest) -> dict[str, str]:
    return {
        PYTHON_FOLDER.sub(r"\g<1>3.N", row["path"]): row.get("sha256") or row.get("target", "")
        for row in manifest["files"]
        if row["kind"] != "dir"
    }


def _files(old: Manifest, new: Manifest) -> list[str]:
    before, after = _digests(old), _digests(new)
    words = {path: _word(path, before, after) for path in sorted({*before, *after})}
    counts = {word: sum(w == word for w in words.values()) for word in ("new", "gone", "changed")}
    listed = [f"- {word}: `{path}`" for path, word in words.items() if word in {"new", "gone"}]
    if not any(counts.values()):
        return []
    said = ", ".join(f"{count} {word}" for word, count in counts.items())
    return [f"{said}.", "", *listed[:200]]
