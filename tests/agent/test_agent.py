"""The real agent, on the host: what it reports, what it ends, what it keeps to itself."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from everylinux.agent import AgentSession
from everylinux.agent.protocol import Kind, Tag, encode
from everylinux.errors import AgentError
from everylinux.model import Limits
from tests.processes import alive

from .conftest import Started, start

ROOT = os.geteuid() == 0
PATH = os.environ["PATH"]


def shell(agent: AgentSession, script: str, seconds: float = 10.0) -> str:
    result = agent.run(["sh", "-c", script], limits=Limits(seconds=seconds))
    assert result.ok, result
    return result.out.decode()


@pytest.mark.parametrize("status", [0, 1, 71, 125, 126, 127, 128, 137, 139, 255])
def test_a_status_is_the_program_s_own(agent: AgentSession, status: int) -> None:
    """Statuses that shells and container tools use for their own failures stay what they are."""
    result = agent.run(["sh", "-c", f"exit {status}"])
    assert (result.status, result.signal, result.error) == (status, None, "")
    assert not result.timed_out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_signal_is_no_status(agent: AgentSession, number: int) -> None:
    """A program that a signal ended has a signal and no status, unlike one that exits 128+n."""
    result = agent.run(["sh", "-c", f"kill -{int(number)} $$"])
    assert (result.status, result.signal) == (None, number)


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["/nowhere"], "ENOENT"),
        (["no-such-program"], "ENOENT"),
        (["/etc/passwd"], "EACCES"),
        (["/etc"], "EACCES"),
        ([""], "ENOENT"),
        (["/etc/passwd/x"], "ENOTDIR"),
    ],
)
def test_a_failed_execve_is_told_by_its_errno(
    agent: AgentSession, argv: list[str], error: str
) -> None:
    """What never started has no status: it cannot be taken for a program's 126 or 127."""
    result = agent.run(argv)
    assert (result.status, result.signal, result.error) == (None, None, error)


def test_no_shell_guesses(agent: AgentSession, tmp_path: Path) -> None:
    """A file without a magic number is ENOEXEC, not a shell script."""
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    assert agent.run([str(script)]).error == "ENOEXEC"


def test_streams_are_apart_and_binary(agent: AgentSession) -> None:
    """Standard input, output and error pass every byte, and are not mixed."""
    raw = bytes(range(256)) * 3000
    result = agent.run(["sh", "-c", "cat; echo oops >&2"], stdin=raw)
    assert result.out == raw
    assert result.err == b"oops\n"


def test_output_is_bounded(agent: AgentSession) -> None:
    """A program that floods ends as it would, and what passed the limit is dropped and said so."""
    limits = Limits(output_bytes=1000)
    result = agent.run(["sh", "-c", "head -c 3000000 /dev/zero; exit 3"], limits=limits)
    assert (len(result.out), result.truncated, result.status, result.ok) == (1000, True, 3, False)
    exact = agent.run(["head", "-c", "1000", "/dev/zero"], limits=limits)
    assert (len(exact.out), exact.truncated) == (1000, False)


def test_an_ignored_stdin_is_no_hang(agent: AgentSession) -> None:
    """A program that does not read its input ends all the same."""
    assert agent.run(["true"], stdin=bytes(1 << 20)).status == 0


def test_time_is_bounded(agent: AgentSession) -> None:
    """A command that is late is killed with its group, and says so."""
    result = agent.run(["sh", "-c", "sleep 60 & sleep 60"], limits=Limits(seconds=0.2))
    assert (result.timed_out, result.status, result.signal) == (True, None, signal.SIGKILL)
    assert 0.2 <= result.wall_seconds < 2


def test_a_closed_stdout_is_no_end(agent: AgentSession) -> None:
    """A command that closes its output is waited for all the same."""
    result = agent.run(["sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 5"])
    assert result.status == 5
    assert result.wall_seconds >= 0.2


