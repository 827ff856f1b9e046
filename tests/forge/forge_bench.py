"""A forge of tiny recipes: each step is one shell script."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from everylinux.forge.contract import Command, Recipe, Settings
from everylinux.forge.driver import Forge, Plan
from everylinux.forge.keys import Project
from everylinux.forge.lock import Entry, Form
from everylinux.forge.progress import Progress
from everylinux.forge.sources import Directory, Sources
from everylinux.forge.store import Store


def recipe(name: str, script: str, *needs: str, **more: object) -> Recipe:
    """A step that runs `script` with the shell."""
    digest = hashlib.sha256(repr((name, script, needs, more)).encode()).hexdigest()
    return Recipe(name, "shell", digest, tuple(needs), configure=(script,), **more)  # type: ignore[arg-type]


def shell(step: Recipe, settings: Settings) -> tuple[Command, ...]:
    """The system of the tiny recipes."""
    return (Command(("/bin/sh", "-ec", step.configure[0]), env={"JOBS": str(settings.jobs)}),)


def pack(folder: Path, name: str, files: Mapping[str, str]) -> Form:
    """Make name.tar.gz in `folder`, all below one top folder, and pin it."""
    path = folder / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for file, content in files.items():
            member = tarfile.TarInfo(f"{name}-1.0/{file}")
            member.size = len(content)
            member.mode = 0o755
            tar.addfile(member, io.BytesIO(content.encode()))
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Form(name, "upstream", path.name, digest, len(data), {"urls": ["http://127.0.0.1:9/x"]})


@dataclass
class Bench:
    """A project in a temporary folder, and forges on it."""

    root: Path
    recipes: dict[str, Recipe] = field(default_factory=dict)
    lock: dict[str, Entry] = field(default_factory=dict)
    host_steps: dict[str, Callable[..., None]] = field(default_factory=dict)
    toolchain: dict[str, str] = field(default_factory=lambda: {"gcc": "gcc 1"})
    jobs: int = 2

    @property
    def cache(self) -> Path:
        """The cache of this bench."""
        return self.root / "cache"

    def add(self, *recipes: Recipe) -> None:
        """Put recipes into the project, or change them."""
        self.recipes |= {recipe.name: recipe for recipe in recipes}

    def source(self, name: str, files: Mapping[str, str]) -> None:
        """Pin an archive and put it into the folder of archives."""
        archives = self.root / "archives"
        archives.mkdir(exist_ok=True)
        self.lock[name] = Entry(name, "1.0", (pack(archives, name, files),))

    def forge(self, root: Path | None = None) -> Forge:
        """A forge as a new process would make it."""
        (self.root / "build").mkdir(exist_ok=True)
        (self.root / "archives").mkdir(exist_ok=True)
        store = Store(root or self.cache)
        store.make()
        store.sweep()
        return Forge(
            project=Project(self.root / "build", {"shell": shell}, self.host_steps),
            recipes=self.recipes,
            lock=self.lock,
            settings=Settings(jobs=self.jobs),
            store=store,
            sources=Sources(store.root / "sources", [Directory(self.root / "archives")]),
            toolchain=self.toolchain,
        )

    def build(self, target: str) -> tuple[Forge, Plan]:
        """Build a target as `everylinux build` does."""
        forge = self.forge()
        plan = forge.fetch(forge.plan(target))
        forge.run(plan, Progress())
        return forge, plan

    def built(self, target: str) -> set[str]:
        """Build, and say which steps had to be."""
        return set(self.build(target)[1].todo)

    def read(self, target: str, path: str) -> str:
        """A file that a finished step installed below /opt."""
        forge = self.forge()
        key = forge.plan(target).steps[target].key
        return (forge.store.tree(key) / "opt" / path).read_text()


def put(path: str, content: str = "x") -> str:
    """A script that installs one file."""
    return (
        f"mkdir -p $(dirname /build/out/opt/{path}); printf '%s' '{content}' >/build/out/opt/{path}"
    )


def finish(step: Recipe, settings: Settings, inputs: Path, output: Path) -> None:
    """A host step that leaves a tree with a manifest, as the real one does."""
    del settings
    if step.configure == ("fail",):
        msg = "as it was told"
        raise ValueError(msg)
    info = json.loads((inputs / "build.json").read_text())
    names = [component["recipe"] for component in info["components"]]
    shutil.copytree(inputs / "opt", output / "python", ignore=shutil.ignore_patterns("f"))
    (output / "python" / "manifest.json").write_text(json.dumps({"components": names}))
