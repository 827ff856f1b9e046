"""What LXC's engine does that no other must."""

from __future__ import annotations

from pathlib import Path

import pytest

from everylinux.engines.lxc import behind_links


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("/lib/terminfo", "/usr/lib/terminfo"),
        ("/etc/hosts", "/etc/hosts"),
        ("/absolute/x", "/usr/lib/x"),
        ("/out/x", "/etc/x"),
        ("/chain/x", "/usr/lib/x"),
        ("/nowhere/x", "/nowhere/x"),
    ],
)
def test_links_lead_within_the_root(tmp_path: Path, target: str, leads: str) -> None:
    """Relative, absolute, in a chain, or by more folders up than there are."""
    for folder in ("usr/lib/terminfo", "etc"):
        (tmp_path / folder).mkdir(parents=True)
    links = {
        "lib": "usr/lib",
        "absolute": "/usr/lib",
        "out": "../../../etc",
        "chain": "/lib",
        "usr/lib/again": "again",
    }
    for name, to in links.items():
        (tmp_path / name).symlink_to(to)
    assert behind_links(tmp_path, target) == leads


def test_a_link_to_itself_ends(tmp_path: Path) -> None:
    """After as many links as Linux follows the path is left as it is; the mount then fails."""
    (tmp_path / "loop").symlink_to("loop")
    assert behind_links(tmp_path, "/loop/x") == "/loop/x"
