"""Files of the agent's side: put, get, stat, walk, digests, paths of any length and any bytes."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest

from everylinux.agent import AgentSession
from everylinux.errors import AgentError


def test_files(agent: AgentSession, tmp_path: Path) -> None:
    """What is put is there with its mode, and comes back; a second put replaces the first."""
    path = f"{tmp_path}/a/b/file"
    for data in (os.urandom(3 << 20), b"", b"short"):
        agent.put(path, data, 0o751)
        assert agent.get(path) == data == Path(path).read_bytes()
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o751
    assert agent.stat(path).size == 5
    with pytest.raises(AgentError, match="longer than the 4 bytes"):
        agent.get(path, 4)
    assert agent.get(path, 5) == b"short"


def test_a_refusal_is_the_errno(agent: AgentSession, tmp_path: Path) -> None:
    """What a file system refuses comes out as the OSError that it is."""
    with pytest.raises(FileNotFoundError):
        agent.get(f"{tmp_path}/no")
    with pytest.raises(IsADirectoryError):
        agent.get(str(tmp_path))
    with pytest.raises(NotADirectoryError):
        agent.walk(__file__)
    with pytest.raises(IsADirectoryError):
        agent.put(str(tmp_path), b"")


def test_a_pipe_is_no_hang(agent: AgentSession, tmp_path: Path) -> None:
    """Reading, writing and hashing a fifo that nobody holds returns at once."""
    os.mkfifo(tmp_path / "fifo")
    assert agent.get(f"{tmp_path}/fifo") == b""
    with pytest.raises(OSError, match="in the cell"):
        agent.put(f"{tmp_path}/fifo", b"x")
    assert [e.kind for e in agent.walk(str(tmp_path), digests=True)] == ["dir", "other"]


def test_walk(agent: AgentSession, tmp_path: Path) -> None:
    """A walk tells what lstat tells: kind, mode, size, target, digest; links are not followed."""
    (tmp_path / "d").mkdir(mode=0o700)
    (tmp_path / "d" / "f").write_bytes(b"hello")
    (tmp_path / "d" / "f").chmod(0o4755)
    (tmp_path / "l").symlink_to("/etc")
    (tmp_path / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    found = {entry.path: entry for entry in agent.walk(str(tmp_path), digests=True)}
    assert list(found) == ["", "d", "d/f", "l", "\udcff\udcfe"]
    assert (found["d/f"].mode, found["d/f"].size) == (0o4755, 5)
    assert found["d/f"].sha256 == hashlib.sha256(b"hello").hexdigest()
    assert (found["l"].kind, found["l"].target) == ("link", "/etc")
    assert agent.walk(str(tmp_path))[2].sha256 == ""
    with pytest.raises(AgentError, match="more than 3 entries"):
        agent.walk(str(tmp_path), limit=3)


@pytest.mark.parametrize("size", [0, 1, 55, 56, 63, 64, 65, 119, 120, 100_000])
def test_digests(agent: AgentSession, tmp_path: Path, size: int) -> None:
    """SHA-256 is right around every length at which its padding changes."""
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    assert agent.walk(str(tmp_path), digests=True)[1].sha256 == hashlib.sha256(data).hexdigest()


def test_paths_longer_than_the_kernel_takes(agent: AgentSession, tmp_path: Path) -> None:
    """A tree of more than PATH_MAX bytes is walked, and its files are read and written."""
    name = "n" * 200
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(30):
        os.mkdir(name, dir_fd=here)
        here, old = os.open(name, os.O_RDONLY, dir_fd=here), here
        os.close(old)
    os.close(here)
    deep = f"{tmp_path}/" + "/".join([name] * 30)
    agent.put(f"{deep}/file", b"deep")
    assert agent.get(f"{deep}/file") == b"deep"
    assert agent.stat(f"{deep}/file").size == 4
    longest = agent.walk(str(tmp_path))[-1]
    assert (longest.path, longest.size) == ("/".join([name] * 30) + "/file", 4)
    shutil.rmtree(tmp_path / name)


def test_many_entries(agent: AgentSession, tmp_path: Path) -> None:
    """A walk that takes many frames is whole and sorted."""
    for number in range(3000):
        (tmp_path / f"{number:0100}").touch()
    paths = [entry.path for entry in agent.walk(str(tmp_path))]
    assert paths == sorted(paths)
    assert len(paths) == 3001
