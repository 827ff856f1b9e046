"""`everylinux build --verify`: build twice in two worlds, compare every byte.

Both builds begin with an empty cache of steps; only the downloaded archives are shared. A step that
differs although all it needs is equal is at fault; one that stands on such a step is told apart.
What was built stays in the cache's `verify/` if something differs, and is removed if nothing does.
"""

from __future__ import annotations

import dataclasses
import filecmp
import json
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import filelock

from everylinux.archives import remove_tree
from everylinux.errors import BuildError, UsageError
from everylinux.forge import worlds
from everylinux.forge.driver import Forge, Plan
from everylinux.forge.order import closure
from everylinux.forge.progress import Progress
from everylinux.forge.store import Store, digests
from everylinux.forge.worlds import World

BLOCK = 1 << 20
SHOWN = 12  # files of a step that are told one by one
EXPLAINED = 60  # lines of diffoscope's
SECONDS = 600.0  # for diffoscope


@dataclass(frozen=True, slots=True)
class Difference:
    """One path that is not the same in both outputs of a step."""

    path: str
    what: str  # "only in the first", "mode 0644, 0755", "12 and 14 bytes, from byte 3 on" ...

    def __str__(self) -> str:
        """One line."""
        return f"{self.path}: {self.what}"


@dataclass(frozen=True, slots=True)
class Compared:
    """One step in both worlds."""

    name: str
    file: str  # its recipe
    key: str
    differences: tuple[Difference, ...]
    inherited: tuple[str, ...]  # differing steps that it stands on

    @property
    def verdict(self) -> str:
        """One of: equal, differs, differs with what it needs."""
        if not self.differences:
            return "equal"
        return "differs with what it needs" if self.inherited else "differs"


@dataclass(frozen=True, slots=True)
class Verification:
    """All steps, in build order, and what differed between the worlds."""

    target: str
    varied: Mapping[str, str]
    steps: tuple[Compared, ...]
    archives: Mapping[str, str]  # packed by the last step: name -> sha256, both alike

    @property
    def faulty(self) -> tuple[Compared, ...]:
        """The steps that differ by themselves."""
        return tuple(step for step in self.steps if step.verdict == "differs")

    @property
    def equal(self) -> bool:
        """Whether every step is."""
        return all(step.verdict == "equal" for step in self.steps)


def verify(forge: Forge, plan: Plan, source: Path, progress: Progress) -> Verification:
    """Build the plan twice and compare; BuildError (exit 1) names the recipes at fault.

    `source` is build/otherworld/otherworld.c. A step that fails in one of the worlds is the
    StepFailedError of any build.
    """
    root = forge.store.root / "verify"
    with _alone(root):
        forge.fetch(_all(plan))
        library = worlds.compiled(source, root)
        second = dataclasses.replace(worlds.SECOND, library=library)
        pair = (worlds.FIRST, worlds.without_namespace(second))
        varied = worlds.differences(*pair)
        for name, how in varied.items():
            progress.line(f"varied: {name} ({how})")
        stores = [_built(forge, plan, world, root, progress) for world in pair]
        result = compare(forge, plan, (stores[0], stores[1]), varied)
        _finish(result, (stores[0], stores[1]), root, progress)
    return result


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """An empty `root`, for this process alone."""
    lock = filelock.FileLock(root.parent / "locks" / "verify.lock", timeout=0)
    try:
        with lock:
            remove_tree(root)
            root.mkdir(parents=True)
            yield
    except filelock.Timeout:
        raise UsageError("another --verify is running", move="wait for it") from None


def _all(plan: Plan) -> Plan:
    return dataclasses.replace(plan, todo=frozenset(plan.steps))


def _built(forge: Forge, plan: Plan, world: World, root: Path, progress: Progress) -> Store:
    """Build everything in an empty store in that world."""
    folder = root / world.folder
    store = Store(folder / "cache")
    store.make()
    progress.line(f"build in the {world.name} world: {len(plan.steps)} steps")
    jobs = forge.settings.jobs + world.extra_jobs
    here = dataclasses.replace(
        forge,
        store=store,
        settings=dataclasses.replace(forge.settings, jobs=jobs),
        children=worlds.elsewhere(world, folder),
    )
    with worlds.entered(world):
        progress.done = 0
        again = here.plan(plan.target)
        _same_keys(plan, again)
        here.run(again, progress)
    return store


def _same_keys(plan: Plan, again: Plan) -> None:
    for name, step in plan.steps.items():
        if again.steps[name].key != step.key:
            cause = f"the key of {name} depends on the surroundings"
            raise BuildError(cause, move="see forge/keys.py: a key covers inputs only")


def compare(
    forge: Forge, plan: Plan, stores: tuple[Store, Store], varied: Mapping[str, str]
) -> Verification:
    """Compare the outputs of all steps in two stores."""
    found: dict[str, Compared] = {}
    for name, step in plan.steps.items():
        one, other = (store.tree(step.key) for store in stores)
        below = [need for need in closure(forge.recipes, name) if found[need].differences]
        file = step.recipe.file or f"{name}.yaml"
        listed = tuple(differences(one, other))
        found[name] = Compared(name, file, step.key, listed, tuple(sorted(below)))
    trees = [store.tree(plan.steps[plan.target].key) for store in stores]
    return Verification(plan.target, varied, tuple(found.values()), _archives(*trees))


