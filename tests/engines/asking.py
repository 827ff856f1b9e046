"""A program that makes system calls by their number, in each ABI, in a cell."""

# ruff: noqa: S108 - paths in the cell

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from everylinux.engines.box import AgentBox

SOURCE = Path(__file__).with_name("ask.c")
FLAGS = {"x86_64": ["-m64"], "i386": ["-m32", "-idirafter", "/usr/include/x86_64-linux-gnu"]}
Ask = Callable[..., str]


@cache
def program(abi: str, folder: Path) -> bytes:
    """The program of ask.c, static, in an ABI."""
    target = folder / f"ask-{abi}"
    argv = ["gcc", *FLAGS[abi], "-static", "-Os", str(SOURCE), "-o", str(target)]
    try:
        done = subprocess.run(argv, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no gcc here")
    if done.returncode:
        pytest.skip(f"no static programs of {abi} here: install gcc and libc6-dev-i386")
    return target.read_bytes()


@contextmanager
def asking(box: AgentBox, abi: str, folder: Path) -> Iterator[Ask]:
    """A function that runs /tmp/ask in the cell, which is closed at the end."""
    with box:
        box.put("/tmp/ask", program(abi, folder), 0o755)

        def ask(*arguments: object, uid: int | None = None) -> str:
            result = box.run(["/tmp/ask", *map(str, arguments)], uid=uid)
            assert result.ok, result
            return result.out.decode().strip()

        yield ask
