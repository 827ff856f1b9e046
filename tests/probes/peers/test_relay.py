"""The relay carries bytes both ways, and tells what is not the subject's doing."""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path

import pytest

from everylinux.probes.peers.relay import Program, Relay, splice
from everylinux.probes.peers.tools import told

SERVER = (
    "import socket, sys\n"
    "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
    "while True:\n"
    "    c = s.accept()[0]\n"
    "    c.sendall(c.recv(100).upper())\n"
    "    c.close()\n"
)
CLIENT = (
    "import socket, sys\n"
    "c = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\n"
    "c.sendall(sys.stdin.readline().encode())\n"
    "print('got', c.recv(100).decode())\n"
)


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code, "{port}")


def connected(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(20)
    made.connect(str(path))
    return made


def test_a_server_is_reached_as_often_as_asked(tmp_path: Path) -> None:
    """Each connection of the subject's is one of the server's; the server is gone afterwards."""
    relay = Relay(tmp_path / "s", Program((python(SERVER),), listens=True), 2)
    for word in (b"one", b"two"):
        with connected(tmp_path / "s") as subject:
            subject.sendall(word)
            assert subject.recv(100) == word.upper()
    assert relay.end() == {"said": "", "trouble": ""}
    assert relay._children[0]._process.returncode is not None


def test_a_client_is_started_and_hears_what_it_shall(tmp_path: Path) -> None:
    """It is started when the subject connects, and what it prints is kept."""
    relay = Relay(tmp_path / "s", Program((python(CLIENT),), listens=False, says=b"hello\n"), 1)
    with connected(tmp_path / "s") as subject:
        assert subject.recv(100) == b"hello\n"
        subject.sendall(b"yes")
    assert relay.end() == {"said": "got yes\n", "trouble": ""}


def test_relays_of_one_moment_have_their_own_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hardly more ports than relays, each is connected to the server that it started."""
    monkeypatch.setattr("everylinux.probes.peers.relay.PORTS", (21_000, 21_024))
    names = [f"s{number}" for number in range(8)]
    relays = []
    for name in names:
        server = python(SERVER.replace("c.recv(100)", repr(name.encode())))
        relays.append(Relay(tmp_path / name, Program((server,), listens=True), 1))
    for name in names:
        with connected(tmp_path / name) as subject:
            assert subject.recv(100) == name.upper().encode()
    assert [relay.end()["trouble"] for relay in relays] == [""] * len(names)


def test_a_server_that_does_not_start_is_no_fault_of_the_subject(tmp_path: Path) -> None:
    """The trouble is told at once, so that nothing is judged by it."""
    relay = Relay(tmp_path / "s", Program((python("raise SystemExit(1)"),), listens=True), 1)
    with connected(tmp_path / "s") as subject:
        assert subject.recv(100) == b""
    assert relay.end()["trouble"]


def test_nobody_came(tmp_path: Path) -> None:
    """A relay that was never used ends at once."""
    relay = Relay(tmp_path / "s", Program((python(CLIENT),), listens=False), 1)
    assert relay.end() == {"said": "", "trouble": ""}


@pytest.mark.parametrize(("slowness", "heard"), [(1.0, b""), (100.0, b"hello\n")])
def test_a_slow_machine_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slowness: float, heard: bytes
) -> None:
    """Who comes late is served where everything takes longer, and else not."""
    monkeypatch.setattr("everylinux.probes.peers.relay.COMING_SECONDS", 0.2)
    program = Program((python(CLIENT),), listens=False, says=b"hello\n")
    relay = Relay(tmp_path / "s", program, 1, slowness)
    relay._thread.join(0.5)
    with connected(tmp_path / "s") as subject:
        if slowness == 1:
            relay._unix.close()
        try:
            assert subject.recv(100) == heard
        except ConnectionResetError:
            assert heard == b""
        subject.shutdown(socket.SHUT_RDWR)
    relay.end()


def test_one_end_may_end_before_the_other() -> None:
    """What is said after the other end has closed still arrives."""
    (ours, left), (right, theirs) = socket.socketpair(), socket.socketpair()
    thread = threading.Thread(target=splice, args=(left, right))
    thread.start()
    ours.shutdown(socket.SHUT_WR)
    assert theirs.recv(10) == b""
    theirs.sendall(b"after")
    theirs.shutdown(socket.SHUT_WR)
    assert ours.recv(10) == b"after"
    assert ours.recv(10) == b""
    thread.join(10)
    for end in (ours, left, right, theirs):
        end.close()


def test_what_the_tools_say_is_read() -> None:
    """The words of both tools for the same things."""
    said = "Reused, TLSv1.3, Cipher is X\nALPN protocol: h2\nVerify return code: 0 (ok)\n"
    found = told("openssl", said)
    assert (found["verified"], found["resumed"], found["alpn"]) == (True, True, "h2")
    said = "- Status: The certificate is trusted. \n*** This is a resumed session\n"
    found = told("gnutls", said + "- Application protocol: h2\nafter the end\n")
    assert found["verified"] is found["resumed"] is found["after"] is True
    assert told("gnutls", "*** No renegotiation is allowed")["no_renegotiation"] is True
    assert told("openssl", "")["verified"] is False


LAST = SERVER.replace("while True:", "if True:")  # ends after its first connection


@pytest.mark.parametrize(("rounds", "trouble"), [(1, ""), (2, "ended before it was asked to")])
def test_a_server_may_end_behind_the_last_answer(tmp_path: Path, rounds: int, trouble: str) -> None:
    """What was to be asked was asked; with a question left it is the server's trouble."""
    relay = Relay(tmp_path / "s", Program((python(LAST),), listens=True), rounds)
    with connected(tmp_path / "s") as subject:
        subject.sendall(b"one")
        assert subject.recv(100) == b"ONE"
        assert subject.recv(100) == b""
    relay._children[0]._process.wait(20)
    assert relay.end()["trouble"][-28:] == trouble


def test_a_server_that_crashed_is_told(tmp_path: Path) -> None:
    """Behind the last answer as well: what it said is not to be trusted."""
    crash = LAST + "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    relay = Relay(tmp_path / "s", Program((python(crash),), listens=True), 1)
    with connected(tmp_path / "s") as subject:
        subject.sendall(b"one")
        assert subject.recv(100) == b"ONE"
        assert subject.recv(100) == b""
    relay._children[0]._process.wait(20)
    assert relay.end()["trouble"] == "the server ended before it was asked to"


def test_a_program_that_does_not_hear_is_ended(tmp_path: Path) -> None:
    """By force, with what stands between it and us."""
    pid = tmp_path / "pid"
    deaf = "import os, pathlib, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += f"pathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\n" + SERVER
    relay = Relay(tmp_path / "s", Program((python(deaf),), listens=True), 1)
    with connected(tmp_path / "s") as subject:
        subject.sendall(b"one")
        assert subject.recv(100) == b"ONE"
    assert relay.end()["trouble"] == ""
    until = time.monotonic() + 10  # init takes it a moment later
    place = Path("/proc", pid.read_text())
    while place.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not place.exists()
