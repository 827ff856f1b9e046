"""Debian roots from the machine's own mirror."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from everylinux.images import RootStore, gather
from everylinux.images.aptsources import Source, debian_mirror, keyring, sources
from everylinux.images.base import Absent
from everylinux.images.debian import MIRROR, DebianProvider
from everylinux.model import Arch, Image, RootFs

ONE_LINE = """
# deb http://off.example/debian bookworm main
deb-src http://src.example/debian bookworm main
deb http://other.example/apt cloud-sdk main
deb [arch=amd64 signed-by=/k.gpg] http://one.example/debian bookworm main contrib # mine
deb http://security.example/debian-security bookworm-security main
"""
DEB822 = """# a comment
Types: deb deb-src
URIs: http://two.example/debian
 http://three.example/debian
Suites: trixie trixie-updates
# in between
Components: main
Signed-By: /usr/share/keyrings/x.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: sid
Components: main

Types: deb
URIs: http://inline.example/debian
Suites: sid
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
"""


def image(**recipe: object) -> Image:
    """A Debian image with a recipe."""
    return Image("one", Arch("x86_64"), "Debian", "12", recipe=recipe)


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty apt configuration."""
    monkeypatch.delenv(MIRROR, raising=False)
    path = tmp_path / "apt"
    (path / "sources.list.d").mkdir(parents=True)
    return path


@pytest.fixture
def provider(store: RootStore, apt: Path) -> DebianProvider:
    """A provider whose mirror does not answer."""
    (apt / "sources.list").write_text("deb http://127.0.0.1:9/debian bookworm main\n")
    return DebianProvider(store, apt=apt, say=lambda _: None)


def test_one_line_sources_are_read(apt: Path) -> None:
    """The first enabled entry of Debian's main archive is the mirror."""
    (apt / "sources.list").write_text(ONE_LINE)

    assert debian_mirror(apt) == Source(
        "http://one.example/debian", "bookworm", ("main", "contrib"), "/k.gpg"
    )


def test_deb822_sources_are_read(apt: Path) -> None:
    """Several URIs and suites, comments, disabled stanzas and inline keys are understood."""
    (apt / "sources.list.d/debian.sources").write_text(DEB822)

    found = [(source.uri[7:-15], source.suite, source.signed_by) for source in sources(apt)]

    ring = "/usr/share/keyrings/x.gpg"
    assert found == [
        ("two", "trixie", ring),
        ("two", "trixie-updates", ring),
        ("three", "trixie", ring),
        ("three", "trixie-updates", ring),
        ("inline", "sid", ""),
    ]


def test_other_archives_are_no_debian_mirror(apt: Path) -> None:
    """A machine of another distribution has no mirror of Debian, and says what to set."""
    (apt / "sources.list").write_text("deb http://x.example/ubuntu noble main\n")

    assert debian_mirror(apt) is None


def test_a_keyring_of_the_entry_wins() -> None:
    """The entry's own keyring is believed, else Debian's is looked for."""
    assert keyring(Source("u", "sid", ("main",), "/k.gpg")) == "/k.gpg"
    assert keyring(Source("u", "sid", ("main",))) in {
        "",
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "/etc/apt/trusted.gpg.d",
    }


def test_no_mirror_is_a_reason(store: RootStore, apt: Path) -> None:
    """Without a mirror the reason names the variable that sets one."""
    found = DebianProvider(store, apt=apt).find(image(suite="bookworm"), offline=False)

    assert isinstance(found, Absent)
    assert MIRROR in found.reason or "install it" in found.reason


