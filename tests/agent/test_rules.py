"""What every command gets before it starts, on the host: kept whole, or no command starts."""

from __future__ import annotations

import os
import struct

import pytest

from everylinux.agent import AgentSession
from everylinux.errors import AgentError
from everylinux.kernels.bpf import program
from everylinux.kernels.floors import floor_of
from everylinux.kernels.rules import UNAME26, lacking
from everylinux.model import NATIVE

PATH = {"PATH": os.environ["PATH"]}
FLOOR = program(floor_of("2.6.32"), notify=False)


def test_rules_hold_for_every_later_command(agent: AgentSession) -> None:
    """Until other rules are set, which replace all of them."""
    agent.rule(FLOOR, UNAME26, mdwe=False)
    for _ in range(2):
        said = agent.run(["cat", "/proc/self/status"]).out.decode()
        assert "Seccomp:\t2" in said
        assert agent.run(["uname", "-r"]).out.startswith(b"2.6.")
    agent.rule(b"", 0, mdwe=False)
    assert agent.run(["uname", "-r"]).out.decode().strip() == os.uname().release
    assert "Seccomp:\t0" in agent.run(["cat", "/proc/self/status"]).out.decode()


def test_a_filter_that_the_kernel_refuses_starts_no_command(agent: AgentSession) -> None:
    """A jump beyond the end: the command is refused by the filter's name, the agent goes on."""
    agent.rule(struct.pack("=HBBI", 0x05, 0, 0, 99), 0, mdwe=False)
    with pytest.raises(AgentError, match="seccomp: EINVAL: the engine or the kernel refuses"):
        agent.run(["true"])
    agent.rule(b"", 0, mdwe=False)
    assert agent.run(["true"]).ok


def test_a_question_without_a_supervisor_starts_no_command(agent: AgentSession) -> None:
    """A uname that nobody answers must not look answered."""
    agent.rule(program(floor_of("3.10"), notify=True), 0, mdwe=False)
    with pytest.raises(AgentError, match="seccomp"):
        agent.run(["true"])


@pytest.mark.parametrize("size", [1, 7, 8 * 4097])
def test_what_is_no_program_breaks_the_session(agent: AgentSession, size: int) -> None:
    """Nothing is kept by half: the agent ends, and says so."""
    with pytest.raises(AgentError):
        agent.rule(bytes(size), 0, mdwe=False)
    with pytest.raises(AgentError):
        agent.run(["true"])


def test_mdwe_is_inherited(agent: AgentSession) -> None:
    """A child of a child has it as well."""
    if reason := lacking("agent", NATIVE, mdwe=True):
        pytest.skip(reason)
    ask = "import ctypes; print(ctypes.CDLL(None).prctl(66, 0, 0, 0, 0))"
    argv = ["sh", "-c", f"/usr/bin/env python3 -c '{ask}'"]
    before = agent.run(argv, env=PATH)
    agent.rule(b"", 0, mdwe=True)
    assert (before.out, agent.run(argv, env=PATH).out) == (b"0\n", b"1\n")
