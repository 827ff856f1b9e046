"""What `--dist` names is told apart without running it, and bad input by one clear line."""

from __future__ import annotations

import io
import json
import os
import platform
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from everylinux import distribution
from everylinux.errors import ArchiveError, DistributionError

if TYPE_CHECKING:
    from pathlib import Path

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00"
X86_64, X86, AARCH64 = b"\x3e\x00", b"\x03\x00", b"\xb7\x00"


def tree(root: Path, machine: bytes = X86_64, manifest: object = None) -> Path:
    (root / "bin").mkdir(parents=True)
    (root / "lib/python3.13").mkdir(parents=True)
    (root / "bin/python3.13-real").write_bytes(ELF + machine + bytes(44))
    (root / "bin/python3").symlink_to("python3.13-real")
    if manifest is not None:
        (root / "manifest.json").write_text(json.dumps(manifest))
    return root


def packed(source: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source, "python")
    return archive


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path / "cache"))


def test_a_tree_tells_its_version_and_architecture(tmp_path: Path) -> None:
    """By names and by the ELF header; a tree without our manifest is just relocatable."""
    found = distribution.resolve(tree(tmp_path / "a", X86))
    assert (found.python, found.arch, found.profile) == ("3.13", "x86", "relocatable")


def test_our_manifest_makes_it_standalone_and_the_user_may_say_otherwise(tmp_path: Path) -> None:
    """A profile is decided by what the tree claims to be."""
    root = tree(tmp_path / "a", manifest={"components": [{"name": "zlib"}]})
    assert distribution.resolve(root).profile == "standalone"
    assert distribution.resolve(root, profile="system").profile == "system"


def test_a_tree_below_what_was_named_is_found(tmp_path: Path) -> None:
    """People name the folder they unpacked into."""
    root = tree(tmp_path / "unpacked/opt/python")
    assert distribution.resolve(tmp_path / "unpacked").root == root


def test_an_archive_is_unpacked_once(tmp_path: Path) -> None:
    """The same archive gives the same folder."""
    archive = packed(tree(tmp_path / "a"), tmp_path / "a.tar.gz")
    first = distribution.resolve(archive)
    assert first.python == "3.13"
    assert distribution.resolve(archive) == first


def test_the_digest_sees_content_mode_and_link(tmp_path: Path) -> None:
    """Facts are stored under it, so any change must show."""
    root = tree(tmp_path / "a")
    digests = {distribution.tree_digest(root)}
    (root / "bin/python3.13-real").chmod(0o700)
    digests.add(distribution.tree_digest(root))
    (root / "bin/python3").unlink()
    (root / "bin/python3").symlink_to("elsewhere")
    digests.add(distribution.tree_digest(root))
    (root / "lib/python3.13/os.py").write_text("x")
    digests.add(distribution.tree_digest(root))
    assert len(digests) == 4


