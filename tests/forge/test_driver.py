"""Order, cache, failures and interruptions, with tiny recipes through the real sandbox."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import pytest
from forge_bench import Bench, put, recipe

from everylinux.errors import EverylinuxError, RecipeError, UsageError
from everylinux.forge.progress import Progress
from everylinux.forge.step import StepFailedError
from everylinux.forge.store import FAILED

HERE = str(Path(__file__).parent)
SOURCE = str(Path(__file__).parents[2] / "src")


@pytest.fixture
def chain(bench: Bench) -> Bench:
    """Three steps on one another, and one beside them."""
    bench.add(
        recipe("a", put("a", "A")),
        recipe("b", f"cat /opt/a >/tmp/x; {put('b', 'B')}", "a"),
        recipe("c", f"cat /opt/a /opt/b; {put('c', 'C')}", "b"),
        recipe("d", put("d", "D")),
        recipe("all", f"ls /opt; {put('all')}", "c", "d"),
    )
    return bench


def test_a_second_build_has_nothing_to_do(chain: Bench) -> None:
    """A build of what is built already runs no step."""
    assert chain.built("all") == {"a", "b", "c", "d", "all"}
    assert chain.built("all") == set()


def test_a_changed_recipe_rebuilds_what_stands_on_it(chain: Bench) -> None:
    """Changing one recipe rebuilds it and what needs it, nothing else."""
    chain.build("all")
    chain.add(recipe("b", put("b", "another"), "a"))

    assert chain.built("all") == {"b", "c", "all"}
    assert chain.read("b", "b") == "another"


def test_transitive_needs_are_seen(chain: Bench) -> None:
    """A step sees what its needs need, merged below /opt."""
    chain.add(recipe("all", "cat /opt/a /opt/b /opt/c /opt/d > /build/out/all; false", "c", "d"))
    with pytest.raises(StepFailedError):
        chain.build("all")
    work = next((chain.cache / "work").glob("*/out/all"))
    assert work.read_text() == "ABCD"


def test_a_changed_patch_tool_or_source_changes_the_key(chain: Bench) -> None:
    """Patches, tool chain and source archives are in the key."""
    chain.source("a", {"f": "1"})
    chain.add(recipe("a", put("a", "A"), sources=("a",)))
    keys = {chain.forge().plan("a").steps["a"].key}
    patch = chain.root / "build" / "patches" / "a" / "x.patch"
    patch.parent.mkdir(parents=True)
    patch.write_text("one")
    keys.add(chain.forge().plan("a").steps["a"].key)
    patch.write_text("two")
    keys.add(chain.forge().plan("a").steps["a"].key)
    chain.toolchain["gcc"] = "gcc 2"
    keys.add(chain.forge().plan("a").steps["a"].key)
    chain.source("a", {"f": "2"})
    keys.add(chain.forge().plan("a").steps["a"].key)

    assert len(keys) == 5


def test_a_patch_of_the_same_content_keeps_the_key(chain: Bench) -> None:
    """A checkout's place, times and umask are not in the key."""
    patch = chain.root / "build" / "patches" / "a" / "x.patch"
    patch.parent.mkdir(parents=True)
    patch.write_text("one")
    before = chain.forge().plan("a").steps["a"].key
    patch.chmod(0o600)
    os.utime(patch, (1, 1))

    assert chain.forge().plan("a").steps["a"].key == before


def test_jobs_do_not_change_the_key(chain: Bench) -> None:
    """How many processes a step may use is not in the key."""
    one = chain.forge().plan("all").steps["all"].key
    chain.jobs = 7

    assert chain.forge().plan("all").steps["all"].key == one


def test_the_last_large_step_has_all_processes(bench: Bench) -> None:
    """What runs beside CPython soon ends: CPython's own processes are not halved for it."""
    said = "mkdir -p /build/out/opt; printf %s $JOBS >/build/out/opt/"
    bench.add(recipe("cpython", f"{said}large"), recipe("gettext", f"{said}small"))
    bench.add(recipe("all", put("all"), "cpython", "gettext"))
    bench.build("all")

    assert (bench.read("cpython", "large"), bench.read("gettext", "small")) == ("2", "1")


