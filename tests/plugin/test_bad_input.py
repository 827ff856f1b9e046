"""Bad input ends with one clear line, its next move and exit 2, before anything is judged."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugin.project import ELF, MATRIX, Project

ROOT = os.geteuid() == 0


def refused(project: Project, *arguments: str, dist: str = "", **env: str) -> str:
    """The one line of a run that was refused and left nothing."""
    done = project.pytest(*arguments, dist=dist, **env)
    assert done.code == 2, done.out + done.err
    assert (done.out, done.folder) == ("", None)
    assert not project.gathered
    return done.line


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--distro", "twoo"), "no distribution is called 'twoo': did you mean two, "),
        (("--distro", "one,nothing*"), "no distribution is called 'nothing*'"),
        (("--arch", "sparc"), "no architecture is called 'sparc': x86_64 or x86"),
        (("--distro", "one", "--arch", "x86"), "none of the chosen distributions has a userland"),
        (("--engine", "podmann"), "no engine is called 'podmann': did you mean podman?"),
        (("--kernel", "2.6"), "no floor is below 2.6.32"),
        (("--kernel", "3.10,x"), "no kernel is called 'x': native, declared, a floor such as"),
        (("--posture", "openshit"), "no posture is called 'openshit': default, openshift,"),
        (("--profile", "portable"), "no profile is called 'portable': standalone, relocatable,"),
        (("--python", "3.99"), "is Python 3.13, not 3.99: leave --python out"),
        (("--rootfs-dir", "nowhere"), "nowhere is no folder: give --rootfs-dir a folder"),
        (("suites/nothing",), "suites/nothing does not exist: see the folders of suites/"),
        (("--report-dir", "conftest.py"), "Not a directory: choose --report-dir"),
        (("--report-dir", "/proc/nothing"), "No such file or directory: choose --report-dir"),
    ],
)
def test_an_option_that_cannot_be(project: Project, arguments: tuple[str, ...], says: str) -> None:
    """Each value that means nothing is named, with what would mean something."""
    assert says in refused(project, *arguments)


def test_a_python_that_nobody_builds(project: Project) -> None:
    """Without --dist only the recipes' versions can be had."""
    ours = {"--dist", str(project.subject)}
    argv = [word for word in project.argv("--python", "3.99") if word not in ours]
    done = project.command(argv)
    assert (done.code, done.folder) == (2, None)
    assert "no recipe builds Python 3.99: 3.13, or name a --dist" in done.line


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "does not exist: name a tree or an archive"),
        ("empty file", "is empty: get the archive anew"),
        ("empty folder", "has no bin/python3.N with a lib/python3.N beside it: name the folder"),
        ("text", "was refused"),
        ("device", "is neither a folder nor a file"),
        ("aarch64", "is for aarch64: judge it on such a machine"),
        ("no ELF", "no ELF file among"),
        ("truncated", "was refused"),
        ("absolute path", "was refused"),
        ("parent", "was refused"),
        ("hard link out", "was refused"),
        ("device node", "was refused"),
        ("bomb", "was refused"),
    ],
)
def test_a_subject_that_cannot_be_judged(
    project: Project, tmp_path: Path, kind: str, says: str
) -> None:
    """Nothing of a refused subject is kept, and nothing is written outside."""
    line = refused(project, dist=str(SUBJECTS[kind](project, tmp_path)))
    assert says in line
    assert ": " in line
    assert not (tmp_path / "escaped").exists()
    assert not list((project.cache / "subjects").glob("*"))


def _empty_folder(_: Project, folder: Path) -> Path:
    (folder / "empty").mkdir()
    return folder / "empty"


def _file(data: bytes) -> Callable[[Project, Path], Path]:
    def make(_: Project, folder: Path) -> Path:
        (folder / "subject.tar").write_bytes(data)
        return folder / "subject.tar"

    return make


def _machine(data: bytes) -> Callable[[Project, Path], Path]:
    def make(project: Project, _: Path) -> Path:
        (project.subject / "bin/python3.13").write_bytes(data)
        return project.subject

    return make


