"""Starts a tree whose programs are wrappers in sh, among copies that are planted, broken or gone.

A scenario for trees whose manifest says `start: bootstrap`. Everything happens in the cell's own
/tmp, as three users: root, the user who starts (ALICE) and one who plants (MALLORY).
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.errors import AgentError
from everylinux.model import NOBODY, SUBJECT, Limits, Result, Section
from everylinux.probes.base import python_of
from everylinux.probes.starting import answer

START = "bootstrap"
ALICE, MALLORY = 4242, NOBODY
TMP = "/tmp"  # noqa: S108 - the specification's place; here the cell's own tmpfs
NAME = "StAnDaLoNeMuSlInTeRpReTeR"  # spec: Standalone Python Variables
MACHINES = {"x86_64": "x86_64", "x86": "i386"}  # in musl's names
LIBC = str(SUBJECT / "shared_libraries/lib/libc.so")
LIMITS = Limits(seconds=60)
LOADER = "import json, os; print(json.dumps(os.readlink('/proc/self/exe')))"
AT_ONCE = 6
VARIABLES = {
    "PYTHONHOME": str(SUBJECT),
    "PYTHONPATH": "/nowhere",
    "LC_ALL": "C.UTF-8",
    "NO.NAME": "a shell cannot name it",
}
CHILD = """
import json, os, subprocess, sys
code = "import json, os; print(json.dumps(dict(os.environ)))"
out = subprocess.run([sys.executable, "-c", code], stdout=-1, check=True).stdout
print(json.dumps({"own": dict(os.environ), "child": json.loads(out)}))
"""
# A running interpreter whose loader is removed, and a child of it.
CLEANED = """
import glob, json, os, shutil, subprocess, sys
for path in glob.glob("/tmp/StAnDaLoNe*"):
    os.unlink(path) if os.path.isfile(path) else shutil.rmtree(path)
import ssl, sqlite3
code = "import ssl, sys; print(sys.prefix)"
out = subprocess.run([sys.executable, "-c", code], stdout=-1, check=True).stdout
print(json.dumps(out.decode().strip()))
"""
UMASK = "import json, os; print(json.dumps(oct(os.umask(0))))"
# musl searches the folders named in ../etc/ld-musl-MACHINE.path of its loader.
SEARCH = (
    "mkdir /tmp/mallory /tmp/etc; cp $L /tmp/mallory/libplanted.so;"
    " echo /tmp/mallory >/tmp/etc/ld-musl-{machine}.path"
)
PLANTED = """
import ctypes, json
try:
    ctypes.CDLL("libplanted.so")
    print(json.dumps("loaded"))
except OSError:
    print(json.dumps("not found"))
