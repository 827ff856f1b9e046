"""Sample journals: a small one for a property at a time, and a realistic one to look at."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

AREAS = {
    "elf": ("ELF", 22),
    "imports": ("IMP", 18),
    "launcher": ("LAU", 12),
    "layout": ("LAY", 8),
    "memory": ("MEM", 7),
    "permissions": ("PER", 10),
    "relocation": ("REL", 11),
    "sqlite": ("SQL", 12),
    "startup": ("STA", 7),
    "tls": ("TLS", 17),
    "users": ("USR", 6),
}
ARTEFACT_AREAS = {"elf", "layout"}
LINUXES = """
debian11 Debian 11 glibc 2.31
debian12 Debian 12 glibc 2.36
debian13 Debian 13 glibc 2.41
debiansid Debian sid glibc 2.42
ubuntu1404 Ubuntu 14.04 glibc 2.19
ubuntu2404 Ubuntu 24.04 glibc 2.39
centos6 CentOS 6 glibc 2.12
centos7 CentOS 7 glibc 2.17
alma9 AlmaLinux 9 glibc 2.34
rocky10 Rocky 10 glibc 2.39
fedora20 Fedora 20 glibc 2.18
amazon2 Amazon 2 glibc 2.26
opensuse156 openSUSE-Leap 15.6 glibc 2.38
arch Arch-Linux rolling glibc 2.42
alpine26 Alpine 2.6 uClibc 0.9.33.2
alpine36 Alpine 3.6 musl 1.1.16
alpine310 Alpine 3.10 musl 1.1.22
alpine315 Alpine 3.15 musl 1.2.2
alpine320 Alpine 3.20 musl 1.2.5
busyboxglibc BusyBox 1.38-glibc glibc 2.41
busyboxmusl BusyBox 1.38-musl musl static
busyboxuclibc BusyBox 1.38-uclibc uClibc static
cirros04 CirrOS 0.4.0 uClibc 0.9.33.2
openwrt2014 OpenWrt 2014-11-28 uClibc 0.9.33.2
tinycore6 Tiny-Core 6.0 glibc 2.20
""".strip()
SAYS = (
    "Every shared library that an object asks for is one that the distribution carries.",
    "Every module of the standard library imports in a fresh process.",
    "A handshake with an independent server succeeds for each key type.",
    "The tree works after it was moved to a path of more than 255 bytes.",
    "Nothing is written outside of the temporary folder.",
)
HOSTILE = (
    "</script><script>window.pwned=1</script><!--<img src=x onerror=window.pwned=2>"
    "\u2028\u202egnp.exe\x1b[31mred\x07 {{7*7}} \ud800 \x00 ]]>"
)

Rows = list[dict[str, Any]]


def head(run: str = "20261123-001500-ab12") -> Rows:
    """The lines before the first cell."""
    return [
        {
            "kind": "run", "id": run, "started": "2026-11-23T00:15:00+00:00",
            "argv": ["pytest", "suites/", "-n", "2"], "engine": "bubblewrap",
            "engine_note": "bubblewrap, chosen", "version": "0.1.0",
            "machine": {"kernel": "Linux 6.12.0", "cpu": "AMD EPYC 9R14", "cores": 2,
                        "memory_bytes": 8 << 30},
        },
        {
            "kind": "distribution", "root": "builds/python-3.13.5-x86_64/python",
            "name": "Standalone Python 3.13.5", "python": "3.13", "arch": "x86_64",
            "libc": "musl 1.2.5", "profile": "standalone", "digest": "sha256:" + "5e" * 32,
            "components": [
                {"name": name, "version": version}
                for name, version in (
                    ("musl", "1.2.5"), ("zlib", "1.3.1"), ("openssl", "3.5.1"),
                    ("sqlite", "3.50.2"), ("readline", "8.2"), ("ncurses", "6.5"),
                    ("libffi", "3.5.1"), ("xz", "5.8.1"), ("bzip2", "1.0.8"), ("tcl", "8.6.16"),
                    ("expat", "2.7.1"), ("gdbm", "1.25"), ("cpython", "3.13.5"),
                )
            ],
            "size_bytes": 98_304_000,
        },
    ]  # fmt: skip


def end(*, interrupted: bool = False) -> dict[str, Any]:
    """The last line."""
    return {
        "kind": "end", "finished": "2026-11-23T00:18:42+00:00", "exitstatus": 0,
        "interrupted": interrupted,
    }  # fmt: skip


def cell(id_: str = "debian12-x86_64-3.13", **about: Any) -> dict[str, Any]:  # noqa: ANN401
    """One cell, required and run unless said otherwise."""
    return {
        "kind": "cell", "id": id_, "distro": id_.partition("-")[0], "name": "Debian",
        "release": "12", "arch": "x86_64", "libc": "glibc 2.36", "kernel": "6.1.0", "shell": "dash",
        "support": "required", "eol": "2026-06-10", "origin": "cache", "digest": "sha256:00",
        "state": "run", "reason": "", "claims_expected": 1, **about,
    }  # fmt: skip


def artefact(expected: int = 0) -> dict[str, Any]:
    """The pseudo-cell."""
    about = {"distro": "", "name": "The artefact itself", "release": "", "libc": "", "kernel": ""}
    return cell("artefact", **about, shell="", eol="", claims_expected=expected)


def claim(name: str = "IMP-001", area: str = "imports", says: str = SAYS[1]) -> dict[str, Any]:
    """One claim."""
    return {
        "kind": "claim", "id": name, "area": area, "says": says,
        "source": "spec: Standard Library", "remedy": "Build the module: see its recipe.",
        "profiles": ["standalone"],
    }  # fmt: skip


def verdict(
    outcome: str = "passed",
    name: str = "IMP-001",
    where: str = "debian12-x86_64-3.13",
    **about: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """One verdict."""
    why = "" if outcome == "passed" else f"it is {outcome}"
    return {
        "kind": "verdict", "claim": name, "cell": where, "outcome": outcome, "seconds": 0.004,
        "reason": why, "evidence": {"modules": 214, "missing": []}, **about,
    }  # fmt: skip


def write(folder: Path, rows: Rows, tail: str = "") -> Path:
    """Write a journal below `folder`, in a run's own folder."""
    run = folder / str(next(row["id"] for row in rows if row["kind"] == "run"))
    run.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (run / "journal.jsonl").write_text(text + tail)
    return run


