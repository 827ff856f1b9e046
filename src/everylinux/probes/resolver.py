"""Names of hosts and of users, where every file below /etc that tells them is ours.

The cell is opened once more with a copy of its /etc; the host changes the copy between cases and
answers the cell's questions (resolver_server.py). A case is a process of its own, since a libc may
read its files once. What the interpreter answers is a fact, with what the server was asked for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from everylinux import root_copies
from everylinux.engines.base import Box
from everylinux.errors import AgentError, EngineError
from everylinux.model import Section
from everylinux.probes import resolver_server, resolver_zone
from everylinux.probes.base import python_of
from everylinux.probes.resolver_server import Server
from everylinux.probes.resolver_zone import CASES, FILES, SLOW, USER_CASES
from everylinux.probes.starting import CLEAN, LIMITS, answer
from everylinux.root_copies import ETC

WORKER, STRANGER = 4242, 4777
"""A user id of the zone's passwd, and one that it does not have."""
MODULES = (__file__, resolver_server.__file__, resolver_zone.__file__, root_copies.__file__)

# An error is its number (gaierror, herror) or its type: texts differ from libc to libc.
ASK = """
import json, socket, sys, threading, time
def addresses(host, family=0):
    rows = socket.getaddrinfo(host, 80, family, socket.SOCK_STREAM)
    return sorted(row[4][0] for row in rows)
WAYS = {
    "addresses": addresses,
    "addresses4": lambda host: addresses(host, socket.AF_INET),
    "canonical": lambda host: socket.getaddrinfo(
        host, 80, socket.AF_INET, socket.SOCK_STREAM, 0, socket.AI_CANONNAME)[0][3],
    "reverse": lambda host: socket.getnameinfo((host, 80), socket.NI_NAMEREQD)[0],
}
found = {}
def ask(name, way, host):
    began = time.monotonic()
    try:
        row = {"answer": WAYS[way](host)}
    except socket.gaierror as error:
        row = {"error": error.errno}
    except UnicodeError:
        row = {"error": "UnicodeError"}
    except OSError as error:
        row = {"error": "OSError %s" % error.errno}
    found[name] = {**row, "seconds": time.monotonic() - began}
threads = [threading.Thread(target=ask, args=(name, *question))
           for name, question in json.loads(sys.stdin.read()).items()]
for thread in threads:
    thread.start()
    if sys.argv[1] != "together":
        thread.join()
for thread in threads:
    thread.join()
print(json.dumps(found))
"""
USERS = """
import grp, json, os, pwd
def huge():
    members = grp.getgrnam("huge").gr_mem
    return [len(members), members[0], members[-1]]
WAYS = {
    "by id": lambda: list(pwd.getpwuid(4242)),
    "by name": lambda: list(pwd.getpwnam("worker")),
    "all": lambda: [row.pw_name for row in pwd.getpwall()],
    "all groups": lambda: [row.gr_name for row in grp.getgrall()],
    "no such id": lambda: pwd.getpwuid(4777).pw_name,
    "no such name": lambda: pwd.getpwnam("nosuch").pw_uid,
    "no such group": lambda: grp.getgrgid(4777).gr_name,
    "large": lambda: pwd.getpwuid(4000000000).pw_name,
    "wordy": lambda: len(pwd.getpwnam("wordy").pw_gecos),
    "last": lambda: pwd.getpwuid(4245).pw_dir,
    "home": lambda: os.path.expanduser("~worker/x"),
    "no home": lambda: os.path.expanduser("~nosuch/x"),
    "group": lambda: list(grp.getgrgid(5001)),
    "huge": huge,
    "groups": lambda: sorted(os.getgrouplist("worker", 4242)),
}
found = {}
for name, way in WAYS.items():
    try:
        found[name] = way()
    except Exception as error:
        found[name] = type(error).__name__
print(json.dumps(found))
"""
SELF = """
import getpass, json, os, pathlib
def told(way):
    try:
        return str(way())
    except Exception as error:
        return type(error).__name__
print(json.dumps({"home": told(lambda: os.path.expanduser("~")), "path": told(pathlib.Path.home),
                  "user": told(getpass.getuser), "uid": os.getuid()}))
"""
NAMELESS = {"PATH": "/usr/bin:/bin"}


