"""What the recorded tree lacked and the forge's must not: each entry is a true defect that it had.

The tree of the recording is a trial's: a plain CPython 3.13.5 on musl without Tk and pip. Record
anew from the forge's tree (record.py) and delete the entries one by one.
"""

from __future__ import annotations

from typing import Any

from everylinux.model import MOVED, SUBJECT

TK = (
    "_tkinter", "idlelib.pyshell", "tkinter", "tkinter.colorchooser", "tkinter.commondialog",
    "tkinter.constants", "tkinter.dialog", "tkinter.dnd", "tkinter.filedialog", "tkinter.font",
    "tkinter.messagebox", "tkinter.scrolledtext", "tkinter.simpledialog", "tkinter.ttk", "turtle",
)  # fmt: skip


def mend(sections: dict[str, Any]) -> None:
    """Turn the facts of the recorded tree into those of a good one."""
    _tk(sections)
    _libraries(sections)
    _programs(sections)
    _quiet(sections)


def _tk(sections: dict[str, Any]) -> None:
    """The trial has no _tkinter."""
    found = sections["imports"]
    found["imported"] = sorted({*found["imported"], *TK})
    for name in TK:
        found["failed"].pop(name, None)
    found["effects"].pop("printed", None)
    sections["extension_set"]["files"].append("_tkinter")
    sections["answers_tcl"] = {
        "answer": {
            "version": "8.6.13", "library": f"{SUBJECT}/lib/tcl8.6", "script": "1970-01-02",
            "encoding": "8abf", "sum": "42", "tk": 8.6,
        }
    }  # fmt: skip


def _libraries(sections: dict[str, Any]) -> None:
    """Gdbm is another than the locked; museum 31, 67 and 69 are true of the trial."""
    sections["library_versions"]["answer"]["gdbm"] = "1.23"
    sections["interpreter"]["thread"][1] = "mutex+cond"
    sections["answers_c_recursion"]["answer"]["signals"] = {}
    sections["answers_find_library"]["answer"]["usable"] = {"c": True, "m": True}
    sections["bytecode"].update({"bad": {}, "at_start": []})


def _programs(sections: dict[str, Any]) -> None:
    """The trial has no pip; its launcher loses itself behind two symlinks."""
    tools = sections["tools"]
    for name in tools:
        if name.startswith("pip"):
            tools[name] = {"out": "pip 25.1.1 from somewhere\n"}
    tools["tags"] = ["cp313-cp313-musllinux_1_2_x86_64"]
    for kind, place in {**MOVED, "subject": SUBJECT}.items():
        tools[f"config {kind}"] = {"out": f"{place}\n"}
    venvs = sections["venvs"]
    venvs["venv of a symlinked interpreter"] = venvs["venv"]


def _quiet(sections: dict[str, Any]) -> None:
    """The machine of the recording was busy: wall time there is what CPU time would have been."""
    for row in sections["startup"].values():
        row["wall"] = list(row["cpu"])
