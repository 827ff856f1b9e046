"""What the interpreter says of itself."""

from __future__ import annotations

from typing import Any

from everylinux.checks import Evidence, Expected, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

STANDALONE = ("standalone",)
PORTABLE = ("standalone", "relocatable")
LEAST = 60  # modules from files that the imports of the probe load: 73 in 3.13
# Bits of an address and the name in file names: PEP 3149, configure's platform triplets.
ARCHITECTURES = {"x86_64": (64, "x86_64-linux-musl"), "x86": (32, "i386-linux-musl")}


def _within(path: str) -> bool:
    return path == str(SUBJECT) or path.startswith(f"{SUBJECT}/")


def _same(evidence: Evidence, found: Any, wanted: Any) -> None:  # noqa: ANN401 - JSON values
    evidence.update({"found": found, "wanted": wanted})
    assert found == wanted


@check(
    "IMP-020",
    source="docs.python.org: using/cmdline, -I",
    remedy="No start-up file may change flags; check for a patched default.",
)
def test_flags_are_sane(facts: Facts, evidence: Evidence) -> None:
    """With -I the interpreter is isolated, unoptimised, not debugging, and hashes at random."""
    wanted = {
        "isolated": 1, "ignore_environment": 1, "no_user_site": 1, "no_site": 0, "optimize": 0,
        "debug": 0, "inspect": 0, "interactive": 0, "verbose": 0, "bytes_warning": 0,
        "hash_randomization": 1, "dev_mode": False,
    }  # fmt: skip
    found = facts["interpreter.flags"]
    _same(evidence, {name: found.get(name) for name in wanted}, wanted)


@check(
    "IMP-021",
    source="spec: Environment Variables (PYTHONPATH); museum 4, 64",
    remedy="Find what adds it: a .pth file, sitecustomize, a prefix that was compiled in.",
    profiles=PORTABLE,
)
def test_path_is_within_the_tree(facts: Facts, evidence: Evidence) -> None:
    """With -I every entry of sys.path is an absolute path within the tree."""
    evidence["outside"] = [path for path in facts["interpreter.path"] if not _within(path)]
    assert evidence["outside"] == []


@check(
    "IMP-022",
    source="museum 33 (python-build-standalone#683)",
    remedy="Give configure --with-hash-algorithm=siphash13, or build natively.",
)
def test_strings_hash_with_siphash(facts: Facts, evidence: Evidence) -> None:
    """Strings are hashed with SipHash, which an attacker cannot aim at."""
    evidence["algorithm"] = facts["interpreter.hash"]
    assert evidence["algorithm"].startswith("siphash")