class Resolver:
    """The scenario; see the module."""

    name = "resolver"
    sections = ("resolver_hosts", "resolver_users", "resolver_self")

    @property
    def digest(self) -> str:
        """Digest of this file and of those that it is made of."""
        return hashlib.sha256(b"".join(Path(name).read_bytes() for name in MODULES)).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """All sections in one cell of their own."""
        try:
            with root_copies.etc(box.root) as folder, box.sibling({ETC: folder}) as other:
                lacks = _lacks(other, folder)
                return {
                    "resolver_hosts": _section(lacks, _hosts, other, folder),
                    "resolver_users": _section(lacks, _users, other, folder),
                    "resolver_self": _section(lacks, _self, other, folder),
                }
        except (OSError, EngineError, AgentError) as error:
            return dict.fromkeys(self.sections, Section(error=f"no cell with {ETC}: {error}"))


def _written(folder: Path, changes: Mapping[str, str | bytes | None]) -> None:
    for name, content in {**FILES, **changes}.items():
        path = folder / name
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            path.chmod(0o644)


def _lacks(box: Box, folder: Path) -> str:
    """What the cell lacks: an engine may copy a folder, or lay files of its own over it."""
    _written(folder, {})
    (folder / "group").write_text("changed")
    try:
        seen = {name: box.get(f"{ETC}/{name}") for name in ("resolv.conf", "hosts", "group")}
    except OSError as error:
        return f"an {ETC} of ours: {error}"
    same = [seen[name] == (folder / name).read_bytes() for name in seen]
    return "" if all(same) else f"an {ETC} of ours: the engine has its own"


def _section(lacks: str, scene: Any, box: Box, folder: Path) -> Section:  # noqa: ANN401 - those below
    if lacks:
        return Section(value={"lacks": lacks})
    try:
        return Section(value=scene(box, folder))
    except (OSError, AgentError) as error:
        return Section(error=f"{type(error).__name__}: {error}"[:500])


def _hosts(box: Box, folder: Path) -> dict[str, Any]:
    """By case: `found`, the answers by question, and `asked`, what the server was asked."""
    try:
        server = Server(getattr(box, "agent_pid", 0))
    except OSError as error:
        return {"lacks": f"a name server: {error.strerror or error}"}
    with closing(server):
        return {name: _case(box, folder, server, name) for name in CASES}


def _case(box: Box, folder: Path, server: Server, name: str) -> dict[str, Any]:
    changes, questions = CASES[name]
    if name == "ipv6 server" and not server.sixth:
        return {"lacks": "::1"}
    _written(folder, changes)
    server.taken()
    order = "together" if name == SLOW else "in order"
    argv = [python_of(box.distribution), "-c", ASK, order]
    said = box.run(argv, env=CLEAN, limits=LIMITS, stdin=json.dumps(questions).encode())
    return {"found": answer(said), "asked": server.taken()}


def _users(box: Box, folder: Path) -> dict[str, Any]:
    """By case, what pwd and grp answer."""
    found = {}
    for name, changes in USER_CASES.items():
        _written(folder, changes)
        argv = [python_of(box.distribution), "-c", USERS]
        found[name] = answer(box.run(argv, env=CLEAN, limits=LIMITS))
    return found


def _self(box: Box, folder: Path) -> dict[str, Any]:
    """What users know of themselves from their id alone, and from a variable."""
    _written(folder, {})
    argv = [python_of(box.distribution), "-c", SELF]
    named = {**NAMELESS, "LOGNAME": "somebody"}
    return {
        "worker": answer(box.run(argv, uid=WORKER, env=NAMELESS, limits=LIMITS)),
        "stranger": answer(box.run(argv, uid=STRANGER, env=NAMELESS, limits=LIMITS)),
        "named": answer(box.run(argv, uid=STRANGER, env=named, limits=LIMITS)),
    }