def test_the_environment_names_a_mirror(
    store: RootStore, apt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without apt sources can be given a mirror."""
    monkeypatch.setenv(MIRROR, "http://env.example/debian")

    provider = DebianProvider(store, apt=apt)

    assert provider.mirror is not None
    assert provider.mirror.uri == "http://env.example/debian"


def test_offline_makes_nothing(provider: DebianProvider) -> None:
    """Offline, the mirror is not asked."""
    assert provider.find(image(suite="bookworm"), offline=True) == Absent("offline")


def test_an_image_without_a_recipe_is_no_matter(provider: DebianProvider) -> None:
    """Other distributions pass by without a word."""
    assert provider.find(image(), offline=False) == Absent("")


@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="mmdebstrap is not installed")
def test_a_mirror_that_does_not_answer_is_asked_once(
    provider: DebianProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead mirror is a reason for each image, and costs its time once."""
    first = provider.find(image(suite="bookworm"), offline=False)
    monkeypatch.setenv("PATH", "")  # whoever asks again would fail otherwise

    monkeypatch.setattr("everylinux.images.debian.shutil.which", lambda tool: tool)
    second = provider.find(image(suite="bookworm", include=["x"]), offline=False)

    assert isinstance(first, Absent)
    assert first.reason.startswith("the machine's Debian mirror has no bookworm")
    assert second == first


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="mmdebstrap is not installed")
def test_a_root_without_a_shell_is_made_once(store: RootStore) -> None:
    """The real mirror gives a root with a libc and no shell, and the cache keeps it."""
    wanted = image(suite="bookworm", variant="extract", include=["libc6", "base-files"])
    provider = DebianProvider(store)
    if provider.mirror is None:
        pytest.skip("apt's configuration names no Debian mirror")

    root = provider.find(wanted, offline=False)
    roots, _ = gather([wanted], offline=True)

    assert isinstance(root, RootFs)
    assert list(root.path.glob("**/libc.so.6")) != []
    assert [path for path in root.path.glob("**/sh") if path.parent.name == "bin"] == []
    assert [found.path for found in roots] == [root.path]
    assert roots[0].origin == "mmdebstrap bookworm"


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="mmdebstrap is not installed")
def test_a_package_that_is_not_there_is_one_line(store: RootStore) -> None:
    """A recipe that cannot be made says why, and keeps nothing."""
    wanted = image(suite="bookworm", variant="extract", include=["no-such-package"])
    provider = DebianProvider(store)
    if provider.mirror is None:
        pytest.skip("apt's configuration names no Debian mirror")

    found = provider.find(wanted, offline=False)

    assert isinstance(found, Absent)
    assert re.search(r"could not be made .*no-such-package.*images fetch --distro", found.reason)
    assert store.markers() == ()


OUT_OF_STEP = """
echo 'Err:2 http://mirror.example/debian trixie/main i386 Packages' >&2
echo 'E: Failed to fetch Packages.xz  File has unexpected size (1 != 2). Mirror sync?' >&2
echo 'E: apt-get update failed' >&2
exit 25
"""


def _tools(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    folder.mkdir()
    for name, text in {"nice": 'exec "$@"', **scripts}.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_mirror_out_of_step_costs_its_cells_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cell is not run, for apt's own reason; every other image is still had."""
    _tools(tmp_path / "tools", monkeypatch, mmdebstrap=OUT_OF_STEP)
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:9/debian")
    monkeypatch.setattr(DebianProvider, "_release", lambda _self, _suite: "made up")

    roots, (missing,) = gather([image(suite="trixie")])

    assert roots == ()
    assert "debootstrap: could not be made" in missing.reason
    assert "File has unexpected size (1 != 2)" in missing.reason
    assert "everylinux images fetch --distro one" in missing.reason
    assert "\n" not in missing.reason


def test_ctrl_c_ends_what_is_being_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt kills the program that makes a root, and leaves nothing of it."""
    running = tmp_path / "running"
    begun = f"echo $$ >{running}.new; mv {running}.new {running}; sleep 60"
    _tools(tmp_path / "tools", monkeypatch, mmdebstrap=begun)
    script = tmp_path / "make.py"
    script.write_text(
        "from everylinux.images import debian, gather\n"
        "from everylinux.model import Arch, Image\n"
        "debian.DebianProvider._release = lambda self, suite: 'made up'\n"
        "recipe = {'suite': 'bookworm'}\n"
        "gather([Image('one', Arch('x86_64'), 'Debian', '12', recipe=recipe)])\n"
    )
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:9/debian")
    with subprocess.Popen([sys.executable, script], stderr=subprocess.PIPE) as process:
        for _ in range(200):
            if running.exists():
                break
            time.sleep(0.05)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(20)

    assert process.returncode != 0
    assert time.monotonic() - begin < 5
    assert not Path(f"/proc/{running.read_text().strip()}").exists()
    left = [path for path in (tmp_path / "cache/rootfs").iterdir() if path.suffix != ".lock"]
    assert left == []
