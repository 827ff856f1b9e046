"""forge/pack.py and forge/manifest.py."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from everylinux.archives import SOURCE, extract
from everylinux.forge import manifest, pack
from everylinux.forge.contract import Settings

EPOCH = 1_750_000_000
SETTINGS = Settings(source_date_epoch=EPOCH)


def small_tree(folder: Path) -> Path:
    tree = folder / "python"
    (tree / "bin").mkdir(parents=True)
    (tree / "lib" / "größe").mkdir(parents=True)
    (tree / "bin" / "python").write_bytes(b"\x7fELF")
    (tree / "bin" / "python").chmod(0o755)
    (tree / "bin" / "python3").symlink_to("python")
    (tree / "lib" / "größe" / ("n" * 120)).write_text("text")
    (tree / "lib" / "größe" / ("n" * 120)).chmod(0o644)
    for path in (tree, *tree.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return tree


def test_the_same_bytes(tmp_path: Path) -> None:
    """Two trees with equal content make equal archives, whatever their dates, owners and places."""
    sums = []
    for name in ("one", "another place"):
        tree = small_tree(tmp_path / name)
        os.utime(tree / "bin" / "python", (len(name), len(name)))
        made = pack.pack(tree, tmp_path / name, "python-3.13-x86_64", SETTINGS)
        sums.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in made])

    assert sums[0] == sums[1]


def opened(path: Path) -> tarfile.TarFile:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        return tarfile.open(fileobj=io.BytesIO(gzip.decompress(raw)))
    unpacked = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    return tarfile.open(fileobj=io.BytesIO(unpacked))


@pytest.mark.parametrize("suffix", [".tar.zst", ".tar.gz"])
def test_members(tmp_path: Path, suffix: str) -> None:
    """Sorted, below one folder, root's, with one date, modes kept, safe to extract."""
    tree = small_tree(tmp_path)
    pack.pack(tree, tmp_path, "p", SETTINGS)

    with opened(tmp_path / f"p{suffix}") as archive:
        members = archive.getmembers()
    extract(tmp_path / f"p{suffix}", tmp_path / "out", SOURCE)

    names = [member.name for member in members]
    assert names == sorted(names, key=lambda name: name.split("/"))
    assert names[0] == "python"
    assert {member.mtime for member in members} == {EPOCH}
    assert {(m.uid, m.gid, m.uname, m.gname) for m in members} == {(0, 0, "", "")}
    assert {m.name: f"{m.mode:o}" for m in members}["python/bin/python"] == "755"
    assert (tmp_path / "out/bin/python3").readlink() == Path("python")
    assert len(names) == 1 + len(list(tree.rglob("*")))


def test_sums(tmp_path: Path) -> None:
    """SHA256SUMS is right, in the form that sha256sum -c takes."""
    made = pack.pack(small_tree(tmp_path), tmp_path, "p", SETTINGS)
    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()

    assert lines == [f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}" for p in made]


def test_what_is_published_is_packed_tighter(tmp_path: Path) -> None:
    """Profile release may take longer; the tree in the archive is the same."""
    tree = small_tree(tmp_path)
    (tree / "text").write_text("".join(f"{n * n} squares of {n}\n" for n in range(20_000)))
    sizes = {}
    for profile in pack.LEVELS:
        folder = tmp_path / profile
        folder.mkdir()
        made = pack.pack(tree, folder, "p", replace(SETTINGS, profile=profile, jobs=2))
        sizes[profile] = [path.stat().st_size for path in made]
        assert [path.name for path in made] == ["p.tar.zst", "p.tar.gz"]

    assert sizes["release"][0] < sizes["quick"][0]
    assert sizes["release"][1] == sizes["quick"][1]


BUILD = {
    "settings": {
        "python": "3.13",
        "arch": "x86_64",
        "profile": "quick",
        "edition": "current",
        "nearest": False,
        "start": "launcher",
        "source_date_epoch": EPOCH,
    },
    "promises": [{"component": "musl", "promised": "1.2.5", "built": "1.2.5", "exact": True}],
    "toolchain": {"gcc": "gcc (Debian) 12.2.0"},
    "components": [
        {
            "recipe": "musl",
            "key": "k",
            "flags": [
                ["/bin/sh", "-euc", "true"],
                ["./configure", "--a"],
                ["/bin/sh", "-euc", "make"],
            ],
            "env": [{}, {"CFLAGS": "-O2", "PATH": "/x"}, {"CFLAGS": "-O2"}],
            "patches": [{"file": "1.patch", "sha256": "00"}],
            "sources": [
                {
                    "name": "musl",
                    "version": "1.2.5",
                    "file": "musl.tar",
                    "size": 1,
                    "sha256": "aa",
                    "origin": {"kind": "debian", "suite": "trixie"},
                }
            ],
        },
        {
            "recipe": "launcher",
            "key": "l",
            "flags": [],
            "env": [],
            "patches": [],
            "sources": [],
        },
    ],
}


@pytest.fixture
def described(tmp_path: Path) -> dict[str, object]:
    tree = small_tree(tmp_path)
    (tmp_path / "build.json").write_text(json.dumps(BUILD))
    (tmp_path / "licenses" / "musl").mkdir(parents=True)
    (tmp_path / "licenses" / "musl" / "SPDX").write_text("MIT\n")
    out = {"lib/x": "why"}
    manifest.write_manifest(tree, tmp_path / "build.json", tmp_path / "licenses", {"omitted": out})
    content: dict[str, object] = json.loads((tree / "manifest.json").read_text())
    return content


def test_files_of_the_manifest(described: dict[str, object]) -> None:
    """Every file, folder and link with what it is, but not the manifest itself."""
    digest = hashlib.sha256(b"\x7fELF").hexdigest()
    long = f"lib/größe/{'n' * 120}"

    assert described["files"] == [
        {"path": "bin", "kind": "dir", "mode": "0755"},
        {"path": "bin/python", "kind": "file", "mode": "0755", "size": 4, "sha256": digest},
        {"path": "bin/python3", "kind": "link", "mode": "0777", "target": "python"},
        {"path": "lib", "kind": "dir", "mode": "0755"},
        {"path": "lib/größe", "kind": "dir", "mode": "0755"},
        {
            "path": long,
            "kind": "file",
            "mode": "0644",
            "size": 4,
            "sha256": hashlib.sha256(b"text").hexdigest(),
        },
    ]


def test_components_of_the_manifest(described: dict[str, object]) -> None:
    """What came from elsewhere with its origin, what we made apart from it, every flag of both."""
    assert described["libc"] == "musl 1.2.5"
    assert described["python"] == "3.13"
    assert described["omitted"] == {"lib/x": "why"}
    (component,) = described["components"]  # type: ignore[misc]
    assert component["licence"] == "MIT"  # type: ignore[has-type]
    assert component["version"] == "1.2.5"  # type: ignore[has-type]
    assert component["origin"] == {"kind": "debian", "suite": "trixie"}  # type: ignore[has-type]
    assert component["flags"] == {  # type: ignore[has-type]
        "CFLAGS": "-O2",
        "configure": ["--a"],
        "commands": ["/bin/sh -euc true", "./configure --a", "/bin/sh -euc make"],
    }
    (own,) = described["made_here"]  # type: ignore[misc]
    assert own["name"] == "launcher"  # type: ignore[has-type]
