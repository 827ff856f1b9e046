"""Archives from the projects' own servers and their mirrors: resumed, retried, bounded."""

from __future__ import annotations

import re
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast

from everylinux.errors import SourceError
from everylinux.forge.lock import Form
from everylinux.forge.store import is_local

UNPINNED_BYTES = 512 << 20  # the bound where the lock has no size; the largest so far has 53 MB
PIECE = 1 << 18
PARTIAL = 206


@dataclass(frozen=True, slots=True)
class Upstream:
    """The `upstream` provider."""

    name: str = "upstream"
    probe_seconds: float = 3.0  # one try to reach any of the servers
    stall_seconds: float = 30.0  # a server that says nothing for so long is left
    attempts: int = 3  # for each server
    pause_seconds: float = 1.0  # before the second attempt, then twice as long each time

    def offers(self, form: Form) -> bool:
        """Whether it can give this form."""
        return form.kind == "upstream"

    def unavailable(self, forms: Sequence[Form]) -> str | None:
        """Why none of the servers can be reached; None if one can."""
        urls = [url for form in forms for url in form.urls]
        hosts = sorted({urllib.parse.urlsplit(url).netloc for url in urls})
        if not hosts or urllib.request.getproxies() or _any_reachable(hosts, self.probe_seconds):
            return None
        return f"none of {len(hosts)} servers can be reached ({', '.join(hosts[:2])}, ...)"

    def fetch(self, form: Form, part: Path) -> None:
        """Write the archive to `part`, going on where an earlier try stopped; SourceError."""
        causes = []
        for url in form.urls:
            try:
                return self._from(url, form, part)
            except (OSError, HTTPException, SourceError) as error:
                if isinstance(error, OSError) and is_local(error):
                    raise
                causes.append(f"{urllib.parse.urlsplit(url).netloc}: {error}")
        raise SourceError(f"{form.file} cannot be fetched ({'; '.join(causes)})")

    def _from(self, url: str, form: Form, part: Path) -> None:
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause_seconds * 2 ** (attempt - 1))
            try:
                return _download(url, form, part, self.stall_seconds)
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code not in (408, 416, 429):  # noqa: PLR2004 - server's
                    raise
                last: Exception = error
            except (OSError, HTTPException) as error:
                if isinstance(error, OSError) and is_local(error):
                    raise
                last = error
        raise last


class _WebOnly(urllib.request.HTTPRedirectHandler):
    """Redirects may not lead to file:, ftp: or data: addresses."""

    def redirect_request(self, *args: object) -> urllib.request.Request | None:
        url = str(args[-1])
        if not url.startswith(("http://", "https://")):
            raise SourceError(
                f"a redirect leads to {url[:60]}", move="only http and https are read"
            )
        return super().redirect_request(*args)  # type: ignore[arg-type]


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _WebOnly,
    ):
        opener.add_handler(handler())
    return opener


def _download(url: str, form: Form, part: Path, stall: float) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "everylinux", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the lock allows http only
    try:
        answer = cast("HTTPResponse", _opener().open(request, timeout=stall))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416:  # noqa: PLR2004 - range not satisfiable: what is here is of no use
            part.unlink(missing_ok=True)
        raise
    with answer:
        _append(answer, form, part, have if _goes_on(answer, have) else 0)


def _goes_on(answer: HTTPResponse, have: int) -> bool:
    found = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return answer.status == PARTIAL and found is not None and int(found[1]) == have


def _append(answer: HTTPResponse, form: Form, part: Path, have: int) -> None:
    bound = form.size or UNPINNED_BYTES
    promised = answer.length
    with part.open("ab" if have else "wb") as out:
        start = have
        while data := answer.read(PIECE):
            have += len(data)
            if have > bound:
                out.truncate(0)
                raise SourceError(f"{form.file} has more than {bound} bytes")
            out.write(data)
    if promised is not None and have - start < promised:
        raise ConnectionError(f"the server stopped after {have} bytes")


def _any_reachable(hosts: Sequence[str], seconds: float) -> bool:
    """Try all hosts at once; threads, because resolving a name knows no time limit."""
    reached = threading.Event()

    def probe(host: str) -> None:
        name, _, port = host.partition(":")
        try:
            with socket.create_connection((name, int(port or 443)), seconds):
                reached.set()
        except OSError:
            return

    for host in hosts:
        threading.Thread(target=probe, args=(host,), daemon=True).start()
    return reached.wait(seconds)
