"""What a name promises, and what `everylinux floors` says of packages."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.sabotage import symbols_tree

from everylinux.commands.floors import floors
from everylinux.symbols import musl
from everylinux.symbols.said import by_names


@pytest.mark.parametrize(
    ("names", "promised"),
    [
        (["x-1-cp313-cp313-musllinux_1_2_x86_64.whl"], ("1.2.0", "")),
        (["x-1-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"], ("", "2.17")),
        (["x-py3-none-manylinux1_i686.musllinux_1_1_i686.whl"], ("1.1.0", "2.5")),
        (["x-manylinux2014_x86_64.whl", "env.musllinux_1_2.x86_64.tar.xz"], ("1.2.0", "")),
        (["x-manylinux2014_x86_64.whl", "env.static-gnu.tar.xz"], ("", "2.17")),
        (["python-3.13.tar.gz"], ("", "")),
        (["notmanylinux2014x", "manylinux20140"], ("", "")),
    ],
)
def test_what_names_promise(names: list[str], promised: tuple[str, str]) -> None:
    """The inner name counts before the outer, the lowest of several tags, and no other word."""
    said = by_names(names)
    assert (said.musl, said.glibc) == promised


def test_the_table_knows_what_came_when() -> None:
    """Well-known dates of musl's own release notes; i386 got the 64-bit times with 1.2.0."""
    assert musl.table("x86_64")["preadv2"] == ("1.2.5", "")
    assert musl.table("x86")["__clock_gettime64"][0] == "1.2.0"
    assert musl.table("x86_64")["open64"][1] == "1.2.3"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_too_new_a_symbol_is_named_with_its_file(tmp_path: Path) -> None:
    """Status 1, the file and the symbol; with a truer tag status 0."""
    package = tmp_path / symbols_tree.MUSL
    symbols_tree.for_musl(package / "package/part.so", "preadv2")
    done = CliRunner().invoke(floors, ["--json", str(package)])
    (row,) = json.loads(done.output)
    above = {"package/part.so": {"release": "1.2.5", "symbols": ["preadv2"]}}
    assert (done.exit_code, row["floors"]["musl"]["above"]) == (1, above)
    assert CliRunner().invoke(floors, ["--says", "musllinux_1_3", str(package)]).exit_code == 0
