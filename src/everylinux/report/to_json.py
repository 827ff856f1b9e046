"""report.json: everything, by the schema beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from everylinux import json_schema
from everylinux.model import Outcome, as_row
from everylinux.report.findings import findings
from everylinux.report.model import Report
from everylinux.report.summary import State, Summary, headline, summarize

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

SCHEMA = 1
"""Raised when a key changes its meaning or goes away; new keys do not count."""


@cache
def validator() -> Draft202012Validator:
    """The validator of report.json."""
    text = files(__package__).joinpath("schema.json").read_text(encoding="utf-8")
    return json_schema.validator(json.loads(text))


def as_dict(report: Report, *, strict: bool = False) -> dict[str, Any]:
    """The report as JSON values."""
    subject = as_row(report.distribution)
    subject["components"] = [dict(zip(("name", "version"), pair, strict=True))
                             for pair in report.distribution.components]  # fmt: skip
    document = {
        "schema": SCHEMA,
        "run": as_row(report.run),
        "distribution": subject,
        "cells": [as_row(cell) for cell in report.cells],
        "claims": [as_row(claim) for claim in report.claims],
        "verdicts": [as_row(verdict) for verdict in report.verdicts],
        "measures": [as_row(measure) for measure in report.measures],
        "findings": [as_row(finding) for finding in findings(report)],
        "summary": summary_dict(summarize(report, strict=strict)),
    }
    loaded: dict[str, Any] = json.loads(json.dumps(document))
    return loaded


def summary_dict(summary: Summary) -> dict[str, Any]:
    """The counts as JSON values."""
    code, why = summary.verdict
    return {
        "headline": headline(summary),
        "exit_code": code,
        "why": why,
        "strict": summary.strict,
        "complete": summary.complete,
        "interrupted": summary.interrupted,
        "damaged_lines": summary.damaged,
        "expected": summary.expected,
        "judged": summary.judged,
        "missing": summary.missing,
        "outcomes": {outcome.value: summary.outcomes.get(outcome, 0) for outcome in Outcome},
        "required_failures": summary.failures(gating=True),
        "other_failures": summary.failures(gating=False),
        "cells": _cells(summary),
    }


def _cells(summary: Summary) -> dict[str, int]:
    rows, required = summary.linuxes(), summary.linuxes(required=True)
    return {
        "run": sum(row.cell.has_run for row in rows),
        "not_run": sum(not row.cell.has_run for row in rows),
        "passed": sum(row.state == State.PASSED for row in rows),
        "required_run": sum(row.cell.has_run for row in required),
        "required_not_run": sum(not row.cell.has_run for row in required),
        "required_passed": sum(row.state == State.PASSED for row in required),
    }


def to_json(report: Report, summary: Summary) -> str:
    """The text of report.json; ValidationError if it is not what the schema promises."""
    document = as_dict(report, strict=summary.strict)
    validator().validate(document)
    sections = (f"{json.dumps(name)}: {_section(value)}" for name, value in document.items())
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _section(value: Any) -> str:  # noqa: ANN401 - any JSON
    """One line for each row: quick to write, and lines can be found and compared."""
    if not isinstance(value, list):
        return json.dumps(value, allow_nan=False)
    return "[\n" + ",\n".join(json.dumps(row, allow_nan=False) for row in value) + "\n]"


def outcomes_of(document: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(claim, cell) -> outcome of a report.json, for those who compare two runs."""
    return {(row["claim"], row["cell"]): row["outcome"] for row in document["verdicts"]}