def _tar(change: Callable[[tarfile.TarFile], None]) -> Callable[[Project, Path], Path]:
    def make(project: Project, folder: Path) -> Path:
        with tarfile.open(folder / "subject.tar.gz", "w:gz") as tar:
            tar.add(project.subject, "python")
            change(tar)
        return folder / "subject.tar.gz"

    return make


def _member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> Callable[..., None]:
    def change(tar: tarfile.TarFile) -> None:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        tar.addfile(info, io.BytesIO())

    return change


def _bomb(tar: tarfile.TarFile) -> None:
    info = tarfile.TarInfo("python/zeros")
    info.size = 200 << 20
    with Path("/dev/zero").open("rb") as zeros:
        tar.addfile(info, zeros)


def _truncated(project: Project, folder: Path) -> Path:
    whole = _tar(lambda _: None)(project, folder)
    whole.write_bytes(whole.read_bytes()[:-40])
    return whole


SUBJECTS: dict[str, Callable[[Project, Path], Path]] = {
    "missing": lambda _, folder: folder / "missing",
    "empty file": _file(b""),
    "empty folder": _empty_folder,
    "text": _file(b"this is no archive\n"),
    "device": lambda _, __: Path("/dev/null"),
    "aarch64": _machine(ELF[:18] + b"\xb7\x00" + ELF[20:]),
    "no ELF": _machine(b"#!/bin/sh\n"),
    "truncated": _truncated,
    "absolute path": _tar(_member("/tmp/escaped")),  # noqa: S108 - must be refused
    "parent": _tar(_member("python/../../escaped")),
    "link out": _tar(_member("python/out", tarfile.SYMTYPE, "../../escaped")),
    "hard link out": _tar(_member("python/out", tarfile.LNKTYPE, "../../../etc/passwd")),
    "device node": _tar(_member("python/null", tarfile.CHRTYPE)),
    "bomb": _tar(_bomb),
}


@pytest.mark.parametrize(
    ("kind", "refuses"),
    [
        ("absolute path", False),  # below the root, as tar does
        ("parent", True),
        ("hard link out", True),
        ("truncated", True),
        ("empty file", True),
        ("text", True),
        ("bomb", True),
        ("device node", False),  # left out, and counted
        ("link out", False),  # in a root it may lead anywhere: it is the root's own place
    ],
)
def test_a_root_filesystem_of_the_same_kinds(
    project: Project, tmp_path: Path, kind: str, *, refuses: bool
) -> None:
    """A hostile tarball ends the run; what a root may have does not, and nothing gets out."""
    before = set(Path("/tmp").glob("escaped"))  # noqa: S108 - must stay as it is
    (project.rootfs / "one-x86_64.tar").unlink()
    made = SUBJECTS[kind](project, tmp_path)
    shutil.copyfile(made, project.rootfs / f"one-x86_64.tar{made.suffix.replace('.tar', '')}")
    if refuses:
        line = refused(project, "--distro", "one")
        assert "one-x86_64" in line
    else:
        assert project.pytest("--distro", "one").code in {0, 2}
    assert not (tmp_path / "escaped").exists()
    assert set(Path("/tmp").glob("escaped")) == before  # noqa: S108
    assert not list((project.cache / "rootfs").glob(".sha256-*"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("version: 1", "version: 2", "version"),
        ("support: best-effort", "support: maybe", "distros.three.support: expected one of"),
        ('release: "1", ', "", "distros.one"),
        ("x86: {}", "sparc: {}", "distros.two.arch"),
        ("name: One", "nmae: One", "distros.one"),
        ("distros:", "distros: [", "matrix.yaml"),
        ("  two:", "  one:", "one"),
        (MATRIX, "", "matrix.yaml"),
        (MATRIX, "\x00\xff", "matrix.yaml"),
    ],
)
def test_a_wrong_matrix(project: Project, old: str, new: str, says: str) -> None:
    """A mistake is told with the file and its dotted path."""
    path = project.home / "matrix.yaml"
    assert old in MATRIX
    path.write_text(MATRIX.replace(old, new), "latin-1")
    line = refused(project)
    assert "matrix.yaml: " in line
    assert says in line