def _archives(one: Path, other: Path) -> dict[str, str]:
    """The packed archives that are the same byte by byte, by their sha256."""
    files = [path for path in sorted(one.iterdir()) if path.is_file() and not path.is_symlink()]
    pairs = [(path, other / path.name) for path in files]
    same = [a for a, b in pairs if b.is_file() and filecmp.cmp(a, b, shallow=False)]
    listed = digests(one)
    return {path.name: listed[path.name][1] for path in same}


def differences(one: Path, other: Path) -> Iterator[Difference]:
    """What is not the same in two trees, by path: presence, kind, mode, link or content."""
    first, second = digests(one), digests(other)
    for path in sorted({*first, *second}):
        if path not in second or path not in first:
            yield Difference(path, f"only in the {'first' if path in first else 'second'}")
        elif first[path] != second[path]:
            yield Difference(path, _told(one / path, other / path))


def _told(one: Path, other: Path) -> str:
    """How two files, folders or links at the same path differ."""
    modes = [path.lstat().st_mode for path in (one, other)]
    if stat.S_IFMT(modes[0]) != stat.S_IFMT(modes[1]):
        return "not the same kind of thing"
    if stat.S_ISLNK(modes[0]):
        return f"links to {one.readlink()}, {other.readlink()}"
    told = []
    if modes[0] != modes[1]:
        told.append("mode " + ", ".join(f"{stat.S_IMODE(mode):04o}" for mode in modes))
    if stat.S_ISREG(modes[0]) and not filecmp.cmp(one, other, shallow=False):
        sizes = " and ".join(str(path.stat().st_size) for path in (one, other))
        told.append(f"{sizes} bytes, from byte {first_difference(one, other)} on")
    return "; ".join(told)


def first_difference(one: Path, other: Path) -> int:
    """The offset of the first byte that differs; the shorter one's length if it is a beginning."""
    at = 0
    with one.open("rb") as a, other.open("rb") as b:
        while True:
            left, right = a.read(BLOCK), b.read(BLOCK)
            if left != right or not left:
                same = (index for index, pair in enumerate(zip(left, right)) if pair[0] != pair[1])  # noqa: B905 - the shorter ends it
                return at + next(same, min(len(left), len(right)))
            at += len(left)


def _finish(
    result: Verification, stores: tuple[Store, Store], root: Path, progress: Progress
) -> None:
    """Say what was found, keep what differs; BuildError if anything does."""
    count = sum(step.verdict == "equal" for step in result.steps)
    progress.line(f"verified: {count} of {len(result.steps)} steps are equal in both worlds")
    if result.equal:
        for name, digest in result.archives.items():
            progress.line(f"  {name} sha256 {digest}")
        remove_tree(root)
        return
    for step in result.steps:
        for line in _lines(step, stores):
            progress.line(line)
    (root / "verify.json").write_text(json.dumps(to_json(result), indent=1))
    names = ", ".join(f"{step.name} ({step.file})" for step in result.faulty)
    raise BuildError(f"not reproducible: {names}", move=f"compare what was built in {root}")


def to_json(result: Verification) -> dict[str, Any]:
    """The verification as plain data, with the verdict of each step."""
    rows = [{**dataclasses.asdict(step), "verdict": step.verdict} for step in result.steps]
    return {**dataclasses.asdict(result), "equal": result.equal, "steps": rows}


def _lines(step: Compared, stores: tuple[Store, Store]) -> Iterator[str]:
    if step.verdict == "equal":
        return
    if step.inherited:
        number = len(step.differences)
        yield f"{step.name}: {number} paths differ, as what it needs: {', '.join(step.inherited)}"
        return
    yield f"{step.name} ({step.file}) differs:"
    yield from (f"  {difference}" for difference in islice(step.differences, SHOWN))
    if len(step.differences) > SHOWN:
        yield f"  and {len(step.differences) - SHOWN} more"
    trees = [store.tree(step.key) for store in stores]
    yield from (f"  | {line}" for line in _explained(trees, step.differences))


def _explained(trees: Sequence[Path], found: Sequence[Difference]) -> list[str]:
    """Diffoscope's words on the first file that is in both, if it is installed."""
    shared = [d.path for d in found if all((tree / d.path).is_file() for tree in trees)]
    if not shared or not shutil.which("diffoscope"):
        return []
    line = ["diffoscope", "--no-progress", "--text-color", "never", "--text", "-"]
    line += [str(tree / shared[0]) for tree in trees]
    try:
        done = subprocess.run(line, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return [f"diffoscope took more than {SECONDS:g} s"]
    return done.stdout.decode(errors="replace").splitlines()[:EXPLAINED]
