"""An agent without a cell: started as a child of the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from everylinux.agent import AgentSession, agent_path


@dataclass
class Started:
    """A session and the process at its other end."""

    session: AgentSession
    process: subprocess.Popen[bytes]


def start() -> Started:
    process = subprocess.Popen(
        [agent_path()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin
    assert process.stdout
    ends = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
    process.stdin.close()
    process.stdout.close()
    return Started(AgentSession(*ends), process)


@pytest.fixture
def started() -> Iterator[Started]:
    made = start()
    yield made
    made.session.close()
    made.process.wait(10)


@pytest.fixture
def agent(started: Started) -> AgentSession:
    return started.session
