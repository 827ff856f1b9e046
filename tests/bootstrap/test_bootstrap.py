"""`./bootstrap` under several shells, with a made-up machine on PATH: nothing is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = ROOT / "bootstrap"
SHELLS = [
    shell for shell in (["dash"], ["bash", "--posix"], ["busybox", "sh"]) if shutil.which(shell[0])
]
PLAIN = ("cat", "cksum", "cp", "dirname", "id", "mkdir", "rm", "tr")
PROGRAMS = (
    *("git", "gcc", "make", "patch", "patchelf", "bison", "file", "cmake", "zstd", "ld"),
    *("bwrap", "pkg-config", "perl", "ninja", "xz", "dpkg-source", "mmdebstrap"),
)
FAKE_PYTHON = """
case "$*" in
  *_base_executable*) echo "$0" ;;
  "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python; echo venv >>"$log" ;;
  "-m pip "*) echo pip >>"$log" ;;
  "-m tox "*) for word; do printf '<%s>' "$word" >>"$log"; done; echo >>"$log" ;;
esac
"""
MANAGERS = ("apt-get", "dnf", "apk", "pacman", "zypper")


class Machine:
    """A checkout in a folder with a space, and a PATH with only what a test puts there."""

    def __init__(self, folder: Path) -> None:
        """Make both, with the programs that every system has."""
        self.project = folder / "a checkout"
        self.path = folder / "bin"
        self.log = folder / "log"
        self.project.mkdir()
        self.path.mkdir()
        for name in ("bootstrap", "pyproject.toml"):
            shutil.copy(ROOT / name, self.project)
        for name in PLAIN:
            self.link(name)

    def link(self, name: str) -> None:
        """Take over one of this machine's programs."""
        found = shutil.which(name)
        assert found
        (self.path / name).symlink_to(found)

    def program(self, name: str, body: str) -> None:
        """Write a shell script; it can write what it was called with to the log."""
        file = self.path / name
        shell = shutil.which("sh")
        file.write_text(f'#!{shell}\nlog="{self.log}"\n{body}\n')
        file.chmod(0o755)

    def uid(self, number: int) -> None:
        """Be that user, as `id -u` has it."""
        (self.path / "id").unlink()
        self.program("id", f"echo {number}")

    def run(self, *arguments: str, shell: list[str]) -> subprocess.CompletedProcess[str]:
        """Call it from another folder. /usr/sbin is hidden: it is added to PATH by the script."""
        program = shutil.which(shell[0])
        assert program
        script = self.project / "bootstrap"
        script.write_text(script.read_text().replace(":/usr/sbin:/sbin", ""))
        return subprocess.run(
            [program, *shell[1:], str(script), *arguments],
            env={"PATH": str(self.path)},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def logged(self) -> str:
        """What the programs wrote."""
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture(params=SHELLS, ids=" ".join)
def shell(request: pytest.FixtureRequest) -> list[str]:
    chosen: list[str] = request.param
    return chosen


def test_is_short_and_executable() -> None:
    """It has fewer than 100 lines and can be run as it is."""
    assert len(BOOTSTRAP.read_text().splitlines()) < 100
    assert BOOTSTRAP.stat().st_mode & 0o111 == 0o111


def test_syntax(shell: list[str]) -> None:
    """Every shell reads it without a complaint."""
    done = subprocess.run([*shell, "-n", BOOTSTRAP], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [[], ["--nonsense"], ["--with-engines"]])
def test_usage(machine: Machine, shell: list[str], arguments: list[str]) -> None:
    """Without a command it says how it is called, exits 2 and touches nothing."""
    done = machine.run(*arguments, shell=shell)

    assert done.returncode == 2
    assert "usage: ./bootstrap" in done.stderr
    assert not (machine.project / ".venv").exists()


@pytest.mark.parametrize("manager", MANAGERS)
def test_root_installs_what_is_missing(machine: Machine, shell: list[str], manager: str) -> None:
    """Root's package manager is called with the packages' names there, not asking anything."""
    machine.uid(0)
    machine.link("sh")
    machine.program(manager, 'read -r answer && exit 9; echo "$0 $*" >>"$log"; [ "$1" = update ]')

    done = machine.run("test", shell=shell)

    assert "bubblewrap" in machine.logged(), done.stderr
    assert manager in machine.logged()
    assert " -\n" not in machine.logged()
    assert "mmdebstrap" in machine.logged() or manager != "apt-get"
    assert "podman" not in machine.logged()


def test_engines_only_when_asked(machine: Machine, shell: list[str]) -> None:
    """`--with-engines` adds podman and docker to what must be there."""
    machine.uid(0)
    machine.link("sh")
    machine.program("apt-get", 'echo "$*" >>"$log"; [ "$1" = update ]')

    machine.run("--with-engines", "test", shell=shell)

    assert {"podman", "crun", "docker.io"} <= set(machine.logged().split())


def test_what_is_there_is_not_installed(machine: Machine, shell: list[str]) -> None:
    """A program on PATH keeps its package out of the list."""
    machine.uid(0)
    machine.link("sh")
    machine.program("cmake", "")
    machine.program("apt-get", 'echo "$*" >>"$log"; [ "$1" = update ]')

    machine.run("test", shell=shell)

    assert "ninja-build" in machine.logged().split()
    assert "cmake" not in machine.logged().split()


def test_without_root_prints_one_command(machine: Machine, shell: list[str]) -> None:
    """Neither root nor sudo: one command for the administrator, a failure, nothing called."""
    machine.uid(1000)
    machine.program("apt-get", 'echo "$*" >>"$log"')

    done = machine.run("conform", shell=shell)

    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if "sudo sh -c '" in line]
    assert "apt-get install -qy --no-install-recommends" in line
    assert "bubblewrap" in line
    assert machine.logged() == ""
    assert not (machine.project / ".venv").exists()


