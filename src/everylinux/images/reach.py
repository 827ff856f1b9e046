"""Whether a registry answers at all: asked once, with a time limit, name resolution included."""

from __future__ import annotations

import os
import socket
import threading
from urllib.parse import urlsplit

SECONDS = 4.0
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HOSTS = {"docker.io": "registry-1.docker.io"}
"""Docker Hub answers under another name than its references have."""


def address(reference: str) -> str:
    """Return HOST:PORT of a reference's registry."""
    host = reference.partition("/")[0]
    host = HOSTS.get(host, host)
    return host if ":" in host.removeprefix("[::1]") else f"{host}:443"


def is_loopback(reference: str) -> bool:
    """Whether the registry is this machine, where TLS is not asked for."""
    return address(reference).rpartition(":")[0] in LOOPBACK


def unreachable(where: str) -> str:
    """Return why HOST:PORT (or the proxy before it) does not answer, "" if it does."""
    target = _proxy(where) or where
    answer: list[str] = []
    thread = threading.Thread(target=_try, args=(target, answer), daemon=True)
    thread.start()
    thread.join(SECONDS + 0.5)
    why = answer[0] if answer else f"no answer in {SECONDS:g} s"
    return f"the registry {where} cannot be reached ({why})" if why else ""


def _proxy(where: str) -> str:
    """Return HOST:PORT of the proxy that the environment names for a registry."""
    host = where.rpartition(":")[0]
    if host in LOOPBACK or host in os.environ.get("no_proxy", "").split(","):
        return ""
    url = os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY") or ""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 3128}" if parts.hostname else ""


def _try(target: str, answer: list[str]) -> None:
    host, _, port = target.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), SECONDS).close()
    except OSError as error:
        answer.append(error.strerror or str(error))
    else:
        answer.append("")
