"""The command line: one command per module of `everylinux.commands`, loaded when asked for."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

import everylinux
from everylinux import commands
from everylinux.errors import EverylinuxError

ENDED_BY_SIGINT = 130
"""The status of a program that Ctrl-C ended, as shells give it (128 + SIGINT)."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command (or the list of all) is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every module of the package, sorted."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The click command that `everylinux.commands.NAME` defines as NAME."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"everylinux.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an error of ours is one line and its exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except EverylinuxError as error:
            click.echo(f"everylinux: {error}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("everylinux: interrupted", err=True)
            sys.exit(ENDED_BY_SIGINT)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(everylinux.__version__, prog_name="everylinux")
def main() -> None:
    """Build a Standalone Python, and tell whether one really runs on every Linux."""
