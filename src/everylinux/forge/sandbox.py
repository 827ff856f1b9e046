"""The sandbox of a step: bubblewrap, no network, fixed places, a clean environment.

Works for root and for everybody else (user namespaces). Inside, the user is 1000 everywhere: as
user 0 `cp -a` would try to keep owners that the namespace does not know, and fail.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from everylinux.forge.contract import (
    BUILD,
    HOME,
    NEEDED,
    OUT,
    PATCHES,
    PROJECT,
    SRC,
    Command,
    Settings,
)

USER = "1000"
HOST_SEARCH = "/usr/sbin:/usr/bin:/sbin:/bin"
SEARCH = f"/opt/toolchain/bin:{HOST_SEARCH}"
HOST = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
STRANGERS = ("usr/include/*-linux-musl", "usr/lib/*-linux-musl", "usr/lib/musl")
PASSWD = f"build:x:{USER}:{USER}:build:{HOME}:/bin/sh\n"
GROUP = f"build:x:{USER}:\n"


@dataclass(frozen=True, slots=True)
class Work:
    """The folders of one step on the host."""

    root: Path
    patches: Path | None = None  # of the checkout
    project: tuple[Path, ...] = ()  # of the checkout
    machine: Path = Path("/")  # whose programs run: the host's root, or a pinned one

    @property
    def src(self) -> Path:
        """Sources, writable."""
        return self.root / "src"

    @property
    def needed(self) -> Path:
        """What the step needs, merged: seen as /opt."""
        return self.root / "needed" / "opt"

    @property
    def out(self) -> Path:
        """What the step installs."""
        return self.root / "out"

    def make(self) -> None:
        """Make them all, and the two files that name the user."""
        for folder in (self.src, self.needed, self.out, self.root / "home", self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "passwd").write_text(PASSWD)
        (self.root / "group").write_text(GROUP)


def environment(settings: Settings) -> dict[str, str]:
    """All that a step's programs see."""
    return {
        "PATH": SEARCH,
        "HOME": str(HOME),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TMPDIR": "/tmp",  # noqa: S108 - the sandbox's own
        "SOURCE_DATE_EPOCH": str(settings.source_date_epoch),
        "USER": "build",
        "LOGNAME": "build",
        "SHELL": "/bin/sh",
    }


def argv(
    work: Work, settings: Settings, command: Command, *, terminal: bool = False
) -> tuple[str, ...]:
    """The bwrap command line that runs `command` in the sandbox of `work`."""
    return (
        "bwrap",
        *("--unshare-all", "--die-with-parent", "--hostname", "everylinux"),
        *(() if terminal else ("--new-session",)),
        *("--uid", USER, "--gid", USER, "--cap-drop", "ALL", "--clearenv"),
        *_host(work.machine),
        *("--proc", "/proc", "--dev", "/dev"),
        *_places(work),
        *("--chdir", command.cwd),
        *_set({**environment(settings), **command.env}),
        *("--", "/bin/sh", "-c", 'umask 022; exec "$@"', "sh", *command.argv),
    )


def _host(machine: Path) -> Iterator[str]:
    yield from ("--ro-bind", str(machine / "usr"), "/usr", "--tmpfs", "/usr/local")
    for name in HOST:
        path = machine / name
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), f"/{name}")
        elif path.is_dir():
            yield from ("--ro-bind", str(path), f"/{name}")
    yield from ("--ro-bind-try", str(machine / "etc/alternatives"), "/etc/alternatives")
    for pattern in STRANGERS:  # a machine's own musl, which setup.py of CPython 3.11 would take
        for path in sorted(machine.glob(pattern)):
            yield from ("--tmpfs", f"/{path.relative_to(machine)}")


def _places(work: Work) -> Iterator[str]:
    yield from ("--ro-bind", str(work.root / "passwd"), "/etc/passwd")
    yield from ("--ro-bind", str(work.root / "group"), "/etc/group")
    yield from ("--bind", str(work.root / "tmp"), "/tmp")  # noqa: S108 - the sandbox's own
    yield from ("--ro-bind", str(work.needed), str(NEEDED), "--dir", str(BUILD))
    yield from ("--bind", str(work.src), str(SRC), "--bind", str(work.out), str(OUT))
    yield from ("--bind", str(work.root / "home"), str(HOME))
    if work.patches:
        yield from ("--ro-bind", str(work.patches), str(PATCHES))
    for part in work.project:
        yield from ("--ro-bind", str(part), str(PROJECT / part.name))
    yield from ("--remount-ro", "/")


def _set(variables: dict[str, str]) -> Iterator[str]:
    for name, value in sorted(variables.items()):
        yield from ("--setenv", name, value)


def shown(command: Command) -> str:
    """A command as one could type it, for the log."""
    settings = [f"{name}={shlex.quote(value)}" for name, value in sorted(command.env.items())]
    return f"$ cd {command.cwd} && " + " ".join([*settings, shlex.join(command.argv)])


def host_argv(work: Work, python: str, order: Path) -> tuple[str, ...]:
    """The command line of a host step: the machine as it is, read-only, without a network."""
    inside = str(work.root)
    place = _temporary([inside, python, sys.prefix, sys.base_prefix, *sys.path])
    return (
        *("bwrap", "--unshare-net", "--unshare-ipc", "--unshare-pid", "--unshare-uts"),
        *("--die-with-parent", "--new-session", "--ro-bind", "/", "/", "--dev", "/dev"),
        *("--proc", "/proc", "--bind", str(work.root / "tmp"), place),
        *("--ro-bind", inside, inside, "--bind", str(work.out), str(work.out)),
        *("--chdir", "/", "--setenv", "TMPDIR", place),
        *("--", python, "-m", "everylinux.forge.hosted", str(order)),
    )


def _temporary(used: Iterable[str]) -> str:
    """Where a host step may write besides its output: /tmp, unless what it reads lies there."""
    places = [path for path in ("/tmp", "/var/tmp") if Path(path).is_dir()]  # noqa: S108 - see above
    resolved = [Path(path).resolve() for path in used if path]
    free = [p for p in places if not any(path.is_relative_to(p) for path in resolved)]
    return (free or ["/dev/shm"])[0]  # noqa: S108 - the sandbox's own
