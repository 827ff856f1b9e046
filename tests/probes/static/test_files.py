"""What the walk reports of a tree, whatever is in it."""

from __future__ import annotations

import os
import py_compile
from pathlib import Path

import pytest

from everylinux.model import Arch, Distribution
from everylinux.probes.static import tree
from everylinux.probes.static.files import FilesProbe, follow
from everylinux.probes.static.manifest import ManifestProbe


def entries(root: Path) -> dict[str, dict[str, object]]:
    """`files.entries` of a tree."""
    section = FilesProbe().gather(Distribution(root, "3.13", Arch("x86_64"), ""))["files"]
    assert section.error == ""
    found: dict[str, dict[str, object]] = section.value["entries"]
    return found


def test_every_kind_is_reported(tmp_path: Path) -> None:
    """Files, folders, links and others, with modes and digests; a fifo is never opened."""
    (tmp_path / "dir").mkdir(mode=0o750)
    (tmp_path / "dir/file").write_bytes(b"content")
    (tmp_path / "dir/file").chmod(0o4755)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("dir/file")

    found = entries(tmp_path)

    assert {path: row["kind"] for path, row in found.items()} == {
        "": "dir",
        "dir": "dir",
        "dir/file": "file",
        "link": "link",
        "pipe": "other",
    }
    assert found["dir/file"]["mode"] == 0o4755
    assert str(found["dir/file"]["sha256"]).startswith("ed7002b439e9ac84")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("dir/file", "resolves"),
        ("./dir/../dir/file", "resolves"),
        ("via/../dir/file", "resolves"),
        ("gone", "dangles"),
        ("dir/../../etc/passwd", "leaves"),
        ("/etc/passwd", "leaves"),
        ("link", "leaves"),
    ],
)
def test_links_are_followed_by_their_text(tmp_path: Path, target: str, expected: str) -> None:
    """A link that leaves the tree, or leads in a circle, leads nowhere; nothing is opened."""
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir/file").touch()
    (tmp_path / "via").symlink_to("dir")
    (tmp_path / "link").symlink_to(target)

    row = entries(tmp_path)["link"]

    found = "leaves" if not row["inside"] else "resolves" if row["resolves"] else "dangles"
    assert found == expected


def test_a_name_that_is_no_text_is_reported(tmp_path: Path) -> None:
    """A file name of undecodable bytes is an entry like others."""
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"))).touch()

    assert set(entries(tmp_path)) == {"", "\udcff\udcfe"}


def test_a_tree_without_end_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many entries are an error of the section, so its claims are unknown."""
    monkeypatch.setattr(tree, "ENTRIES", 3)
    for number in range(5):
        (tmp_path / str(number)).touch()

    section = FilesProbe().gather(Distribution(tmp_path, "3.13", Arch("x86_64"), ""))["files"]

    assert section.error == "TreeTooLarge: more than 3 entries"


def test_circles_of_links_end() -> None:
    """Following gives up where Linux does."""
    assert follow("a", {"a": "b", "b": "a"}) is None


def test_bytecode_headers_are_read(tmp_path: Path) -> None:
    """Magic number, flags, time and size of PEP 552, without trusting the file's length."""
    (tmp_path / "a.pyc").write_bytes(b"\xf3\r\r\n" + bytes([0] * 4 + [1, 0, 0, 0, 2, 0, 0, 0]))
    (tmp_path / "b.pyc").write_bytes(b"\xf3\r")

    found = entries(tmp_path)

    assert found["a.pyc"]["pyc"] == [3571, 0, 1, 2]
    assert "pyc" not in found["b.pyc"]


def test_bytecode_from_a_hash_is_compared_with_its_source(tmp_path: Path) -> None:
    """The hash that py_compile wrote is the one the probe finds, until the source changes."""
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    bytecode = py_compile.compile(str(source), invalidation_mode=mode)
    assert bytecode
    path = str(Path(bytecode).relative_to(tmp_path))

    before = entries(tmp_path)[path]
    source.write_text("x = 2\n")
    after = entries(tmp_path)[path]

    assert before["pyc_hash"] == before["source_hash"]
    assert after["pyc_hash"] != after["source_hash"]


def test_no_manifest_is_an_error(tmp_path: Path) -> None:
    """A tree without a manifest has no facts of it: the claims on its content are unknown."""
    section = ManifestProbe().gather(Distribution(tmp_path, "3.13", Arch("x86_64"), ""))["manifest"]

    assert section.error
