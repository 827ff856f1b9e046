"""Red samples of the area bootstrap: what a wrapper that trusts too much would have done."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]
PLACE = "/tmp/StAnDaLoNeMuSlInTeRpReTeR-musl-x86_64.so"  # noqa: S108 - the specification's
NAME = PLACE.rpartition("/")[2]


@fault(kills={"BST-001"}, kind="facts")
def a_function_has_another_name(sections: Sections) -> None:
    """The wrapper's author mends a spelling."""
    text = sections["bootstrap"]["wrapper"]
    sections["bootstrap"]["wrapper"] = text.replace("bootstraping_libc", "bootstrapping_libc")


@fault(kills={"BST-001"}, kind="facts")
def a_variable_has_another_name(sections: Sections) -> None:
    """INSTALL_PREFIX is called TREE."""
    text = sections["bootstrap"]["wrapper"]
    sections["bootstrap"]["wrapper"] = text.replace("INSTALL_PREFIX", "TREE")


@fault(kills={"BST-002"}, kind="facts")
def the_real_interpreter_can_be_executed(sections: Sections) -> None:
    """The kernel would run whatever lies in /tmp."""
    sections["bootstrap"]["real"]["mode"] = "555"


@fault(kills={"BST-002"}, kind="facts")
def the_interpreter_path_is_musls(sections: Sections) -> None:
    """Patchelf was not run."""
    sections["bootstrap"]["real"]["interpreter"] = "/lib/ld-musl-x86_64.so.1"


@fault(kills={"BST-003"}, kind="facts")
def half_a_copy_is_left(sections: Sections) -> None:
    """The folder in which the copy was made is not removed."""
    row = {"kind": "dir", "mode": "700", "uid": 4242, "sha256": ""}
    sections["bootstrap"]["first"]["written"][f"{NAME}.17"] = row


@fault(kills={"BST-003"}, kind="facts")
def the_copy_is_another_file(sections: Sections) -> None:
    """The copy is not the tree's loader."""
    sections["bootstrap"]["first"]["written"][NAME]["sha256"] = "0" * 64


@fault(kills={"BST-004"}, kind="facts")
def every_start_copies(sections: Sections) -> None:
    """The second start writes a copy of its own."""
    sections["bootstrap"]["first"]["unchanged"] = False


@fault(kills={"BST-005"}, kind="facts")
def the_interpreter_has_the_wrappers_umask(sections: Sections) -> None:
    """Umask 077 is set for the copy and not set back."""
    sections["bootstrap"]["umasks"]["000"]["umask"] = "0o77"


@fault(kills={"BST-005"}, kind="facts")
def the_umask_decides_the_mode(sections: Sections) -> None:
    """Under umask 077 nobody else can run the copy."""
    sections["bootstrap"]["umasks"]["077"]["modes"] = ["500"]


@fault(kills={"BST-006"}, kind="facts")
def pythonhome_reaches_children(sections: Sections) -> None:
    """The wrapper sets PYTHONPATH for the interpreter."""
    sections["bootstrap"]["environment"]["found"]["child"]["PYTHONPATH"] = "/everylinux/subject"


@fault(kills={"BST-006"}, kind="facts")
def the_locale_is_not_given_back(sections: Sections) -> None:
    """LC_ALL=C of the wrapper's own commands stays."""
    sections["bootstrap"]["environment"]["found"]["own"]["LC_ALL"] = "C"


@fault(kills={"BST-007"}, kind="facts")
def an_environment_names_the_copy(sections: Sections) -> None:
    """sys.executable was the loader in /tmp, so the environment's python leads nowhere."""
    sections["bootstrap"]["cleaned"]["venv"] = {"failed": "status 127: not found"}


@fault(kills={"BST-008"}, kind="facts")
def a_planted_copy_is_run(sections: Sections) -> None:
    """Equal content is taken for enough: its owner may change it a moment later."""
    sections["bootstrap"]["planted"]["a copy of the loader"]["alice"] = PLACE


@fault(kills={"BST-009"}, kind="facts")
def root_trusts_everybody(sections: Sections) -> None:
    """For root no owner is checked."""
    sections["bootstrap"]["planted"]["a link to a copy"]["root"] = PLACE


@fault(kills={"BST-010"}, kind="facts")
def a_planted_script_has_run(sections: Sections) -> None:
    """It was tried before it was checked."""
    row = {"kind": "file", "mode": "644", "uid": 4242, "sha256": ""}
    sections["bootstrap"]["planted"]["a script"]["left"]["pwned"] = row


@fault(kills={"BST-011"}, kind="facts")
def a_start_finds_half_a_copy(sections: Sections) -> None:
    """One of many runs a copy that another is still writing."""
    sections["bootstrap"]["at_once"].update(ended=5, err="Segmentation fault")


@fault(kills={"BST-012"}, kind="facts")
def the_second_user_runs_the_firsts(sections: Sections) -> None:
    """The first user's copy is run by all."""
    sections["bootstrap"]["at_once"]["other"] = PLACE


@fault(kills={"BST-012"}, kind="facts")
def the_private_folder_is_open(sections: Sections) -> None:
    """Made under the user's umask."""
    sections["bootstrap"]["at_once"]["left_by_other"]["StAnDaLoNeMuSlInTeRpReTeR-65534"]["mode"] = (
        "777"
    )


@fault(kills={"BST-013"}, kind="facts")
def a_copy_for_all_to_write_is_run(sections: Sections) -> None:
    """The mode is not checked."""
    sections["bootstrap"]["spoiled"]["writable for all"] = PLACE


@fault(kills={"BST-014"}, kind="facts")
def the_refusal_names_no_way_out(sections: Sections) -> None:
    """The shell's own message is all there is."""
    sections["bootstrap"]["taken"]["lines"] = [f"sh: {PLACE}: Permission denied"]


@fault(kills={"BST-015"}, kind="facts")
def tmpdir_is_not_used(sections: Sections) -> None:
    """TMPDIR does not help."""
    sections["bootstrap"]["taken"]["way_out"] = {"failed": "status 126"}


@fault(kills={"BST-016"}, kind="facts")
def a_strangers_library_is_loaded(sections: Sections) -> None:
    """The private loader lies in the folder itself: its list would be /tmp/etc."""
    sections["bootstrap"]["search"]["a private folder"] = "loaded"
