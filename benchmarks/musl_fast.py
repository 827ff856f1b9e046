"""What the C library costs: one tree of Python with several of them, beside other Pythons.

    python benchmarks/musl_fast.py TREE [--libc NAME=LIBC.SO ...] [--beside NAME=COMMAND ...]

The tree is copied beside itself for each library. A table is printed: start-up and twenty small
programs, medians of interleaved rounds (the small programs: of each round's fastest repeat), as
ratios to the last column; resident memory in KiB. COMMAND is a shell's word list, for example
"chroot ROOT python3.13". Exit status 2 for a subject that does not run.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from measure import interleave

PROGRAMS = Path(__file__).parent / "inside" / "small_programs.py"
MODULES = (
    "argparse, asyncio, concurrent.futures, csv, ctypes, datetime, decimal, email.message,"
    " http.client, json, logging, multiprocessing, random, re, sqlite3, ssl, tempfile, unittest,"
    " xml.etree.ElementTree, zipfile"
)
STARTS = {
    "-c pass": ("-c", "pass"),
    "-I -S -c pass": ("-I", "-S", "-c", "pass"),
    "20 modules": ("-c", f"import {MODULES}"),
}
MEMORY = """
print(*[line.split()[1] for line in open("/proc/self/smaps_rollup")
        if line.split(":")[0] in ("Rss", "Anonymous")])
"""
SECONDS = 600.0
Command = Sequence[str]


class DoesNotRunError(Exception):
    """A subject failed; the message says how."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables."""
    parser = argparse.ArgumentParser(description="What the C library costs.")
    parser.add_argument("tree", type=Path, help="a Standalone Python")
    parser.add_argument("--libc", action="append", default=[], metavar="NAME=LIBC.SO")
    parser.add_argument("--beside", action="append", default=[], metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="musl-fast-"))
        subjects = {**trees(chosen.tree, pairs(chosen.libc), Path(folder))}
        subjects |= {name: shlex.split(words) for name, words in pairs(chosen.beside).items()}
        try:
            print("\n".join(tables(subjects, chosen.rounds)))  # noqa: T201 - it is a program
        except DoesNotRunError as error:
            print(f"musl_fast: {error}", file=sys.stderr)  # noqa: T201
            return 2
    return 0


def pairs(words: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` words, in their order."""
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def trees(tree: Path, libraries: Mapping[str, str], folder: Path) -> dict[str, Command]:
    """A copy of the tree for each C library; the tree itself where none was named."""
    if not libraries:
        return {"tree": [str(tree / "bin" / "python3")]}
    found: dict[str, Command] = {}
    for name, library in libraries.items():
        copy = folder / name
        shutil.copytree(tree, copy, symlinks=True)
        place = copy / "shared_libraries" / "lib" / "libc.so"
        place.unlink()
        shutil.copy(library, place)
        place.chmod(0o555)
        found[name] = [str(copy / "bin" / "python3")]
    return found


def out(command: Command, *words: str, text: str = "") -> str:
    """What a subject prints; DoesNotRunError."""
    done = subprocess.run(
        [*command, *words],
        input=text,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise DoesNotRunError(f"{shlex.join([*command, *words[:1]])}: {done.returncode}: {last}")
    return done.stdout


def starts(subjects: Mapping[str, Command], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds, by kind of start and subject."""
    found = {}
    for kind, words in STARTS.items():
        actions = {
            name: lambda command=command, words=words: out(command, *words)
            for name, command in subjects.items()
        }
        interleave(actions, 1)  # caches of the disk
        found[kind] = {name: median(seen) for name, seen in interleave(actions, rounds * 4).items()}
    return found


def programs(subjects: Mapping[str, Command], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds, by program and subject."""
    text = PROGRAMS.read_text()
    seen: dict[str, dict[str, list[float]]] = {}
    for _ in range(rounds):
        for name, command in subjects.items():
            for program, seconds in json.loads(out(command, "-", "3", text=text)).items():
                seen.setdefault(program, {}).setdefault(name, []).append(seconds)
    return {
        program: {name: median(values) for name, values in by_name.items()}
        for program, by_name in seen.items()
    }


def memory(subjects: Mapping[str, Command]) -> Iterator[tuple[str, dict[str, str]]]:
    """KiB resident and, of them, not of a file; by what was imported."""
    for kind, before in {"-c pass": "", "20 modules": f"import {MODULES}"}.items():
        seen = {name: out(one, "-c", before + MEMORY).split() for name, one in subjects.items()}
        yield f"resident, {kind}", {name: both[0] for name, both in seen.items()}
        yield f"anonymous, {kind}", {name: both[-1] for name, both in seen.items()}


def tables(subjects: Mapping[str, Command], rounds: int) -> Iterator[str]:
    """The lines of a Markdown table; ratios are to the last subject."""
    names = list(subjects)
    yield f"| | {' | '.join(names)} |"
    yield f"|---|{'---:|' * len(names)}"
    for kind, values in starts(subjects, rounds).items():
        cells = (
            f"{values[one] * 1e3:.1f} ms ({values[one] / values[names[-1]]:.2f})" for one in names
        )
        yield f"| {kind} | {' | '.join(cells)} |"
    for kind, sizes in memory(subjects):
        yield f"| {kind} | {' | '.join(sizes[name] for name in names)} |"
    logs = dict.fromkeys(names, 0.0)
    found = programs(subjects, rounds)
    for program, values in found.items():
        ratios = {name: values[name] / values[names[-1]] for name in names}
        logs = {name: logs[name] + math.log(ratios[name]) for name in names}
        yield f"| {program} | {' | '.join(f'{ratios[name]:.2f}' for name in names)} |"
    means = (f"{math.exp(logs[name] / len(found)):.2f}" for name in names)
    yield f"| geometric mean | {' | '.join(means)} |"


if __name__ == "__main__":
    sys.exit(main())
