"""Our certificate is put into a copy of the root's folder, and nowhere on the host."""

from __future__ import annotations

from pathlib import Path

import pytest

from everylinux.probes.trust import _with_file

PLACE = "/etc/ssl/certs/ca.crt"


def test_the_copy_has_our_certificate(tmp_path: Path) -> None:
    """It replaces what is there, also a link, whose target stays as it is."""
    folder = tmp_path / "root/etc/ssl/certs"
    folder.mkdir(parents=True)
    (tmp_path / "target").write_text("as it was")
    (folder / "ca.crt").symlink_to(tmp_path / "target")
    with _with_file(tmp_path / "root", PLACE) as extra:
        copy = extra["/etc/ssl/certs"]
        assert not (copy / "ca.crt").is_symlink()
        assert (copy / "ca.crt").read_text().startswith("-----BEGIN CERTIFICATE")
    assert (tmp_path / "target").read_text() == "as it was"


@pytest.mark.parametrize("place", [PLACE, "/etc/ssl/certs/more/ca.crt"])
def test_a_link_on_the_way_is_not_followed(tmp_path: Path, place: str) -> None:
    """Behind it is the host's folder, and we are root."""
    (tmp_path / "root/etc/ssl").mkdir(parents=True)
    (tmp_path / "host").mkdir()
    (tmp_path / "root/etc/ssl/certs").symlink_to(tmp_path / "host")
    with (
        pytest.raises(OSError, match=r"certs is a link on the way to /etc/ssl/certs/"),
        _with_file(tmp_path / "root", place),
    ):
        pass
    assert list((tmp_path / "host").iterdir()) == []
