"""Two builds in two worlds: what is reproducible passes, each kind of leak is caught and named."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from forge_bench import Bench, put, recipe
from test_build_command import Checkout

from everylinux.errors import BuildError
from everylinux.forge import verify, worlds
from everylinux.forge.contract import Recipe, Settings
from everylinux.forge.progress import Progress

SOURCE = Path(__file__).parents[2] / "build" / "otherworld" / "otherworld.c"
OUT = "/build/out/opt/it"
LEAK = "/build/out/opt/leak"

EDITION = """
{name: current, says: tiny, start: launcher, matrix: {},
 pythons: {"3.13": {version: 3.13.5, recipes: {}}}}
"""

PINNED = "; ".join(
    [
        "mkdir -p /build/out/opt",
        f"(id -u; hostname; umask; pwd; echo $HOME $TZ $LC_ALL $USER; date -d @0) >{OUT}",
    ]
)
"""All that the sandbox keeps the same, whoever builds, wherever."""

LEAKS = {
    "the clock": f"mkdir -p /build/out/opt; date >{LEAK}",
    "the day alone": f"mkdir -p /build/out/opt; date +%F >{LEAK}",
    "the clock of a compiler": "; ".join(
        [
            "mkdir -p /build/out/opt",
            "echo 'const char *day(void) { return __DATE__; }' >/tmp/x.c",
            f"env -u SOURCE_DATE_EPOCH gcc -c -o {LEAK} /tmp/x.c",
        ]
    ),
    "random numbers": f"mkdir -p /build/out/opt; head -c 8 /dev/urandom >{LEAK}",
    "the order of a folder": "; ".join(
        [
            "mkdir -p /build/out/opt /tmp/many",
            "for i in 1 2 3 4 5 6 7 8 9; do echo >/tmp/many/$i; done",
            f"ls -U /tmp/many >{LEAK}",
        ]
    ),
    "the number of processes": f"mkdir -p /build/out/opt; echo $JOBS >{LEAK}",
    "a name out of the air": f"mkdir -p /build/out/opt; mktemp -u >{LEAK}",
    "a mode": f"{put('leak')}; [ $JOBS = 2 ] || chmod 755 {LEAK}",
    "a link": f"mkdir -p /build/out/opt; ln -s $JOBS {LEAK}",
    "a file more": f"{put('leak')}; [ $JOBS = 2 ] || echo >/build/out/opt/more",
}


@pytest.fixture
def chain(bench: Bench) -> Bench:
    """A step, one on it, one beside it."""
    bench.add(
        recipe("a", PINNED),
        recipe("b", f"cp /opt/it /tmp/it; {put('b')}; cat /tmp/it >>/build/out/opt/b", "a"),
        recipe("c", put("c")),
        recipe("all", put("all"), "b", "c"),
    )
    return bench


def verified(bench: Bench, target: str) -> verify.Verification:
    """Verify a target as `everylinux build --verify` does."""
    forge = bench.forge()
    return verify.verify(forge, forge.plan(target), SOURCE, Progress())


def test_what_the_sandbox_pins_is_equal(chain: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """User, host name, umask, home, zone and locale differ around it and show nowhere in it."""
    done = verified(chain, "all")

    assert done.equal
    assert [step.name for step in done.steps] == ["a", "c", "b", "all"]
    assert {"user", "host name", "umask", "HOME", "TZ", "LC_ALL", "clock", "processes"} <= set(
        done.varied
    )
    assert not (chain.cache / "verify").exists()
    assert list((chain.cache / "steps").iterdir()) == []
    told = capsys.readouterr().err
    assert "4 of 4 steps are equal" in told
    assert "build in the second world" in told


@pytest.mark.parametrize("leak", LEAKS)
def test_each_leak_is_caught_and_its_recipe_named(chain: Bench, leak: str) -> None:
    """A step that lets its surroundings in differs; steps beside it are equal."""
    chain.add(recipe("leak", LEAKS[leak], "b"))
    with pytest.raises(BuildError, match=r"not reproducible: leak \(leak\.yaml\)"):
        verified(chain, "leak")

    written = json.loads((chain.cache / "verify" / "verify.json").read_text())
    found = {step["name"]: step["verdict"] for step in written["steps"]}
    assert found == {"a": "equal", "b": "equal", "leak": "differs"}
    assert written["equal"] is False


def test_what_stands_on_a_fault_is_told_apart(
    chain: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only the step that lets the clock in is at fault, not the one that copies its file."""
    chain.add(recipe("a", LEAKS["the clock"].replace(LEAK, OUT)))
    with pytest.raises(BuildError, match=r"not reproducible: a \(a\.yaml\): compare"):
        verified(chain, "all")

    told = capsys.readouterr().err
    assert "a (a.yaml) differs:" in told
    assert "opt/it: " in told
    assert "b: 1 paths differ, as what it needs: a" in told


