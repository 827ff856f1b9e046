"""How long a start takes and how much memory it needs, beside a reference in the same cell.

Noise is met by interleaving: each round runs every case once, the reference among them, so that a
slow moment of the machine meets all. The reference computes for a fixed processor time; what it
takes by the clock tells how busy the machine is, and a busy one is given more rounds. Raw series
are the facts; claims judge minima, the report shows all. Times are in seconds, memory in bytes.
"""

from __future__ import annotations

import hashlib
import json
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from everylinux.engines.base import Box
from everylinux.errors import AgentError, UnlimitedError
from everylinux.model import AGENT, SUBJECT, Limits, Result, Section
from everylinux.probes.base import python_of

ROUNDS = 12
MORE_ROUNDS = 48  # where the reference says that the machine is busy
BUSY = 1.15  # the reference's time by the clock over its processor time, in the middle
SPIN_MILLISECONDS = 10  # about a start's length, so that both meet the same neighbours
COLD_ROUNDS = 3
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/tmp"}  # noqa: S108 - the cell's own tmpfs
LIMITS = Limits(seconds=60, output_bytes=1 << 16)
SMALL = 128 << 20
"""Bytes of memory that the specification promises to be enough (*Minimum Requirements*)."""

# Twenty modules that a server or a tool of some size imports.
TWENTY = (
    "argparse, asyncio, collections, concurrent.futures, contextlib, csv, dataclasses, datetime,"
    "email.message, hashlib, http.client, json, logging, pathlib, re, socket, sqlite3, ssl,"
    "subprocess, urllib.request"
)
FORGET = f"""
import os
for where, _, names in os.walk({str(SUBJECT)!r}):
    for name in names:
        try:
            fd = os.open(os.path.join(where, name), os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:
            continue
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
"""
# Pss needs smaps_rollup (Linux 4.14) or, before, a sum over smaps (2.6.25).
MEASURE = """
def measure():
    found = {}
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                found["VmHWM"] = int(line.split()[1]) * 1024
    try:
        stream = open("/proc/self/smaps_rollup")
    except OSError:
        stream = open("/proc/self/smaps")
    with stream:
        found["Pss"] = 1024 * sum(int(l.split()[1]) for l in stream if l.startswith("Pss:"))
    print(str(found).replace("'", '"'))
measure()
"""
WORK = """
import json, sqlite3, ssl, threading
base = sqlite3.connect(":memory:")
base.execute("create table t(x)")
base.executemany("insert into t values (?)", ((str(n) * 20,) for n in range(20000)))
context = ssl.create_default_context()
text = json.dumps(list(range(200000)))
threads = [threading.Thread(target=sorted, args=(list(range(10000)),)) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps({"rows": base.execute("select count(*) from t").fetchone()[0],
                  "length": len(json.loads(text))}))
"""

# Processor seconds of a library's work on 45 kB of text, in rounds beside a reference. That is
# CRC-HQX: each step waits for the last, so that it takes the same time whatever compiled the
# interpreter (0.94 to 1.14 ms in nine builds), and a ratio to it is the library's own.
THROUGHPUT = """
import binascii, importlib, json, time
n, words = 1, []
for _ in range(12000):
    n = n * 1103515245 + 12345 & 0x7FFFFFFF
    words.append(b"%x" % (n >> 16 & 0x3ff))
text = b" ".join(words)
modules = {}
for name in ("zlib", "bz2", "lzma"):
    try:
        modules[name] = importlib.import_module(name)
    except ImportError:
        pass
packed = {name: module.compress(text) for name, module in modules.items()}
jobs = {
    "reference": lambda: binascii.crc_hqx(text * 10, 0),
    "zlib": lambda: [modules["zlib"].crc32(text) for _ in range(40)],
    "bz2": lambda: modules["bz2"].compress(text),
    "lzma": lambda: modules["lzma"].decompress(packed["lzma"]),
}
series = {name: [] for name in jobs if name == "reference" or name in modules}
for _ in range(8):
    for name in series:
        began = time.process_time()
        jobs[name]()
        series[name].append(time.process_time() - began)
print(json.dumps(series))
"""


@dataclass(frozen=True, slots=True)
class Performance:
    """The scenario; see the module."""

    name: str = "performance"
    sections: tuple[str, ...] = ("startup", "memory", "small", "throughput")

    @property
    def digest(self) -> str:
        """Digest of this file."""
        return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def gather(self, box: Box) -> Mapping[str, Section]:
        """Every section; times first, while the cell is fresh."""
        scenes = {"startup": startup, "memory": memory, "small": small, "throughput": throughput}
        return {name: _section(scene, box) for name, scene in scenes.items()}


