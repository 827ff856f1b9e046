"""Faults: one function each that breaks something, and the claims that must turn red for it.

A fault of kind `tree` takes a good tree (a private copy: hard links, so a file is replaced, never
written in place; see tree.py) and breaks it really. A fault of kind `facts` takes a dict of
sections, `{"sqlite": {...}, ...}`, and edits it. Every named claim must turn red, and no other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

Kind = Literal["tree", "facts"]
F = TypeVar("F", bound=Callable[[Any], None])


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to be broken; `apply` takes a Path (tree) or a dict of sections (facts)."""

    name: str  # unique; the function's name unless given
    says: str  # the docstring's first paragraph
    kills: frozenset[str]  # ids of claims
    kind: Kind
    apply: Callable[[Any], None]
    area: str  # the module that declares it
    root: bool = False  # only root can do it (owners, devices)


FAULTS: dict[str, Fault] = {}
"""Every fault that was imported, by name."""


def fault(
    *, kills: Iterable[str], kind: Kind = "tree", name: str = "", root: bool = False
) -> Callable[[F], F]:
    """Register a function as a fault; ValueError if the name is taken or nothing is killed."""

    def declare(apply: F) -> F:
        title = name or apply.__name__
        area = apply.__module__.rsplit(".", 1)[-1]
        says = " ".join((inspect.getdoc(apply) or title).split("\n\n", maxsplit=1)[0].split())
        if not kills:
            raise ValueError(f"{title} names no claim")
        if title in FAULTS and FAULTS[title].area != area:
            raise ValueError(f"{title} is taken by {FAULTS[title].area}")
        FAULTS[title] = Fault(title, says, frozenset(kills), kind, apply, area, root)
        return apply

    return declare
