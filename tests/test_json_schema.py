"""Validators without the second that IRIs take, and without losing their check."""

from __future__ import annotations

import subprocess
import sys

import pytest

from everylinux import json_schema
from everylinux.json_schema import GRAMMAR, validator

ASKS = """
import sys
from everylinux import json_schema, matrix, report
json_schema.validator({"type": "object"})
assert json_schema.GRAMMAR not in sys.modules, "the grammar was read"
import jsonschema
checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
assert checker.conforms("https://example.org/\\u00e9", "iri")
assert not checker.conforms("not an iri at all", "iri")
assert json_schema.GRAMMAR in sys.modules, "somebody else checked it"
"""


def test_mistakes_are_found() -> None:
    """As by jsonschema's own."""
    assert [error.message for error in validator({"type": "object"}).iter_errors(1)]
    assert validator({"type": "object"}).is_valid({})


def test_the_grammar_is_read_by_the_first_iri_only() -> None:
    """In a process that begins anew: whoever checks formats later checks them all."""
    pytest.importorskip(GRAMMAR)
    done = subprocess.run([sys.executable, "-c", ASKS], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_grammar_nothing_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed, jsonschema finds that out itself."""
    monkeypatch.setattr(json_schema, "GRAMMAR", "everylinux_no_such_grammar")
    assert validator({}).is_valid(1)
    assert "everylinux_no_such_grammar" not in sys.modules
