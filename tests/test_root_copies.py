"""Folders of an untrusted root are copied without a way to the host's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from everylinux import root_copies
from everylinux.root_copies import copy_folder, etc

HOSTS = "127.0.0.1\tlocalhost\n"


def test_a_copy_has_the_three_files_that_engines_lay_theirs_over(tmp_path: Path) -> None:
    """A link among them is replaced, as it may lead anywhere; pipes and devices stay behind."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root")
    (tmp_path / "etc/hosts").symlink_to("/etc/hosts")
    os.mkfifo(tmp_path / "etc/pipe")
    with etc(tmp_path, HOSTS) as copy:
        assert not (copy / "hosts").is_symlink()
        assert (copy / "hosts").read_text() == HOSTS
        assert (copy / "passwd").read_text() == "root"
        there = sorted(path.name for path in copy.iterdir())
        assert there == ["hostname", "hosts", "passwd", "resolv.conf"]
    assert not copy.exists()


def test_what_a_root_has_stays(tmp_path: Path) -> None:
    """Its own hosts; where it has no /etc, there is one with the three files."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("own")
    with etc(tmp_path, HOSTS) as copy:
        assert (copy / "hosts").read_text() == "own"
    with etc(tmp_path / "none") as copy:
        assert [(copy / name).read_text() for name in root_copies.MOUNTED] == ["", "", ""]


def test_a_link_is_not_followed_to_the_hosts_own(tmp_path: Path) -> None:
    """Neither as the folder itself nor in it, where it is copied as a link."""
    (tmp_path / "etc").symlink_to("/etc")
    with pytest.raises(OSError, match="etc is a link"), etc(tmp_path):
        pass
    (tmp_path / "real").mkdir()
    (tmp_path / "real/link").symlink_to("/etc/passwd")
    copy_folder(tmp_path / "real", tmp_path / "copy")
    assert (tmp_path / "copy/link").readlink() == Path("/etc/passwd")


def test_a_folder_may_not_fill_the_disk(tmp_path: Path) -> None:
    """A sparse file counts with what a copy of it would take."""
    (tmp_path / "etc").mkdir()
    with (tmp_path / "etc/large").open("wb") as large:
        large.truncate(root_copies.COPY_BYTES + 1)
    with pytest.raises(OSError, match="etc is too large to copy"), etc(tmp_path):
        pass
