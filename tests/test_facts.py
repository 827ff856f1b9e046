"""Facts are gathered once, whoever asks, and read by dotted path."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING

import pytest

from everylinux.errors import FactUnavailable
from everylinux.facts import Facts, FactStore
from everylinux.model import Section

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def test_a_dotted_path_reads_into_a_section() -> None:
    """The first part names the section, the others go into its value."""
    facts = Facts.of({"elf": {"needed": {"bin/python": ["libc.so"]}}})
    assert facts["elf.needed"] == {"bin/python": ["libc.so"]}
    assert facts["elf"]["needed"]["bin/python"] == ["libc.so"]


@pytest.mark.parametrize("path", ["elf.nothing", "nothing", "elf.needed.deeper.still", "broken.x"])
def test_what_is_not_there_is_unavailable(path: str) -> None:
    """An absent fact never looks like a value, not even an empty one."""
    facts = Facts.of({"elf": {"needed": []}, "broken": Section(error="died, signal 11")})
    with pytest.raises(FactUnavailable):
        facts[path]


def test_a_store_gathers_once_and_again_for_another_key(tmp_path: Path) -> None:
    """The key holds all that facts depend on: another image gives another fact."""
    calls: list[str] = []

    def gather() -> Mapping[str, Section]:
        calls.append("x")
        return {"s": Section(value=len(calls)), "t": Section(error="broke")}

    store = FactStore(tmp_path)
    for _ in range(3):
        assert store.sections("cell", "probe", {"image": "a"}, gather)["s"].value == 1
    assert store.sections("cell", "probe", {"image": "b"}, gather)["s"].value == 2
    assert store.sections("cell", "probe", {"image": "a"}, gather)["t"].error == "broke"


def _ask(root: Path, log: Path) -> None:
    def gather() -> Mapping[str, Section]:
        with log.open("a") as stream:
            stream.write("gathered\n")
        return {"s": Section(value=1)}

    assert FactStore(root).sections("cell", "probe", {}, gather)["s"].value == 1


def test_processes_that_ask_at_once_share_one_gathering(tmp_path: Path) -> None:
    """Whatever scheduler xdist uses, a cell's facts are gathered once."""
    context = multiprocessing.get_context("spawn")
    log = tmp_path / "log"
    workers = [context.Process(target=_ask, args=(tmp_path / "facts", log)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    assert log.read_text() == "gathered\n"


def test_a_gathering_that_was_killed_leaves_nothing(tmp_path: Path) -> None:
    """An exception in the probe stores no half of a fact; the next one gathers anew."""

    def broken() -> Mapping[str, Section]:
        raise KeyboardInterrupt

    store = FactStore(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        store.sections("cell", "probe", {}, broken)
    assert store.sections("cell", "probe", {}, lambda: {"s": Section(value=1)})["s"].value == 1
