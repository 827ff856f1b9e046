"""Known answers of modules that talk: sockets, event loops, names, and processes that share."""

# ruff: noqa: PLC0415, UP031, D103, ASYNC240 - each question imports what it asks, and is told by its name

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DATA = bytes(range(256)) * 400
# What is the cell's and not the subject's: EAFNOSUPPORT, EADDRNOTAVAIL, ENETUNREACH.
LACKING = (97, 99, 101)


def _echo(server: Any, client: Any) -> bool:  # noqa: ANN401 - sockets
    """Whether all of DATA comes back through a thread."""
    import threading

    def answer() -> None:
        with server.accept()[0] as peer:
            while chunk := peer.recv(4096):
                peer.sendall(chunk)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    sender = threading.Thread(
        target=lambda: (client.sendall(DATA), client.shutdown(1)), daemon=True
    )
    sender.start()
    got = b""
    while chunk := client.recv(65536):
        got += chunk
    return got == DATA


def _tcp(family: int, address: str) -> Any:  # noqa: ANN401 - a bool or what the cell lacks
    import socket

    try:
        with socket.socket(family) as server:
            server.bind((address, 0))
            server.listen(1)
            with socket.create_connection(server.getsockname()[:2], 5) as client:
                return _echo(server, client)
    except OSError as error:
        if error.errno in LACKING:
            return "lacks: %s" % error
        raise


def socket_answers() -> dict[str, Any]:
    import socket
    import tempfile

    left, right = socket.socketpair()
    left.sendmsg([b"ab", b"cd"])
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(folder + "/s")
        server.listen(1)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(folder + "/s")
            unix = _echo(server, client)
    reader, writer = os.pipe()
    socket.send_fds(left, [b"fd"], [writer])
    right.recv(4)
    handed = socket.recv_fds(right, 2, 1)[1]
    os.write(handed[0], b"!")
    return {
        "pair": right.type == socket.SOCK_STREAM and left.getpeername() == "",
        "unix": unix,
        "descriptor": os.read(reader, 1).decode(),
        "ipv4": _tcp(socket.AF_INET, "127.0.0.1"),
        "ipv6": _tcp(socket.AF_INET6, "::1"),
        "ipv6 built": socket.has_ipv6,
        "text": socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, "2001:db8::1")),
        "order": [socket.htons(1), socket.ntohl(1)],
    }


def wait_answers() -> dict[str, Any]:
    import select
    import selectors
    import socket

    left, right = socket.socketpair()
    epoll = select.epoll()
    epoll.register(right, select.EPOLLIN)
    before = [epoll.poll(0), select.select([right], [], [], 0)[0]]
    left.send(b"x")
    polled = select.poll()
    polled.register(right, select.POLLIN)
    with selectors.DefaultSelector() as default:
        default.register(right, selectors.EVENT_READ)
        chosen = len(default.select(1))
    return {
        "before": before,
        "epoll": [event for _, event in epoll.poll(1)],
        "poll": [event for _, event in polled.poll(1000)],
        "select": len(select.select([right], [], [], 1)[0]),
        "selector": [type(default).__name__, chosen],
    }


def name_answers() -> dict[str, Any]:
    import socket

    def lookup(host: str, **more: Any) -> Any:  # noqa: ANN401 - addresses or an error's name
        try:
            rows = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM, **more)
        except OSError as error:
            return type(error).__name__
        return sorted({str(row[4][0]) for row in rows})

    try:
        with open("/etc/hosts") as stream:
            listed = any("localhost" in line.split("#")[0].split() for line in stream)
    except OSError:
        listed = False
    return {
        "numeric": lookup("192.0.2.1", flags=socket.AI_NUMERICHOST),
        "numeric 6": lookup("2001:db8::1", flags=socket.AI_NUMERICHOST),
        "not numeric": lookup("example.invalid", flags=socket.AI_NUMERICHOST),
        # a resolver asks for it where it is not listed, and waits 5 s for a server
        "localhost": lookup("localhost") if listed else "not asked for",
        "localhost listed": listed,
        "host name": bool(socket.gethostname()),
    }


def asyncio_answers() -> dict[str, Any]:
    import asyncio

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()

    async def everything() -> dict[str, Any]:
        path = "/tmp/everylinux-asyncio-%d" % os.getpid()  # noqa: S108 - the cell's own
        server = await asyncio.start_unix_server(serve, path)
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"hello\n")
        line = await reader.readline()
        writer.close()
        server.close()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", "print(input()[::-1])", stdin=-1, stdout=-1
        )
        out, _ = await process.communicate(b"abc\n")
        in_thread = await asyncio.to_thread(sum, range(10))
        try:
            await asyncio.wait_for(asyncio.sleep(60), 0.01)
            late = "did not end"
        except asyncio.TimeoutError:  # noqa: UP041 - its name before 3.11
            late = "ended"
        if os.path.exists(path):  # 3.13 removes it by itself
            os.unlink(path)
        return {
            "served": line.decode(), "child": [out.decode(), process.returncode],
            "thread": in_thread, "timeout": late,
        }  # fmt: skip

    found = asyncio.run(everything())
    return {**found, "in C": asyncio.Task.__module__ == "_asyncio"}


def _shared_folder() -> bool:
    return os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK)  # noqa: S108 - POSIX's place


def shared_answers() -> dict[str, Any]:
    if not _shared_folder():
        return {"lacks": "a writable /dev/shm"}
    from multiprocessing import shared_memory

    block = shared_memory.SharedMemory(create=True, size=100)
    try:
        block.buf[:3] = b"abc"  # type: ignore[index]
        again = shared_memory.SharedMemory(block.name)
        found = bytes(again.buf[:3]).decode()  # type: ignore[index]
        again.close()
    finally:
        block.close()
        block.unlink()
    return {"found": found}


def processes_answers() -> dict[str, Any]:
    if not _shared_folder():
        return {"lacks": "a writable /dev/shm"}
    import multiprocessing

    found: dict[str, Any] = {}
    for method in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool:
            found[method] = pool.map(abs, [-1, -2])
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    for number in range(3):
        queue.put(number)
    found["size"] = queue.qsize()
    found["queue"] = [queue.get(timeout=5) for _ in range(3)]
    semaphore = context.Semaphore(2)
    found["semaphore"] = [semaphore.acquire(timeout=0.01) for _ in range(3)]
    found["value"] = semaphore.get_value()
    return found


def interpreter_answers() -> dict[str, Any]:
    try:
        import _interpreters as interpreters  # type: ignore[import-not-found]
    except ImportError:
        import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]
    own = interpreters.create()
    number = getattr(own, "id", own)
    reader, writer = os.pipe()
    code = "import os, sys; os.write(%d, str(len(sys.modules) > 10).encode())" % writer
    run = getattr(interpreters, "exec", None) or interpreters.run_string
    run(own, code)
    interpreters.destroy(own)
    return {"ran": os.read(reader, 10).decode(), "another": int(number) > 0}


ASKERS = {
    "answers_socket": socket_answers,
    "answers_wait": wait_answers,
    "answers_name": name_answers,
    "answers_asyncio": asyncio_answers,
    "answers_shared": shared_answers,
    "answers_processes": processes_answers,
    "answers_interpreters": interpreter_answers,
}
SECTIONS = sys.modules["__main__"].load("asking").sections(ASKERS)