@check(
    "IMP-023",
    source="spec: Dependency Specifications (Python); the lock",
    remedy="The tree is of another version than the lock says: build again.",
    profiles=STANDALONE,
)
def test_version_is_the_locked(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The interpreter is a final CPython of exactly the locked version."""
    found = [facts[f"interpreter.{name}"] for name in ("implementation", "version", "release")]
    _same(evidence, found, ["cpython", expected.version("cpython"), "final"])


@check(
    "IMP-024",
    source="PEP 3149; spec: File Layout Reference; museum 12",
    remedy="The compiler wrapper must answer --print-multiarch with the musl triplet.",
    profiles=STANDALONE,
)
def test_soabi_is_of_musl(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """Module sysconfig names the musl ABI of this architecture in SOABI and EXT_SUFFIX."""
    triplet = ARCHITECTURES[expected.arch][1]
    soabi = f"cpython-{expected.python.replace('.', '')}-{triplet}"
    found = [facts["interpreter.soabi"], facts["interpreter.ext_suffix"]]
    _same(evidence, found, [soabi, f".{soabi}.so"])


@check(
    "IMP-025",
    source="PEP 3149; spec: File Layout Reference (lib-dynload)",
    remedy="Install extensions under the name that EXT_SUFFIX says.",
    profiles=STANDALONE,
)
def test_extensions_have_one_suffix(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """All files of lib-dynload end in the one suffix of this version, architecture and musl."""
    tag = f"cpython-{expected.python.replace('.', '')}-{ARCHITECTURES[expected.arch][1]}"
    _same(evidence, facts["extension_set.suffixes"], [f".{tag}.so"])


@check(
    "IMP-026",
    source="spec: File Layout Reference (site-packages)",
    remedy="Ship an empty site-packages folder: an empty folder is lost by some archivers.",
    profiles=PORTABLE,
)
def test_site_packages_is_there(facts: Facts, evidence: Evidence) -> None:
    """site-packages is a folder within the tree, where sysconfig says, and on sys.path."""
    pure = facts["interpreter.purelib"]
    found = [[pure, True] in facts["interpreter.site_packages"], _within(pure)]
    evidence["purelib"] = pure
    _same(evidence, [*found, facts["interpreter.purelib_on_path"]], [True, True, True])


@check(
    "IMP-027",
    source="docs.python.org: sys.hash_info, sys.thread_info, sys.maxunicode",
    remedy="The tree is of another architecture, or a build option changed the ABI.",
)
def test_build_is_of_the_architecture(facts: Facts, evidence: Evidence, expected: Expected) -> None:
    """The interpreter is a release build for Linux, POSIX threads and this architecture."""
    found = [facts[f"interpreter.{n}"] for n in ("bits", "platform", "debug", "frozen")]
    wanted = [ARCHITECTURES[expected.arch][0], "linux", False, False]
    _same(evidence, [*found, facts["interpreter.thread"][0]], [*wanted, "pthread"])


@check(
    "IMP-028",
    source="PEP 538, PEP 540, PEP 686; museum 70",
    remedy="musl's C locale is UTF-8; look for a locale that a start-up file sets.",
)
def test_encodings_are_utf8(facts: Facts, evidence: Evidence) -> None:
    """File names and default encoding are UTF-8 in an environment that says nothing of a locale."""
    _same(evidence, facts["interpreter.utf8"], ["utf-8", "utf-8"])


@check(
    "IMP-030",
    source="spec: File Layout Reference (__pycache__); Startup Performance",
    remedy="Compile the library after the last edit, or with --invalidation-mode unchecked-hash.",
    profiles=STANDALONE,
)
def test_bytecode_is_found(facts: Facts, evidence: Evidence) -> None:
    """Every module of the library has cached bytecode that fits its source."""
    evidence.update({"checked": facts["bytecode.checked"], "bad": facts["bytecode.bad"]})
    assert evidence["bad"] == {}


@check(
    "IMP-031",
    source="spec: Startup Performance; build notes 10.5",
    remedy="Ship the bytecode of what start-up imports, sitecustomize as well.",
    profiles=PORTABLE,
)
def test_start_compiles_nothing(facts: Facts, evidence: Evidence) -> None:
    """No module is compiled when the interpreter starts."""
    evidence["compiled"] = facts["bytecode.at_start"]
    assert evidence["compiled"] == []


@check(
    "IMP-036",
    source="PEP 552: bytecode of unchecked hash is run without a look at its source",
    remedy="Compile the library anew, and find out who changed its bytecode.",
    profiles=STANDALONE,
)
def test_bytecode_is_of_its_source(facts: Facts, evidence: Evidence) -> None:
    """Bytecode of what servers and tools import first is what its source compiles to."""
    found = facts["bytecode"]
    evidence.update({"compared": found["compared"], "unlike": found["unlike"]})
    assert [evidence["unlike"], evidence["compared"] >= LEAST] == [[], True]


@check(
    "IMP-032",
    source="museum 31 (python-build-standalone#985)",
    remedy="configure must find sem_clockwait, or waits hang when the clock is set back.",
    profiles=STANDALONE,
)
def test_waits_use_the_monotonic_clock(facts: Facts, evidence: Evidence) -> None:
    """Locks wait on a clock that nobody can set: by sem_clockwait or condition variables."""
    clockwait = facts["attributes.config.HAVE_SEM_CLOCKWAIT"]
    kind = facts["interpreter.thread"][1]
    evidence.update({"HAVE_SEM_CLOCKWAIT": clockwait, "lock": kind})
    assert clockwait == 1 or kind == "mutex+cond"


@check(
    "IMP-034",
    source="museum 40 and 41 (python-build-standalone#193, #1050)",
    remedy="Build against newer kernel headers: the kernel decides at run time, not the C library.",
)
def test_names_of_the_kernel(facts: Facts, expected: Expected, evidence: Evidence) -> None:
    """What Python offers of the kernel needs its headers only, and is there: pidfds, AF_VSOCK."""
    wanted = expected.table("imports/kernel-names.yaml")["names"]
    missing = {
        module: sorted(set(names) - set(facts["attributes.modules"][module]))
        for module, names in wanted.items()
    }
    evidence["missing"] = {module: names for module, names in missing.items() if names}
    assert evidence["missing"] == {}


@check(
    "IMP-033",
    source="museum 32 (python-build-standalone#977)",
    remedy="Build natively, or answer ac_cv_broken_sem_getvalue=no when cross-compiling.",
    profiles=PORTABLE,
)
def test_sem_getvalue_is_trusted(facts: Facts, evidence: Evidence) -> None:
    """The build did not mark sem_getvalue as broken."""
    evidence["value"] = facts["attributes.config.HAVE_BROKEN_SEM_GETVALUE"]
    assert not evidence["value"]
