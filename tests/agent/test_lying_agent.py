"""An agent that is silent, dead or lies: AgentError in time, never a hang, never a made-up fact."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from everylinux.agent import AgentSession, session
from everylinux.agent.protocol import PROTOCOL, Kind, Tag, encode
from everylinux.errors import AgentError
from everylinux.model import Limits

HELLO = encode(
    Kind.HELLO,
    0,
    [
        (Tag.PROTOCOL, PROTOCOL),
        (Tag.PID, 2),
        (Tag.UID, 0),
        (Tag.FEATURES, 15),
        (Tag.UNAME, "Linux\n6\n#1\nx86_64"),
        (Tag.ARCH, "x86_64"),
    ],
)
LIMITS = Limits(seconds=0.1, output_bytes=100)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "GRACE", 0.3)


@contextmanager
def peer(*answers: bytes, hello: bytes = HELLO, hang_up: bool = False) -> Iterator[AgentSession]:
    """A session whose agent says hello, and these answers to the first request."""
    to_agent, from_us = os.pipe()
    to_us, from_agent = os.pipe()

    def play() -> None:
        os.write(from_agent, hello)
        if os.read(to_agent, 1 << 16):
            with suppress(BrokenPipeError):  # it hung up, as it should
                os.write(from_agent, b"".join(answers))
        if hang_up:
            os.close(from_agent)

    player = threading.Thread(target=play)
    player.start()
    made = None
    try:
        made = AgentSession(from_us, to_us, 0.5)
        yield made
    finally:
        if made:
            made.close()
        player.join(5)
        os.close(to_agent)
        if not hang_up:
            os.close(from_agent)


def data(size: int, number: int = 1) -> bytes:
    return encode(Kind.DATA, number, [(Tag.STREAM, 0), (Tag.BYTES, bytes(size))])


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([], "is silent"),
        ([data(10)], "is silent"),
        ([data(60), data(60)], "more output"),
        ([data(10, number=9)], "what was not asked"),
        ([encode(Kind.EXEC, 1)], "what was not asked"),
        ([b"\xff\xff\xff\x7fxxxxxx"], "broke the protocol"),
        ([b"\x00\x00\x00\x00"], "broke the protocol"),
        ([encode(Kind.DONE, 1)], "FLAGS is missing"),
        ([encode(Kind.DONE, 1, [(Tag.FLAGS, b"short")])], "FLAGS is missing or no number"),
        ([encode(Kind.DONE, 1, [(Tag.FLAGS, 0)])[:-3]], "is silent"),
        ([encode(Kind.HELD, 1, [(Tag.PID, 1)])], "no end of a command"),
        ([encode(Kind.FAIL, 1)], "ERRNO is missing"),
    ],
)
def test_a_wrong_answer_is_an_error(answers: list[bytes], said: str) -> None:
    """Each way to answer wrongly ends in AgentError, and soon."""
    began = time.monotonic()
    with peer(*answers) as agent, pytest.raises(AgentError, match=said):
        agent.run(["true"], limits=LIMITS)
    assert time.monotonic() - began < 3


def test_a_broken_session_stays_broken() -> None:
    """After a wrong answer nothing more is asked: the next answer could be the last one's."""
    with peer(b"\x00\x00\x00\x00") as agent:
        with pytest.raises(AgentError):
            agent.run(["true"], limits=LIMITS)
        with pytest.raises(AgentError, match="open another"):
            agent.ping()


def test_a_dead_agent_is_an_error() -> None:
    """An agent that ends in the middle is told from one that answers nothing."""
    with peer(data(10), hang_up=True) as agent, pytest.raises(AgentError, match="is gone"):
        agent.run(["true"], limits=LIMITS)


@pytest.mark.parametrize(
    ("hello", "said"),
    [
        (encode(Kind.HELLO, 0, [(Tag.PROTOCOL, 99)]), "speaks protocol 99, not 1"),
        (b"Welcome to Linux!\r\n", "broke the protocol"),
        (b"", "is silent"),
    ],
)
def test_another_hello_is_an_error(hello: bytes, said: str) -> None:
    """A greeting of another protocol, of another program, or none."""
    with pytest.raises(AgentError, match=said), peer(hello=hello):
        pass


@pytest.mark.parametrize(
    "ask",
    [
        lambda agent: agent.get("/etc/passwd", 50),
        lambda agent: agent.walk("/", limit=1),
        lambda agent: agent.stat("/"),
        lambda agent: agent.put("/x", b""),
    ],
)
def test_files_are_bounded_here_too(ask: Callable[[AgentSession], object]) -> None:
    """An agent that answers a question on files with endless data is cut off."""
    with peer(*[data(60)] * 5) as agent, pytest.raises(AgentError):
        ask(agent)


def test_an_agent_that_reads_nothing_is_an_error() -> None:
    """A request longer than the pipe does not block for ever."""
    to_agent, from_us = os.pipe()
    to_us, from_agent = os.pipe()
    os.write(from_agent, HELLO)
    agent = AgentSession(from_us, to_us, 1.0)
    with pytest.raises(AgentError, match="reads nothing"):
        agent.run(["cat"], stdin=bytes(1 << 20))
    for fd in (to_agent, from_agent):
        os.close(fd)