def small(*verdicts: Mapping[str, Any], cells: Rows | None = None) -> Rows:
    """A whole run with the verdicts and the claims that they need."""
    claims = [claim(name) for name in dict.fromkeys(v["claim"] for v in verdicts)]
    return [*head(), *(cells or [cell()]), *claims, *map(dict, verdicts), end()]


class Sample:
    """A run of 27 cells and 130 claims as it might be, with some of everything."""

    def __init__(self, seed: int = 2, per_area: float = 1.0, copies: int = 1) -> None:
        """`per_area` scales the number of claims, `copies` that of cells."""
        self.dice = random.Random(seed)  # noqa: S311 - sample data
        self.claims = [
            self._claim(area, letters, number)
            for area, (letters, count) in AREAS.items()
            for number in range(1, int(count * per_area) + 1)
        ]
        self.cells = [found for copy in range(copies) for found in self._cells(copy)]

    def _claim(self, area: str, letters: str, number: int) -> dict[str, Any]:
        says = SAYS[(number + len(area)) % len(SAYS)]
        if (letters, number) == ("IMP", 3):
            says = f"A docstring that is hostile is shown as text: {HOSTILE}"
        return claim(f"{letters}-{number:03}", area, says)

    def _cells(self, copy: int) -> Rows:
        rows = []
        for line in LINUXES.splitlines():
            distro, name, release, libc, version = line.split()
            rows.append((f"{distro}{copy or ''}", name.replace("-", " "), release,
                         f"{libc} {version}", "x86_64"))  # fmt: skip
        rows += [(f"debian12{copy or ''}", "Debian", "12", "glibc 2.36", "x86"),
                 (f"alpine320{copy or ''}", "Alpine", "3.20", "musl 1.2.5", "x86")]  # fmt: skip
        return [self._cell(*row) for row in rows]

    def _cell(self, distro: str, name: str, release: str, libc: str, arch: str) -> dict[str, Any]:
        best = distro.startswith(("alpine26", "debiansid", "openwrt"))
        return cell(
            f"{distro}-{arch}-3.13", name=name, release=release, libc=libc, arch=arch,
            support="best-effort" if best else "required", distro=distro,
            claims_expected=len(self.claims_of(artefact=False)),
        )  # fmt: skip

    def claims_of(self, *, artefact: bool) -> Rows:
        """The claims on the artefact itself, or those on cells."""
        return [row for row in self.claims if (row["area"] in ARTEFACT_AREAS) == artefact]

    def rows(self, *, failing: bool = True) -> Rows:
        """The journal."""
        lost = [self._lost(number) for number in range(38)]
        own = self.claims_of(artefact=True)
        rows: Rows = [*head(), artefact(len(own)), *self.cells, *lost, *self.claims]
        rows += [self._verdict(row, "artefact", failing=False) for row in own]
        for where in self.cells:
            others = self.claims_of(artefact=False)
            rows += [self._verdict(row, where["id"], failing=failing) for row in others]
            rows += self._measures(where["id"])
        return [*rows, end()]

    def _lost(self, number: int) -> dict[str, Any]:
        names = ("Fedora", "Ubuntu", "Alpine", "Red Hat Enterprise Linux", "openSUSE Leap")
        name = names[number % len(names)]
        why = "no registry can be reached and no tarball has it"
        if number % 7 == 0:
            why = "EVERYLINUX_ROOTFS_DIR has fedora-30.tar.xz, which is truncated at byte 18223104"
        return cell(
            f"lost{number}-x86_64-3.13", distro=f"lost{number}", name=name,
            release=f"{20 + number}",
            state="not-run", reason=why, claims_expected=0,
            support="required" if number % 3 else "best-effort",
        )  # fmt: skip

    def _outcome(self, row: dict[str, Any], where: str, *, failing: bool) -> str:
        if failing and row["id"] == "TLS-007" and "uclibc" in where:
            return "failed"
        if failing and row["id"] == "STA-002" and where.startswith(("centos6", "alpine26")):
            return "failed"
        if failing and (row["id"], where[:9]) == ("IMP-003", "tinycore6"):
            return "failed"
        if failing and row["id"] == "MEM-004" and where.startswith("cirros"):
            return "unknown"
        if row["id"] == "TLS-012" and where.startswith("amazon2"):
            return "waived"
        return "skipped" if row["id"] in {"USR-005", "REL-011"} else "passed"

    def _verdict(self, row: dict[str, Any], where: str, *, failing: bool) -> dict[str, Any]:
        outcome = self._outcome(row, where, failing=failing)
        reason = {
            "failed": "assert {'_uuid': 'died, signal 11'} == {}",
            "unknown": "memory.pass: the section died, signal 9",
            "skipped": "the profile standalone does not promise this",
            "waived": "waived until 2027-01-31: the image has no CA bundle",
        }.get(outcome, "")
        evidence: dict[str, Any] = {"modules": 214, "missing": []}
        if outcome == "failed":
            reason = HOSTILE if row["id"] == "IMP-003" else reason
            evidence = {
                "offenders": {"lib/python3.13/lib-dynload/_uuid.so": ["libuuid.so.1", "libc.so.6"]},
                "stderr": 'Traceback (most recent call last):\n  File "<string>", line 1\n'
                f"ImportError: Error relocating: {HOSTILE}",
                "größe": 4096,
            }  # fmt: skip
        took = abs(self.dice.gauss(0.004, 0.006))
        return verdict(outcome, row["id"], where, reason=reason, evidence=evidence, seconds=took)

    def _measures(self, where: str) -> Rows:
        slow = 1.8 if where.startswith(("centos6", "alpine26")) else 1.0
        rows = []
        for name, middle, budget in (
            ("warm", 0.0155, 0.020), ("cold", 0.048, 0.070), ("cpu", 0.013, 0.020),
            ("reference", 0.0011, None),
        ):  # fmt: skip
            values = [abs(self.dice.gauss(middle * slow, middle / 12)) for _ in range(15)]
            rows.append(self._measure(where, f"startup.{name}", "seconds", values, budget))
        for name, middle, budget in (
            ("base.rss", 7.1e6, 8 << 20), ("modules20.rss", 2.2e7, 28 << 20),
            ("work.rss", 4.1e7, 50 << 20), ("base.pss", 6.2e6, 8 << 20),
        ):  # fmt: skip
            values = [float(int(self.dice.gauss(middle, middle / 40)))]
            rows.append(self._measure(where, f"memory.{name}", "bytes", values, budget))
        return rows

    def _measure(
        self, where: str, name: str, unit: str, values: list[float], budget: float | None
    ) -> dict[str, Any]:
        return {"kind": "measure", "cell": where, "name": name, "unit": unit, "values": values,
                "budget": budget}  # fmt: skip
