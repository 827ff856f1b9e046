"""The machine's own Debian mirror, read from apt's configuration (one-line and deb822)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

APT = Path("/etc/apt")
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/etc/apt/trusted.gpg.d"),
)
FILE_BYTES = 1 << 20
RELEASES = ("jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid")
STAGES = ("oldoldstable", "oldstable", "stable", "testing", "unstable")
SUITES = frozenset((*RELEASES, *STAGES))
"""Names of Debian's main archive suites; `bookworm-security` is another archive."""


@dataclass(frozen=True, slots=True)
class Source:
    """One archive and suite, as `sources.list(5)` has it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""  # a keyring's path


def debian_mirror(apt: Path = APT) -> Source | None:
    """Return the first entry of Debian's main archive, None if the machine has none."""
    for source in sources(apt):
        if source.suite in SUITES and "main" in source.components:
            return source
    return None


def keyring(source: Source) -> str:
    """Return the keyring that signs the archive: the entry's own, else Debian's."""
    if source.signed_by:
        return source.signed_by
    return next((str(path) for path in KEYRINGS if path.exists()), "")


def sources(apt: Path = APT) -> Iterator[Source]:
    """Every enabled `deb` entry, in apt's order of files."""
    for path in (apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))):
        if path.suffix == ".list":
            yield from _one_line(_text(path))
        elif path.suffix == ".sources":
            yield from _deb822(_text(path))


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""


def _one_line(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        words = re.match(r"deb\s+(?:\[(.*?)\]\s+)?(\S+)\s+(\S+)\s+(.+)", line.split("#")[0].strip())
        if words:
            options = dict(word.partition("=")[::2] for word in (words[1] or "").split())
            components = tuple(words[4].split())
            yield Source(words[2], words[3], components, options.get("signed-by", ""))


def _deb822(text: str) -> Iterator[Source]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled") == "no":
            continue
        signed = fields.get("signed-by", "")
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                yield Source(uri, suite, components, signed if signed.startswith("/") else "")


def _fields(stanza: str) -> dict[str, str]:
    """The fields of a deb822 stanza, names in lower case, comments left out."""
    lines = "\n".join(line for line in stanza.splitlines() if not line.startswith("#"))
    pairs = re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", lines, re.MULTILINE)
    return {name.lower(): value.strip() for name, value in pairs}
