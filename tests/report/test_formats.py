"""report.json, report.md, junit.xml and the terminal, from the same report."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import junitparser
import pytest
from jsonschema import Draft202012Validator, ValidationError
from tests.report import sample

from everylinux import report
from everylinux.report.text import UNSEEN, pretty, visible
from everylinux.report.to_json import as_dict, outcomes_of, validator
from everylinux.report.to_markdown import code, escaped


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The realistic sample with all its formats."""
    folder = sample.write(tmp_path_factory.mktemp("reports"), sample.Sample().rows())
    report.write(folder)
    return folder


def show(run: Path, encoding: str = "utf-8", width: int = 80, *, tty: bool = False) -> str:
    """What the terminal gets."""
    target = io.BytesIO()
    stream = io.TextIOWrapper(target, encoding=encoding)
    stream.isatty = lambda: tty  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        patch.setenv("TERM", "xterm")
        patch.delenv("NO_COLOR", raising=False)
        report.show(report.load(run), run, stream)
    stream.flush()
    raw: bytes = target.getvalue()
    return raw.decode(encoding)


def test_json_has_everything(run: Path) -> None:
    """report.json has the promised keys, agrees with its schema and counts what is there."""
    document = json.loads((run / "report.json").read_text())
    keys = {"schema", "run", "distribution", "cells", "claims", "verdicts", "measures", "summary"}

    assert set(document) == keys | {"findings"}
    validator().validate(document)
    assert set(document["verdicts"][0]) >= {"claim", "cell", "outcome", "seconds", "evidence"}
    assert document["summary"]["outcomes"]["failed"] == 4
    assert document["summary"]["judged"] == len(document["verdicts"]) == 2730
    assert document["summary"]["missing"] == 0
    assert document["summary"]["cells"]["run"] == 27
    assert document["summary"]["cells"]["not_run"] == 38
    assert document["summary"]["exit_code"] == 1
    assert outcomes_of(document)["TLS-007", "busyboxuclibc-x86_64-3.13"] == "failed"


@pytest.mark.parametrize(
    "mutation",
    [
        {"schema": 2},
        {"extra": 1},
        {"verdicts": [{"claim": "IMP-001", "cell": "c", "outcome": "passed"}]},
        {"cells": [{"id": ""}]},
    ],
)
def test_the_schema_refuses_what_is_no_report(run: Path, mutation: dict[str, Any]) -> None:
    """The schema is strict: a changed document does not pass."""
    Draft202012Validator.check_schema(validator().schema)
    document = as_dict(report.load(run))

    with pytest.raises(ValidationError):
        validator().validate({**document, **mutation})


def test_no_number_that_json_does_not_know(tmp_path: Path) -> None:
    """NaN in a journal, which Python's parser takes, never reaches report.json or the page."""
    rows = sample.small(sample.verdict("failed", evidence={"ratio": float("nan")}))
    paths = report.write(sample.write(tmp_path, rows))
    document = json.loads(paths["json"].read_text(), parse_constant=pytest.fail)

    assert document["verdicts"][0]["evidence"] == {"ratio": "NaN"}


def test_junit_is_read_by_junitparser(run: Path) -> None:
    """A real JUnit parser sees a suite for each cell and a case for each claim."""
    parsed = junitparser.JUnitXml.fromfile(str(run / "junit.xml"))
    suites = {suite.name: suite for suite in parsed}

    assert len(suites) == 1 + 27 + 38
    assert (parsed.tests, parsed.failures, parsed.errors) == (2730 + 38, 4, 1)
    assert parsed.skipped == 54 + 1 + 38
    bad = suites["busyboxuclibc-x86_64-3.13"]
    [failed] = [case for case in bad if case.result and case.result[0].type == "failed"]
    assert failed.name.startswith("TLS-007 ")
    assert "remedy: Build the module" in failed.result[0].text
    assert next(iter(suites["lost1-x86_64-3.13"])).result[0].message.startswith("not run: ")


def test_junit_is_xml(run: Path) -> None:
    """The standard library's parser takes it too, and no character of it is illegal in XML 1.0."""
    text = (run / "junit.xml").read_text()

    assert len(ET.fromstring(text)) == 66  # noqa: S314 - our own file
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", text)
    assert "\\x1b[31mred\\x07" in text


