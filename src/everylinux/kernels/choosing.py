"""What the words of `--kernel` mean for one distribution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from everylinux.errors import UsageError
from everylinux.kernels.floors import dotted, floor_of, is_floor, release_of
from everylinux.model import NATIVE, Image, Kernel

DECLARED = "declared"
"""Each distribution under the kernel that it shipped (`kernel` in matrix.yaml)."""

Kernels = Mapping[str, Kernel]


def words(given: Sequence[str], kernels: Kernels) -> tuple[str, ...]:
    """The kernels that lists and globs name, each once, in order; native where none is given.

    UsageError for what is neither native, declared, a floor, nor a kernel of the matrix.
    """
    said = [word.strip() for text in given for word in text.split(",") if word.strip()]
    found = [name for word in said for name in _named(word, kernels)]
    return tuple(dict.fromkeys(found)) or (NATIVE,)


def _named(word: str, kernels: Kernels) -> Iterator[str]:
    if word in {NATIVE, DECLARED}:
        yield word
    elif word[:1].isdigit() and "-" not in word and "*" not in word:
        floor_of(word)  # tells what is wrong with it
        yield word
    else:
        matching = [name for name in kernels if fnmatchcase(name, word)]
        if not matching:
            move = f"{NATIVE}, {DECLARED}, a floor such as 2.6.32, or {', '.join(kernels)}"
            raise UsageError(f"no kernel is called {word!r}", move=move)
        yield from matching


def kernel_for(word: str, image: Image, kernels: Kernels, *, boots: bool) -> str:
    """The kernel that a word means for an image; `boots` where the engine boots real ones.

    A distribution of which no kernel is known, or that rolls, shipped none: native.
    """
    if word != DECLARED:
        return word
    release = release_of(image.kernel)
    if release is None:
        return NATIVE
    if not boots:
        return dotted(release)
    fitting = [k.id for k in kernels.values() if _fits(k, image, release)]
    return fitting[0] if fitting else dotted(release)


def _fits(kernel: Kernel, image: Image, release: tuple[int, int, int]) -> bool:
    """Whether a real kernel is the one that a distribution shipped, of the same series."""
    found = release_of(kernel.release)
    return found is not None and found[:2] == release[:2] and runs(kernel, image)


def runs(kernel: Kernel, image: Image) -> bool:
    """Whether a kernel runs the userland of an image: a 32-bit one runs no 64-bit programs."""
    return kernel.arch in {"x86_64", image.arch}


def real(word: str) -> bool:
    """Whether a word names a real kernel."""
    return word != NATIVE and not is_floor(word)
