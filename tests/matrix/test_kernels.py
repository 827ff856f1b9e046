"""The table of real kernels: values, names that no floor has, one source each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from everylinux.errors import MatrixError
from everylinux.kernels.floors import is_floor, release_of
from everylinux.matrix import load

ROW = {"release": "3.2.0-4-amd64", "arch": "x86_64", "source": {"file": "vmlinuz-3.2"}}


def write(folder: Path, kernels: dict[str, Any]) -> Path:
    one = {"name": "One", "release": "1", "support": "required", "arch": {"x86_64": {}}}
    whole = {"version": 1, "ca_layouts": {}, "kernels": kernels, "distros": {"one": one}}
    path = folder / "matrix.yaml"
    path.write_text(yaml.safe_dump(whole))
    return path


def test_a_row_is_a_kernel(tmp_path: Path) -> None:
    """From a file of a folder, or from a package of Debian."""
    source = {"package": "linux-image-amd64", "suite": "bookworm"}
    package = {"release": "6.1", "arch": "x86_64", "source": source, "note": "x"}
    kernels = load(write(tmp_path, {"3.2.0-4-amd64": ROW, "6.1-debian": package})).kernels
    old, new = kernels["3.2.0-4-amd64"], kernels["6.1-debian"]
    assert (old.file, old.package, old.release, old.arch) == ("vmlinuz-3.2", "", *_told(ROW))
    assert (new.file, new.package, new.suite, new.note) == ("", *source.values(), "x")


def _told(row: dict[str, Any]) -> tuple[str, str]:
    return row["release"], row["arch"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("2.6.32", {}),  # would be a floor
        ("native", {}),
        ("3.2-x", {"arch": "arm"}),
        ("3.2-x", {"source": {}}),
        ("3.2-x", {"source": {"file": "a", "package": "b", "suite": "c"}}),
        ("3.2-x", {"source": {"file": "../a"}}),
        ("3.2-x", {"release": ""}),
        ("3.2-x", {"colour": "red"}),
    ],
)
def test_a_mistake_is_told_by_its_place(tmp_path: Path, name: str, change: dict[str, Any]) -> None:
    """One line that begins with the file and names the row."""
    with pytest.raises(MatrixError, match="kernels"):
        load(write(tmp_path, {name: {**ROW, **change}}))


def test_a_matrix_without_the_table_has_none(tmp_path: Path) -> None:
    """Matrices of users need not name a kernel."""
    path = write(tmp_path, {})
    path.write_text(path.read_text().replace("kernels: {}\n", ""))
    assert load(path).kernels == {}


def test_the_project_s_own() -> None:
    """Each has a release that it can be chosen by, and no name of a floor."""
    kernels = load().kernels
    assert {"2.6.32-504.el6.x86_64", "2.6.32-642.el6.i686"} <= set(kernels)
    assert [name for name in kernels if is_floor(name)] == []
    assert [name for name, kernel in kernels.items() if not release_of(kernel.release)] == []
    assert [
        name for name, kernel in kernels.items() if bool(kernel.file) == bool(kernel.package)
    ] == []
