"""YAML as plain data, from files nobody vouches for: bounded, no tags, no anchors, no surprises.

Every scalar is text (`14.04` is a release, `2019-04-02` no date object), an empty one is None; who
asks for numbers gets whole ones (`size: 1080786`) as such.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from everylinux.errors import FileError, MatrixError
from everylinux.json_schema import validator
from everylinux.schema_errors import explain

MAX_BYTES = 1 << 20  # matrix.yaml has about 100 kB
MAX_DEPTH = 12  # it uses 6
WHOLE = re.compile(r"0|[1-9][0-9]*")  # no other spelling: 010 and 1_000 are numbers to YAML 1.1

LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it, ten times as fast: plain values, no tag's objects."""

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says, and the line on which it says so."""

    file: str
    value: Any
    lines: dict[Where, int] = field(default_factory=dict)
    wrong: type[FileError] = MatrixError  # how mistakes in it are raised
    numbers: bool = False  # whether a whole number is one

    def line(self, where: Where) -> int:
        """Return the line of a path, or of the nearest thing above it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def error(self, where: Where, cause: str, *, more: int = 0) -> FileError:
        """Return the error for a path; `more` says how many further mistakes there are."""
        rest = f" (and {more} more)" if more else ""
        move = f"mend line {self.line(where)}{rest}"
        return self.wrong(self.file, ".".join(map(str, where)), cause, move=move)

    def refused(self, cause: str, move: str) -> FileError:
        """Return the error for what is no plain YAML at all."""
        return self.wrong(self.file, "", cause, move=move)


def read_yaml(
    path: Path, *, wrong: type[FileError] = MatrixError, numbers: bool = False
) -> Document:
    """Read a file; `wrong` if it is missing, too large, not UTF-8, or not plain YAML."""
    document = Document(path.name, None, wrong=wrong, numbers=numbers)
    text = _text(path, wrong)
    try:
        _bounded(document, text)
        node = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        raise _syntax(document, error) from None
    except yaml.YAMLError as error:
        raise document.refused(f"not YAML: {error}", "mend it") from None
    return replace(document, value=_plain(node, (), document))


def validate(document: Document, schema: Mapping[str, Any]) -> None:
    """Raise the first mistake against a JSON schema, in the file's order."""
    errors = validator(schema).iter_errors(document.value)
    mistakes = sorted((explain(error) for error in errors), key=lambda m: document.line(m.where))
    if mistakes:
        raise document.error(mistakes[0].where, mistakes[0].cause, more=len(mistakes) - 1)


def _text(path: Path, wrong: type[FileError]) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        cause = f"cannot be read ({error.strerror})"
        raise wrong(str(path), "", cause, move="give the path of a readable file") from None
    if len(data) > MAX_BYTES:
        raise wrong(str(path), "", f"larger than {MAX_BYTES} bytes", move="is it the right file?")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise wrong(str(path), "", f"not UTF-8 at line {line}", move="save it as UTF-8") from None


def _bounded(document: Document, text: str) -> None:
    """Refuse, before anything is built, what could grow: anchors, tags, depth."""
    depth = 0
    for event in yaml.parse(text, Loader=LOADER):
        line = _line(event.start_mark)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise document.refused(f"nested deeper than {MAX_DEPTH}", f"mend line {line}")
        if getattr(event, "anchor", None) is not None:
            raise document.refused(
                "anchors and aliases are not read", f"write line {line} out in full"
            )
        if (tag := getattr(event, "tag", None)) is not None:
            raise document.refused(f"tag {tag} is not read", f"mend line {line}")


def _line(mark: Any) -> int:  # noqa: ANN401 - PyYAML has two types of marks
    return int(mark.line) + 1 if mark else 1


def _syntax(document: Document, error: yaml.MarkedYAMLError) -> FileError:
    mark = error.problem_mark or error.context_mark
    at = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = error.problem or error.context or "syntax error"
    return document.refused(f"not YAML{at}: {problem}", "mend the line, or the one above")


def _plain(node: yaml.Node | None, where: Where, document: Document) -> Any:  # noqa: ANN401 - JSON
    """Turn a node into dict, list, text, number or None, and note its line."""
    if node is None:
        return None
    document.lines.setdefault(where, _line(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return _mapping(node.value, where, document)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*where, i), document) for i, item in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode) or node.style:  # of a plain one None or ""
        return node.value
    return _unquoted(node.value, document)


def _unquoted(word: str, document: Document) -> str | int | None:
    if word in {"", "~", "null"}:
        return None
    return int(word) if document.numbers and WHOLE.fullmatch(word) else word


def _mapping(
    pairs: Sequence[tuple[yaml.Node, yaml.Node]], where: Where, document: Document
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in pairs:
        line = _line(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            document.lines[where] = line
            raise document.error(where, "a key is not a word")
        path = (*where, key.value)
        if key.value in result:
            first = document.line(path)
            document.lines[path] = line
            raise document.error(path, f"stands twice, first at line {first}")
        document.lines[path] = line
        result[key.value] = _plain(item, path, document)
    return result