def test_junit_counts_missing_verdicts(tmp_path: Path) -> None:
    """A CI server must not show an incomplete run as green."""
    rows = sample.small(sample.verdict(), cells=[sample.cell(claims_expected=9)])
    paths = report.write(sample.write(tmp_path, rows))

    assert junitparser.JUnitXml.fromfile(str(paths["junit"])).errors == 1


def test_markdown_has_verdict_matrix_failures_and_what_did_not_run(run: Path) -> None:
    """A reader of a pull request sees the verdict first, then what to mend, then where."""
    text = (run / "report.md").read_text()

    assert text.startswith("## ❌ Fails on 3 of 24 required cells, unknown on 1\n")
    assert "✗ **TLS-007**" in text
    assert "remedy: Build the module: see its recipe." in text
    [row] = [line for line in text.splitlines() if line.startswith("| Tiny Core 6.0 ")]
    assert row.count("|") == 13
    assert "| ✗ 1 |" in row
    assert "`no registry can be reached and no tarball has it`: " in text
    assert "<script" not in re.sub("`[^`\n]+`", "", text)
    assert len(text) < 65_536


def test_markdown_fits_a_comment(tmp_path: Path) -> None:
    """However much fails, the comment is shorter than GitHub's limit, and says that it is cut."""
    made = sample.Sample(per_area=4)
    rows = [
        {**row, "outcome": "failed", "reason": "x" * 500} if row["kind"] == "verdict" else row
        for row in made.rows()
    ]
    text = report.write(sample.write(tmp_path, rows))["md"].read_text()

    assert "more in report.html" in text
    assert len(text) < 65_536


@pytest.mark.parametrize(
    "hostile",
    ["<script>", "![x](http://e.example/)", "@everyone", "a|b", "`x`", "*x*", "\x1b[31m", "&lt;"],
)
def test_markdown_shows_text_as_text(hostile: str) -> None:
    """Nothing from outside becomes a tag, an image, a mention, a cell or a heading."""
    text = escaped(hostile)

    assert not re.search(r"<|(?<!\\)[|`!\[]|@(?!\u2060)|(?<=:)//|\x1b", text)
    assert "|" not in code(hostile)
    assert code("a`b``c") == "``` a`b``c ```"


@pytest.mark.parametrize("width", [80, 200])
def test_terminal_shows_table_failures_and_place(run: Path, width: int) -> None:
    """The table fits; failures come with their remedy; the report's place comes last."""
    text = show(run, width=width)
    lines = text.splitlines()

    assert max(len(line.rstrip()) for line in lines[:-1]) <= width
    assert "\x1b" not in text
    assert ("permissions" in lines[0]) == (width == 200)
    assert any(line.startswith("Tiny Core 6.0 x86_64") and "✗1" in line for line in lines)
    assert "  remedy: Build the module: see its recipe." in lines
    assert "Fails on 3 of 24 required cells, unknown on 1" in lines
    assert lines[-1] == f"report: {run / 'report.html'}"


def test_terminal_has_colour_only_on_a_terminal(run: Path) -> None:
    """Colours where somebody looks, none in a pipe, and never those of the probe."""
    text = show(run, tty=True)

    assert "\x1b[" in text
    assert "\\x1b[31mred" in text


def test_terminal_without_unicode(run: Path) -> None:
    """An ASCII terminal gets other symbols, not an error."""
    text = show(run, encoding="ascii")

    assert " ok " in text
    assert " X1 " in text


def test_unseen_characters_are_shown() -> None:
    """Control, bidi, zero-width characters and lone surrogates are written as escapes."""
    shown = visible("a\x1b[0m\u202eb\u200b\u2028\ud800\x85\U000e0041ü")

    assert shown == "a\\x1b[0m\\u202eb\\u200b\\u2028\\ud800\\x85\\U000e0041ü"
    assert not UNSEEN.search(shown)
    shown.encode()


def test_pretty_is_json_for_people() -> None:
    """Short containers stay on a line, long ones do not, depth is no danger."""
    deep: list[Any] = []
    for _ in range(200):
        deep = [deep]

    assert pretty({"a": [1, 2]}) == '{\n  "a": [1, 2]\n}'
    assert pretty("two\nlines\x07") == "two\nlines\\x07"
    assert pretty({"x": "\x1b"}) == '{"x": "\\u001b"}'
    assert json.loads(pretty(deep)) == deep
