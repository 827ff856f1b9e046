"""What a fault is, and how one is declared: a function that breaks the copy of a good tree.

The functions lie in a checkout's tests/sabotage/faults/: a fault is a test of the suites. Each
takes the folder of a tree that is its own (files are hard links: they are replaced, never written
into), and names the claims that must turn red. The manifest is made true after it. A variant takes
a copy of the recipes instead, of which the forge makes a tree.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from everylinux.errors import UsageError

PACKAGE = "tests.sabotage.faults"
EDITED = "LAY-019"
"""Says that a source of the library is not CPython's: most faults of behaviour edit one."""
Kind = Literal["static", "behaviour", "variant"]
Apply = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be broken."""

    name: str
    says: str  # the first sentence of the docstring
    kills: frozenset[str]  # claims that must turn red, all of them
    allows: tuple[str, ...]  # globs of claims that may turn red besides: consequences
    of: str  # "museum 19; spec: Security Features (RELRO)": rows and tables that it stands for
    kind: Kind
    apply: Apply  # takes a tree; of a variant: a copy of the checkout's build/
    needs: tuple[str, ...] = ()  # programs of the machine
    root: bool = False  # only root can do it

    def expects(self, claim: str) -> bool:
        """Whether a claim may turn red by it."""
        edited = claim == EDITED and self.kind == "behaviour"
        return edited or claim in self.kills or any(fnmatchcase(claim, g) for g in self.allows)


FAULTS: dict[str, Fault] = {}
"""Every fault that was imported, by name."""


def fault(  # noqa: PLR0913 - each is a property of the fault
    *kills: str,
    of: str,
    kind: Kind = "static",
    allows: Iterable[str] = (),
    needs: Iterable[str] = (),
    root: bool = False,
    name: str = "",
) -> Callable[[Apply], Apply]:
    """Register a function as a fault; ValueError if its name is taken or it names no claim."""

    def declare(apply: Apply) -> Apply:
        title = name or apply.__name__
        says = " ".join((inspect.getdoc(apply) or "").split("\n\n", maxsplit=1)[0].split())
        if not kills or not says:
            raise ValueError(f"{title} names no claim, or has no docstring")
        if title in FAULTS:
            raise ValueError(f"{title} is declared twice")
        FAULTS[title] = Fault(
            title, says, frozenset(kills), tuple(allows), of, kind, apply, tuple(needs), root
        )
        return apply

    return declare


def load(project: Path) -> dict[str, Fault]:
    """Every fault of a checkout, by name, sorted."""
    if str(project) not in sys.path:
        sys.path.insert(0, str(project))  # the faults share what they break with with the tests
    package = importlib.import_module(PACKAGE)
    for module in sorted(row.name for row in pkgutil.iter_modules(package.__path__)):
        importlib.import_module(f"{PACKAGE}.{module}")
    return dict(sorted(FAULTS.items()))


def select(faults: dict[str, Fault], only: str) -> tuple[Fault, ...]:
    """The faults that names or globs, with commas between them, mean; UsageError for none."""
    globs = [part.strip() for part in only.split(",")]
    found = tuple(f for name, f in faults.items() if any(fnmatchcase(name, g) for g in globs))
    if not found:
        raise UsageError(f"no fault is called {only!r}", move="see `everylinux sabotage --list`")
    return found
