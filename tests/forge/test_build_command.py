"""`everylinux build` from the command line, on a checkout of tiny recipes."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from forge_bench import pack

HERE = str(Path(__file__).parent)
RUN = f"""
import sys
sys.path.insert(0, {HERE!r})
from pathlib import Path
from forge_bench import finish, shell
from everylinux.forge import systems
systems.SYSTEMS = {{"shell": shell}}
systems.HOST_STEPS = {{"distribution": finish}}
from everylinux.cli import main
main()
"""


class Checkout:
    """A checkout with recipes, a lock and a folder of archives, and a cache of its own."""

    def __init__(self, root: Path) -> None:
        """Three recipes: zlib, python on it, and the distribution."""
        self.root, self.cache = root, root / "cache"
        (root / "src" / "everylinux").mkdir(parents=True)
        (root / "build" / "recipes").mkdir(parents=True)
        (root / "archives").mkdir()
        self.edition()
        form = pack(root / "archives", "zlib", {"f": "zlib"})
        pinned = {"file": form.file, "size": form.size, "sha256": form.sha256}
        upstream = {**pinned, "urls": ["http://127.0.0.1:9/z"]}
        archives = {"zlib": {"version": "1.0", "upstream": upstream}}
        self.lock = root / "build" / "lock.yaml"
        self.lock.write_text(yaml.safe_dump({"schema": 1, "archives": archives}))
        copy = "mkdir -p /build/out/opt; cp /build/src/zlib/f /build/out/opt/f"
        self.recipe("zlib", system="shell", configure=[copy])
        script = "mkdir -p /build/out/opt/bin; cat /opt/f >/build/out/opt/bin/python3"
        self.recipe("python", system="shell", needs=["zlib"], sources=[], configure=[script])
        self.recipe("distribution", system="distribution", needs=["python"], sources=[])

    def edition(self) -> None:
        """One edition, in which every component is the recipe of its name."""
        python = {"3.13": {"version": "3.13.5", "recipes": {}}}
        content = {"name": "current", "says": "all", "start": "launcher", "matrix": {}}
        folder = self.root / "build" / "editions"
        folder.mkdir()
        (folder / "current.yaml").write_text(yaml.safe_dump({**content, "pythons": python}))

    def recipe(self, name: str, **content: object) -> None:
        """Write a recipe."""
        path = self.root / "build" / "recipes" / f"{name}.yaml"
        path.write_text(yaml.safe_dump({"name": name, **content}))

    def run(self, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
        """Run `everylinux build` in the checkout."""
        return subprocess.run(  # type: ignore[call-overload,no-any-return]
            self.argv(*arguments),
            cwd=self.root,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
            **more,
        )

    def argv(self, *arguments: str) -> tuple[str, ...]:
        """The command line."""
        return (sys.executable, "-c", RUN, "build", "--sources", "archives", *arguments)

    def environment(self) -> dict[str, str]:
        """The environment, with the cache of this checkout."""
        return {**os.environ, "EVERYLINUX_CACHE": str(self.cache), "TERM": "xterm"}


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh checkout."""
    return Checkout(tmp_path)


def test_the_path_of_the_tree_comes_last(checkout: Checkout) -> None:
    """It is all that stdout has; progress is on stderr. A second run has nothing to do."""
    first = checkout.run()
    tree = Path(first.stdout.strip())
    second = checkout.run()

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert (tree / "bin" / "python3").read_text() == "zlib"
    assert tree.is_relative_to(checkout.cache / "builds")
    assert json.loads((tree / "manifest.json").read_text())["components"] == ["zlib", "python"]
    assert second.stdout == first.stdout
    assert "distribution" in second.stderr
    assert "from cache" in second.stderr


