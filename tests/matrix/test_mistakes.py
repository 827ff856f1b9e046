"""Each kind of mistake in matrix.yaml is one line: the dotted path, and what was expected."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from everylinux.errors import MatrixError
from everylinux.matrix import load
from everylinux.strict_yaml import MAX_BYTES

DIGEST = "sha256:" + "a" * 64


def good() -> dict[str, Any]:
    """A small matrix without a mistake."""
    return {
        "version": 1,
        "ca_layouts": {"debian": ["/etc/ssl/certs"]},
        "distros": {
            "one": {
                "name": "One",
                "release": "1.0",
                "support": "required",
                "ca": "debian",
                "eol": "2030-01-31",
                "aliases": ["uno"],
                "arch": {"x86_64": {"digest": DIGEST, "tarball": {"file": "one.tar.gz"}}},
            },
            "two": {
                "name": "Two",
                "release": "2",
                "support": "best-effort",
                "arch": {"x86": {"debootstrap": {"suite": "sid", "include": ["libc6"]}}},
            },
        },
    }


def write(folder: Path, value: object) -> Path:
    """Write a matrix: a structure as YAML, text and bytes as they are."""
    path = folder / "matrix.yaml"
    text = yaml.safe_dump(value) if isinstance(value, dict) else value
    path.write_bytes(text if isinstance(text, bytes) else str(text).encode())
    return path


def changed(where: str, value: object) -> dict[str, Any]:
    """The good matrix with one value set (or removed, by None) at a dotted path."""
    matrix = good()
    *above, last = where.split(".")
    place: Any = matrix
    for part in above:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return matrix


def test_the_good_one_is_good(tmp_path: Path) -> None:
    """The sample that the mistakes are made in has none itself, so each test tests one mistake."""
    assert [image.id for image in load(write(tmp_path, good())).images] == ["one", "two"]


MISTAKES = [
    ("distros.one", ["a"], "distros.one", "expected a mapping, found a list"),
    ("distros.one.name", {"a": "b"}, "distros.one.name", "expected text, found a mapping"),
    ("distros.one.name", "", "distros.one.name", "expected text of 1 to 400 characters"),
    ("distros.one.aliases", "uno", "distros.one.aliases", "expected a list, found 'uno'"),
    ("distros.one.colour", "red", "distros.one.colour", "unknown key; known are name, release"),
    ("distros.one.name", None, "distros.one.name", "is missing"),
    ("ca_layouts", None, "ca_layouts", "is missing"),
    ("distros.one.support", "maybe", "distros.one.support", "required, best-effort, retired"),
    ("version", 2, "version", "expected one of 1, found '2'"),
    ("distros", {}, "distros", "expected at least one entry"),
    ("distros.one.arch", {}, "distros.one.arch", "expected at least one entry"),
    ("distros.one.arch.arm64", {}, "distros.one.arch.arm64", "unknown key; known are x86_64, x86"),
    (
        "distros.one.arch.x86_64.digest",
        "sha256:abc",
        "distros.one.arch.x86_64.digest",
        "expected sha256: and 64 lower-case hexadecimal digits, found 'sha256:abc'",
    ),
    (
        "distros.one.arch.x86_64.tarball.sha256",
        "A" * 64,
        "distros.one.arch.x86_64.tarball.sha256",
        "expected 64 lower-case hexadecimal digits",
    ),
    (
        "distros.one.arch.x86_64.tarball.file",
        "../one.tar.gz",
        "distros.one.arch.x86_64.tarball.file",
        "expected a file name ending in .tar",
    ),
    ("distros.one.reference", "debian", "distros.one.reference", "expected HOST/NAME:TAG"),
    ("distros.one.eol", "31.1.2030", "distros.one.eol", "expected a date YYYY-MM-DD"),
    ("distros.one.eol", "2030-02-30", "distros.one.eol", "'2030-02-30' is no day of a calendar"),
    ("distros.one.ca", "suse", "distros.one.ca", "'suse' is none of ca_layouts: debian"),
    ("ca_layouts.debian", ["etc"], "ca_layouts.debian.0", "expected an absolute path"),
    ("distros.one.aliases", ["two"], "distros.one.aliases.0", "'two' already means distros.two"),
    ("distros.two.aliases", ["uno"], "distros.two.aliases.0", "'uno' already means distros.one"),
    ("distros.one.aliases", ["a", "a"], "distros.one.aliases", "'a' stands twice"),
    ("distros.Big-Name", {}, "distros.Big-Name", "a lower-case letter, then"),
    (
        "distros.two.arch.x86.debootstrap.include",
        ["--hook"],
        "distros.two.arch.x86.debootstrap.include.0",
        "expected a word of lower-case letters",
    ),
    (
        "distros.two.arch.x86.debootstrap.variant",
        "all",
        "distros.two.arch.x86.debootstrap.variant",
        "expected one of minbase",
    ),
]


@pytest.mark.parametrize(("at", "value", "where", "says"), MISTAKES)
def test_a_mistake_is_told_with_its_path(
    tmp_path: Path, at: str, value: object, where: str, says: str
) -> None:
    """A wrong value names its dotted path, what was expected, and its line, on one line."""
    with pytest.raises(MatrixError) as caught:
        load(write(tmp_path, changed(at, value)))

    assert caught.value.where == where
    assert says in str(caught.value)
    assert "mend line " in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_more_mistakes_are_counted(tmp_path: Path) -> None:
    """The first mistake in the file's order is told, and how many follow."""
    matrix = changed("distros.two.support", "never")
    matrix["distros"]["one"]["support"] = "maybe"

    with pytest.raises(MatrixError, match=r"distros\.one\.support: .*\(and 1 more\)"):
        load(write(tmp_path, matrix))


