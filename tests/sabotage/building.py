"""Red samples of the area building: facts that a broken tree, compiler or flag would give."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
OLD = {"status": 0, "out": "", "err": ""}
# claim: section, name of the answer, value that turns it red
WRONG: dict[str, tuple[str, str, Any]] = {
    "BLD-001": ("built_extension", "answer", 0),
    "BLD-002": ("built_extension", "glibc", ["GLIBC_2", "libc.so.6"]),
    "BLD-003": ("built_extension", "hexversion", 0x030D04F0),
    "BLD-004": ("built_extension", "file", "everylinux_built.so"),
    "BLD-005": ("built_limited", "answer", 0),
    "BLD-006": ("built_headers", "broken", ["datetime.h", "pyexpat.h"]),
    "BLD-007": ("built_program", "said", "/usr (3, 13)"),
    "BLD-073": ("built_program", "same", "0 0"),
    "BLD-008": ("built_package", "answer", 0),
    "BLD-009": ("built_package", "tag", ["cp313", "cp313", "manylinux_2_17_x86_64"]),
    "BLD-010": ("built_overflow", "eight888", 0),
    "BLD-011": ("built_moved", "compiler", "/everylinux/subject/bin/everylinux-cc"),
    "BLD-012": ("built_without", "lines", ["x.c:1: error", "and more"]),
    "BLD-013": ("built_extension", "zlib", 10),
    "BLD-026": (
        "wheel_tags",
        "packaging",
        {
            "first": ["cp313-cp313-musllinux_1_1_x86_64"],
            "platforms": [
                *("musllinux_1_1_x86_64", "musllinux_1_2_x86_64", "musllinux_1_0_x86_64"),
                *("linux_x86_64", "any"),
            ],
        },
    ),
    "BLD-040": (
        "protected_addresses",
        "distinct",
        {"stack": 6, "heap": 6, "program": 1, "libpython": 6, "libc": 6},
    ),
    "BLD-041": (
        "protected_addresses",
        "distinct",
        {"stack": 6, "heap": 1, "program": 6, "libpython": 6, "libc": 6},
    ),
    "BLD-042": ("protected_pages", "stack", 0),
    "BLD-043": ("protected_pages", "heap", 0),
    "BLD-044": ("thread_stack", "thread", 128 << 10),
    "BLD-045": ("tree_size", "blocks", 60_000),
    "BLD-060": ("variable_home", "tree", "/opt/python /opt/python"),
    "BLD-061": ("variable_path", "with", {**OLD, "status": 1}),
    "BLD-062": ("variable_hash_seed", "random", ["1", "1", "1"]),
    "BLD-063": ("variable_io_encoding", "with", {**OLD, "out": "utf-8 strict"}),
    "BLD-064": ("variable_unbuffered", "with", dict(OLD)),
    "BLD-065": ("variable_verbose", "with", False),
    "BLD-066": ("variable_warnings", "with", {**OLD, "out": "went on"}),
    "BLD-067": ("variable_bytecode", "with", True),
    "BLD-068": ("variable_optimize", "2", "skipped text"),
    "BLD-069": ("variable_temporary", "with", {**OLD, "out": "/var/tmp/x"}),  # noqa: S108
    "BLD-070": ("variable_pip_cache", "/tmp/first", "/root/.cache/pip"),  # noqa: S108
    "BLD-071": ("variable_search", "pip3", []),
}


def _wrong(claim: str, section: str, name: str, value: object) -> None:
    """Declare the fault that one answer is wrong."""

    @fault(kills={claim}, kind="facts", name=f"{claim}: {section}, {name}")
    def sample(sections: Sections) -> None:
        sections[section]["answer"][name] = value


for _claim, _row in WRONG.items():
    _wrong(_claim, *_row)


@fault(kills={"BLD-008", "BLD-009"}, kind="facts")
def setuptools_finds_no_compiler(sections: Sections) -> None:
    """The subject raised where an answer was asked for: it fails, it is not unknown."""
    sections["built_package"] = {"failed": "CommandFailedError: status 1: cc: not found"}


@fault(kills={"BLD-013"}, kind="facts")
def a_library_takes_the_extensions_name(sections: Sections) -> None:
    """Libz was loaded for everybody, so the extension calls zlib's function by its own's name."""
    sections["built_extension"]["answer"]["own"] = 0


@fault(kills={"BLD-010"}, kind="facts")
def what_fits_is_trapped(sections: Sections) -> None:
    """A check that is off by one stops a right program."""
    sections["built_overflow"]["answer"]["seven77"] = -4


@fault(kills={"BLD-020"}, kind="facts")
def sysconfig_names_the_builds_folder(sections: Sections) -> None:
    """A variable kept the place where it was built."""
    sections["sysconfig_places"]["answer"]["moved"]["LIBDIR"] = ["/opt/python/lib", False]


@fault(kills={"BLD-021"}, kind="facts")
def sysconfig_names_the_hosts_compiler(sections: Sections) -> None:
    """CC is `cc`: extensions are compiled against the host's headers."""
    sections["sysconfig_variables"]["answer"] |= {"compiler": "cc", "is a program": False}


