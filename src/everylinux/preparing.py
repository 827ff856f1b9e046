"""Before pytest starts anything: what killed runs left is removed, mistakes become one line."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from everylinux.engines.registry import ENGINES
from everylinux.errors import EngineError, EverylinuxError, UsageError
from everylinux.planning import Options, Say, choose_images

MOVES = {
    errno.ENOSPC: "free some space, or set EVERYLINUX_CACHE or --report-dir elsewhere",
    errno.EDQUOT: "free some space, or set EVERYLINUX_CACHE or --report-dir elsewhere",
    errno.EROFS: "set EVERYLINUX_CACHE or --report-dir to a folder that can be written",
    errno.EACCES: "mend its permissions, or set EVERYLINUX_CACHE or --report-dir elsewhere",
}
INTERRUPTED = "interrupted before anything was judged"


def explained(error: OSError) -> UsageError:
    """What the machine refused, as one line with the next move."""
    what = f"{error.filename}: " if error.filename else ""
    move = MOVES.get(error.errno or 0, "mend that, then run it again")
    return UsageError(f"{what}{error.strerror or error}", move=move)


@contextmanager
def one_line(say: Say, end: Callable[[int], None]) -> Iterator[None]:
    """Turn what a user or the machine did wrong into one line, and an exit code for `end`."""
    try:
        yield
    except EverylinuxError as error:
        say(f"everylinux: {error}")
        end(error.exit_code)
    except OSError as error:
        say(f"everylinux: {explained(error)}")
        end(UsageError.exit_code)
    except KeyboardInterrupt:
        say(f"everylinux: {INTERRUPTED}")
        end(UsageError.exit_code)


def sweep(say: Say) -> None:
    """Remove what killed runs of ours left in any engine, and say so.

    An engine that is not there or does not answer has nothing that could be removed.
    """
    for engine in ENGINES.values():
        try:
            removed = engine.sweep()
        except EngineError:
            continue
        for name in removed:
            say(f"everylinux: removed {name}, left by a run that was killed")


def check_paths(paths: Sequence[Path]) -> None:
    """UsageError for the first path that is not there: nothing is fetched or opened for a typo."""
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist", move="see the folders of suites/")


def listing(options: Options, say: Say) -> Iterator[str]:
    """One line for each cell that was asked for: name, support, origin or why it cannot run.

    Only what is on this machine counts as there: listing fetches nothing.
    """
    chosen = choose_images(options, say)
    for root in chosen.roots:
        yield f"{root.image.id}-{root.image.arch}\t{root.image.support}\t{root.origin}"
    for missing in chosen.not_run:
        name = f"{missing.image.id}-{missing.image.arch}"
        yield f"{name}\t{missing.image.support}\tnot here: {missing.reason}"