TEXTS = [
    ("a: [1\nb: 2\n", "not YAML at line 2", ""),
    ("a: b: c\n", "not YAML at line 1", ""),
    ("a: \t- x\n\tb: y\n", "not YAML at line", ""),
    ("version: 1\nversion: 1\n", "stands twice, first at line 1", "version"),
    ("? [a, b]\n: c\n", "a key is not a word", ""),
    ("a: &x [1]\nb: *x\n", "anchors and aliases are not read", ""),
    ("a: &x [*x]\n", "anchors and aliases are not read", ""),
    ("a: !!python/object:os.system x\n", "is not read", ""),
    ("a: !!timestamp 2020-01-01\n", "is not read", ""),
    ("[" * 50 + "]" * 50, "nested deeper than 12", ""),
    ("[" * 500_000, "nest", ""),  # PyYAML 6.0.4 has a limit of its own, in its scanner
    ("", "expected a mapping, found nothing", ""),
    ("- a\n", "expected a mapping, found a list", ""),
    ("ca_layouts: {}\nversion:\ndistros: {}\n", "expected one of 1, found nothing", "version"),
    ("a: 1\n---\nb: 2\n", "not YAML at line 2", ""),
    ("a: \x07\n", "not YAML", ""),
    (b"a: \xff\xfe\n", "not UTF-8 at line 1", ""),
    (b"#" * (MAX_BYTES + 1), "larger than", ""),
]


@pytest.mark.parametrize(("text", "says", "where"), TEXTS)
def test_a_text_that_is_no_matrix_is_refused(
    tmp_path: Path, text: str | bytes, says: str, where: str
) -> None:
    """Broken, hostile or oversized YAML is refused in one line, quickly, and builds nothing."""
    with pytest.raises(MatrixError) as caught:
        load(write(tmp_path, text))

    assert says in str(caught.value)
    assert caught.value.where == where
    assert "\n" not in str(caught.value)


def test_the_bomb_of_nested_aliases_is_refused(tmp_path: Path) -> None:
    """The billion laughs never expand."""
    lines = ['a0: &a0 ["x", "x"]']
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]

    with pytest.raises(MatrixError, match="anchors and aliases are not read"):
        load(write(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, kind: str) -> None:
    """A missing matrix and a folder in its place are told with the path."""
    path = tmp_path / "matrix.yaml"
    if kind == "folder":
        path.mkdir()

    with pytest.raises(MatrixError, match=r"matrix\.yaml: cannot be read"):
        load(path)


LOCKS = [
    ("pins: {one-x86_64: {reference: a/b:c, digest: sha256:1, pinned: '2026-01-01'}}", "digest"),
    ("pins: {one-x86_64: {reference: a/b:c, pinned: '2026-01-01'}}", "digest"),
    ("pins: []", "pins"),
    ("{}", "pins"),
    ("pins: {}\nmore: {}\n", "more"),
]


@pytest.mark.parametrize(("text", "last"), LOCKS)
def test_a_wrong_lock_is_told_like_a_wrong_matrix(tmp_path: Path, text: str, last: str) -> None:
    """matrix.lock.yaml is not trusted more than the matrix."""
    (tmp_path / "matrix.lock.yaml").write_text(text)

    with pytest.raises(MatrixError) as caught:
        load(write(tmp_path, good()))

    assert caught.value.file == "matrix.lock.yaml"
    assert caught.value.where.rpartition(".")[2] == last