def test_what_is_no_python_is_refused_with_a_next_move(tmp_path: Path) -> None:
    """Missing, empty, no Python, another architecture: each in one line."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.tar.gz").touch()
    tree(tmp_path / "arm", AARCH64)
    text = tree(tmp_path / "text")
    (text / "bin/python3.13-real").write_text("#!/bin/sh")
    for name, cause in {
        "missing": "does not exist",
        "empty": "has no bin/python3.N",
        "empty.tar.gz": "is empty",
        "arm": "is for aarch64",
        "text": "no ELF file",
    }.items():
        with pytest.raises(DistributionError, match=cause) as caught:
            distribution.resolve(tmp_path / name)
        assert caught.value.move
        assert "\n" not in str(caught.value)


def hostile(member: tarfile.TarInfo, archive: Path) -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    return archive


def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """Absolute names, `..`, device nodes, truncation: nothing is kept."""
    absolute, up, device = (tarfile.TarInfo(n) for n in ("/etc/x", "a/../../x", "a/null"))
    device.type = tarfile.CHRTYPE
    for number, member in enumerate((absolute, up, device)):
        with pytest.raises(ArchiveError):
            distribution.resolve(hostile(member, tmp_path / f"{number}.tar.gz"))
    whole = packed(tree(tmp_path / "a"), tmp_path / "whole.tar.gz").read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArchiveError):
        distribution.resolve(tmp_path / "cut.tar.gz")
    assert list((tmp_path / "cache/subjects").iterdir()) == []


def test_a_link_out_is_kept_for_the_claims_and_not_followed(tmp_path: Path) -> None:
    """Some trees have such links (PRM-013 tells of them); no file of the machine is read by one."""
    root = tree(tmp_path / "a")
    (root / "bin/python").symlink_to("/opt/somewhere/bin/python3")
    outside = tmp_path / "outside.json"
    outside.write_text(json.dumps({"components": [{"name": "zlib"}]}))
    (root / "manifest.json").symlink_to(outside)
    found = distribution.resolve(packed(root, tmp_path / "links.tar.gz"))
    assert (found.profile, found.manifest) == ("relocatable", {})
    assert str((found.root / "bin/python").readlink()) == "/opt/somewhere/bin/python3"


def wheel(archive: Path, *members: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as target:
        for member in members:
            target.write(member, f"package/{member.name}")
    return archive


def test_a_wheel_that_carries_a_tree_is_that_tree(tmp_path: Path) -> None:
    """Both names are kept: the wheel's tags and those of the archive within are promises."""
    within = packed(tree(tmp_path / "a"), tmp_path / "env.musllinux_1_2.tar.gz")
    found = distribution.resolve(wheel(tmp_path / "x-1-py3-none-any.whl", within))
    assert found.names == ("x-1-py3-none-any.whl", "env.musllinux_1_2.tar.gz")
    assert found.profile == "relocatable"


def test_a_wheel_without_a_python_is_refused(tmp_path: Path) -> None:
    """A package is no Python; a broken zip is no package."""
    plain = tmp_path / "plain.txt"
    plain.write_text("plain")
    with pytest.raises(DistributionError):
        distribution.resolve(wheel(tmp_path / "x-1-py3-none-any.whl", plain))
    (tmp_path / "cut.whl").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ArchiveError):
        distribution.resolve(tmp_path / "cut.whl")


def test_the_usr_of_a_system_is_a_systems(tmp_path: Path) -> None:
    """A tree in /usr of what has an os-release belongs to that system, and the report says why."""
    root = tree(tmp_path / "root/usr")
    (tmp_path / "root/etc").mkdir()
    (tmp_path / "root/etc/os-release").write_text("ID=debian\n")
    found = distribution.resolve(root)
    assert (found.profile, "os-release" in found.because) == ("system", True)
    assert distribution.resolve(root, profile="relocatable").because.startswith("asked for")


def test_a_broken_manifest_is_no_manifest(tmp_path: Path) -> None:
    """The tree is judged all the same, as someone else's."""
    root = tree(tmp_path / "a")
    for text in ("{", "[]", "\x00"):
        (root / "manifest.json").write_text(text)
        assert distribution.resolve(root).profile == "relocatable"


def test_the_newest_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the edition for this machine if there is one, though another was built later."""
    monkeypatch.setattr("everylinux.distribution.builds_root", lambda: tmp_path)
    machine = platform.machine()
    names = [f"python-3.13-{machine}-quick-launcher-a", "python-reference-3.13-x-quick-launcher-b"]
    for age, name in enumerate(names):
        built = tmp_path / name / "python"
        (built / "bin").mkdir(parents=True)
        (built / "bin/python3.13").touch()
        (built / "manifest.json").touch()
        os.utime(built.parent, (age, age))

    assert distribution.newest("3.13") == tmp_path / names[0] / "python"
    (tmp_path / names[0]).rename(tmp_path / "python-3.13-other")
    assert distribution.newest("3.13") == tmp_path / names[1] / "python"
    assert distribution.newest("3.9") is None
