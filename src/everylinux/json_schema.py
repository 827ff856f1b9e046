"""Validators of jsonschema, loaded when one is asked for, without the second that IRIs cost.

With its extra `format`, which cyclonedx-python-lib wants, jsonschema imports rfc3987-syntax, and
that compiles a grammar with lark while it is imported: 0.8 s of processor time in each process.
Here it is imported when the first IRI is to be checked. No check is lost.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

GRAMMAR = "rfc3987_syntax"
"""What jsonschema/_format.py (4.26) imports one function of: `is_valid_syntax`."""


def validator(schema: Mapping[str, Any]) -> Draft202012Validator:
    """A validator for a schema of draft 2020-12; formats are not checked."""
    with _grammar_later():
        module = importlib.import_module("jsonschema")
    made: Draft202012Validator = module.Draft202012Validator(schema)
    return made


@contextmanager
def _grammar_later() -> Iterator[None]:
    """Meanwhile an import of the grammar gets one that is read at its first use."""
    if GRAMMAR in sys.modules or importlib.util.find_spec(GRAMMAR) is None:
        yield
        return
    sys.modules[GRAMMAR] = _Later(GRAMMAR)
    try:
        yield
    finally:
        del sys.modules[GRAMMAR]


class _Later(ModuleType):
    """Stands for the grammar's module in those that import its function."""

    @staticmethod
    def is_valid_syntax(term: str, text: str) -> bool:
        """Whether a text is what a term of the grammar says."""
        return bool(importlib.import_module(GRAMMAR).is_valid_syntax(term, text))