"""
# What may lie there before us; $S is the specification's place, $L the tree's own loader.
PLANTS = {
    "a script": r"printf '#!/bin/sh\n: >/tmp/pwned\n' >$S; chmod 755 $S",
    "a copy of the loader": "cp $L $S; chmod 555 $S",
    "a link to a copy": "cp $L /tmp/mallory; chmod 555 /tmp/mallory; ln -s /tmp/mallory $S",
    "a folder": "mkdir $S",
    "a link to a folder": "mkdir /tmp/mallory; ln -s /tmp/mallory $S",
    "a dead link": "ln -s /nowhere $S",
}
SPOILED = {
    "half written": "head -c 300000 $L >$S; chmod 555 $S",
    "empty": ": >$S; chmod 555 $S",
    "of another version": "cp $L $S; chmod 755 $S; echo >>$S; chmod 555 $S",
    "writable for the group": "cp $L $S; chmod 775 $S",
    "writable for all": "cp $L $S; chmod 777 $S",
}


class Bootstrap:
    """The scenario; see the module."""

    name = "bootstrap"
    sections = ("bootstrap",)

    @property
    def digest(self) -> str:
        """Digest of this file."""
        return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """The section, or in it what the tree lacks for this scenario."""
        start = box.distribution.manifest.get("start", "")
        if start != START:
            return {"bootstrap": Section(value={"lacks": f"it starts by {start or 'its own way'}"})}
        try:
            return {"bootstrap": Section(value=_Scene(box).all())}
        except (AgentError, OSError) as error:
            return {"bootstrap": Section(error=f"{type(error).__name__}: {error}")}


def interpreter_of(elf: bytes) -> str:
    """The PT_INTERP of an ELF file, "" if it has none (gABI, Program Header)."""
    wide = elf[4] == 2  # noqa: PLR2004 - ELFCLASS64
    (table,) = struct.unpack_from("<Q" if wide else "<I", elf, 0x20 if wide else 0x1C)
    size, count = struct.unpack_from("<HH", elf, 0x36 if wide else 0x2A)
    for place in range(table, table + size * count, size):
        kind, _, at, *_, length = struct.unpack_from("<IIQQQQ" if wide else "<I0sIIII", elf, place)
        if kind == 3:  # noqa: PLR2004 - PT_INTERP
            return elf[at : at + length].rstrip(b"\0").decode("utf-8", "replace")
    return ""


class _Scene:
    """One cell, and where things are in it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.python = python_of(box.distribution)
        self.machine = MACHINES[box.distribution.arch]
        self.place = f"{TMP}/{NAME}-musl-{self.machine}.so"

    def all(self) -> dict[str, Any]:
        """Every scene, each on a /tmp without any copy; none is left behind."""
        found = {
            "wrapper": self.box.get(str(SUBJECT / "bin/python")).decode("utf-8", "replace"),
            "loader": hashlib.sha256(self.box.get(LIBC)).hexdigest(),
            "real": self.real(),
            "first": self.first(),
            "umasks": {mask: self.umask(mask) for mask in ("000", "077", "777")},
            "at_once": self.at_once(),
            "planted": {kind: self.planted(kind) for kind in PLANTS},
            "spoiled": {kind: self.spoiled(kind) for kind in SPOILED},
            "cleaned": self.cleaned(),
            "taken": self.taken(),
            "search": self.search(),
            "environment": self.environment(),
        }
        self.clean()
        return found

    def sh(self, script: str, uid: int | None = None) -> Result:
        """Run a script in the cell; $S, $L and $P are the places."""
        texts = {"S": self.place, "L": LIBC, "P": self.python, "PATH": "/usr/bin:/bin"}
        return self.box.run(["/bin/sh", "-c", script], env=texts, uid=uid, limits=LIMITS)

    def prepare(self, script: str, uid: int | None) -> None:
        """Run what a scene needs; AgentError if the cell cannot."""
        done = self.sh(script, uid)
        if not done.ok:
            raise AgentError(f"{script}: {done.err.decode('utf-8', 'replace')[:200]}")

    def clean(self) -> None:
        """Remove every copy and all that was planted, each by its owner."""
        for uid in (ALICE, MALLORY, None):  # what is not one's own stays, and is said on stderr
            self.sh(f"rm -rf {TMP}/{NAME}* {TMP}/mallory {TMP}/alice {TMP}/pwned {TMP}/etc", uid)
        left = self.listing()
        if left:
            raise AgentError(f"the cell's {TMP} cannot be cleaned of {sorted(left)}")

    def listing(self) -> dict[str, dict[str, Any]]:
        """What of ours lies in /tmp: path -> kind, mode, owner, digest."""
        return {
            entry.path: {
                "kind": entry.kind,
                "mode": f"{entry.mode:o}",
                "uid": entry.uid,
                "sha256": entry.sha256,
            }
            for entry in self.box.walk(TMP, digests=True)
            if entry.path.startswith((NAME, "mallory", "pwned"))
        }

    def says(self, code: str = LOADER, uid: int | None = None, **env: str) -> Any:  # noqa: ANN401
        """What the interpreter answers to a piece of code."""
        full = {"PATH": "/usr/bin:/bin", **env}
        return answer(self.box.run([self.python, "-c", code], env=full, uid=uid, limits=LIMITS))

    def real(self) -> dict[str, str]:
        """What the real interpreter asks for, and its mode."""
        path = f"{SUBJECT}/bin/python{self.box.distribution.python}-real"
        mode = f"{self.box.stat(path).mode:o}"
        return {"interpreter": interpreter_of(self.box.get(path)), "mode": mode}

    def first(self) -> dict[str, Any]:
        """The first start of a user, and the second."""
        self.clean()
        loader = self.says(uid=ALICE)
        after = self.listing()
        return {
            "place": self.place,
            "loader": loader,
            "written": after,
            "again": self.says(uid=ALICE),
            "unchanged": self.listing() == after,
        }

    def umask(self, mask: str) -> dict[str, Any]:
        """The mode of the copy under a umask, and the umask that the interpreter has."""
        self.clean()
        done = self.sh(f'umask {mask}; exec "$P" -c "{UMASK}"', ALICE)
        found = {"umask": answer(done), "modes": [row["mode"] for row in self.listing().values()]}
        return {**found, "wanted": oct(int(mask, 8))}

    def at_once(self) -> dict[str, Any]:
        """Many first starts at the same moment, then one of another user."""
        self.clean()
        one = '"$P" -c "print(1)" &'
        done = self.sh(f"{one * AT_ONCE} wait", ALICE)
        return {
            "ended": done.out.decode().split().count("1"),
            "err": done.err.decode("utf-8", "replace")[:300],
            "left": self.listing(),
            "other": self.says(uid=MALLORY),
            "left_by_other": self.listing(),
        }

    def planted(self, kind: str) -> dict[str, Any]:
        """What a user's and root's start run when another user was there first."""
        self.clean()
        self.prepare(PLANTS[kind], MALLORY)
        found = {"alice": self.says(uid=ALICE), "root": self.says()}
        return {**found, "left": self.listing()}

    def spoiled(self, kind: str) -> Any:  # noqa: ANN401 - JSON
        """Which loader is run where our own copy is not to be trusted."""
        self.clean()
        self.prepare(SPOILED[kind], ALICE)
        return self.says(uid=ALICE)

    def cleaned(self) -> dict[str, Any]:
        """A process whose loader is removed, and a virtual environment made before that."""
        self.clean()
        made = self.sh(f'"$P" -m venv --without-pip {TMP}/alice', ALICE)
        lives = self.says(CLEANED, ALICE)
        self.sh(f"rm -rf {TMP}/{NAME}*", ALICE)
        code = "import json, sys; print(json.dumps(sys.prefix))"
        done = self.sh(f'{TMP}/alice/bin/python -c "{code}"', ALICE)
        return {"made": made.status, "lives": lives, "venv": answer(done)}

    def taken(self) -> dict[str, Any]:
        """What is said where another user holds every name, and whether TMPDIR leads out."""
        self.clean()
        self.prepare(f"mkdir $S {TMP}/{NAME}-{ALICE}", MALLORY)
        refused = self.sh('"$P" -c pass', ALICE)
        self.prepare(f"mkdir -m 700 {TMP}/alice", ALICE)
        return {
            "status": refused.status,
            "lines": refused.err.decode("utf-8", "replace").splitlines()[:20],
            "way_out": self.says(uid=ALICE, TMPDIR=f"{TMP}/alice"),
        }

    def search(self) -> dict[str, Any]:
        """Whether a list of folders that another user wrote brings a library of theirs."""
        found = {}
        for kind, take in {"the place": "true", "a private folder": "mkdir $S"}.items():
            self.clean()
            self.prepare(f"{take}; {SEARCH.format(machine=self.machine)}", MALLORY)
            self.prepare("test -r /tmp/mallory/libplanted.so", ALICE)
            found[kind] = self.says(PLANTED, ALICE)
        return found

    def environment(self) -> dict[str, Any]:
        """What the interpreter and its child have of variables that the wrapper might touch."""
        self.clean()
        given = {"PATH": "/usr/bin:/bin", **VARIABLES}
        return {"given": given, "found": self.says(CHILD, ALICE, **VARIABLES)}
