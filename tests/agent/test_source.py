"""The agent's source and binary: warnings are errors, static, found or compiled."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from everylinux.agent import binary
from everylinux.errors import EngineError

SOURCES = sorted((Path(__file__).parents[2] / "build" / "agent").glob("*.c"))
# Where Debian has the kernel headers for both word sizes.
KERNEL = ["-idirafter", "/usr/include/x86_64-linux-gnu"]
STRICT = ["-std=gnu99", "-Os", "-static", "-Wall", "-Wextra", "-Werror", "-Wshadow"]


@pytest.mark.parametrize("compiler", [["musl-gcc"], ["gcc"], ["gcc", "-m32", *KERNEL]])
def test_it_compiles_without_a_warning(compiler: list[str], tmp_path: Path) -> None:
    """Static, with every warning an error, by musl, by the host's libc, and for i386."""
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"no {compiler[0]} here")
    probe = tmp_path / "probe.c"
    probe.write_text("#include <errno.h>\nint main(void) { return 0; }\n")
    can = [*compiler, "-static", str(probe), "-o", str(tmp_path / "probe")]
    if subprocess.run(can, capture_output=True, check=False).returncode:
        pytest.skip(f"{' '.join(compiler)} cannot make static programs here")
    target = tmp_path / "agent"
    subprocess.run([*compiler, *STRICT, *map(str, SOURCES), "-o", str(target)], check=True)
    said = subprocess.run([target, "--join"], capture_output=True, check=False)
    assert said.returncode == 71
    assert target.read_bytes()[:4] == b"\x7fELF"
    assert b"/lib/ld" not in target.read_bytes()


def test_no_system_call_is_newer_than_its_fallback() -> None:
    """Nothing of Linux 2.6.33 or later is called by name; prctl options may fail harmlessly."""
    newer = "pidfd_ clone3 close_range prlimit memfd_ getrandom O_PATH openat2 renameat2 execveat"
    text = "".join(path.read_text() for path in SOURCES)
    assert [name for name in newer.split() if name in text] == []


def test_one_that_is_named_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """$EVERYLINUX_AGENT wins; what it names must be a program."""
    program = tmp_path / "agent"
    monkeypatch.setenv(binary.VARIABLE, str(program))
    with pytest.raises(EngineError, match="names no program"):
        binary.agent_path()
    program.write_bytes(b"")
    program.chmod(0o755)
    assert binary.agent_path() == program


def test_the_forge_s_is_taken_if_it_is_of_this_source(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A published agent counts only with the digest of the source that is here."""
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path))
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    published = tmp_path / "agents" / "x86_64" / "agent"
    published.parent.mkdir(parents=True)
    published.write_bytes(b"built by the forge")
    compiled = binary.agent_path()
    assert compiled != published
    assert compiled.is_relative_to(tmp_path)
    (published.parent / "agent.source").write_text(binary.source_digest(binary._sources()))
    assert binary.agent_path() == published


def test_a_better_compiler_that_comes_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What the host's gcc made does not run on 2.6.32, and is not kept once musl-gcc is there."""
    monkeypatch.setenv("EVERYLINUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(binary.VARIABLE, raising=False)
    monkeypatch.setattr(binary, "COMPILERS", ("better", "broken", "worse"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    compiler(tmp_path / "broken", "echo 'broken: no' >&2; exit 1")
    compiler(tmp_path / "worse", 'for last; do :; done; echo worse > "$last"')
    assert binary.agent_path().read_text() == "worse\n"
    compiler(tmp_path / "better", 'for last; do :; done; echo better > "$last"')
    assert binary.agent_path().read_text() == "better\n"
    for name in ("better", "worse"):
        (tmp_path / name).unlink()
    assert binary.agent_path().read_text() == "better\n"  # no compiler is asked for what is kept
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(EngineError, match="cannot compile the agent: broken: no"):
        binary.agent_path()


def compiler(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