def test_a_flipped_byte_is_noticed_and_rebuilt(chain: Bench) -> None:
    """A corrupted entry that is used is built anew, even if size and time are as before."""
    forge, plan = chain.build("all")
    file = forge.store.tree(plan.steps["all"].key) / "opt" / "all"
    times = file.stat().st_mtime_ns
    file.chmod(0o644)
    file.write_text("y")
    os.utime(file, ns=(times, times))

    forge, plan = chain.build("all")
    assert plan.todo == {"all"}
    assert forge.store.corrupt == [plan.steps["all"].key]
    assert chain.read("all", "all") == "x"


def test_a_corrupted_need_is_rebuilt_before_it_is_used(chain: Bench) -> None:
    """An input that was damaged is noticed when a step is about to use it."""
    forge, plan = chain.build("c")
    file = forge.store.tree(plan.steps["a"].key) / "opt" / "a"
    file.unlink()
    assert chain.built("c") == set()  # nobody uses it

    assert chain.built("all") == {"a", "d", "all"}
    assert chain.read("a", "a") == "A"


def test_an_added_file_or_a_broken_list_is_corruption_too(chain: Bench) -> None:
    """A file too many, and a list that cannot be read, are noticed."""
    forge, plan = chain.build("a")
    entry = forge.store.entry(plan.steps["a"].key)
    (entry / "tree" / "opt" / "more").write_text("")
    assert chain.built("a") == {"a"}
    (entry / "entry.json").write_text("{")
    assert chain.built("a") == {"a"}


def test_a_build_goes_on_at_the_step_that_failed(chain: Bench) -> None:
    """After a failure, what was built stays and is not built again."""
    chain.add(recipe("c", "exit 3", "b"))
    with pytest.raises(StepFailedError, match="step c failed: /bin/sh ended with status 3"):
        chain.build("c")
    chain.add(recipe("c", put("c"), "b"))

    assert chain.built("c") == {"c"}


