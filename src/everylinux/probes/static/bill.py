"""Parses a CycloneDX bill of materials; runs in the reader process, see reader.py.

What the file says is copied out by name, and nothing of it is trusted to have the right type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

MAX_BYTES = 4 << 20  # ours has 50 kB


def describe(path: str) -> dict[str, Any]:
    """`errors` against the schema of CycloneDX 1.6, `timestamp`, `components`.

    A component is `name`, `version`, `purl`, `cpe`, `sha256` (its own), `sources` (sha256 of its
    archives), `licences` (expressions and ids), `patches` (file names) and `bundled` (`name`,
    `version` of components within). ValueError for a file that is too large.
    """
    text = Path(path).read_text("utf-8")
    if len(text) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES} bytes")
    try:
        said = json.loads(text)
    except ValueError as error:
        return {"errors": [f"no JSON: {error}"], "timestamp": "", "components": []}
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return {
        "errors": [str(wrong)[:500]] if wrong is not None else [],
        "timestamp": _get(_get(said, "metadata"), "timestamp") or "",
        "components": [_component(row) for row in _rows(said, "components")],
    }


def _get(value: Any, key: str) -> Any:  # noqa: ANN401 - any JSON
    return value.get(key) if isinstance(value, dict) else None


def _rows(value: Any, key: str) -> list[Any]:  # noqa: ANN401 - any JSON
    found = _get(value, key)
    return found if isinstance(found, list) else []


def _component(row: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    said = {key: str(_get(row, key) or "") for key in ("name", "version", "purl", "cpe")}
    return {
        **said,
        "sha256": _digests(row),
        "sources": sorted(d for r in _rows(row, "externalReferences") for d in _digests(r)),
        "licences": [_licence(one) for one in _rows(row, "licenses")],
        "patches": [
            str(_get(_get(patch, "diff"), "url"))
            for patch in _rows(_get(row, "pedigree"), "patches")
        ],
        "bundled": [
            {"name": str(_get(one, "name")), "version": str(_get(one, "version"))}
            for one in _rows(row, "components")
        ],
    }


def _digests(row: Any) -> list[str]:  # noqa: ANN401 - any JSON
    return [str(_get(one, "content")) for one in _rows(row, "hashes")]


def _licence(row: Any) -> str:  # noqa: ANN401 - any JSON
    inner = _get(row, "license")
    return str(_get(row, "expression") or _get(inner, "id") or _get(inner, "name") or "")
