"""Red samples of the areas launcher, relocation and users: a fact that a broken tree would give."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

FAILED = {"failed": "status 127: no such file"}
Sections = dict[str, Any]


def _fails(way: str, *kills: str) -> None:
    """Declare the fault that one way to start fails."""

    @fault(kills=set(kills), kind="facts", name=f"start fails: {way}")
    def sample(sections: Sections) -> None:
        sections["starts"][way] = dict(FAILED)


for _way, _claim in {
    "moved: space": "REL-001",
    "moved, relative: non-ASCII": "REL-002",
    "moved: long": "REL-003",
    "relative": "REL-004",
    "doubled slashes": "REL-005",
    "relative symlink in a folder": "REL-007",
    "symlinked tree": "REL-008",
    "symlink to a script": "REL-010",
    "empty argv[0]": "LCH-014",
    "argv[0] of another program": "LCH-015",
    "argv[0] of a device": "LCH-016",
    "deleted working folder": "LCH-019",
    "stdin, stdout and stderr closed": "LCH-020",
}.items():
    _fails(_way, _claim)


@fault(kills={"REL-001"}, kind="facts")
def a_moved_tree_still_looks_where_it_was_built(sections: Sections) -> None:
    """The standard library is found, but a stale entry of sys.path leads to the old place."""
    sections["starts"]["moved: space"]["path"].append("/opt/python/lib/python3.13/lib-dynload")


@fault(kills={"REL-006"}, kind="facts")
def by_path_finds_another_tree(sections: Sections) -> None:
    """The name is searched by the launcher in the wrong folder of PATH."""
    sections["starts"]["by PATH"]["prefix"] = "/usr"


@fault(kills={"REL-009"}, kind="facts")
def a_short_name_finds_another_tree(sections: Sections) -> None:
    """bin/python is a program of its own."""
    sections["starts"]["bin/python"]["prefix"] = "/usr"


@fault(kills={"REL-011"}, kind="facts")
def pip_has_a_shebang(sections: Sections) -> None:
    """The program pip names the interpreter of the build in its first line."""
    sections["tools"]["pip space"] = dict(FAILED)


@fault(kills={"REL-012"}, kind="facts")
def pydoc_has_a_shebang(sections: Sections) -> None:
    """The program pydoc names the interpreter of the build in its first line."""
    sections["tools"]["pydoc long"] = dict(FAILED)


@fault(kills={"REL-013"}, kind="facts")
def config_names_the_build_prefix(sections: Sections) -> None:
    """python3.13-config answers with the prefix that was compiled in."""
    sections["tools"]["config space"] = {"out": "/opt/python\n"}


@fault(kills={"LCH-001"}, kind="facts")
def the_launcher_sets_a_variable(sections: Sections) -> None:
    """PYTHONHOME is set for the interpreter."""
    for who in ("own", "child"):
        sections["surroundings"]["environment"][who]["PYTHONHOME"] = "/everylinux/subject"


@fault(kills={"LCH-002"}, kind="facts")
def children_lose_a_variable(sections: Sections) -> None:
    """LD_LIBRARY_PATH is taken out of the environment of children."""
    del sections["surroundings"]["environment"]["child"]["LD_LIBRARY_PATH"]


@fault(kills={"LCH-003"}, kind="facts")
def a_descriptor_is_open(sections: Sections) -> None:
    """A descriptor to a file of /sys is left open, as BOLT's -hugify did."""
    sections["surroundings"]["environment"]["fds"].append("3")


@fault(kills={"LCH-004"}, kind="facts")
def a_descriptor_is_inherited(sections: Sections) -> None:
    """A descriptor without O_CLOEXEC reaches a child."""
    sections["surroundings"]["environment"]["child_fds"] = "['0', '1', '2', '3']"


@fault(kills={"LCH-005"}, kind="facts")
def a_library_of_the_host_is_mapped(sections: Sections) -> None:
    """The libz comes from the host."""
    sections["surroundings"]["maps"].append("/usr/lib/libz.so.1.3")


@fault(kills={"LCH-006"}, kind="facts")
def the_library_path_captures(sections: Sections) -> None:
    """The libssl comes from a folder of LD_LIBRARY_PATH."""
    sections["surroundings"]["maps under LD_LIBRARY_PATH"].append("/usr/lib/libssl.so.3")


@fault(kills={"LCH-007"}, kind="facts")
def the_preload_stops_it(sections: Sections) -> None:
    """The loader tries to load the host's libc and fails."""
    sections["surroundings"]["maps under LD_PRELOAD"] = dict(FAILED)


@fault(kills={"LCH-008"}, kind="facts")
def the_loader_is_copied_to_tmp(sections: Sections) -> None:
    """The interpreter is copied to a known name in /tmp."""
    sections["surroundings"]["written"].append("StAnDaLoNeMuSlInTeRpReTeR-musl-x86_64.so")