@pytest.mark.parametrize(
    "script",
    [
        "sleep 61 & echo $!",
        "setsid sleep 61 & echo $!",
        "(setsid sh -c 'setsid sleep 61 & echo $!' &) ; sleep 0.2",
        "trap '' TERM HUP INT; sleep 61 & echo $!; kill -STOP $!",
    ],
)
def test_nothing_survives_its_command(agent: AgentSession, script: str) -> None:
    """Also grandchildren that left the group and the session, or ignore signals, are ended."""
    pid = int(shell(agent, script))
    assert not alive(pid)


def test_no_zombie_stays(started: Started) -> None:
    """After a hundred commands with orphans the agent has no child, dead or alive."""
    for _ in range(100):
        started.session.run(["sh", "-c", "true & (true &) ; exit 0"])
    children = Path(f"/proc/{started.process.pid}/task/{started.process.pid}/children")
    assert children.read_text() == ""


def test_no_descriptor_leaks(agent: AgentSession) -> None:
    """A command has descriptors 0, 1 and 2 (and the one that lists), also beside a terminal."""
    terminal = agent.spawn(["cat"])
    listed = shell(agent, "ls /proc/self/fd | tr '\\n' ' '")
    assert listed == "0 1 2 3 "
    terminal.close()


def test_the_agent_leaks_no_descriptor(started: Started) -> None:
    """Whatever was asked, the agent has as many descriptors after as before."""
    folder = Path(f"/proc/{started.process.pid}/fd")
    before = len(list(folder.iterdir()))
    for argv in (["true"], ["/nowhere"], ["sh", "-c", "sleep 9 &"]):
        started.session.run(argv)
    started.session.spawn(["cat"]).close()
    for failing in (started.session.get, started.session.stat, started.session.walk):
        with pytest.raises(FileNotFoundError):
            failing("/nowhere")
    with pytest.raises(OSError, match="in the cell"):
        started.session.spawn(["/nowhere"])
    with pytest.raises(AgentError):
        started.session.run(["true"], cwd="/nowhere")
    started.session.walk("/etc/apt" if Path("/etc/apt").exists() else "/etc")
    assert len(list(folder.iterdir())) == before


def test_the_protocol_s_pipes_are_not_in_reach(started: Started) -> None:
    """A command cannot open the agent's stdin or stdout through /proc."""
    pid = started.process.pid
    for uid in (None, 65534) if ROOT else (None,):
        script = f"exec 5>/proc/{pid}/fd/1 && echo broken >&5"
        result = started.session.run(["sh", "-c", script], uid=uid)
        assert result.status != 0
        assert b"ermission denied" in result.err
    started.session.ping()


def test_signals_are_reset(agent: AgentSession) -> None:
    """A command ignores, blocks and catches nothing."""
    rows = dict(line.split(":", 1) for line in shell(agent, "cat /proc/self/status").splitlines())
    assert {rows[name].strip() for name in ("SigBlk", "SigIgn", "SigCgt")} == {"0" * 16}


def test_the_environment_is_what_was_given(agent: AgentSession) -> None:
    """A command sees the variables it was given, and of the host's none."""
    assert agent.run(["env"], env={}, executable="/usr/bin/env").out == b""
    assert agent.run(["env"], env={"A": "ä b=c"}, executable="/usr/bin/env").out == (
        "A=ä b=c\n".encode()
    )
    assert agent.run(["env"]).out.decode().splitlines() == [
        "HOME=/tmp",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]


def test_argv_0_is_free(agent: AgentSession) -> None:
    """The file to execute and argv[0] are two things; both may hold any bytes."""
    result = agent.run([b"\xff\xfe x", "-c", 'echo "$0"'], executable="/bin/sh")
    assert result.out == b"\xff\xfe x\n"
    assert result.argv[0] == "\udcff\udcfe x"


def test_limits_reach_the_command(agent: AgentSession) -> None:
    """Each limit is the command's own, soft and hard; a core is never left."""
    limits = Limits(
        address_space_bytes=1 << 30, stack_bytes=1 << 20, open_files=33, core_bytes=0
    )  # fmt: skip
    text = agent.run(["cat", "/proc/self/limits"], limits=limits).out.decode()
    rows = {line[:26].strip(): line[26:].split()[:2] for line in text.splitlines()[1:]}
    assert rows["Max address space"] == [str(1 << 30)] * 2
    assert rows["Max stack size"] == [str(1 << 20)] * 2
    assert rows["Max open files"] == ["33"] * 2
    assert rows["Max core file size"] == ["0"] * 2


