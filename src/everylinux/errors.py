"""Every error this project raises on purpose: one line for the cause, one for the next move.

EverylinuxError            exit 2 unless said otherwise
├── UsageError             an option or an argument that cannot be
├── FileError              a file of the user's is wrong; carries the dotted path into it
│   ├── MatrixError        matrix.yaml, matrix.lock.yaml
│   └── RecipeError        build/recipes/*.yaml, build/lock.yaml
├── ArchiveError           truncated, hostile or too large an archive
├── DistributionError      what `--dist` names is no usable Python
├── ImageError             a root filesystem that cannot be had, or is broken
├── EngineError            no engine, or one that broke
│   └── AgentError         the agent in a cell died or broke the protocol
├── SourceError            an archive that cannot be fetched
│   └── HashMismatchError  ... or is not the one the lock pins
└── BuildError             exit 1: a build step failed
FactUnavailable            not an error of the user's: the probe could not tell -> `unknown`
"""

from __future__ import annotations

from typing import ClassVar


class EverylinuxError(Exception):
    """A failure with a cause and a next move; `str()` is one line."""

    exit_code: ClassVar[int] = 2

    def __init__(self, cause: str, *, move: str = "") -> None:
        """`cause` says what is wrong, `move` what to do about it; both without a final stop."""
        super().__init__(cause, move)
        self.cause = " ".join(cause.split())
        self.move = " ".join(move.split())

    def __str__(self) -> str:
        """Cause and move on one line."""
        return f"{self.cause}: {self.move}" if self.move else self.cause


class UsageError(EverylinuxError):
    """An option or an argument that cannot be."""


class FileError(EverylinuxError):
    """A file of the user's is wrong at `where`, a dotted path such as `distros.centos6.arch`."""

    def __init__(self, file: str, where: str, cause: str, *, move: str = "") -> None:
        """`file` is the path as the user knows it, `where` the dotted path into it."""
        super().__init__(f"{file}: {where}: {cause}" if where else f"{file}: {cause}", move=move)
        self.args = (file, where, cause)
        self.file = file
        self.where = where


class MatrixError(FileError):
    """matrix.yaml or matrix.lock.yaml is wrong."""


class RecipeError(FileError):
    """A recipe or the lock is wrong."""


class ArchiveError(EverylinuxError):
    """An archive is truncated, hostile or too large; nothing of it was kept."""


class DistributionError(EverylinuxError):
    """What `--dist` names is no Python that can be judged."""


class ImageError(EverylinuxError):
    """A root filesystem cannot be had, or is broken."""


class EngineError(EverylinuxError):
    """No engine works, or the chosen one broke."""


class AgentError(EngineError):
    """The agent in a cell died or broke the protocol."""


class UnlimitedError(EngineError):
    """A limit on memory or processes that was asked for cannot be set in this cell."""


class SourceError(EverylinuxError):
    """A source archive cannot be fetched."""


class HashMismatchError(SourceError):
    """A source archive is not the one the lock pins; it was not kept."""


class BuildError(EverylinuxError):
    """A build step failed."""

    exit_code: ClassVar[int] = 1


class FactUnavailable(Exception):  # noqa: N818 - an absence, not an error: the verdict is `unknown`
    """A probe could not tell; the claim that asked is `unknown`, never passed or failed."""

    def __init__(self, path: str, reason: str) -> None:
        """`path` is the dotted fact path, `reason` why there is no value."""
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