@fault(kills={"BLD-022"}, kind="facts")
def multiarch_is_the_builders(sections: Sections) -> None:
    """The host's compiler was asked for its triplet."""
    sections["sysconfig_variables"]["answer"]["MULTIARCH"] = "x86_64-linux-gnu"


@fault(kills={"BLD-023"}, kind="facts")
def config_names_a_folder_that_is_gone(sections: Sections) -> None:
    """python3.13-config names the folder of the static library, which is not shipped."""
    folder = "/everylinux/subject/lib/python3.13/config-3.13-x86_64-linux-musl"
    sections["config_tool"]["answer"]["here"]["folders"][folder] = False


@fault(kills={"BLD-023"}, kind="facts")
def config_names_the_old_place(sections: Sections) -> None:
    """After a move, python3.13-config still answers with where the tree lay."""
    sections["config_tool"]["answer"]["moved"]["outside"] = ["/everylinux/subject/lib"]


@fault(kills={"BLD-024"}, kind="facts")
def config_names_no_library(sections: Sections) -> None:
    """--embed is not heard."""
    sections["config_tool"]["answer"]["here"]["library"] = []


@fault(kills={"BLD-025"}, kind="facts")
def pkgconfig_misses_the_header(sections: Sections) -> None:
    """A .pc file leads to a folder without Python.h."""
    sections["pkgconfig"]["answer"]["moved python-3.13.pc"]["header"] = False


@fault(kills={"BLD-027"}, kind="facts")
def pip_sees_no_musl(sections: Sections) -> None:
    """The copy of packaging in pip is not answered for."""
    sections["wheel_tags"]["answer"]["pip"]["platforms"] = ["linux_x86_64", "any"]


@fault(kills={"BLD-030", "BLD-034"}, kind="facts")
def another_option_was_given(sections: Sections) -> None:
    """Loadable extensions of SQLite were left out, and the manifest names what was not done."""
    given = sections["manifest_flags"]["answer"]["python"]["configure"]
    given[given.index("--enable-loadable-sqlite-extensions")] = "--disable-ipv6"


@fault(kills={"BLD-030"}, kind="facts")
def a_release_without_its_profile(sections: Sections) -> None:
    """A release that was configured like a quick build: its excuse holds no more."""
    sections["manifest_flags"]["answer"]["profile"] = "release"


@fault(kills={"BLD-031"}, kind="facts")
def python_is_not_optimised(sections: Sections) -> None:
    """-O3 is missing in the manifest, and the interpreter has more than it says."""
    own = sections["manifest_flags"]["answer"]["python"]
    own["CFLAGS"] = own["CFLAGS"].replace("-O3 ", "")


@fault(kills={"BLD-032"}, kind="facts")
def a_library_is_not_optimised(sections: Sections) -> None:
    """One library was compiled without -O3."""
    sections["manifest_flags"]["answer"]["others"]["zlib"].remove("-O3")


@fault(kills={"BLD-032"}, kind="facts")
def a_library_was_not_built(sections: Sections) -> None:
    """One is not among the components."""
    del sections["manifest_flags"]["answer"]["others"]["gdbm"]


@fault(kills={"BLD-033"}, kind="facts")
def a_reason_is_lost(sections: Sections) -> None:
    """The manifest has a row less."""
    sections["manifest_flags"]["answer"]["deviations"].pop()


@fault(kills={"BLD-035"}, kind="facts")
def the_interpreter_was_compiled_otherwise(sections: Sections) -> None:
    """The interpreter says nothing of the stack protector."""
    own = sections["sysconfig_variables"]["answer"]
    own["PY_CFLAGS"] = own["PY_CFLAGS"].replace("-fstack-protector-strong", "")


@fault(kills={"BLD-046"}, kind="facts")
def an_object_is_not_fortified(sections: Sections) -> None:
    """One library was compiled without the checked headers."""
    levels = sections["fortified"]["answer"]["levels"]
    levels["shared_libraries/lib/libssl.so.3"] = 0


@fault(kills={"BLD-072"}, kind="facts")
def headers_check_nothing(sections: Sections) -> None:
    """The note is there, and one module has none of the checks that must leave code in it."""
    traps = sections["fortified"]["answer"]["traps"]
    traps[next(path for path in traps if "/select." in path)] = 0


@fault(kills={"BLD-047"}, kind="facts")
def a_strangers_library_is_asked(sections: Sections) -> None:
    """A library of the host's was preloaded."""
    sections["lookup_order"]["answer"]["objects"].insert(1, "/usr/lib/libfakeroot.so")


@fault(kills={"BLD-048"}, kind="facts")
def a_name_is_found_elsewhere(sections: Sections) -> None:
    """The allocator is taken from an extension module."""
    sections["lookup_order"]["answer"]["found"]["malloc"] = "/tmp/libfast.so"  # noqa: S108