def test_a_limit_that_cannot_be_is_an_error(agent: AgentSession) -> None:
    """A limit above the hard one is refused aloud; the command does not run without it."""
    agent_limit = Limits(open_files=1 << 31)
    with pytest.raises(AgentError, match="setrlimit: EPERM"):
        agent.run(["true"], limits=agent_limit)


def test_costs_are_measured(agent: AgentSession) -> None:
    """Wall and CPU time, peak memory and page faults are the command's and its children's."""
    burn = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"
    busy = agent.run(["sh", "-c", burn])
    assert 0.01 < busy.user_seconds + busy.system_seconds <= busy.wall_seconds + 0.05
    idle = agent.run(["sleep", "0.1"])
    assert 0.1 <= idle.wall_seconds < 1.5
    assert idle.user_seconds + idle.system_seconds < 0.05
    big = agent.run([sys.executable, "-c", "x = b'1' * (64 << 20)"])
    assert 64 << 20 < big.peak_rss_bytes < 128 << 20
    assert big.minor_faults > 1000


def test_input_does_not_count_as_memory(agent: AgentSession) -> None:
    """The peak of a small program with 32 MiB of input is that of a small program."""
    result = agent.run(["head", "-c", "1"], stdin=bytes(32 << 20))
    assert result.peak_rss_bytes < 8 << 20


@pytest.mark.skipif(not ROOT, reason="needs root: another user is asked for")
def test_another_user(agent: AgentSession) -> None:
    """A command for another uid has it in all places, no group of root's, and no way back."""
    result = agent.run(["grep", "-E", "^(Uid|Gid|Groups)", "/proc/self/status"], uid=65534)
    rows = dict(line.split(":", 1) for line in result.out.decode().splitlines())
    assert rows["Uid"].split() == rows["Gid"].split() == ["65534"] * 4
    assert rows["Groups"].split() == []


def test_cwd(agent: AgentSession, tmp_path: Path) -> None:
    """The working folder is what was asked for; one that is not there is an error of ours."""
    assert agent.run(["pwd"], cwd=str(tmp_path)).out.decode().strip() == str(tmp_path)
    with pytest.raises(AgentError, match="chdir: ENOENT"):
        agent.run(["pwd"], cwd=f"{tmp_path}/no")


def test_a_host_that_hangs_up_ends_all() -> None:
    """When the host's end closes in the middle of a command, agent and command end."""
    made = start()
    script = "setsid sleep 62 & sleep 62"
    fields = [(Tag.ARGV, "sh"), (Tag.ARGV, "-c"), (Tag.ARGV, script), (Tag.ENV, f"PATH={PATH}")]
    made.session._pipes.send(encode(Kind.EXEC, 1, fields), 5)
    time.sleep(0.3)
    children = Path(f"/proc/{made.process.pid}/task/{made.process.pid}/children")
    started = children.read_text().split()
    assert started
    made.session.close()
    made.process.wait(10)
    assert not any(alive(int(pid)) for pid in started)


def test_a_cancelled_hold_runs_nothing(agent: AgentSession, tmp_path: Path) -> None:
    """What fails while a command is held ends it before it starts, and the agent goes on."""

    def refuse(pid: int) -> None:
        assert alive(pid)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        agent.run(["touch", f"{tmp_path}/started"], on_held=refuse)
    assert not (tmp_path / "started").exists()
    assert agent.run(["true"]).ok


def test_unknown_fields_are_refused(agent: AgentSession) -> None:
    """A field of another request is not ignored: a floor is set by RULES, for all commands."""
    with pytest.raises(OSError, match="in the cell"):
        agent._ask(Kind.SPAWN, [(Tag.ARGV, "true"), (Tag.FLOOR, b"x")], "floor")
