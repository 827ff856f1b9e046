"""The archives that a kernel unpacks: read again by the format's description, not by our writer."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from everylinux.qemu.cpio import Archive

FIELDS = 13
Entry = tuple[str, int, int, int, bytes]  # name, number, mode, names, content


def entries(data: bytes) -> list[Entry]:
    """Everything before the end mark, by docs.kernel.org's description of newc."""
    found: list[Entry] = []
    at = 0
    while True:
        assert data[at : at + 6] == b"070701"
        numbers = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(FIELDS)]
        size, length = numbers[6], numbers[11]
        name = data[at + 110 : at + 110 + length]
        assert name.endswith(b"\0")
        start = at + 110 + length + -(110 + length) % 4
        if name == b"TRAILER!!!\0":
            assert start == len(data)
            return found
        content = data[start : start + size]
        found.append((os.fsdecode(name[:-1]), numbers[0], numbers[1], numbers[4], content))
        at = start + size + -size % 4


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A file with two names, a link, a folder, a socket's stand-in, a name that is not UTF-8."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "one").write_bytes(b"12345")
    (tmp_path / "bin" / "one").chmod(0o751)
    (tmp_path / "bin" / "two").hardlink_to(tmp_path / "bin" / "one")
    (tmp_path / "link").symlink_to("bin/one")
    (tmp_path / os.fsdecode(b"\xff")).write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def written(tree: Path, target: str) -> list[Entry]:
    """What an archive of the tree holds."""
    stream = io.BytesIO()
    archive = Archive(stream)
    archive.tree(tree, target)
    archive.close()
    return entries(stream.getvalue())


def test_a_tree_comes_back(tree: Path) -> None:
    """Kinds, modes, contents and the order are the tree's; a pipe is left out."""
    found = {name: (mode, content) for name, _, mode, _, content in written(tree, "at/x")}

    assert set(found) == {"at/x", "at/x/bin", "at/x/bin/one", "at/x/bin/two", "at/x/link",
                          "at/x/\udcff"}  # fmt: skip
    assert found["at/x/bin/one"] == (0o100751, b"12345")
    assert found["at/x/link"][1] == b"bin/one"
    assert found["at/x/bin"][0] == 0o40755


def test_names_of_one_file_stay_one(tree: Path) -> None:
    """The second name has the number of the first and no content, as the kernel links them."""
    found = {
        name: (number, names, content) for name, number, _, names, content in written(tree, "")
    }

    assert found["bin/one"][1:] == (2, b"12345")
    assert found["bin/two"] == (found["bin/one"][0], 2, b"")


def test_a_file_that_changes_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A size that is not the content's would shift all that follows."""
    real = Path.lstat

    def grown(path: Path) -> os.stat_result:
        about = real(path)
        numbers = list(about)
        numbers[6] += path.name == "one"
        return os.stat_result(numbers)

    monkeypatch.setattr(Path, "lstat", grown)

    with pytest.raises(OSError, match="changed while it was read"):
        written(tree, "")