@fault(kills={"LCH-008"}, kind="facts")
def the_workload_never_ran(sections: Sections) -> None:
    """Nothing is written because nothing ran: that is no pass."""
    sections["surroundings"]["busy"] = dict(FAILED)


@fault(kills={"LCH-009"}, kind="facts")
def a_start_complains(sections: Sections) -> None:
    """A hook at start needs a program that is not in PATH."""
    sections["surroundings"]["quiet"]["err"] = "sh: openssl: not found\n"


@fault(kills={"LCH-010"}, kind="facts")
def isolation_is_broken(sections: Sections) -> None:
    """PYTHONHOME counts in spite of -I."""
    sections["surroundings"]["isolated from PYTHONHOME"] = dict(FAILED)


@fault(kills={"LCH-011"}, kind="facts")
def a_variable_is_needed(sections: Sections) -> None:
    """Without PATH the launcher does not find itself."""
    sections["surroundings"]["no environment"] = dict(FAILED)


@fault(kills={"LCH-012"}, kind="facts")
def the_executable_is_the_real_one(sections: Sections) -> None:
    """sys.executable names the file behind the launcher."""
    sections["starts"]["absolute"]["executable"] = "/everylinux/subject/bin/python3.13-real"


@fault(kills={"LCH-013"}, kind="facts")
def the_symlink_is_resolved(sections: Sections) -> None:
    """sys.executable names what the symlink leads to."""
    sections["starts"]["symlink"]["executable"] = "/everylinux/subject/bin/python3.13"


@fault(kills={"LCH-017"}, kind="facts")
def an_argument_is_lost(sections: Sections) -> None:
    """The launcher drops the last argument."""
    sections["starts"]["shebang"]["argv"].pop()


@fault(kills={"LCH-018"}, kind="facts")
def the_loaders_options_show(sections: Sections) -> None:
    """The command line begins with the loader's own options."""
    original = sections["starts"]["absolute"]["orig_argv"]
    original[:0] = ["libc.so", "--library-path="]


@fault(kills={"LCH-021"}, kind="facts")
def a_missing_part_is_a_crash(sections: Sections) -> None:
    """A copied launcher dies by a signal."""
    sections["alone"] = {"status": None, "signal": 11, "error": "", "lines": []}


@fault(kills={"LCH-022"}, kind="facts")
def wheels_are_of_glibc(sections: Sections) -> None:
    """Packaging takes the distribution for one of glibc."""
    sections["tools"]["tags"].insert(0, "cp313-cp313-manylinux_2_17_x86_64")


@fault(kills={"LCH-023"}, kind="facts")
def a_venv_is_not_seen(sections: Sections) -> None:
    """The interpreter of an environment does not see pyvenv.cfg."""
    sections["venvs"]["venv"]["report"]["prefix"] = "/everylinux/subject"


@fault(kills={"LCH-024"}, kind="facts")
def a_symlinked_venv_fails(sections: Sections) -> None:
    """The environment's home is the folder of the symlink."""
    sections["venvs"]["venv of a symlinked interpreter"]["report"] = dict(FAILED)


@fault(kills={"LCH-025"}, kind="facts")
def a_copied_launcher_is_lost(sections: Sections) -> None:
    """The copied launcher looks for its parts beside itself."""
    sections["venvs"]["venv --copies"]["report"] = dict(FAILED)


@fault(kills={"LCH-026"}, kind="facts")
def a_space_breaks_a_venv(sections: Sections) -> None:
    """The environment's home ends at the first space."""
    sections["venvs"]["venv of a moved tree"] = dict(FAILED)


@fault(kills={"USR-001"}, kind="facts")
def nobody_may_not_read(sections: Sections) -> None:
    """A library is readable for root alone."""
    sections["user"]["nobody"] = dict(FAILED)


@fault(kills={"USR-002"}, kind="facts")
def a_stranger_is_asked_for(sections: Sections) -> None:
    """The user database is asked at start."""
    sections["user"]["stranger"] = dict(FAILED)


@fault(kills={"USR-003"}, kind="facts")
def home_is_needed(sections: Sections) -> None:
    """HOME is needed at start."""
    sections["user"]["no HOME"] = dict(FAILED)


@fault(kills={"USR-004"}, kind="facts")
def root_needs_to_write(sections: Sections) -> None:
    """Root writes bytecode into the tree."""
    sections["user"]["root"] = dict(FAILED)


@fault(kills={"USR-005"}, kind="facts")
def a_place_to_plant(sections: Sections) -> None:
    """site-packages is writable for everybody."""
    sections["user"]["writable"] = ["/everylinux/subject/lib/python3.13/site-packages"]
