"""The lock of first pulls."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from everylinux.errors import ImageError
from everylinux.matrix import load
from everylinux.pins import LOCK_NAME, Pin, change_pins, load_pins, save_pin

DIGEST = "sha256:" + "b" * 64
MATRIX = """version: 1
ca_layouts: {}
distros:
  one: {name: One, release: '1', support: required, reference: "host/one:1", arch: {x86_64: {}}}
"""


def test_a_pin_gives_an_unpinned_image_its_digest(tmp_path: Path) -> None:
    """What a first pull found is what every later run uses."""
    (tmp_path / "matrix.yaml").write_text(MATRIX)
    save_pin(tmp_path / LOCK_NAME, "one-x86_64", Pin("host/one:1", DIGEST, "2026-01-02"))

    assert load(tmp_path / "matrix.yaml").images[0].digest == DIGEST


def test_a_pin_of_another_reference_does_not_count(tmp_path: Path) -> None:
    """A row whose reference was changed is unpinned again."""
    (tmp_path / "matrix.yaml").write_text(MATRIX)
    save_pin(tmp_path / LOCK_NAME, "one-x86_64", Pin("host/one:0", DIGEST, "2026-01-02"))

    assert load(tmp_path / "matrix.yaml").images[0].digest == ""


def test_pins_can_be_dropped(tmp_path: Path) -> None:
    """A stale pin is removed, the others stay."""
    path = tmp_path / LOCK_NAME
    for name in ("a-x86", "b-x86"):
        save_pin(path, name, Pin("h/a:1", DIGEST, "2026-01-02"))

    change_pins(path, {"a-x86": None})

    assert list(load_pins(path)) == ["b-x86"]


def _save(path: Path, number: int) -> None:
    save_pin(path, f"image{number}-x86", Pin("h/a:1", DIGEST, "2026-01-02"))


def test_two_processes_lose_no_pin(tmp_path: Path) -> None:
    """Pins written at the same time are all kept."""
    path = tmp_path / LOCK_NAME
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.starmap(_save, [(path, number) for number in range(12)])

    assert len(load_pins(path)) == 12


def test_a_lock_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A place where nothing can be written is named, with what to do."""
    (tmp_path / "file").write_text("")

    with pytest.raises(ImageError, match=r"matrix\.lock\.yaml cannot be written .*: make "):
        save_pin(tmp_path / "file" / LOCK_NAME, "a-x86", Pin("h/a:1", DIGEST, "2026-01-02"))