def test_the_clock_and_the_order_of_a_host_step_differ_too(chain: Bench) -> None:
    """A step of the host that writes the day is caught, and one that does not is not."""
    chain.host_steps["final"] = host_step
    chain.add(Recipe("fine", "final", "1", ("a",)))
    assert verified(chain, "fine").equal
    chain.add(Recipe("bad", "final", "2", ("a",), configure=("day",)))
    with pytest.raises(BuildError, match="not reproducible: bad"):
        verified(chain, "bad")


def host_step(step: Recipe, settings: Settings, inputs: Path, output: Path) -> None:
    """What the sandbox pins for a host step; with "day" the day as well."""
    del settings, inputs
    from datetime import UTC, datetime  # noqa: PLC0415 - runs in a process of its own

    kept = [os.environ[name] for name in ("HOME", "TZ", "LC_ALL")]
    day = [str(datetime.now(UTC).date())] if step.configure else []
    (output / "it").write_text(" ".join([*kept, *day]))


def test_archives_of_the_last_step_are_told(chain: Bench) -> None:
    """Files beside the tree are compared byte by byte and given with their sha256."""
    script = "mkdir -p /build/out/opt; printf x >/build/out/a.tar.gz"
    chain.add(recipe("all", script, "b"))

    assert verified(chain, "all").archives == {
        "a.tar.gz": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    }


def test_a_first_difference_is_an_offset(tmp_path: Path) -> None:
    """The offset of the first byte that differs, also beyond the first block and at the end."""
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"a" * (verify.BLOCK + 10))
    other.write_bytes(b"a" * (verify.BLOCK + 5) + b"b" * 5)
    assert verify.first_difference(one, other) == verify.BLOCK + 5
    other.write_bytes(b"a" * 7)
    assert verify.first_difference(one, other) == 7


def test_two_at_once_are_refused(chain: Bench) -> None:
    """A second --verify in the same cache says so and touches nothing."""
    forge = chain.forge()
    with verify._alone(chain.cache / "verify"), pytest.raises(Exception, match="is running"):
        verify.verify(forge, forge.plan("c"), SOURCE, Progress())


def test_a_world_that_cannot_be_had_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without user namespaces neither user nor host name is said to differ."""
    monkeypatch.setattr(worlds, "_outside", lambda _: ["false"])
    left = worlds.without_namespace(worlds.SECOND)

    assert not {"user", "host name", "clock"} & set(worlds.differences(worlds.FIRST, left))


def test_this_process_comes_back_as_it_was() -> None:
    """Umask and environment are restored."""
    before, umask = dict(os.environ), os.umask(0o027)
    try:
        with worlds.entered(worlds.SECOND):
            assert os.environ["TZ"] == "Asia/Kolkata"
            assert os.umask(0o077) == 0o077
        assert (dict(os.environ), os.umask(0o027)) == (before, 0o027)
    finally:
        os.umask(umask)


def test_the_command_says_it_by_its_status(tmp_path: Path) -> None:
    """Exit 0 and nothing on stdout for equal bytes, 1 and the recipe's name for others."""
    checkout = Checkout(tmp_path)
    folder = checkout.root / "build" / "otherworld"
    folder.mkdir()
    shutil.copy(SOURCE, folder)
    (checkout.root / "build" / "editions").mkdir(exist_ok=True)
    (checkout.root / "build" / "editions" / "current.yaml").write_text(EDITION)
    fine = checkout.run("--until", "python", "--verify")
    checkout.recipe("python", system="shell", sources=[], configure=[LEAKS["the day alone"]])
    bad = checkout.run("--until", "python", "--verify")

    assert (fine.returncode, fine.stdout) == (0, ""), fine.stderr
    assert "2 of 2 steps are equal" in fine.stderr
    assert (bad.returncode, bad.stdout) == (1, ""), bad.stderr
    assert "not reproducible: python (" in bad.stderr.splitlines()[-1]
