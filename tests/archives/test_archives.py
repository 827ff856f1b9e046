"""The safe extractor, by each kind of attack and by what is right."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from everylinux import archives
from everylinux.archives import DISTRIBUTION, ROOT_FILESYSTEM, SOURCE, Policy, Unpacked
from everylinux.errors import ArchiveError, EverylinuxError

Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, kind: bytes = tarfile.REGTYPE, data: bytes = b"", **more: object) -> Member:
    """One member of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, len(data), 0o644
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def file(name: str, data: bytes = b"content", **more: object) -> Member:
    """A regular file."""
    return member(name, tarfile.REGTYPE, data, **more)


def link(name: str, target: str) -> Member:
    """A symbolic link."""
    return member(name, tarfile.SYMTYPE, linkname=target)


def hard(name: str, target: str) -> Member:
    """A hard link."""
    return member(name, tarfile.LNKTYPE, linkname=target)


def folder(name: str, mode: int = 0o755) -> Member:
    """A folder."""
    return member(name, tarfile.DIRTYPE, mode=mode)


def tar(*members: Member) -> bytes:
    """A tar archive of the members."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as out:
        for info, data in members:
            out.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def ar(*members: tuple[str, bytes]) -> bytes:
    """An ar archive, as a .deb is one."""
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode()
        out += data + b"\n" * (len(data) % 2)
    return out


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder to unpack in; whatever happens, nothing is ever written beside it."""
    inner = tmp_path / "inner"
    inner.mkdir()
    yield inner / "target"
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]
    assert {path.name for path in inner.iterdir()} <= {"target", "a"}


def unpack(place: Path, data: bytes, policy: Policy = SOURCE) -> Unpacked:
    """Unpack bytes."""
    archive = place.parent / "a"
    archive.write_bytes(data)
    return archives.extract(archive, place, policy)


def refused(place: Path, data: bytes, policy: Policy = SOURCE) -> str:
    """Unpack bytes that must be refused; the reason. Nothing is kept."""
    with pytest.raises(ArchiveError) as error:
        unpack(place, data, policy)
    assert [path.name for path in place.parent.iterdir()] == ["a"]
    assert "\n" not in str(error.value)
    return error.value.cause


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
    "deb": lambda data: ar(
        ("debian-binary", b"2.0\n"),
        ("control.tar.gz", gzip.compress(tar(file("control", b"odd")))),
        ("data.tar.xz", lzma.compress(data)),
    ),
}


@pytest.mark.parametrize("packer", PACKERS)
def test_each_packing_is_told_by_its_first_bytes(place: Path, packer: str) -> None:
    """Every packing is read, whatever the file is called."""
    data = tar(folder("top"), file("top/f", b"hello", mode=0o755), link("top/l", "f"))
    done = unpack(place, PACKERS[packer](data))
    top = place / "top" if packer == "deb" else place

    assert done == Unpacked(3, 5, 0)
    assert (top / "l").read_text() == "hello"
    assert oct((top / "f").stat().st_mode) == "0o100755"


