"""The lock and the providers: hashes, resuming, mirrors, apt's configuration, a folder."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from everylinux.errors import HashMismatchError, RecipeError, SourceError, UsageError
from everylinux.forge import debian
from everylinux.forge.debian import Debian, Server
from everylinux.forge.lock import Entry, Form, load_lock
from everylinux.forge.sources import Directory, Provider, Sources, providers
from everylinux.forge.upstream import Upstream

BODY = bytes(range(256)) * 4000
SHA = hashlib.sha256(BODY).hexdigest()
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """A server on 127.0.0.1 that answers each path as a test says."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, Range
    port: int = 0

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}/{path}"


@pytest.fixture
def web() -> Iterator[Web]:
    """A running server."""
    state = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append((self.path, self.headers.get("Range", "")))
            state.answers[self.path](self)

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def whole(handler: BaseHTTPRequestHandler) -> None:
    """Give the body, or the part that is asked for."""
    start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")
    handler.send_header("Content-Length", str(len(BODY) - start))
    handler.end_headers()
    handler.wfile.write(BODY[start:])


def cut(handler: BaseHTTPRequestHandler) -> None:
    """Promise all, stop after the half of it."""
    start = int(handler.headers.get("Range", "bytes=0-")[6:-1])
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")
    handler.send_header("Content-Length", str(len(BODY) - start))
    handler.end_headers()
    handler.wfile.write(BODY[start : start + (len(BODY) - start) // 2])


def without_ranges(handler: BaseHTTPRequestHandler) -> None:
    """Give all of it, whatever range is asked for."""
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(BODY)


def status(code: int, **headers: str) -> Answer:
    """Answer with a status and headers."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def form(*urls: str, sha256: str = SHA, size: int | None = len(BODY)) -> Form:
    """An upstream form."""
    return Form("zlib", "upstream", "zlib.tar.gz", sha256, size, {"urls": urls})


def sources(
    tmp_path: Path, *more: Provider, offline: bool = False, say: Callable[[str], None] = print
) -> Sources:
    """A store of archives with the upstream provider and others."""
    return Sources(tmp_path / "sources", [Upstream(pause_seconds=0.01), *more], offline, say)


def obtain(tmp_path: Path, *forms: Form) -> bytes:
    """Get an entry."""
    store = sources(tmp_path)
    return store.path(store.obtain(Entry("zlib", "1", forms))).read_bytes()


def test_an_archive_is_fetched_once(tmp_path: Path, web: Web) -> None:
    """A second wish is answered by the cache."""
    web.answers["/a"] = whole
    assert obtain(tmp_path, form(web.url("a"))) == BODY
    assert obtain(tmp_path, form(web.url("a"))) == BODY
    assert len(web.asked) == 1


def test_a_download_goes_on_where_it_stopped(tmp_path: Path, web: Web) -> None:
    """A cut connection is resumed with Range, not started anew."""
    web.answers["/a"] = cut
    with pytest.raises(SourceError, match="server stopped after"):
        obtain(tmp_path, form(web.url("a")))
    web.answers["/a"] = whole

    assert obtain(tmp_path, form(web.url("a"))) == BODY
    assert [asked for _, asked in web.asked] == [
        "",
        "bytes=512000-",
        "bytes=768000-",
        "bytes=896000-",
    ]


def test_a_server_without_ranges_starts_anew(tmp_path: Path, web: Web) -> None:
    """A whole answer to a question for a part is not appended."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / f"{SHA}.part").write_bytes(BODY[:1000])
    web.answers["/a"] = without_ranges
    assert obtain(tmp_path, form(web.url("a"))) == BODY


def test_a_part_that_is_too_long_is_dropped(tmp_path: Path, web: Web) -> None:
    """A range that cannot be given removes what is here."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / f"{SHA}.part").write_bytes(BODY + b"more")

    def answer(handler: BaseHTTPRequestHandler) -> None:
        (status(416) if handler.headers.get("Range") else whole)(handler)

    web.answers["/a"] = answer
    assert obtain(tmp_path, form(web.url("a"))) == BODY


def test_mirrors_are_tried_and_passing_troubles_retried(tmp_path: Path, web: Web) -> None:
    """404 goes to the next mirror at once; 503 is tried again."""
    web.answers |= {"/gone": status(404), "/a": status(503)}
    with pytest.raises(SourceError, match="404") as error:
        obtain(tmp_path, form(web.url("gone"), web.url("a")))
    assert "503" in str(error.value)
    assert [path for path, _ in web.asked] == ["/gone", "/a", "/a", "/a"]
    web.answers["/a"] = whole
    assert obtain(tmp_path, form(web.url("gone"), web.url("a"))) == BODY


def test_a_redirect_is_followed_on_the_web_only(tmp_path: Path, web: Web) -> None:
    """A server cannot make us read a file of this machine."""
    secret = tmp_path / "secret"
    secret.write_bytes(BODY)
    web.answers |= {"/a": status(302, Location=f"file://{secret}"), "/b": whole}
    with pytest.raises(SourceError, match=r"Redirection to url .file:.* is not allowed"):
        obtain(tmp_path, form(web.url("a")))
    web.answers["/a"] = status(302, Location="/b")
    assert obtain(tmp_path, form(web.url("a"))) == BODY


def test_more_than_the_pinned_size_is_not_read(tmp_path: Path, web: Web) -> None:
    """A server that sends more than the lock's size is stopped."""
    web.answers["/a"] = whole
    with pytest.raises(SourceError, match="more than 1000 bytes"):
        obtain(tmp_path, form(web.url("a"), size=1000))
    assert (tmp_path / "sources" / f"{SHA}.part").stat().st_size == 0


def test_a_wrong_hash_shows_both_and_keeps_nothing(tmp_path: Path, web: Web) -> None:
    """What is not the pinned archive is an error with both hashes; nothing of it stays."""
    web.answers["/a"] = whole
    with pytest.raises(HashMismatchError) as error:
        obtain(tmp_path, form(web.url("a"), sha256="0" * 64))

    assert SHA in str(error.value)
    assert "0" * 64 in str(error.value)
    assert [p.name for p in (tmp_path / "sources").iterdir() if p.suffix != ".lock"] == []


def test_a_wrong_hash_does_not_fall_back(tmp_path: Path, web: Web) -> None:
    """A wrong archive is an alarm, not a reason to ask elsewhere."""
    web.answers["/a"] = whole
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "zlib.tar.gz").write_bytes(b"x")
    store = sources(tmp_path, Directory(tmp_path / "d"))
    with pytest.raises(HashMismatchError, match="from upstream"):
        store.obtain(Entry("zlib", "1", (form(web.url("a"), sha256="1" * 64),)))


def test_a_folder_of_archives_is_enough(tmp_path: Path) -> None:
    """Without a network, a folder with the lock's file names serves, and is verified."""
    (tmp_path / "zlib.tar.gz").write_bytes(BODY)
    entry = Entry("zlib", "1", (form("http://127.0.0.1:9/a"),))
    store = Sources(tmp_path / "sources", [Directory(tmp_path)], offline=True)
    store.leave([entry])
    assert store.path(store.obtain(entry)).read_bytes() == BODY

    (tmp_path / "zlib.tar.gz").write_bytes(b"other")
    with pytest.raises(HashMismatchError, match=str(tmp_path)):
        Sources(tmp_path / "other", [Directory(tmp_path)]).obtain(entry)


def test_an_unreachable_upstream_is_left_quickly(tmp_path: Path) -> None:
    """One short probe, one line, then the next provider."""
    lines: list[str] = []
    (tmp_path / "zlib.tar.gz").write_bytes(BODY)
    store = sources(tmp_path, Directory(tmp_path), say=lines.append)
    entry = Entry("zlib", "1", (form("http://127.0.0.1:9/a", "http://192.0.2.1/a"),))
    began = time.monotonic()
    store.leave([entry])

    assert time.monotonic() - began < 5
    assert store.obtain(entry).sha256 == SHA
    assert len(lines) == 1
    assert lines[0].startswith("sources: upstream is left: none of 2 servers can be reached")


def test_offline_names_what_is_missing(tmp_path: Path) -> None:
    """Offline, nothing is asked; what is not here is named with the next move."""
    store = sources(tmp_path, offline=True)
    entry = Entry("zlib", "1", (form("http://127.0.0.1:9/a"),))
    store.leave([entry])
    with pytest.raises(SourceError, match=r"gz cannot be had .*--offline.*give --sources"):
        store.obtain(entry)


def test_the_form_that_is_here_is_chosen(tmp_path: Path) -> None:
    """An archive in the cache wins over one that would have to be fetched."""
    other = Form("zlib", "debian", "zlib.orig.tar.gz", "2" * 64, 1, {"suite": "sid"})
    store = sources(tmp_path, Debian(tmp_path / "apt"))
    entry = Entry("zlib", "1", (form("http://127.0.0.1:9/a"), other))
    assert store.chosen(entry).kind == "upstream"
    store.folder.mkdir()
    store.path(other).write_text("")
    assert store.chosen(entry).kind == "debian"


def test_an_unknown_provider_is_a_usage_error(tmp_path: Path) -> None:
    """--sources takes a provider's name or a folder that is there."""
    with pytest.raises(UsageError, match="give upstream, debian or a folder"):
        providers(("nowhere",), tmp_path)
    assert [p.name for p in providers((), tmp_path)] == ["upstream", "debian"]
    assert [p.name for p in providers((str(tmp_path), "debian"), tmp_path)][1] == "debian"


GOOD: dict[str, Any] = {
    "version": "1.3.1",
    "upstream": {"file": "z.tar.gz", "sha256": "a" * 64, "urls": ["https://example.org/z.tar.gz"]},
    "debian": {
        "source": "zlib",
        "version": "1:1.3-1",
        "suite": "trixie",
        "file": "z_1.3.orig.tar.gz",
        "size": 5,
        "sha256": "b" * 64,
    },
}


def lock_of(tmp_path: Path, entry: object) -> dict[str, Entry]:
    """Load a lock with one entry."""
    path = tmp_path / "lock.yaml"
    path.write_text(yaml.safe_dump({"schema": 1, "archives": {"zlib": entry}}))
    return load_lock(path)


def test_a_lock_is_read(tmp_path: Path) -> None:
    """Both forms, in the order in which they are tried."""
    entry = lock_of(tmp_path, GOOD)["zlib"]
    assert [(f.kind, f.size, f.file) for f in entry.forms] == [
        ("upstream", None, "z.tar.gz"),
        ("debian", 5, "z_1.3.orig.tar.gz"),
    ]


@pytest.mark.parametrize(
    ("where", "change"),
    [
        ("archives.zlib", {"version": "1"}),
        ("archives.zlib.version", {**GOOD, "version": 13}),
        (
            "archives.zlib.upstream.sha256",
            {**GOOD, "upstream": {**GOOD["upstream"], "sha256": "x"}},
        ),
        (
            "archives.zlib.upstream.urls.0",
            {**GOOD, "upstream": {**GOOD["upstream"], "urls": ["file:///etc/x"]}},
        ),
        ("archives.zlib.upstream.file", {**GOOD, "upstream": {**GOOD["upstream"], "file": "../x"}}),
        ("archives.zlib.debian.size", {**GOOD, "debian": {**GOOD["debian"], "size": 0}}),
        ("archives.zlib.debian", {**GOOD, "debian": {**GOOD["debian"], "binary": "z"}}),
        ("archives.zlib.md5", {**GOOD, "md5": "x"}),
    ],
)
def test_a_mistake_in_the_lock_has_a_dotted_path(
    tmp_path: Path, where: str, change: object
) -> None:
    """Each kind of mistake says where it stands."""
    with pytest.raises(RecipeError) as error:
        lock_of(tmp_path, change)
    assert error.value.where == where


def test_an_archive_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """The first of two hashes would go unread."""
    path = tmp_path / "lock.yaml"
    text = yaml.safe_dump({"schema": 1, "archives": {"zlib": GOOD}})
    one = text.partition("archives:\n")[2].partition("schema:")[0]
    path.write_text(f"schema: 1\narchives:\n{one}{one}")

    with pytest.raises(RecipeError, match=r"lock\.yaml: archives\.zlib: stands twice"):
        load_lock(path)


def test_a_broken_lock_is_one_line(tmp_path: Path) -> None:
    """No file, no YAML, another schema."""
    path = tmp_path / "lock.yaml"
    for text in (None, "a: [", "schema: 2\narchives: {}", "", "\x00"):
        if text is not None:
            path.write_text(text)
        with pytest.raises(RecipeError) as error:
            load_lock(path)
        assert "\n" not in str(error.value)


def test_both_notations_of_apt_are_read(tmp_path: Path) -> None:
    """Debian's servers are found in sources.list, *.list and *.sources; others are left."""
    (tmp_path / "sources.list").write_text(
        "# deb http://no.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/x y] http://one.example/debian/ bookworm main contrib\n"
        "deb http://one.example/debian bookworm-updates main\n"
        "deb-src http://sec.example/s bookworm-security main\n"
        "deb cdrom:[x]/ bookworm main\n"
        "deb https://other.example/apt cloud-sdk-bookworm main\n"
    )
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (parts / "a.sources").write_text(
        "Types: deb\nURIs: http://two.example/debian\n  http://three.example/debian\n"
        "Suites: trixie sid\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://off.example/\nSuites: sid\nComponents: main\n\n"
        "Types: deb\nURIs: https://third.example/node\nSuites: nodistro\nComponents: main\n"
    )

    assert debian.servers(tmp_path) == (
        Server("http://one.example/debian", security=False),
        Server("http://sec.example/s", security=True),
        Server("http://three.example/debian", security=False),
        Server("http://two.example/debian", security=False),
    )


def test_a_machine_without_debian_says_so(tmp_path: Path) -> None:
    """No archive of Debian's, no keys: one line each."""
    provider = Debian(tmp_path / "apt", etc=tmp_path, keyring=tmp_path / "none.gpg")
    assert "debian-archive-keyring" in str(provider.unavailable([]))
    provider.keyring.touch()
    assert "no archive of Debian's" in str(provider.unavailable([]))


def test_the_index_of_sources_is_searched() -> None:
    """A hash in a Sources stanza leads to its file below that stanza's folder."""
    text = (
        f"Package: a\nDirectory: pool/a\nChecksums-Sha256:\n {'1' * 64} 5 a.dsc\n"
        f" {SHA} 7 a.orig.tar.gz\n\nPackage: b\nChecksums-Sha256:\n {'2' * 64} 9 b.tar.xz\n"
        "Directory: pool/b\n"
    )
    found = dict(debian._in_sources(text.splitlines(keepends=True), {"a.orig.tar.gz", "b.tar.xz"}))
    assert found == {SHA: "pool/a/a.orig.tar.gz", "2" * 64: "pool/b/b.tar.xz"}


@pytest.mark.network
def test_an_archive_comes_out_of_debians_pool(tmp_path: Path) -> None:
    """A real orig tarball, from this machine's own apt servers, a suite that it does not use."""
    sha256 = "60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb"
    origin = {"source": "zlib", "suite": "trixie"}
    wanted = Form(
        "zlib", "debian", "zlib_1.3.dfsg+really1.3.1.orig.tar.gz", sha256, 1325737, origin
    )
    store = Sources(tmp_path / "sources", [Debian(tmp_path / "apt")])
    entry = Entry("zlib", "1.3.1", (wanted,))
    store.leave([entry])
    assert store.left == {}
    assert store.path(store.obtain(entry)).stat().st_size == 1325737

    # Only testing and sid list this one: as what trixie once had, and a point release superseded.
    sha256_of_later = "d585fd3b613c66151fc3249e8ed44f77020cb5e6c1e635a616d3f9f82460512a"
    later = Form("musl", "debian", "musl_1.2.6.orig.tar.gz", sha256_of_later, 1082499, origin)
    assert store.path(store.obtain(Entry("musl", "1.2.6", (later,)))).stat().st_size == 1082499

    # No index of these suites lists this one, and the pool has it.
    sha256_of_old = "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1"
    old = Form("zlib", "debian", "zlib_1.2.13.dfsg.orig.tar.bz2", sha256_of_old, 1239825, origin)
    assert store.path(store.obtain(Entry("zlib", "1.2.13", (old,)))).stat().st_size == 1239825

    strange = Form("zlib", "debian", wanted.file, "0" * 64, 1, origin)
    with pytest.raises(HashMismatchError, match=f"has sha256 {sha256} in .* not 0000"):
        store.obtain(Entry("zlib", "1.3.1", (strange,)))
    absent = Form("zlib", "debian", "zlib.orig.tar.gz", "0" * 64, 1, origin)
    nowhere = "neither in the signed index of forky, sid, trixie nor in the pool"
    with pytest.raises(SourceError, match=nowhere):
        store.obtain(Entry("zlib", "1.3.1", (absent,)))


def test_a_damaged_archive_in_the_cache_is_fetched_anew(tmp_path: Path, web: Web) -> None:
    """A flipped byte in a cached archive is noticed before it is built from."""
    web.answers["/a"] = whole
    obtain(tmp_path, form(web.url("a")))
    path = tmp_path / "sources" / SHA
    path.chmod(0o644)
    path.write_bytes(b"y" + BODY[1:])

    assert obtain(tmp_path, form(web.url("a"))) == BODY
    assert len(web.asked) == 2
