"""Red samples of the area imports: facts that a broken tree would give."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
SUBJECT = "/everylinux/subject"


def _sets(claim: str, why: str, section: str, key: str, value: object) -> None:
    """Declare the fault that one fact has another value."""

    @fault(kills={claim}, kind="facts", name=f"imports: {why}")
    def sample(sections: Sections) -> None:
        sections[section][key] = value


def _affects(claim: str, kind: str, name: str, what: object) -> None:
    """Declare the fault that importing one module does something besides."""

    @fault(kills={claim}, kind="facts", name=f"imports: {name} changes {kind}")
    def sample(sections: Sections) -> None:
        sections["imports"]["effects"].setdefault(kind, {})[name] = what


_affects("IMP-005", "printed", "json", "loaded\n")
_affects("IMP-006", "warned", "asyncio", ["DeprecationWarning: old"])
_affects("IMP-007", "threads", "_sqlite3", "1 -> 2")
_affects("IMP-008", "descriptors", "_ssl", "[0, 1, 2] -> [0, 1, 2, 3]")
_affects("IMP-009", "environment", "_ssl", "{} -> {'OPENSSL_MODULES': '/x'}")
_affects("IMP-009", "folder", "tkinter", "'/' -> '/tmp'")
_affects("IMP-010", "signals", "readline", "[] -> ['handler']")
_affects("IMP-010", "locale", "_curses", "'C' -> 'de_DE'")

_sets("IMP-022", "strings hash with FNV", "interpreter", "hash", "fnv")
_sets("IMP-023", "an older Python", "interpreter", "version", "3.13.1")
_sets("IMP-024", "SOABI of glibc", "interpreter", "soabi", "cpython-313-x86_64-linux-gnu")
_sets("IMP-027", "a debug build", "interpreter", "debug", value=True)
_sets("IMP-028", "file names in ASCII", "interpreter", "utf8", ["ascii", "utf-8"])
_sets("IMP-030", "stale bytecode", "bytecode", "bad", {"os.py": "older than its source"})
_sets("IMP-036", "bytecode of another source", "bytecode", "unlike", ["ssl.py"])
_sets("IMP-037", "a library is damaged", "libraries", "refused", {"libz.so.1": "bad relocation"})
_sets("IMP-031", "start compiles site", "bytecode", "at_start", ["# code object from 'site.py'"])


@fault(kills={"IMP-001"}, kind="facts")
def a_module_was_not_installed(sections: Sections) -> None:
    """A module in Python is not there at all."""
    sections["imports"]["imported"].remove("wave")


@fault(kills={"IMP-002", "IMP-035"}, kind="facts")
def an_extension_does_not_load(sections: Sections) -> None:
    """A library that _lzma needs has no such symbol."""
    sections["imports"]["imported"].remove("_lzma")
    sections["imports"]["failed"]["_lzma"] = "ImportError: symbol not found"


@fault(kills={"IMP-003"}, kind="facts")
def an_extension_was_not_built(sections: Sections) -> None:
    """There is no file of _uuid: another place's is imported."""
    sections["extension_set"]["files"].remove("_uuid")


@fault(kills={"IMP-004"}, kind="facts")
def an_extension_of_elsewhere(sections: Sections) -> None:
    """A module that this version does not have was left in lib-dynload."""
    sections["extension_set"]["files"].append("_bsddb")


@fault(kills={"IMP-011", "IMP-034"}, kind="facts")
def os_without_pidfd_open(sections: Sections) -> None:
    """Built against old kernel headers."""
    sections["attributes"]["modules"]["os"].remove("pidfd_open")


@fault(kills={"IMP-012", "IMP-034"}, kind="facts")
def socket_without_vsock(sections: Sections) -> None:
    """Built without linux/vm_sockets.h."""
    sections["attributes"]["modules"]["socket"].remove("AF_VSOCK")


@fault(kills={"IMP-013"}, kind="facts")
def select_without_epoll(sections: Sections) -> None:
    """Configure did not find epoll."""
    sections["attributes"]["modules"]["select"].remove("epoll")


@fault(kills={"IMP-020"}, kind="facts")
def hashes_are_not_random(sections: Sections) -> None:
    """A patched default switches hash randomisation off."""
    sections["interpreter"]["flags"]["hash_randomization"] = 0


@fault(kills={"IMP-021"}, kind="facts")
def a_build_path_is_on_the_path(sections: Sections) -> None:
    """A .pth file names a folder of the build."""
    sections["interpreter"]["path"].append("/opt/python/lib/python3.13")


@fault(kills={"IMP-025"}, kind="facts")
def two_suffixes(sections: Sections) -> None:
    """One extension was installed under another ABI's name."""
    sections["extension_set"]["suffixes"].append(".abi3.so")


@fault(kills={"IMP-026"}, kind="facts")
def site_packages_was_lost(sections: Sections) -> None:
    """The archiver dropped the empty folder."""
    sections["interpreter"]["site_packages"][0][1] = False


@fault(kills={"IMP-032"}, kind="facts")
def waits_on_the_wall_clock(sections: Sections) -> None:
    """Locks are semaphores, and there is no sem_clockwait."""
    sections["attributes"]["config"]["HAVE_SEM_CLOCKWAIT"] = 0
    sections["interpreter"]["thread"][1] = "semaphore"


@fault(kills={"IMP-033"}, kind="facts")
def sem_getvalue_is_called_broken(sections: Sections) -> None:
    """The answer of a cross build."""
    sections["attributes"]["config"]["HAVE_BROKEN_SEM_GETVALUE"] = 1