def test_a_failure_shows_its_end_its_log_and_its_sandbox(
    chain: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed step ends with its last lines; its full log and its folders are kept."""
    chain.add(recipe("c", "seq 100; echo gone wrong; exit 1", "b"))
    with pytest.raises(StepFailedError) as failure:
        chain.build("c")

    told = capsys.readouterr().err
    assert "gone wrong" in told
    assert "| 99" in told
    assert "| 50" not in told
    log = failure.value.log_file.read_text()
    assert "\n50\n" in log
    assert "cd /build" in log
    assert "everylinux build --enter c" in str(failure.value)
    assert len(list((chain.cache / "work").glob(f"*/{FAILED}"))) == 1


def timed(name: str) -> str:
    """Leaves the nanoseconds at which the step began and ended."""
    now = "date +%s%N"
    return (
        f"{now} >/tmp/began; sleep 0.6; {put(name)}; "
        f"mv /tmp/began /build/out/opt/began-{name}; {now} >/build/out/opt/ended-{name}"
    )


def test_independent_steps_run_at_the_same_time(bench: Bench) -> None:
    """Two steps that do not need each other run in parallel, and share the processes."""
    bench.add(
        recipe("a", f"{timed('a')}; printf $JOBS >/build/out/opt/ja"),
        recipe("b", f"{timed('b')}; printf $JOBS >/build/out/opt/jb"),
        recipe(
            "c", "printf $JOBS >/tmp/j; mkdir /build/out/opt; cp /tmp/j /build/out/opt/j", "a", "b"
        ),
    )
    bench.build("c")

    began, ended = ({n: int(bench.read(n, f"{w}-{n}")) for n in "ab"} for w in ("began", "ended"))
    assert max(began.values()) < min(ended.values())
    assert (bench.read("a", "ja"), bench.read("b", "jb"), bench.read("c", "j")) == ("1", "1", "2")


def test_a_circle_is_named() -> None:
    """Recipes that need each other in a circle are an error that shows the circle."""
    bench = Bench(Path("/nonexistent"))
    bench.add(recipe("a", "", "b"), recipe("b", "", "c"), recipe("c", "", "a"), recipe("d", ""))
    from everylinux.forge.order import ordered  # noqa: PLC0415

    with pytest.raises(RecipeError, match=r"yaml: needs: a circle: (. -> ){3}.: break it") as error:
        ordered(bench.recipes, "d")
    words = error.value.cause.rpartition(": ")[2].split(" -> ")
    assert words[0] == words[-1]
    assert all(after in bench.recipes[before].needs for before, after in pairwise(words))


def test_an_unknown_need_or_source_has_a_dotted_path(bench: Bench) -> None:
    """A need that has no recipe, and a source that is not pinned, say where they stand."""
    bench.add(recipe("zlib", ""), recipe("b", "", "zlip"))
    with pytest.raises(
        RecipeError, match=r"b.yaml: needs.0: there is no recipe zlip: did you mean"
    ):
        bench.forge().plan("b")
    bench.add(recipe("b", "", sources=("nope",)))
    with pytest.raises(RecipeError, match=r"b.yaml: sources.0: the lock pins no nope"):
        bench.forge().plan("b")
    with pytest.raises(UsageError, match="there is no recipe nix"):
        bench.forge().plan("nix")


def test_what_was_promised_must_be_installed(bench: Bench) -> None:
    """A step that does not leave what its recipe promises has failed."""
    bench.add(recipe("a", put("a"), installs=("a", "lib/liba.so")))
    with pytest.raises(StepFailedError, match=r"it did not install lib/liba\.so"):
        bench.build("a")


def test_two_steps_may_not_differ_at_a_path(bench: Bench) -> None:
    """Two needs that install different files at one path are an error that names it."""
    bench.add(recipe("a", put("x", "1")), recipe("b", put("x", "2")), recipe("c", "", "a", "b"))
    with pytest.raises(StepFailedError, match="different files at x"):
        bench.build("c")


def test_modes_and_times_are_normalised(bench: Bench) -> None:
    """Who built it, when, and with which umask is not in the result."""
    script = f"{put('a')}; umask 0; mkdir /build/out/opt/d; chmod 777 /build/out/opt/d"
    bench.add(recipe("a", f"{script}; chmod 4777 /build/out/opt/a"))
    forge, plan = bench.build("a")
    tree = forge.store.tree(plan.steps["a"].key) / "opt"

    assert oct((tree / "d").stat().st_mode) == "0o40755"
    assert oct((tree / "a").stat().st_mode) == "0o100755"
    assert (tree / "a").stat().st_mtime == forge.settings.source_date_epoch


def remember(step: object, settings: object, inputs: Path, output: Path) -> None:
    """A host step: copies what it was told, and tries what it may and may not do."""
    del step, settings
    tempfile.TemporaryFile().close()
    (output / "tree").mkdir()
    (output / "tree" / "info.json").write_text((inputs / "build.json").read_text())
    (output / "tree" / "opt").write_text(
        " ".join(sorted(p.name for p in (inputs / "opt").iterdir()))
    )
    try:
        (inputs / "opt" / "a").write_text("changed")
    except OSError as error:
        (output / "tree" / "denied").write_text(str(error.errno))


def test_a_host_step_sees_its_inputs_and_cannot_change_them(chain: Bench) -> None:
    """A step in Python gets the merged needs read-only, and what was built from what."""
    chain.source("a", {"f": "1"})
    chain.add(recipe("a", put("a", "A"), sources=("a",)))
    chain.host_steps["remember"] = remember
    host = recipe("host", "", "c")
    chain.add(type(host)(host.name, "remember", host.digest, host.needs))
    forge, plan = chain.build("host")
    tree = forge.store.tree(plan.steps["host"].key) / "tree"
    info = json.loads((tree / "info.json").read_text())

    assert (tree / "opt").read_text() == "a b c"
    assert (tree / "denied").read_text() == "30"  # EROFS
    assert [part["recipe"] for part in info["components"]] == ["a", "b", "c"]
    assert info["components"][0]["sources"][0]["version"] == "1.0"
    assert chain.read("a", "a") == "A"


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from forge_bench import Bench, recipe, put
bench = Bench(Path({root!r}))
bench.add(recipe("a", "echo run >>/build/src/../home/x; sleep {seconds}; " + put("a")))
print(len(bench.build("a")[1].todo), flush=True)
"""


def child(bench: Bench, seconds: float) -> subprocess.Popen[str]:
    """Another build of the same thing in a process of its own."""
    code = CHILD.format(here=HERE, root=str(bench.root), seconds=seconds)
    return subprocess.Popen(
        (sys.executable, "-c", code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_work(bench: Bench) -> None:
    """Wait until a step of another process runs."""
    for _ in range(200):
        if list((bench.cache / "work").glob("*/home/x")):
            return
        time.sleep(0.05)
    pytest.fail("the other build did not start")


def test_two_builds_at_once_build_a_step_once(bench: Bench) -> None:
    """Two builds of the same thing wait for each other and both succeed."""
    both = [child(bench, 1.0), child(bench, 1.0)]
    told = [process.communicate(timeout=30)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], told
    assert sum(text.count(": built in") for text in told) == 1
    assert sum(text.count("a: another build is at it, waiting") for text in told) == 1
    assert len(list((bench.cache / "logs").iterdir())) == 1


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_build_leaves_nothing_running(bench: Bench, with_signal: int) -> None:
    """Ctrl-C, kill and kill -9 end the sandbox too; the next build starts clean."""
    process = child(bench, 77.25)
    wait_for_work(bench)
    process.send_signal(with_signal)
    process.communicate(timeout=20)
    time.sleep(0.3)
    listed = subprocess.run(("ps", "-eo", "args"), capture_output=True, text=True, check=True)

    assert process.returncode != 0
    assert "sleep 77.25" not in [line.strip() for line in listed.stdout.splitlines()]
    bench.forge()
    assert list((bench.cache / "work").iterdir()) == []
    assert list((bench.cache / "steps").iterdir()) == []


def test_a_cache_that_cannot_be_written_is_one_clear_line(bench: Bench) -> None:
    """A read-only cache is said in one line with the next move."""
    script = """
import sys
from pathlib import Path
from everylinux.errors import EverylinuxError
from everylinux.forge.store import Store
try:
    Store(Path(sys.argv[1])).make()
except EverylinuxError as error:
    print(error.exit_code, error)
"""
    argv = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    run = (*argv, "--setenv", "PYTHONPATH", SOURCE, sys.executable, "-c", script)
    done = subprocess.run((*run, str(bench.cache)), capture_output=True, text=True, check=False)

    assert done.stdout.startswith("2 "), done.stderr
    assert "read-only file system" in done.stdout
    assert "EVERYLINUX_CACHE" in done.stdout
    assert done.stdout.count("\n") == 1


FULL = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from everylinux.errors import EverylinuxError
from forge_bench import Bench, recipe, put
bench = Bench(Path("/mnt/x"))
bench.root.mkdir()
bench.add(recipe("small", put("a")))
fill = "mkdir /build/out/opt; cat /opt/a; head -c 16000000 /dev/zero >/build/out/opt/big"
bench.add(recipe("big", fill, "small"))
try:
    bench.build("big")
except EverylinuxError as error:
    print(error.exit_code, error)
print(sorted(bench.forge().plan("big").todo))
"""


def test_a_full_disk_is_one_clear_line_and_loses_nothing() -> None:
    """When the disk is full the build says so, and what was built before is still there."""
    mount = 'mount -t tmpfs -o size=8m everylinux /mnt && exec "$@"'
    argv = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    done = subprocess.run(
        (*argv, sys.executable, "-c", FULL.format(here=HERE)),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()

    assert lines[0].startswith("2 "), done.stdout + done.stderr
    assert "the disk is full: free some room" in lines[0]
    assert lines[1:] == ["['big']"]


def test_progress_says_each_step_once(chain: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal, each step has a line when it starts and one when it ends."""
    chain.build("all")
    told = capsys.readouterr().err.splitlines()
    assert sum("building" in line for line in told) == 5
    assert sum("built in" in line for line in told) == 5

    chain.build("all")
    assert "from cache" in capsys.readouterr().err


def test_a_recipe_of_no_known_system_is_refused(bench: Bench) -> None:
    """A system that nobody knows is an error at plan time."""
    bench.add(recipe("a", ""))
    strange = bench.recipes["a"]
    bench.add(type(strange)(strange.name, "magic", strange.digest))
    with pytest.raises(RecipeError, match=r"a.yaml: system: magic is not known: known are shell"):
        bench.forge().plan("a")


def test_stopping_ends_steps_that_wait(bench: Bench) -> None:
    """A build that was told to stop does not wait for another build's lock."""
    bench.add(recipe("a", put("a")))
    forge = bench.forge()
    plan = forge.plan("a")
    forge.children.stop()
    with forge.store.building(plan.steps["a"].key):
        began = time.monotonic()
        forge.run(plan, Progress())
    assert time.monotonic() - began < 5
    assert not forge.store.has(plan.steps["a"].key)


def test_an_error_is_of_the_families_users_know() -> None:
    """A failed step has exit code 1, a mistake in the data 2."""
    assert (StepFailedError.exit_code, RecipeError.exit_code, EverylinuxError.exit_code) == (
        1,
        2,
        2,
    )