def test_sudo_without_password_is_used(machine: Machine, shell: list[str]) -> None:
    """A sudo that asks for nothing runs the command; it is never called so that it could ask."""
    machine.uid(1000)
    machine.program("sudo", 'echo "sudo $*" >>"$log"; [ "$2" = true ]')
    machine.program("apk", 'echo "$*" >>"$log"')

    machine.run("test", shell=shell)

    lines = [line for line in machine.logged().splitlines() if line.startswith("sudo")]
    assert any("apk add --no-cache" in line for line in lines)
    assert all(line.startswith("sudo -n ") for line in lines)


def test_a_failing_manager_stops_it(machine: Machine, shell: list[str]) -> None:
    """The manager's failure is named and ends the run before anything is made."""
    machine.uid(0)
    machine.link("sh")
    machine.program("dnf", "exit 100")

    done = machine.run("test", shell=shell)

    assert done.returncode == 1
    assert "dnf failed" in done.stderr
    assert not (machine.project / ".venv").exists()


def test_no_manager_names_the_programs(machine: Machine, shell: list[str]) -> None:
    """On a system without a manager that it knows, it names what must come by other means."""
    done = machine.run("test", shell=shell)

    assert done.returncode == 1
    assert "bwrap" in done.stderr
    assert "no package manager" in done.stderr


@pytest.fixture
def ready(machine: Machine) -> Machine:
    """Have every program and a Python there, and a package manager that must not be called."""
    for name in PROGRAMS:
        machine.program(name, "")
    machine.program("python3", FAKE_PYTHON)
    machine.program("apt-get", 'echo "$*" >>"$log"')
    return machine


def test_hands_over_to_tox(ready: Machine, shell: list[str]) -> None:
    """The first run makes .venv; arguments reach tox as they are, spaces and all."""
    done = ready.run("conform", "--dist", "a b", "-k", "x*", shell=shell)

    assert done.returncode == 0, done.stderr
    assert ready.logged().splitlines() == [
        "venv",
        "pip",
        "<-m><tox><run><-e><conform><--><--dist><a b><-k><x*>",
    ]


def test_second_run_only_hands_over(ready: Machine, shell: list[str]) -> None:
    """Nothing is installed or made again."""
    ready.run("test", shell=shell)
    ready.log.unlink()
    ready.run("test", shell=shell)

    assert ready.logged() == "<-m><tox><run><-e><test>\n"


def test_a_changed_project_makes_it_anew(ready: Machine, shell: list[str]) -> None:
    """Other requirements mean another .venv, without what was in the old one."""
    ready.run("test", shell=shell)
    (ready.project / ".venv" / "old").touch()
    ready.project.joinpath("pyproject.toml").write_text("# changed\n")
    ready.run("test", shell=shell)

    assert ready.logged().splitlines().count("venv") == 2
    assert not (ready.project / ".venv" / "old").exists()


def test_a_broken_venv_is_made_anew(ready: Machine, shell: list[str]) -> None:
    """A .venv whose Python is gone (an upgrade of the system) is replaced."""
    ready.run("test", shell=shell)
    python = ready.project / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.10")
    ready.run("test", shell=shell)

    assert ready.logged().splitlines().count("venv") == 2


def test_pip_that_fails_leaves_no_stamp(ready: Machine, shell: list[str]) -> None:
    """An interrupted first run is not taken for a finished one."""
    ready.program("python3", FAKE_PYTHON.replace("echo pip", "exit 1; echo pip"))
    done = ready.run("test", shell=shell)

    assert done.returncode == 1
    assert "package index" in done.stderr
    assert not (ready.project / ".venv" / "bootstrap.stamp").exists()
