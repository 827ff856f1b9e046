"""A copy of a finished tree with CPython's tests in it: the tree itself ships none."""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from everylinux.errors import UsageError
from everylinux.places import cache_root

UNLINK = """
        _unlink(filename)
    except (FileNotFoundError, NotADirectoryError):
        pass
"""
PATIENT = """
        _unlink(filename)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        if error.errno != 30 or os.path.lexists(filename):
            raise
"""
"""What Lib/test/support/os_helper.py does about a file that is not there, and what it does in a
copy: cells have the tree read-only, where Linux answers EROFS (30) instead of ENOENT. Nearly all
tests of imports would fail by that, and hide real failures."""
PARTS = ("test", "idlelib/idle_test")
"""Folders of the standard library that hold tests, and that a tree goes without."""
FOLDERS = tuple(f"{part}/" for part in PARTS)
STEP = "the step that built it"
ARCHIVE = "the source archive: without _testcapi and its like"


def prepared(tree: Path, folder: Path, mark: str) -> tuple[Path, str]:
    """A copy of the tree below `folder`, with the tests, and where they came from; UsageError.

    They come from the cached step that built the tree's CPython (with `_testcapi` and the like),
    else from the source archive that the lock pins (then tests of those modules skip themselves).
    `mark` is the file beside the tree that names its step.
    """
    step, archive = built_by(tree, mark), archive_of(tree)
    if not step.is_dir() and not (archive and archive.is_file()):
        raise UsageError(
            f"the tests of {tree} are not here: neither its step nor its source archive is cached",
            move="name a tree that everylinux build made here",
        )
    copy = folder / "python"
    shutil.copytree(tree, copy, symlinks=True)
    library = next((copy / "lib").glob("python3.*"))
    if step.is_dir():
        _from_step(step / library.name, library)
    else:
        assert archive is not None
        unpack(archive, library)
    _be_patient(library / "test" / "support" / "os_helper.py")
    return copy, STEP if step.is_dir() else ARCHIVE


def _be_patient(helper: Path) -> None:
    """Let the tests take EROFS of a file that is not there for ENOENT."""
    if helper.is_file():
        helper.write_text(helper.read_text().replace(UNLINK, PATIENT, 1))


def built_by(tree: Path, mark: str) -> Path:
    """The lib/ of the cached step that built the tree's CPython; it may not be there."""
    steps = cache_root() / "steps"
    try:
        key = json.loads((tree.parent / mark).read_text())["key"]
        needs = json.loads((steps / key / "entry.json").read_text())["covered"]["needs"]
        return steps / str(needs["cpython"]) / "tree" / "opt" / "python" / "lib"
    except (OSError, ValueError, KeyError):
        return steps / "none"


def archive_of(tree: Path) -> Path | None:
    """The source archive of the tree's CPython in the cache, None if its manifest names none."""
    try:
        rows = json.loads((tree / "manifest.json").read_text())["components"]
        cpython = next(row for row in rows if row["name"] == "cpython")
        return cache_root() / "sources" / str(cpython["sources"][0]["sha256"])
    except (OSError, ValueError, KeyError, StopIteration):
        return None


def _from_step(built: Path, library: Path) -> None:
    """The tests, and the modules that only they use."""
    for part in PARTS:
        if (built / part).is_dir():
            shutil.copytree(built / part, library / part, symlinks=True, dirs_exist_ok=True)
    for module in (built / "lib-dynload").iterdir():
        if not (library / "lib-dynload" / module.name).exists():
            shutil.copy2(module, library / "lib-dynload")


def unpack(archive: Path, library: Path) -> None:
    """The tests of a source archive, beside the library.

    Not by TarFile.extract: its filters are missing in Debian 12's Python 3.11.2 (PEP 706).
    """
    with tarfile.open(archive) as packed:
        for member in packed:
            _, _, path = member.name.partition("/Lib/")
            inside = path.startswith(FOLDERS) and ".." not in PurePosixPath(path).parts
            if inside and member.isfile() and (content := packed.extractfile(member)):
                target = library / path
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as stream:
                    shutil.copyfileobj(content, stream)
                target.chmod(member.mode & 0o755)
