"""Postures: surroundings that users really meet, each a set of changes to a cell. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType

from everylinux.errors import UsageError
from everylinux.model import DEFAULT, RUN

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Posture:
    """What is different from the default cell; None or empty where nothing is."""

    says: str  # one line for people
    env: Mapping[str, str] = field(default_factory=dict)  # where a probe sets none of its own
    files: Mapping[str, str] = field(default_factory=dict)  # name below model.RUN -> text
    uid: int | None = None  # of commands that name no user
    gid: int | None = None
    noexec: bool = False  # no program starts from /tmp and /dev/shm
    without: frozenset[str] = frozenset()  # of {"/proc", "/dev/shm"}
    memory_bytes: int | None = None  # of the whole cell
    processes: int | None = None  # and threads, of the whole cell
    mdwe: bool = False  # prctl(PR_SET_MDWE), Linux 6.3


# Of a section without a provider: nothing can be loaded, as where FIPS is asked for and its module
# is not there. https://docs.openssl.org/3.0/man7/fips_module/
FIPS_CONF = """\
config_diagnostics = 1
openssl_conf = openssl_init
[openssl_init]
providers = provider_sect
alg_section = algorithm_sect
[provider_sect]
base = base_sect
default = default_sect
[base_sect]
activate = 1
[default_sect]
activate = 1
[algorithm_sect]
default_properties = fips=yes
"""

# What OpenShift's restricted profile gives a container: a uid from the namespace's range, the
# group root, no capability, a root that cannot be written. The range begins at a multiple of
# 10 000 from 1 000 000 000; no passwd entry has it, so HOME is /.
# https://docs.openshift.com/container-platform/4.15/authentication/managing-security-context-constraints.html
OPENSHIFT = Posture(
    "a high uid without a name, gid 0, no capability, HOME / that cannot be written",
    env={"HOME": "/"},
    uid=1_000_680_000,
    gid=0,
)

HOST_LIBRARIES = "/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu:/usr/lib64:/lib64:/usr/lib:/lib"
POISONED = {
    "LD_LIBRARY_PATH": HOST_LIBRARIES,
    "PYTHONPATH": "/usr/lib/python3/dist-packages:/usr/lib/python3",
}
# By contract an interpreter that is not isolated takes its library from there, and dies if it is
# another Python's: https://docs.python.org/3/using/cmdline.html#envvar-PYTHONHOME
HOST_HOME = {"PYTHONHOME": "/usr"}

POSTURES: Mapping[str, Posture] = MappingProxyType(
    {
        DEFAULT: Posture("root without a capability, a root that cannot be written, /tmp"),
        "openshift": OPENSHIFT,
        "readonly-noexec": Posture("no program starts from /tmp and /dev/shm", noexec=True),
        "no-proc": Posture("no /proc", without=frozenset({"/proc"})),
        "no-shm": Posture("no /dev/shm", without=frozenset({"/dev/shm"})),  # noqa: S108
        "memory128": Posture("128 MiB of memory for the cell", memory_bytes=128 * MIB),
        "pids": Posture("32 processes and threads in the cell", processes=32),
        "locale-c": Posture("LC_ALL=C", {"LC_ALL": "C"}),
        "locale-posix": Posture("LC_ALL=POSIX", {"LC_ALL": "POSIX"}),
        "locale-utf8": Posture("LC_ALL=C.UTF-8", {"LC_ALL": "C.UTF-8"}),
        "locale-bogus": Posture("a locale that nobody has", {"LC_ALL": "xx_XX.bogus", "LANG": "q"}),
        "term-xterm": Posture("TERM=xterm", {"TERM": "xterm"}),
        "term-dumb": Posture("TERM=dumb", {"TERM": "dumb"}),
        "poisoned-env": Posture("the host's LD_LIBRARY_PATH and PYTHONPATH", POISONED),
        "poisoned-home": Posture("the host's PYTHONHOME, which only -I ignores", HOST_HOME),
        "fips-conf": Posture(
            "an OPENSSL_CONF that asks for FIPS, without its module",
            {"OPENSSL_CONF": str(RUN / "openssl-fips.cnf")},
            {"openssl-fips.cnf": FIPS_CONF},
        ),
        "mdwe": Posture("no page becomes executable that could be written", mdwe=True),
    }
)
"""Every posture by its name. The default cell has no LANG, LC_* or TERM: those are its unset."""


def named(given: Sequence[str]) -> tuple[str, ...]:
    """The postures that lists and globs name, each once, in order; the default where none is.

    UsageError for a name or a pattern of no posture.
    """
    said = [word.strip() for text in given for word in text.split(",") if word.strip()]
    found: list[str] = []
    for word in said:
        matching = [name for name in POSTURES if fnmatchcase(name, word)]
        if not matching:
            raise UsageError(f"no posture is called {word!r}", move=", ".join(POSTURES))
        found += matching
    return tuple(dict.fromkeys(found)) or (DEFAULT,)
