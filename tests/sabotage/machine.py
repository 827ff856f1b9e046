"""Red samples of the area machine."""

from __future__ import annotations

from typing import Any

from tests.sabotage import fault

Sections = dict[str, Any]


@fault(kills={"MAC-001"}, kind="facts")
def bolt_keeps_a_file_of_sys_open(sections: Sections) -> None:
    """BOLT's start-up code reads whether there are huge pages, and does not close the file."""
    path = "/sys/kernel/mm/transparent_hugepage/enabled"
    sections["machine_descriptors"]["open"]["3"] = path


@fault(kills={"MAC-002"}, kind="facts")
def a_node_that_is_made_up(sections: Sections) -> None:
    """The uuid library does not find the interface, and each process makes up a node."""
    sections["machine_node"]["nodes"] = ["b5ba4fbc1ce6", "f3fcd5800d03"]


@fault(kills={"MAC-003"}, kind="facts")
def tls_that_waits_for_ever(sections: Sections) -> None:
    """The TLS library still waits when the kernel has entropy."""
    sections["entropy"]["fed"] = None
