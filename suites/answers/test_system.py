"""Modules that stand on the C library and the kernel do what they promise."""

from __future__ import annotations

import pytest

from everylinux.checks import Evidence, Expected, agrees, answered_here, check
from everylinux.facts import Facts

STANDALONE = ("standalone",)
KNOWN = "answers/known.yaml"
VERSIONS = "answers/versions.yaml"


@check(
    "ANS-020",
    source="ISO C, POSIX; museum 11, 71",
    remedy="Link dynamically, and give libffi its trampolines.",
)
def test_ctypes(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Module ctypes calls, is called back, passes structures by value and sees errno."""
    agrees(facts, "answers_ctypes", expected.table(KNOWN), evidence)


@check(
    "ANS-022",
    source="POSIX mmap, fcntl",
    remedy="Look at the errno in the evidence.",
)
def test_memory(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Mapped files, locks and ioctl do what POSIX says."""
    agrees(facts, "answers_memory", expected.table(KNOWN), evidence)


@check(
    "ANS-023",
    source="POSIX termios",
    remedy="Look at pty and termios in CPython's configure log.",
)
def test_terminal(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A new terminal is one, goes raw and back."""
    agrees(facts, "answers_terminal", expected.table(KNOWN), evidence)


@check(
    "ANS-024",
    source="POSIX; museum 60",
    remedy="Check _posixsubprocess and vfork.",
)
def test_process(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Children get exactly their environment and limits, and their exit statuses come back."""
    agrees(facts, "answers_process", expected.table(KNOWN), evidence)


@check(
    "ANS-025",
    source="POSIX signals, PEP 475; museum 36",
    remedy="Check configure's answers on sigaction, sigtimedwait and setitimer.",
)
def test_signal(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Signals are handled, blocked, waited for and wake a loop."""
    agrees(facts, "answers_signal", expected.table(KNOWN), evidence)


@check(
    "ANS-027",
    source="spec: Compilation Flags (THREAD_STACK_SIZE); museum 67",
    remedy="Compile with -DTHREAD_STACK_SIZE=0x100000.",
)
def test_recursion(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A thread with the default stack recurses 15,000 frames deep."""
    agrees(facts, "answers_recursion", expected.table(KNOWN), evidence)


@check(
    "ANS-029",
    source="docs.python.org: faulthandler",
    remedy="Check faulthandler.c and sigaltstack.",
)
def test_fault(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A segmentation fault is told with its Python frame."""
    agrees(facts, "answers_fault", expected.table(KNOWN), evidence)


@check(
    "ANS-030",
    source="docs.python.org: gc, tracemalloc, secrets",
    remedy="Look at the evidence.",
)
def test_runtime(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Circles are collected, memory is traced, random bytes differ."""
    agrees(facts, "answers_runtime", expected.table(KNOWN), evidence)


@check(
    "ANS-032",
    source="POSIX sockets, RFC 5952",
    remedy="Check configure's answers on sockets.",
)
def test_socket(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """UNIX sockets carry data and descriptors; addresses are read and written."""
    agrees(facts, "answers_socket", expected.table(KNOWN), evidence)


@check(
    "ANS-035",
    source="epoll(7), POSIX poll",
    remedy="Check configure's answer on epoll.",
)
def test_wait(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """select, poll, epoll and the default selector see what is there to be read."""
    agrees(facts, "answers_wait", expected.table(KNOWN), evidence)


@check(
    "ANS-036",
    source="POSIX getaddrinfo; museum 68",
    remedy="Check the resolver of the musl that is shipped.",
)
def test_name(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Numeric addresses are resolved without asking anybody, others are refused."""
    agrees(facts, "answers_name", expected.table(KNOWN), evidence)


@check(
    "ANS-038",
    source="docs.python.org: asyncio",
    remedy="Look at the evidence.",
)
def test_asyncio(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """An event loop serves a socket, runs a child and a thread, and times out."""
    agrees(facts, "answers_asyncio", expected.table(KNOWN), evidence)


@check(
    "ANS-039",
    source="POSIX shm_open",
    remedy="Check _posixshmem in configure's log.",
)
def test_shared(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Two handles see the same shared memory."""
    agrees(facts, "answers_shared", expected.table(KNOWN), evidence)


@check(
    "ANS-040",
    source="docs.python.org: multiprocessing; museum 32",
    remedy="Check _multiprocessing, sem_open and sem_getvalue in configure's log.",
)
def test_processes(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Pools work by fork, spawn and forkserver; queues have a size, semaphores a value."""
    agrees(facts, "answers_processes", expected.table(KNOWN), evidence)


@check(
    "ANS-041",
    source="PEP 684, PEP 734",
    remedy="Check _interpreters in configure's log.",
)
def test_interpreters(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A second interpreter runs in the same process."""
    agrees(facts, "answers_interpreters", expected.table(KNOWN), evidence)


@check(
    "ANS-021",
    source="museum 69 (cpython#87808)",
    remedy="find_library must answer without gcc, ldconfig and objdump.",
)
def test_find_library(facts: Facts, evidence: Evidence) -> None:
    """The C and the mathematics library are found and loaded, also without a compiler."""
    answer = answered_here(facts, "answers_find_library")
    evidence["names"] = answer["names"]
    assert answer["usable"] == {"c": True, "m": True}


@check(
    "ANS-026",
    source="POSIX getpwuid, getgrgid",
    remedy="musl reads /etc/passwd and /etc/group only; check pwd and grp.",
)
def test_users(facts: Facts, evidence: Evidence) -> None:
    """The user and group of id 0 are found by number and by name, and syslog has its masks."""
    answer = answered_here(facts, "answers_user")
    evidence["answer"] = answer
    wanted = {"user": "root", "by name": 0, "group": 0, "groups": True, "syslog": 15}
    assert {name: answer.get(name) for name in wanted} == wanted


@check(
    "ANS-028",
    source="museum 67 (cpython#131338)",
    remedy="Lower Py_C_RECURSION_LIMIT or raise THREAD_STACK_SIZE until they fit each other.",
)
def test_c_recursion(facts: Facts, evidence: Evidence) -> None:
    """No depth of JSON, patterns, pickles or source ends a thread by a signal."""
    answer = answered_here(facts, "answers_c_recursion")
    evidence.update({"signals": answer["signals"], "answers": answer["answers"]})
    assert answer["signals"] == {}


@check(
    "ANS-031",
    source="docs.python.org: perf_profiling; build notes: not on musl",
    remedy="configure allows the trampoline for glibc's triplets only.",
    profiles=STANDALONE,
)
def test_perf_is_refused(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The perf trampoline, which musl builds do not have, is refused as documented."""
    wanted = expected.of_python(VERSIONS, "perf")
    evidence.update({"perf": answered_here(facts, "answers_runtime")["perf"], "wanted": wanted})
    assert evidence["perf"] == wanted


@check(
    "ANS-033",
    source="RFC 9293; museum 68",
    remedy="Look at the errno in the evidence.",
)
def test_ipv4(facts: Facts, evidence: Evidence) -> None:
    """100 kB go through TCP over IPv4 on the loopback and come back whole."""
    found = answered_here(facts, "answers_socket")["ipv4"]
    evidence["found"] = found
    if isinstance(found, str):
        pytest.skip(f"the cell {found}")
    assert found is True


@check(
    "ANS-034",
    source="RFC 9293; museum 68",
    remedy="Look at the errno in the evidence.",
)
def test_ipv6(facts: Facts, evidence: Evidence) -> None:
    """100 kB go through TCP over IPv6 on the loopback and come back whole."""
    found = answered_here(facts, "answers_socket")["ipv6"]
    evidence["found"] = found
    if isinstance(found, str):
        pytest.skip(f"the cell {found}")
    assert found is True


@check(
    "ANS-037",
    source="RFC 6761; museum 68",
    remedy="musl reads /etc/hosts; check that it is what answers.",
)
def test_localhost(facts: Facts, evidence: Evidence) -> None:
    """The name localhost is a loopback address wherever /etc/hosts lists it."""
    answer = answered_here(facts, "answers_name")
    evidence["localhost"] = answer["localhost"]
    if not answer["localhost listed"]:
        pytest.skip("the cell lacks localhost in /etc/hosts")
    assert answer["localhost"] in (["127.0.0.1"], ["::1"], ["127.0.0.1", "::1"])


@check(
    "ANS-077",
    source="Python's library reference, logging; python/cpython#135858 (3.13.4 and 3.13.5)",
    remedy="Take CPython 3.13.6 or later, or the fix's patch.",
)
def test_logging(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """A message that a handler logs while it handles another is not dropped without a word."""
    agrees(facts, "answers_logging", expected.table(KNOWN), evidence)
