"""What `--kernel` means: words, lists, what each distribution shipped."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import pytest

from everylinux.errors import UsageError
from everylinux.kernels import rules
from everylinux.kernels.choosing import kernel_for, real, runs, words
from everylinux.kernels.floors import floor_of, release_of
from everylinux.kernels.rules import RENAMED, UNAME26, lacking, rules_of
from everylinux.model import Arch, Image, Kernel

OLD = Kernel("2.6.32-504.el6.x86_64", "2.6.32-504.el6.x86_64", Arch("x86_64"))
OLD32 = Kernel("2.6.32-642.el6.i686", "2.6.32-642.el6.i686", Arch("x86"))
NEW = Kernel("6.1-debian", "6.1", Arch("x86_64"))
KERNELS = {kernel.id: kernel for kernel in (OLD32, OLD, NEW)}


def image(kernel: str, arch: str = "x86_64") -> Image:
    return Image("some", Arch(arch), "Some", "1", kernel=kernel)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], ("native",)),
        (["native"], ("native",)),
        (["2.6.32,3.10", "4.4+eperm"], ("2.6.32", "3.10", "4.4+eperm")),
        (["3.10", "3.10"], ("3.10",)),
        (["declared"], ("declared",)),
        (["2.6.32-*"], (OLD32.id, OLD.id)),
        (["6.1-debian"], ("6.1-debian",)),
    ],
)
def test_words(given: list[str], found: tuple[str, ...]) -> None:
    """Lists and globs, each kernel once, in order."""
    assert words(given, KERNELS) == found


@pytest.mark.parametrize("word", ["3", "2.4", "2.6.31", "4.4+enosys", "9.9-none", "nativ", "x*"])
def test_no_kernel(word: str) -> None:
    """A typo is one line with what there is."""
    with pytest.raises(UsageError) as caught:
        words([word], KERNELS)
    assert caught.value.move


@pytest.mark.parametrize(
    ("shipped", "boots", "arch", "meant"),
    [
        ("2.6.32-754", False, "x86_64", "2.6.32"),
        ("4.18.0-553", False, "x86_64", "4.18.0"),
        ("6.12.0 (10.0: 6.12.0-55.9.1)", False, "x86_64", "6.12.0"),
        ("rolling", False, "x86_64", "native"),
        ("", True, "x86_64", "native"),
        ("2.6.32-754", True, "x86_64", OLD.id),
        ("2.6.32-754", True, "x86", OLD32.id),
        ("6.1.27", True, "x86", NEW.id),
        ("3.10.0-1160", True, "x86_64", "3.10.0"),
    ],
)
def test_declared(shipped: str, boots: bool, arch: str, meant: str) -> None:  # noqa: FBT001
    """The kernel that a distribution shipped: a floor, or a real one of its series."""
    assert kernel_for("declared", image(shipped, arch), KERNELS, boots=boots) == meant
    assert kernel_for("3.10", image(shipped), KERNELS, boots=boots) == "3.10"


def test_a_kernel_of_32_bit_runs_its_own_only() -> None:
    """The i686 kernel has no x86_64 programs; the x86_64 one has both."""
    pairs = [(kernel, arch) for kernel in (OLD, OLD32) for arch in ("x86_64", "x86")]
    assert [runs(kernel, image("", arch)) for kernel, arch in pairs] == [True, True, False, True]
    assert [real(word) for word in ("native", "2.6.32", "4.4+eperm", OLD.id)] == [0, 0, 0, 1]


def test_floors() -> None:
    """Release and errno of a word."""
    assert floor_of("2.6.32").release == (2, 6, 32)
    assert (floor_of("3.10").release, floor_of("3.10").errno) == ((3, 10, 0), errno.ENOSYS)
    assert floor_of("4.4+eperm").errno == errno.EPERM
    assert release_of("6.18.44-fc") == (6, 18, 44)
    assert release_of("rolling") is None


def test_how_the_release_is_told() -> None:
    """A 2.6 by a persona, a later one by a supervisor, native not at all."""
    assert not rules_of("native")
    assert rules_of("native", mdwe=True)
    old, new = rules_of("2.6.32"), rules_of("3.10+eperm")
    assert (old.personality, old.release) == (UNAME26, "")
    assert (new.personality, new.release) == (0, "3.10.0")
    assert floor_of("2.6.39").release < RENAMED


@pytest.mark.parametrize(
    ("release", "machine", "kernel", "why"),
    [
        ("6.1.0", "x86_64", "native", ""),
        ("6.1.0", "x86_64", "5.10", ""),
        ("6.1.0", "x86_64", "6.12", "older than 6.12.0"),
        ("4.19.0", "x86_64", "2.6.32", ""),
        ("4.19.0", "x86_64", "3.10", "needs Linux 5.0.0"),
        ("6.1.0", "aarch64", "3.10", "made for x86"),
        ("6.1.0", "x86_64", "6.1-debian", "--engine qemu boots"),
    ],
)
def test_what_this_machine_lacks(
    monkeypatch: pytest.MonkeyPatch, release: str, machine: str, kernel: str, why: str
) -> None:
    """What cannot be had is told before a cell is opened, never left out silently."""
    here = SimpleNamespace(release=release, machine=machine)
    monkeypatch.setattr(rules, "os", SimpleNamespace(uname=lambda: here))
    said = lacking("bubblewrap", kernel)
    assert why in said
    assert bool(said) == bool(why)
    assert "6.3.0" in lacking("bubblewrap", "native", mdwe=True)
