"""What a step sees: fixed places, nothing of the user's, no network."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from forge_bench import Bench, put, recipe

from everylinux.forge.contract import Command, Settings
from everylinux.forge.sandbox import Work, argv

SEEN = """
mkdir -p /build/out/opt; env | LC_ALL=C sort >/build/out/opt/env; cd /build/out/opt
 umask >umask; hostname >hostname 2>&1 || uname -n >hostname
id -u >id; pwd >pwd; ls -A / >root; ls -A /build >build; ls /sys/class/net >net 2>&1 || true
ls -A /usr/local /home /root /etc /opt >etc 2>&1 || true
cat /proc/net/dev >dev
"""


def seen(bench: Bench) -> dict[str, str]:
    """Build a step that writes down what it sees."""
    bench.add(recipe("a", SEEN))
    forge, plan = bench.build("a")
    tree = forge.store.tree(plan.steps["a"].key) / "opt"
    return {path.name: path.read_text() for path in tree.iterdir()}


def test_a_step_sees_fixed_places_and_a_clean_environment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the user's shell nor the machine's name gets into a step."""
    monkeypatch.setenv("CFLAGS", "-march=native")
    monkeypatch.setenv("LD_PRELOAD", "")
    old = os.umask(0o077)
    try:
        found = seen(bench)
    finally:
        os.umask(old)

    assert found["env"].splitlines() == [
        "HOME=/build/home",
        "JOBS=2",
        "LC_ALL=C.UTF-8",
        "LOGNAME=build",
        "PATH=/opt/toolchain/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "PWD=/build",
        "SHELL=/bin/sh",
        "SOURCE_DATE_EPOCH=1750000000",
        "TMPDIR=/tmp",
        "TZ=UTC",
        "USER=build",
    ]
    assert found["umask"] == "0022\n"
    assert found["hostname"] == "everylinux\n"
    assert found["id"] == "1000\n"
    assert found["build"].split() == ["home", "out", "src"]
    assert "/work" not in found["root"]


def test_a_step_has_no_network(bench: Bench) -> None:
    """Only the loopback is there, and it leads nowhere."""
    lines = seen(bench)["dev"].splitlines()[2:]
    assert [line.split(":")[0].strip() for line in lines] == ["lo"]


def test_a_step_sees_the_same_wherever_the_project_lies(tmp_path: Path) -> None:
    """Two checkouts and caches in different places give the same bytes."""
    places = [tmp_path / "x", tmp_path / "a much longer place" / "ä"]
    found = []
    for place in places:
        place.mkdir(parents=True)
        found.append(seen(Bench(place)))
    assert found[0] == found[1]


def test_inputs_are_read_only(bench: Bench) -> None:
    """A step can change neither what it needs, nor patches, nor the machine."""
    (bench.root / "build" / "patches" / "b").mkdir(parents=True)
    (bench.root / "build" / "patches" / "b" / "p").write_text("patch")
    (bench.root / "build" / "agent").mkdir()
    (bench.root / "build" / "agent" / "main.c").write_text("c")
    places = "/opt/a /build/patches/p /build/project/agent/main.c /usr/bin/env"
    new = "/opt/new /usr/new /etc/new /new /build/new /build/patches/new"
    script = (
        f"for f in {places}; do test -f $f; ! (echo x >$f) 2>/dev/null; done;"
        f"for f in {new}; do ! (: >$f) 2>/dev/null; done; {put('b')}"
    )
    bench.add(recipe("a", put("a")), recipe("b", script, "a", project=("agent",)))
    bench.build("b")
    assert bench.read("b", "b") == "x"


def test_sources_are_fresh_and_writable(bench: Bench) -> None:
    """Each step has its own copy of its sources; the archive's top folder is gone."""
    bench.source("zlib", {"configure": "#!/bin/sh\necho configured\n"})
    script = "cd /build/src/zlib; test ! -e mark; >mark; mkdir $OUT; ./configure >$OUT/"
    script = script.replace("$OUT", "/build/out/opt")
    bench.add(
        recipe("a", script + "a", sources=("zlib",)), recipe("b", script + "b", sources=("zlib",))
    )
    bench.build("a")
    bench.build("b")
    assert (bench.read("a", "a"), bench.read("b", "b")) == ("configured\n", "configured\n")


def test_nothing_a_step_starts_outlives_it(bench: Bench) -> None:
    """A step's background processes end with it."""
    bench.add(recipe("a", f"(setsid sleep 78.5 &) ; {put('a')}"))
    bench.build("a")
    # bwrap's monitor ends when it is told the status, a moment before process 1 of the sandbox does
    until = time.monotonic() + 10
    while "sleep 78.5" in _running() and time.monotonic() < until:
        time.sleep(0.1)
    assert "sleep 78.5" not in _running()


def _running() -> list[str]:
    listed = subprocess.run(("ps", "-eo", "args"), capture_output=True, text=True, check=True)
    return [line.strip() for line in listed.stdout.splitlines()]


NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_the_sandbox_works_without_root_and_is_the_same() -> None:
    """An unprivileged user's step sees what root's step sees, and may do as little."""
    script = f"{SEEN}ls -ln /build/src /opt/a >owners; ! (: >/opt/x) 2>/dev/null"
    found = []
    for drop in (0, NOBODY):
        with tempfile.TemporaryDirectory() as place:
            work = Work(Path(place))
            work.make()
            (work.needed / "a").write_text("x")
            (work.src / "f").write_text("x")
            for path in (Path(place), *Path(place).rglob("*")):
                os.chown(path, drop, drop)
                os.utime(path, (0, 0))
            line = argv(work, Settings(), Command(("/bin/sh", "-ec", script)))
            subprocess.run(line, check=True, user=drop, group=drop, extra_groups=[], cwd="/")
            out = work.out / "opt"
            found.append({path.name: path.read_text() for path in out.iterdir()})

    assert found[0] == found[1]
    assert "1000 1000" in found[0]["owners"]