def test_the_output_folder_is_ours_or_empty(checkout: Checkout) -> None:
    """--output makes a folder, renews what a build put there, and spares other files."""
    out = checkout.root / "out"
    first = checkout.run("--output", "out")
    assert first.stdout == f"{out}/python\n", first.stderr
    (out / "python" / "bin" / "python3").write_text("broken")
    assert checkout.run("--output", "out").returncode == 0
    assert (out / "python" / "bin" / "python3").read_text() == "zlib"

    (out / "python" / "mine.txt").write_text("x")
    checkout.recipe(
        "python",
        system="shell",
        needs=["zlib"],
        sources=[],
        configure=["mkdir -p /build/out/opt/bin; echo new >/build/out/opt/bin/python3"],
    )
    refused = checkout.run("--output", "out")
    assert refused.returncode == 2
    assert "has files that no build put there (python/mine.txt)" in refused.stderr
    assert (out / "python" / "mine.txt").exists()
    (out / "python" / "mine.txt").unlink()
    assert checkout.run("--output", "out").returncode == 0
    assert (out / "python" / "bin" / "python3").read_text() == "new\n"


def test_a_damaged_published_tree_is_renewed(checkout: Checkout) -> None:
    """What was published is compared with the cache by content."""
    tree = Path(checkout.run().stdout.strip())
    (tree / "bin" / "python3").write_text("xlib")
    assert Path(checkout.run().stdout.strip()) == tree
    assert (tree / "bin" / "python3").read_text() == "zlib"


def test_a_dry_run_prints_the_plan_and_builds_nothing(checkout: Checkout) -> None:
    """--dry-run checks the data and prints each step with its key, in order."""
    done = checkout.run("--dry-run")
    rows = [line.split() for line in done.stdout.splitlines()]

    assert [(row[0], row[2]) for row in rows] == [
        ("build", "zlib"),
        ("build", "python"),
        ("build", "distribution"),
    ]
    assert all(len(row[1]) == 32 for row in rows)
    assert list((checkout.cache / "steps").iterdir()) == []
    checkout.run()
    assert checkout.run("--dry-run").stdout.count("cached") == 3


def test_only_one_step_may_be_wanted(checkout: Checkout) -> None:
    """--until stops at a step and prints where its output is."""
    done = checkout.run("--until", "zlib")
    assert (Path(done.stdout.strip()) / "opt" / "f").read_text() == "zlib"
    assert len(list((checkout.cache / "steps").iterdir())) == 1


def test_check_finds_damage_that_nothing_used_yet(checkout: Checkout) -> None:
    """--check verifies every cached step; a damaged one is built anew when it is needed."""
    checkout.run()
    found = next(checkout.cache.glob("steps/*/tree/opt/f"))
    found.chmod(0o644)
    found.write_text("xlib")
    assert "damaged" not in checkout.run().stderr
    done = checkout.run("--check")

    assert done.returncode == 0
    assert "verified 2 of 3 steps" in done.stderr
    assert "zlib: the cached step is damaged" in done.stderr