def _section(scene: Any, box: Box) -> Section:  # noqa: ANN401 - one of four functions
    try:
        return Section(value=scene(box))
    except AgentError as error:
        return Section(error=str(error))


def cases(python: str) -> dict[str, list[str]]:
    """The command of each case, by its name."""
    return {
        "reference": [str(AGENT), "--spin", str(SPIN_MILLISECONDS)],
        "version": [python, "--version"],
        "isolated": [python, "-I", "-S", "-c", "pass"],
        "warm": [python, "-c", "pass"],
    }


def startup(box: Box) -> dict[str, Any]:
    """Series of each case: wall and CPU seconds, page faults, and how many runs failed."""
    python = python_of(box.distribution)
    commands = cases(python)
    series: dict[str, list[Result]] = {name: [] for name in [*commands, "modules20", "cold"]}
    for argv in commands.values():
        _run(box, argv)  # the first run fills the caches and is not counted
    judged = box.slowness == 1  # elsewhere one round, to see that it starts at all
    while _wants_more(series["reference"]) if judged else not series["reference"]:
        for name, argv in commands.items():
            series[name].append(_run(box, argv))
    for _ in range(COLD_ROUNDS if judged else 1):
        series["modules20"].append(_run(box, [python, "-c", f"import {TWENTY}"]))
        _run(box, [python, "-I", "-S", "-c", FORGET])
        series["cold"].append(_run(box, [python, "-c", "pass"]))
    return {name: _summary(results) for name, results in series.items()}


def _wants_more(reference: list[Result]) -> bool:
    """Whether another round may tell more: always at first, longer on a busy machine."""
    if len(reference) < ROUNDS:
        return True
    return len(reference) < MORE_ROUNDS and busy(_summary(reference)) > BUSY


def busy(reference: Mapping[str, Any]) -> float:
    """How much longer than its processor time the reference takes, in the middle: 1 is idle."""
    pairs = zip(reference["wall"], reference["cpu"], strict=True)
    return statistics.median(wall / cpu if cpu else 1.0 for wall, cpu in pairs)


def _run(box: Box, argv: list[str]) -> Result:
    return box.run(argv, env=ENVIRONMENT, limits=LIMITS)


def _summary(results: list[Result]) -> dict[str, Any]:
    return {
        "wall": [r.wall_seconds for r in results],
        "cpu": [r.user_seconds + r.system_seconds for r in results],
        "faults": [r.minor_faults + r.major_faults for r in results],
        "statuses": sorted({str(r.error or r.signal or r.status) for r in results}),
    }


def memory(box: Box) -> dict[str, Any]:
    """Memory of each case in bytes: what the interpreter reads of itself, what the kernel says."""
    python = python_of(box.distribution)
    code = {
        "base": MEASURE,
        "modules20": f"import {TWENTY}\n{MEASURE}",
        "work": f"{WORK}\nimport sys, io\n{MEASURE}",
    }
    return {name: _memory(box, [python, "-c", text]) for name, text in code.items()}


def _memory(box: Box, argv: list[str]) -> dict[str, Any]:
    result = _run(box, argv)
    try:
        own = json.loads(result.out.splitlines()[-1])
        return {"hwm": own["VmHWM"], "pss": own["Pss"], "peak": result.peak_rss_bytes}
    except (IndexError, KeyError, ValueError):
        return {"failed": result.err.decode("utf-8", "replace")[-300:] or f"status {result.status}"}


def small(box: Box) -> dict[str, Any]:
    """A workload where the cgroup allows 128 MB, and one that must not fit: is the limit real."""
    python = python_of(box.distribution)
    limits = Limits(seconds=60, memory_bytes=SMALL)
    try:
        work = box.run([python, "-c", WORK], env=ENVIRONMENT, limits=limits)
    except UnlimitedError as error:
        return {"unlimited": str(error)}
    glutton = [python, "-c", f"x = bytearray({3 * SMALL}); x[::4096] = b'x' * len(x[::4096])"]
    control = box.run(glutton, env=ENVIRONMENT, limits=limits)
    return {
        "status": work.status,
        "signal": work.signal,
        "out": work.out.decode("utf-8", "replace")[:200],
        "err": work.err.decode("utf-8", "replace")[-300:],
        "oom_killed": work.oom_killed,
        "control": {"status": control.status, "signal": control.signal},
    }


def throughput(box: Box) -> dict[str, Any]:
    """Series of processor seconds by library, those that are there, and of the reference."""
    result = _run(box, [python_of(box.distribution), "-I", "-c", THROUGHPUT])
    try:
        series: dict[str, Any] = json.loads(result.out.splitlines()[-1])
    except (IndexError, ValueError):
        return {"failed": result.err.decode("utf-8", "replace")[-300:] or f"status {result.status}"}
    return series
