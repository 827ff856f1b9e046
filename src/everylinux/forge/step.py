"""One step: its folders, its commands one after another, its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from everylinux.archives import SOURCE, extract, remove_tree
from everylinux.errors import BuildError, EverylinuxError
from everylinux.forge import hosted, sandbox
from everylinux.forge.contract import BUILD_INFO, MACHINE, Recipe, Settings
from everylinux.forge.keys import Project, commands
from everylinux.forge.lock import Form
from everylinux.forge.sandbox import Work
from everylinux.forge.store import FAILED, MOVE, Store, disk_is_full, local_trouble, merge

LAST_LINES = 15
SECONDS = 6 * 3600.0  # a step that takes longer hangs


class InterruptedStepError(Exception):
    """The build was told to stop while the step ran."""


@dataclass(slots=True)
class Children:
    """The processes under way, so that none is left when the build stops."""

    stopping: threading.Event = field(default_factory=threading.Event)
    running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def run(self, argv: Sequence[str], log: IO[bytes], environment: Mapping[str, str]) -> int:
        """Run to the end; the status, or minus the signal. InterruptedStepError."""
        child = self._start(argv, log, environment)
        try:
            return child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._kill(child)
            log.write(f"everylinux: stopped after {SECONDS:g} s\n".encode())
            return child.wait()
        finally:
            with self.guard:
                self.running.discard(child)
            if self.stopping.is_set():
                self._kill(child)
                child.wait()
                raise InterruptedStepError

    def _start(
        self, argv: Sequence[str], log: IO[bytes], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with self.guard:
            if self.stopping.is_set():
                raise InterruptedStepError
            child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,  # Ctrl-C is for us; we stop the children
            )
            self.running.add(child)
            return child

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End all of them and let none start; the namespaces end what they started."""
        with self.guard:
            self.stopping.set()
            for child in self.running:
                self._kill(child)


@dataclass(frozen=True, slots=True)
class Step:
    """A recipe with all that its key covers."""

    recipe: Recipe
    key: str
    forms: tuple[Form, ...]
    needed: tuple[str, ...]  # keys of the transitive needs, in build order
    covered: Mapping[str, Any]  # what the key covers
    settings: Settings
    info: Mapping[str, Any]  # contract.BUILD_INFO, of a host step


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all steps share."""

    store: Store
    project: Project
    children: Children
    archives: Path  # sources by sha256
    machine: Path = Path("/")  # whose programs run in the sandboxes


def log_path(store: Store, step: Step) -> Path:
    """A new log's place."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return store.root / "logs" / f"{now}-{step.recipe.name}-{step.key[:12]}.log"


def prepare(shop: Workshop, step: Step, log: IO[bytes]) -> Work:
    """The folders of a step: fresh sources, merged needs, an empty output."""
    shop.store.fresh_work(step.key)
    work = workplace(shop, step)
    work.make()
    for form in step.forms:
        done = extract(shop.archives / form.sha256, work.src / form.entry, SOURCE)
        log.write(f"source {form.entry}: {form.file}, {done.members} members\n".encode())
        log.flush()
    merge([shop.store.tree(key) for key in step.needed], work.root / "needed")
    work.needed.mkdir(exist_ok=True)
    return work


def workplace(shop: Workshop, step: Step) -> Work:
    """Where the folders of a step are."""
    patches = shop.project.patches(step.recipe)
    return Work(
        shop.store.work(step.key),
        patches if patches.is_dir() else None,
        shop.project.parts(step.recipe),
        shop.machine,
    )


def build(shop: Workshop, step: Step, log_file: Path) -> None:
    """Build a step and publish it; StepFailedError keeps its folders, all else leaves nothing."""
    try:
        with local_trouble(shop.store.root), log_file.open("wb") as log:
            _build(shop, step, log)
    except BuildError as error:
        if disk_is_full(shop.store.root):
            remove_tree(shop.store.work(step.key))
            raise EverylinuxError(f"{shop.store.root}: the disk is full", move=MOVE) from None
        raise _failure(shop, step, error, log_file) from None
    except BaseException:
        remove_tree(shop.store.work(step.key))
        raise
    remove_tree(shop.store.work(step.key))


def _build(shop: Workshop, step: Step, log: IO[bytes]) -> None:
    try:
        work = prepare(shop, step, log)
        _run(shop, step, work, log)
        _installed(step.recipe, work.out)
        about = {"recipe": step.recipe.name, "log": Path(log.name).name, "covered": step.covered}
        shop.store.publish(step.key, work.out, about, step.settings.source_date_epoch)
    except BuildError as error:
        with suppress(OSError):  # a full disk is told by the caller
            log.write(f"everylinux: {error}\n".encode())
        raise


def _run(shop: Workshop, step: Step, work: Work, log: IO[bytes]) -> None:
    todo = commands(shop.project, step.recipe, step.settings)
    if todo is None:
        _run_hosted(shop, step, work, log)
        return
    for command in todo:
        log.write(sandbox.shown(command).encode() + b"\n")
        log.flush()
        line = sandbox.argv(work, step.settings, command)
        _check(command.argv[0], shop.children.run(line, log, {"PATH": os.defpath}))


def _run_hosted(shop: Workshop, step: Step, work: Work, log: IO[bytes]) -> None:
    inputs = work.needed.parent
    (inputs / BUILD_INFO).write_text(json.dumps(step.info, indent=1))
    function = shop.project.host_steps[step.recipe.system]
    order = hosted.Order(
        module=function.__module__,
        function=function.__name__,
        recipe=step.recipe,
        settings=step.settings,
        inputs=str(inputs),
        output=str(work.out),
        search=tuple(sys.path),
    )
    hosted.write(work.root / "order.json", order)
    line = sandbox.host_argv(work, sys.executable, work.root / "order.json")
    environment = {**sandbox.environment(step.settings), "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"PATH": sandbox.HOST_SEARCH, "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {MACHINE: str(shop.machine)}
    _check(function.__name__, shop.children.run(line, log, environment))


def _check(name: str, status: int) -> None:
    if status < 0:
        raise BuildError(f"{name} was ended by {signal.Signals(-status).name}")
    if status:
        raise BuildError(f"{name} ended with status {status}")


def _installed(recipe: Recipe, out: Path) -> None:
    gone = [path for path in recipe.installs if not any((out / "opt").glob(path))]
    if gone:
        raise BuildError(f"it did not install {', '.join(gone)}")


def _failure(shop: Workshop, step: Step, error: EverylinuxError, log_file: Path) -> BuildError:
    failed = shop.store.work(step.key) / FAILED
    failed.write_text(json.dumps({"recipe": step.recipe.name, "log": str(log_file)}))
    return StepFailedError(step.recipe.name, error.cause, log_file)


class StepFailedError(BuildError):
    """A step failed; its log's end and the way into its sandbox are at hand."""

    def __init__(self, name: str, cause: str, log_file: Path) -> None:
        """`log_file` has the whole story."""
        move = f"see {log_file}, or look around in it: everylinux build --enter {name}"
        super().__init__(f"step {name} failed: {cause}", move=move)
        self.name = name
        self.log_file = log_file

    def last_lines(self) -> list[str]:
        """The end of the log."""
        with suppress(OSError):
            text = self.log_file.read_text("utf-8", errors="replace")
            return text.splitlines()[-LAST_LINES:]
        return []
