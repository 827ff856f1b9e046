"""Text from outside, made safe to show: what the eye cannot see is written as an escape."""

from __future__ import annotations

import json
import re
from typing import Any

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 controls, with the ESC that begins an ANSI sequence
    "\u00ad\u061c\u115f\u1160\u180e"  # soft hyphen, Arabic letter mark, Hangul fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, bidi marks and overrides
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff"  # fillers, selectors, BOM
    "\ud800-\udfff"  # lone surrogates, which no encoding takes
    "\U000e0000-\U000e0fff]"  # tags and more variation selectors
)
"""Characters that are invisible, reorder their neighbours, or may not stand in XML 1.0."""

WIDTH = 88
"""A container that fits in so many characters is shown on one line."""
DEPTH = 24
"""Containers nested deeper are shown on one line."""


def visible(text: str, keep: str = "") -> str:
    r"""Write unseen characters as `\xNN`, `\uNNNN` or `\UNNNNNNNN`, except those in `keep`."""
    return UNSEEN.sub(lambda found: found[0] if found[0] in keep else _escape(found[0]), text)


def one_line(text: str) -> str:
    """The text without line breaks and runs of blanks, and visible."""
    return visible(" ".join(text.split()))


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004 - the limit of \x
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - of \u


def pretty(value: Any) -> str:  # noqa: ANN401 - any JSON
    """A JSON value for people: short containers on one line, texts alone without quotes."""
    if isinstance(value, str):
        return visible(value, keep="\n")
    return visible(_layout(value, "", 0), keep="\n")


def _layout(value: Any, indent: str, depth: int) -> str:  # noqa: ANN401 - any JSON
    if not isinstance(value, dict | list) or depth >= DEPTH or _is_short(value, indent):
        return json.dumps(value, ensure_ascii=False)
    inner = f"{indent}  "
    if isinstance(value, dict):
        rows = [f"{json.dumps(k)}: {_layout(v, inner, depth + 1)}" for k, v in value.items()]
    else:
        rows = [_layout(item, inner, depth + 1) for item in value]
    left, right = ("{", "}") if isinstance(value, dict) else ("[", "]")
    body = f",\n{inner}".join(rows)
    return f"{left}\n{inner}{body}\n{indent}{right}"


def _is_short(value: Any, indent: str) -> bool:  # noqa: ANN401 - any JSON
    if len(value) > WIDTH // 2:
        return False
    leaves = value.values() if isinstance(value, dict) else value
    if any(isinstance(leaf, dict | list) and leaf for leaf in leaves):
        return False
    return len(indent) + len(json.dumps(value, ensure_ascii=False)) <= WIDTH


def seconds(value: float) -> str:
    """A duration for people: `4 ms`, `3.2 s`, `2 min 05 s`."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    minutes, rest = divmod(value, 60)
    return f"{int(minutes)} min {int(rest):02} s" if minutes else f"{value:.1f} s"


def size(value: float) -> str:
    """A number of bytes for people, in powers of 1024."""
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:  # noqa: PLR2004 - the base of these units
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"