def test_no_matrix(project: Project) -> None:
    """A checkout without one says so."""
    (project.home / "matrix.yaml").unlink()
    assert "matrix.yaml" in refused(project)


def test_no_engine(project: Project, tmp_path: Path) -> None:
    """Where no engine works, each says why and what would help."""
    (tmp_path / "none").mkdir()
    line = refused(project, "--engine", "auto", PATH=str(tmp_path / "none"))
    assert "no engine works here: bubblewrap: no bwrap on PATH: install" in line
    assert "podman" in line
    assert "docker" in line


def test_other_engines_need_not_be_there(project: Project, tmp_path: Path) -> None:
    """Who has bubblewrap alone is not told of podman and docker."""
    (tmp_path / "some").mkdir()
    found = shutil.which("bwrap")
    if not found:
        pytest.skip("bubblewrap is not installed")
    (tmp_path / "some/bwrap").symlink_to(found)
    done = project.pytest(engine="auto", PATH=str(tmp_path / "some"))
    assert done.code == 0, done.err
    assert "cells of bubblewrap, chosen" in done.line


@pytest.mark.skipif(not ROOT, reason="mounting needs root")
@pytest.mark.parametrize("known", [False, True])
def test_a_read_only_cache(project: Project, *, known: bool) -> None:
    """A cache that cannot be written is one line; one that has all that is needed will do."""
    if known:
        assert project.pytest("--distro", "one").code == 0
    project.cache.mkdir(exist_ok=True)
    with mounted(project.cache, "--bind", str(project.cache), options="remount,ro,bind"):
        done = project.pytest("--distro", "one")
    assert done.code == (0 if known else 2), done.out + done.err
    assert known or "Read-only file system" in done.line


@pytest.mark.skipif(not ROOT, reason="mounting needs root")
def test_a_full_disk_keeps_what_was_judged(project: Project) -> None:
    """The run ends with one line; after room was made `everylinux report` has all verdicts."""
    project.claims(
        """
@claim(2)
def test_big(facts, evidence):
    "The cell answers at length."
    evidence["long"] = "x" * 60_000
    assert facts["tiny.status"] == 71
"""
        + "".join(
            f"""
@claim({number})
def test_{number}(facts, evidence):
    "Another of them."
    evidence["long"] = "y" * 60_000
"""
            for number in range(3, 9)
        )
    )
    project.reports.mkdir()
    with mounted(project.reports, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
        done = project.pytest()
        assert done.code == 2, done.out + done.err
        assert "Traceback" not in done.out + done.err
        said = [line for line in done.out.splitlines() if line.startswith("everylinux: cannot")]
        assert len(said) == 1, done.out
        assert "No space left on device: make room; what was judged until now is kept" in said[0]
        assert done.folder is not None
        lines = (done.folder / "journal.jsonl").read_bytes()
        assert lines.endswith(b"}\n")
        kept = lines.count(b'"kind": "verdict"')
        assert 5 < kept < 28
        subprocess.run(["mount", "-o", "remount,size=9m", project.reports], check=True)
        again = project.everylinux("report", str(done.folder))
        assert again.code == 3
        assert f"{28 - kept} of 28 verdicts are missing" in " ".join(again.out.split())


class mounted:  # noqa: N801 - reads as a verb
    """A mount for a while."""

    def __init__(self, at: Path, *how: str, options: str = "") -> None:
        """`options` are given in a second step."""
        self.at, self.how, self.options = at, how, options

    def __enter__(self) -> None:
        """Mount it, or skip where that is not allowed."""
        done = subprocess.run(["mount", *self.how, self.at], check=False, capture_output=True)
        if done.returncode:
            pytest.skip(f"cannot mount here: {done.stderr.decode().strip()}")
        if self.options:
            subprocess.run(["mount", "-o", self.options, self.at], check=True)

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        subprocess.run(["umount", "--lazy", self.at], check=True)
