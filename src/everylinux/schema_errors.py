"""What a JSON schema's validator found, said as a person would: where, and what was expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import ValidationError

KINDS = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number"}
SHOWN = 60  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: its path, and a cause that names what was expected."""

    where: tuple[str | int, ...]
    cause: str


def explain(error: ValidationError) -> Mistake:
    """Translate one validation error."""
    where = tuple(error.absolute_path)
    if error.validator == "propertyNames" or _about_a_name(error):
        return Mistake((*where, str(error.instance)), f"expected as a name: {_expected(error)}")
    if error.validator == "additionalProperties":
        return _unknown(error, where)
    if error.validator == "required":
        missing = next(key for key in _wanted(error) if key not in _instance(error))
        return Mistake((*where, missing), "is missing")
    says = _SAYS.get(str(error.validator), _by_description)
    return Mistake(where, says(error))


def _about_a_name(error: ValidationError) -> bool:
    return "propertyNames" in error.absolute_schema_path


def _wanted(error: ValidationError) -> Any:  # noqa: ANN401 - whatever the schema's keyword has
    value: Any = error.validator_value
    return value


def _instance(error: ValidationError) -> Any:  # noqa: ANN401 - any JSON
    value: Any = error.instance
    return value


def _unknown(error: ValidationError, where: tuple[str | int, ...]) -> Mistake:
    known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    key = next(key for key in _instance(error) if key not in known)
    return Mistake((*where, key), f"unknown key; known are {_listed(known)}")


def _expected(error: ValidationError) -> str:
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    return str(schema.get("description") or error.message)[:200]


def _kind(error: ValidationError) -> str:
    wanted = _wanted(error)
    kinds = [wanted] if isinstance(wanted, str) else list(wanted)
    names = " or ".join(KINDS.get(kind, kind) for kind in kinds)
    return f"expected {names}, found {_found(error.instance)}"


def _found(value: Any) -> str:  # noqa: ANN401 - any JSON
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _one_of(error: ValidationError) -> str:
    return f"expected one of {_listed(_wanted(error))}, found {_found(error.instance)}"


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(dict.fromkeys(map(str, names)))


def _by_description(error: ValidationError) -> str:
    return f"expected {_expected(error)}, found {_found(error.instance)}"


def _twice(error: ValidationError) -> str:
    again = next(item for i, item in enumerate(_instance(error)) if item in _instance(error)[:i])
    return f"{_found(again)} stands twice in the list"


_SAYS: Mapping[str, Callable[[ValidationError], str]] = {
    "type": _kind,
    "enum": _one_of,
    "uniqueItems": _twice,
    "minProperties": lambda _error: "expected at least one entry, found none",
}