ATTACKS: dict[str, tuple[list[Member], str]] = {
    "absolute": ([file("/etc/x")], "leaves the tree: '/etc/x'"),
    "dots": ([file("a/../../x")], "leaves the tree"),
    "dots first": ([file("../x")], "leaves the tree"),
    "folder with dots": ([folder("../x")], "leaves the tree"),
    "link out": ([folder("d"), link("d/l", "../../x")], "a link leaves the tree"),
    "absolute link": ([file("d/f"), link("d/l", "/etc/passwd")], "a link leaves the tree"),
    "write through link": ([link("d", "/var"), file("d/x")], "below a link"),
    "write through a link inside": ([folder("e"), link("d", "e"), file("d/x")], "below a link"),
    "folder through link": ([link("d", ".."), folder("d/x")], "below a link"),
    "folder over link": ([link("d", ".."), folder("d")], "below a link"),
    "links that add up": (
        [folder("d/e"), link("d/e/up", ".."), link("out", "d/e/up/../.."), file("f")],
        "a link leaves the tree: 'out'",
    ),
    "hard link out": ([hard("x", "../../etc/passwd")], "leaves the tree"),
    "absolute hard link": ([hard("x", "/etc/passwd")], "leaves the tree"),
    "hard link to nothing": ([hard("x", "y")], "no target before it"),
    "hard link through link": ([link("d", "/etc"), hard("x", "d/passwd")], "below a link"),
    "hard link to a folder": ([folder("d"), hard("x", "d")], "no target before it"),
    "hard link to the root": ([hard("x", ".")], "no target before it"),
    "character device": ([member("n", tarfile.CHRTYPE)], "device node or a fifo"),
    "block device": ([member("n", tarfile.BLKTYPE)], "device node or a fifo"),
    "fifo": ([member("n", tarfile.FIFOTYPE)], "device node or a fifo"),
    "file over folder": ([folder("d"), file("d")], "replaces a folder"),
    "file below file": ([file("f"), file("f/g")], "below a file"),
    "long component": ([file("x" * 256)], "too long"),
    "long path": ([file("/".join(["d" * 100] * 12))], "too long"),
    "deep path": ([file("/".join(["d"] * 200))], "too long"),
    "empty link": ([link("l", "")], "no usable target"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_refused_and_nothing_is_kept(place: Path, attack: str) -> None:
    """Each kind of hostile member is refused by name; not one byte of the archive stays."""
    members, reason = ATTACKS[attack]
    assert reason in refused(place, tar(folder("good"), file("good/first"), *members))


@pytest.mark.parametrize("packer", PACKERS)
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_truncated_archive_is_refused(place: Path, packer: str, part: float) -> None:
    """An archive that ends too early is refused, wherever it was cut."""
    data = PACKERS[packer](tar(*(file(f"f{i}", os.urandom(700)) for i in range(50))))
    refused(place, data[: int(len(data) * part)])


def test_a_cut_between_members_is_noticed(place: Path) -> None:
    """A tar that ends exactly after a member lacks its end mark."""
    data = tar(file("a", b"x" * 512), file("b", b"x" * 512))
    assert "truncated" in refused(place, data[:1024])


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz", "zst"])
def test_a_flipped_bit_in_a_checksum_is_noticed(place: Path, packer: str) -> None:
    """What decompressors verify at their end is read."""
    policy = zstandard.ZstdCompressor(write_checksum=True)
    data = tar(file("f", os.urandom(50_000)))
    packed = bytearray(policy.compress(data) if packer == "zst" else PACKERS[packer](data))
    packed[len(packed) // 2] ^= 1
    refused(place, bytes(packed))


def test_what_is_no_archive_is_refused(place: Path) -> None:
    """Text and noise are refused, not taken for an empty archive."""
    refused(place, b"<html>not found</html>" * 100)
    refused(place, os.urandom(5000))
    refused(place, ar(("debian-binary", b"2.0\n")))
    refused(place, b"!<arch>\n" + b"x" * 200)


def test_a_bomb_is_refused(place: Path) -> None:
    """Bounds on bytes, on their ratio to the packed size, and on members."""
    zeros = tar(file("f", bytes(80 << 20)))
    assert "more than" in refused(place, gzip.compress(zeros, 9), replace(SOURCE, ratio=100))
    some = tar(file("f", bytes(5000)))
    assert "more than 4000 bytes" in refused(place, some, replace(SOURCE, total_bytes=4000))
    many = tar(*(folder(f"d{i}") for i in range(20)))
    assert "more than 10 members" in refused(place, many, replace(SOURCE, members=10))


def test_a_huge_header_does_not_fill_the_memory(place: Path) -> None:
    """A pax header that claims gigabytes is refused by the bound on bytes."""
    header = member("h", tarfile.XHDTYPE)[0]
    header.size = 3 << 30
    refused(place, header.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20))


def test_a_sparse_giant_is_refused(place: Path) -> None:
    """A sparse member counts with its unpacked size."""
    info = tarfile.TarInfo("f")
    info.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.map": "0,1",
        "GNU.sparse.size": str(1 << 40),
        "GNU.sparse.name": "f",
    }
    info.size = 1
    assert "more than" in refused(place, tar((info, b"x")))


def test_unpacking_takes_bounded_time(place: Path) -> None:
    """An archive that takes too long is stopped."""
    data = lzma.compress(tar(file("f", bytes(30 << 20))))
    assert "took more than" in refused(place, data, replace(SOURCE, seconds=0.05))


def test_a_later_member_replaces_an_earlier_one(place: Path) -> None:
    """A file replaces a file or a link, without writing through either."""
    unpack(place, tar(file("top/f", b"1"), link("./top/l", "f"), file("./top/l", b"2")))

    assert (place / "f").read_text() == "1"
    assert (place / "l").read_text() == "2"
    assert not (place / "l").is_symlink()


def test_links_within_the_tree_stay(place: Path) -> None:
    """Relative links inside the tree, also dangling ones and hard links, are kept."""
    data = tar(file("t/a/f"), link("t/a/l", "../b/g"), hard("t/h", "t/a/f"), link("t/self", "."))
    unpack(place, data)

    assert os.readlink(place / "a" / "l") == "../b/g"  # noqa: PTH115 - the target as it is
    assert (place / "h").stat().st_ino == (place / "a" / "f").stat().st_ino


def test_the_top_folder_is_taken_off_only_if_it_is_single(place: Path) -> None:
    """Two things at the top are both kept; a link out of the single top folder is refused."""
    unpack(place, tar(file("a/f"), file("b/g")))
    assert sorted(path.name for path in place.iterdir()) == ["a", "b"]


def test_a_link_out_of_the_taken_off_top_is_refused(place: Path) -> None:
    """What was inside the archive may be outside the tree."""
    assert "leaves" in refused(place, tar(folder("t"), link("t/l", "../t")))


def test_modes_by_policy(place: Path) -> None:
    """Plain modes, exact ones, and setuid bits only where they are asked for."""
    data = tar(folder("t", 0o1777), file("t/s", mode=0o4775), file("t/n", mode=0o040))
    found = {}
    for name, policy in {"plain": SOURCE, "exact": DISTRIBUTION, "root": ROOT_FILESYSTEM}.items():
        unpack(place, data, policy)
        top = place if policy.strip_top else place / "t"
        found[name] = [oct((top / path).stat().st_mode & 0o7777) for path in (".", "s", "n")]
        archives.remove_tree(place)

    assert found["plain"] == ["0o755", "0o755", "0o644"]
    assert found["exact"] == ["0o755", "0o4775", "0o440"]
    assert found["root"] == ["0o777", "0o775", "0o440"]


def test_times_are_kept(place: Path) -> None:
    """Times come from the archive: make and autotools compare them."""
    unpack(place, tar(folder("t"), file("t/f", mtime=1_000_000)))
    assert (place / "f").stat().st_mtime == 1_000_000


def test_a_root_filesystem_keeps_absolute_links_and_counts_nodes(place: Path) -> None:
    """In a root, `/bin -> /usr/bin` is its own; members below it are written where it leads."""
    nodes = [member("dev/null", tarfile.CHRTYPE), member("run/f", tarfile.FIFOTYPE)]
    links = [link("bin", "/usr/bin"), link("lib", "usr/lib"), link("esc", "../../../etc")]
    data = tar(
        folder(".", 0o700), *links, file("bin/sh"), file("lib/x/y"), file("esc/passwd"), *nodes
    )
    done = unpack(place, data, ROOT_FILESYSTEM)

    assert done.skipped == 2
    assert (place / "usr/bin/sh").is_file()
    assert (place / "usr/lib/x/y").is_file()
    assert (place / "etc/passwd").is_file()
    assert oct(place.stat().st_mode & 0o7777) == "0o755"


def test_a_circle_of_links_in_a_root_is_refused(place: Path) -> None:
    """Links that lead to each other end in an error, not in a loop."""
    data = tar(link("a", "b"), link("b", "a"), file("a/x"))
    assert "below a link" in refused(place, data, ROOT_FILESYSTEM)


def test_odd_names_come_through(place: Path) -> None:
    """Names that are no UTF-8, with blanks and line ends, are files like others."""
    names = ["ä b", "line\nend", "-rf", os.fsdecode(b"\xff\xfe")]
    unpack(place, tar(folder("t"), *(file(f"t/{name}") for name in names)))
    assert {path.name for path in place.iterdir()} == set(names)


def test_a_target_that_is_there_is_not_touched(place: Path) -> None:
    """An existing target is refused and left as it is."""
    place.mkdir()
    (place / "mine").write_text("x")
    with pytest.raises(ArchiveError, match="already there"):
        unpack(place, tar(file("f")))
    assert (place / "mine").exists()


def test_a_full_disk_is_not_the_archives_fault() -> None:
    """Without room the error is this machine's, and nothing is left."""
    script = """
import sys, pathlib
sys.path.insert(0, sys.argv[1])
from test_archives import *
place = pathlib.Path("/mnt/target")
try:
    unpack(place, tar(file("f", os.urandom(3000000))))
except EverylinuxError as error:
    print(type(error).__name__, error, os.listdir("/mnt"))
"""
    mount = 'mount -t tmpfs -o size=4m everylinux /mnt && exec "$@"'
    argv = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    here = str(Path(__file__).parent)
    done = subprocess.run(
        (*argv, sys.executable, "-c", script, here), capture_output=True, text=True, check=False
    )
    told = "EverylinuxError cannot unpack a: No space left on device ['a']\n"
    assert done.stdout == told, done.stderr


def test_a_missing_archive_is_one_line(place: Path) -> None:
    """An archive that is not there is said so."""
    with pytest.raises(EverylinuxError, match="No such file"):
        archives.extract(place.parent / "none", place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_tree_that_may_not_be_written_is_removed() -> None:
    """Closed folders go too, for a user without privileges; the folder above is not touched."""
    with tempfile.TemporaryDirectory() as above:
        top = Path(above, "t")
        (top / "a" / "b").mkdir(parents=True)
        (top / "a" / "b" / "f").write_text("x")
        (top / "a" / "empty").mkdir()
        for path in (top / "a" / "b", top / "a", top):
            path.chmod(0o500)
        for path in (Path(above), top, *top.rglob("*")):
            os.chown(path, 65534, 65534)
        Path(above).chmod(0o755)
        source = Path(archives.__file__).read_text().replace("from everylinux.errors", "from er")
        errors = "class ArchiveError(Exception): ...\nclass EverylinuxError(Exception): ...\n"
        program = f"import sys, types; er = types.ModuleType('er'); exec({errors!r}, er.__dict__)\n"
        program += "sys.modules['er'] = er\nspace = {'__name__': 'archives'}\n"
        program += (
            f"sys.modules['archives'] = types.ModuleType('archives'); exec({source!r}, space)\n"
        )
        program += f"space['remove_tree']({str(top)!r}); space['remove_tree']({str(top)!r})"
        subprocess.run(
            ("/usr/bin/python3", "-c", program),
            check=True,
            user=65534,
            group=65534,
            extra_groups=[],
            cwd="/",
        )
        assert not top.exists()
        assert Path(above).stat().st_mode & 0o777 == 0o755
        Path(above).chmod(0o700)
        os.chown(above, 0, 0)


def test_removing_what_is_not_there_changes_nothing(tmp_path: Path) -> None:
    """No error, and the folder above keeps its mode."""
    tmp_path.chmod(0o755)
    archives.remove_tree(tmp_path / "none")
    assert tmp_path.stat().st_mode & 0o777 == 0o755