MISTAKES: dict[str, tuple[Callable[[Checkout], object], tuple[str, ...], str]] = {
    "no such provider": (lambda _: None, ("--sources", "nowhere"), "--sources nowhere: no such"),
    "no such python": (lambda _: None, ("--python", "2.7"), "has no Python 2.7: it has 3.13"),
    "no such step": (lambda _: None, ("--until", "zlip"), "there is no recipe zlip"),
    "circle": (
        lambda c: c.recipe("zlib", system="shell", needs=["python"]),
        (),
        "needs: a circle: ",
    ),
    "unknown need": (
        lambda c: c.recipe("zlib", system="shell", needs=["musk"]),
        (),
        "zlib.yaml: needs.0: there is no recipe musk",
    ),
    "unknown system": (
        lambda c: c.recipe("zlib", system="magic"),
        (),
        "zlib.yaml: system: magic is not known: known are distribution, shell",
    ),
    "no lock": (lambda c: c.lock.unlink(), (), "lock.yaml: cannot be read"),
    "wrong hash": (
        lambda c: (c.root / "archives" / "zlib.tar.gz").write_text("other"),
        (),
        "not kept",
    ),
    "output is a file": (
        lambda c: (c.root / "out").write_text("x"),
        ("--output", "out"),
        "is a file",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_bad_input_is_one_clear_line_and_exit_2(checkout: Checkout, mistake: str) -> None:
    """Each mistake is said in one line with what to do, never by a traceback."""
    make, arguments, text = MISTAKES[mistake]
    make(checkout)
    done = checkout.run(*arguments)

    assert done.returncode == 2, done.stderr
    assert text in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_failed_step_is_exit_1_with_the_way_in(checkout: Checkout) -> None:
    """A failed step says its last lines, its log and how to enter; entering really works."""
    script = "cd /build/src; echo found >trace; echo it broke; exit 7"
    checkout.recipe("python", system="shell", needs=["zlib"], sources=[], configure=[script])
    done = checkout.run()
    last = done.stderr.splitlines()[-1]

    assert done.returncode == 1
    assert "| it broke" in done.stderr
    assert "step python failed: /bin/sh ended with status 7" in last
    log = Path(last.partition("see ")[2].partition(",")[0])
    assert "it broke" in log.read_text()
    assert last.endswith("everylinux build --enter python")

    inside = checkout.run(
        "--enter", "python", input="cat /build/src/trace /opt/f; pwd; >/opt/x; exit 5\n"
    )
    assert inside.returncode == 5
    assert inside.stdout.startswith("found\nzlib/build\n")
    assert "Read-only" in inside.stderr
    assert checkout.run("--enter", "python", input="cat /build/src/trace\n").stdout == "found\n"


def test_a_step_that_did_not_fail_can_be_entered(checkout: Checkout) -> None:
    """Its sandbox is made as it would be at the start; its cached result stays."""
    refused = checkout.run("--enter", "python", input="")
    assert "python needs zlib, which is not built" in refused.stderr
    checkout.run()
    inside = checkout.run("--enter", "python", input="cat /opt/f; ls /build\n")

    assert inside.stdout == "zlibhome\nout\nsrc\n"
    assert "from cache" in checkout.run().stderr


def test_a_failed_host_step_says_why(checkout: Checkout) -> None:
    """An exception in a step of the host is in the last lines."""
    checkout.recipe(
        "distribution", system="distribution", needs=["python"], sources=[], configure=["fail"]
    )
    done = checkout.run()
    assert done.returncode == 1
    assert "ValueError: as it was told" in done.stderr


def test_prune_spares_what_is_used(checkout: Checkout) -> None:
    """--prune removes steps that are old and that this plan does not use."""
    checkout.run()
    old = checkout.cache / "steps" / ("0" * 32)
    old.mkdir()
    os.utime(old, (1, 1))
    for entry in (checkout.cache / "steps").iterdir():
        os.utime(entry, (1, 1))
    done = checkout.run("--prune")

    assert "pruned 1 folders" in done.stderr
    assert len(list((checkout.cache / "steps").iterdir())) == 3
    assert not old.exists()


def test_a_terminal_sees_a_live_display(checkout: Checkout) -> None:
    """In a terminal a running step has a clock; each ended one keeps its line."""
    checkout.recipe(
        "python",
        system="shell",
        needs=["zlib"],
        sources=[],
        configure=["sleep 0.5; mkdir -p /build/out/opt; cp /opt/f /build/out/opt/g"],
    )
    main, side = pty.openpty()
    with subprocess.Popen(
        checkout.argv("--until", "python"),
        cwd=checkout.root,
        env=checkout.environment(),
        stdout=subprocess.DEVNULL,
        stderr=side,
    ) as child:
        os.close(side)
        told = b""
        while select.select([main], [], [], 20)[0]:
            try:
                told += os.read(main, 65536)
            except OSError:  # EIO: the other side is closed
                break
    os.close(main)

    assert child.returncode == 0
    assert b"python  (-j" in told
    assert b"0:00:00" in told
    assert b"built in" in told
