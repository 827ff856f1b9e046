"""`--dist` is an option of pytest-xdist, and ours: a mode of xdist stays one, a path is a subject.

People name what they judge with `--dist PATH`, as the tools they know do; pytest-xdist has used
the name for its modes since its first release. No path that exists is called `loadscope`, and who
has a folder of such a name writes `./loadscope`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import pytest
import xdist.plugin

SUBJECT = "everylinux_subject"
OPTION = "--dist"
HELP = "what to judge: a tree or an archive (default: the newest build)"


class _ModeOrSubject(argparse.Action):
    """Sends a mode to xdist, and anything else to SUBJECT."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse calls it so
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Take one value of the option."""
        modes = self.metavar if isinstance(self.metavar, tuple) else ()
        setattr(namespace, self.dest if values in modes else SUBJECT, values)


def share(parser: pytest.Parser, manager: pytest.PytestPluginManager) -> None:
    """Take xdist's option over; xdist is loaded first if it was not yet."""
    if manager.is_blocked("xdist"):  # -p no:xdist
        parser.getgroup("everylinux").addoption(OPTION, dest=SUBJECT, metavar="PATH", help=HELP)
        return
    if not manager.has_plugin("xdist"):
        manager.register(xdist.plugin, "xdist")
    actions = parser.optparser._option_string_actions  # noqa: SLF001 - argparse has no way to ask
    theirs = actions[OPTION]
    if not isinstance(theirs, _ModeOrSubject):
        modes = tuple(theirs.choices or ())
        actions[OPTION] = _ModeOrSubject([OPTION], dest=theirs.dest, metavar=modes)


def subject(config: pytest.Config) -> str:
    """What the user wants judged; "" if no path was given."""
    return str(getattr(config.option, SUBJECT, "") or "")
