"""Archives out of Debian's pool, through this machine's own apt configuration.

An isolated apt root (own state, cache and source list) is made from the Debian archives that the
machine's apt already trusts; apt verifies the signed index, the index names the file's sha256, and
that must be the lock's. Single files are fetched, so that a mirror with gaps beside them does no
harm. Any suite works: the machine's own suites do not matter, only its servers. A pool keeps some
sources longer than any index lists them; what the lock pins is then asked for by its place in the
pool, and its hash is the lock's word alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import filelock

from everylinux.errors import HashMismatchError, SourceError
from everylinux.forge.lock import Form

APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
HELPER = "/usr/lib/apt/apt-helper"
# Names under which a server of Debian's own archive is known in a source list
SUITES = frozenset(
    {
        *("stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
        *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
    }
)
# Where a release that its own suite has superseded is still listed: testing and sid keep the
# sources that their binaries were built with (dak's Extra-Source-Only, from Built-Using).
LATER = frozenset({"forky", "sid"})
SECONDS = 900.0  # for one call of apt


@dataclass(frozen=True, slots=True, order=True)
class Server:
    """One archive of a source list."""

    uri: str
    security: bool  # has NAME-security suites


@dataclass(slots=True)
class Debian:
    """The `debian` provider; `root` is the isolated apt root."""

    root: Path
    etc: Path = APT
    keyring: Path = KEYRING
    name: str = "debian"
    guard: threading.Lock = field(default_factory=threading.Lock)
    suites: set[str] = field(default_factory=set)
    uris: dict[str, str] = field(default_factory=dict)  # sha256 -> where the index has it
    named: dict[str, str] = field(default_factory=dict)  # file -> sha256 in the index
    updated: str = ""  # the source list whose indexes were fetched by this object

    def offers(self, form: Form) -> bool:
        """Whether it can give this form."""
        return form.kind == "debian"

    def unavailable(self, forms: Sequence[Form]) -> str | None:
        """Why not: no apt, no Debian archive in its configuration, or no index."""
        if not shutil.which("apt-get") or not Path(HELPER).exists():
            return "this machine has no apt"
        if not self.keyring.exists():
            return "the keys are missing (install debian-archive-keyring)"
        if not servers(self.etc):
            return f"no archive of Debian's in {self.etc}"
        try:
            self._look_up(forms)
        except SourceError as error:
            return str(error)
        return None

    def fetch(self, form: Form, part: Path) -> None:
        """Fetch one file of the pool through apt's own transport; SourceError."""
        self._look_up([form])
        if listed := self.uris.get(form.sha256):
            self._download(listed, form, part)
            return
        for uri in self._unlisted(form):
            with contextlib.suppress(SourceError):
                self._download(uri, form, part)
                return
        raise self._not_there(form)

    def _download(self, uri: str, form: Form, part: Path) -> None:
        part.unlink(missing_ok=True)  # apt-helper goes by its own partial files
        self._run(HELPER, "download-file", uri, str(part), f"SHA256:{form.sha256}")

    def _unlisted(self, form: Form) -> tuple[str, ...]:
        """Where the pools may keep a source that no index lists; nowhere if one has other bytes."""
        source = str(form.origin.get("source", ""))
        if not source or form.file in self.named:
            return ()
        place = f"pool/main/{_folder(source)}/{source}/{form.file}"
        return tuple(f"{s.uri}/{place}" for s in servers(self.etc) if not s.security)

    def _not_there(self, form: Form) -> SourceError:
        if other := self.named.get(form.file):
            cause = f"{form.file} has sha256 {other} in Debian's signed index, not {form.sha256}"
            return HashMismatchError(cause, move="ask why before you pin it anew")
        suites = ", ".join(sorted({_suite(form)} | (LATER & self.suites)))
        cause = f"{form.file} is neither in the signed index of {suites} nor in the pool"
        return SourceError(cause, move="it may be superseded: pin the newer one")

    def _look_up(self, forms: Sequence[Form]) -> None:
        with self.guard:
            wanted = {form.sha256: form for form in forms if form.sha256 not in self.uris}
            if not wanted:
                return
            self.suites |= {_suite(form) for form in wanted.values()}
            self.root.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.root / "lock"):
                if not self._indexes(wanted):
                    self._later(wanted)

    def _indexes(self, wanted: dict[str, Form]) -> bool:
        """Read the index that is here; fetch a new one only if it lacks something."""
        if self._written() and self._read(wanted):
            return True
        if self.updated == self._source_list():  # it is as new as it can be
            return False
        self._write()
        self._run("apt-get", "update", "-qq")
        self.updated = self._source_list()
        return self._read(wanted)

    def _later(self, wanted: dict[str, Form]) -> None:
        """Look for what is superseded; a server need not have those suites."""
        before, self.suites = self.suites, self.suites | LATER
        if self.suites == before:
            return
        try:
            self._indexes(wanted)
        except SourceError:
            self.suites = before
            self._write()

    def _source_list(self) -> str:
        lines = []
        for server in servers(self.etc):
            for suite in sorted(self.suites):
                if suite.endswith("-security") == server.security:
                    at = f"[signed-by={self.keyring}] {server.uri} {suite} main"
                    lines += [f"deb-src {at}", f"deb {at}"]
        return "".join(f"{line}\n" for line in lines)

    def _written(self) -> bool:
        """Whether the apt root has all the suites; takes over those that it has besides."""
        path = self.root / "sources.list"
        known = path.read_text() if path.exists() else ""
        self.suites |= {line.split()[-2] for line in known.splitlines()}
        return known == self._source_list() and any((self.root / "lists").glob("*InRelease"))

    def _write(self) -> None:
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        (self.root / "sources.list").write_text(self._source_list())

    def _read(self, wanted: dict[str, Form]) -> bool:
        """Find the wanted files in the indexes; whether all were found."""
        listed = self._run(
            "apt-get", "indextargets", "--format", "$(CREATED_BY)\t$(REPO_URI)\t$(FILENAME)"
        )
        for line in listed.splitlines():
            kind, base, path = line.split("\t")
            if kind in ("Sources", "Packages") and Path(path).exists():
                self._search(kind, base, path, wanted)
        return wanted.keys() <= self.uris.keys()

    def _search(self, kind: str, base: str, path: str, wanted: dict[str, Form]) -> None:
        files = _in_sources if kind == "Sources" else _in_packages
        argv = self._argv(HELPER, "cat-file", path)
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, errors="replace") as child:
            assert child.stdout is not None
            for sha256, place in files(child.stdout, {form.file for form in wanted.values()}):
                self.named[place.rpartition("/")[2]] = sha256
                if sha256 in wanted:
                    self.uris[sha256] = f"{base.rstrip('/')}/{place}"

    def _argv(self, program: str, *arguments: str) -> list[str]:
        options = {
            "Dir::State": self.root,
            "Dir::State::lists": self.root / "lists",
            "Dir::State::status": self.root / "status",
            "Dir::Cache": self.root / "cache",
            "Dir::Etc::sourcelist": self.root / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Sandbox::User": "root",  # else apt drops to a user who cannot write here
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::PDiffs": "false",
            "Acquire::AllowReleaseInfoChange": "true",  # testing becomes stable one day
        }
        return [program, *(f"-o{key}={value}" for key, value in options.items()), *arguments]

    def _run(self, program: str, *arguments: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        try:
            done = subprocess.run(
                self._argv(program, *arguments),
                capture_output=True,
                text=True,
                errors="replace",
                env=environment,
                stdin=subprocess.DEVNULL,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SourceError(f"{program} took more than {SECONDS:g} s") from None
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("E:")]
            raise SourceError(f"apt: {' '.join(lines or done.stderr.splitlines()[-1:])}")
        return done.stdout


def servers(etc: Path) -> tuple[Server, ...]:
    """The Debian archives that a machine's apt configuration names, in both of its notations."""
    found = set()
    for uri, suites, components in _stanzas(etc):
        if "main" not in components or not uri.startswith(("http://", "https://")):
            continue
        for suite in suites:
            name = re.split("[-/]", suite)[0]
            if name in SUITES and not suite.endswith("-backports"):
                security = "security" in suite or suite.endswith("/updates")
                found.add(Server(uri.rstrip("/"), security))
    return tuple(sorted(found))


def _stanzas(etc: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield (URI, suites, components) of every source."""
    for path in [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list"))]:
        for line in _lines(path):
            words = re.sub(r"\[[^]]*\]", "", line).split()
            if len(words) > 3 and words[0] in ("deb", "deb-src"):  # noqa: PLR2004 - sources.list(5)
                yield words[1], [words[2]], words[3:]
    for path in sorted((etc / "sources.list.d").glob("*.sources")):
        for stanza in _deb822(_lines(path)):
            if stanza.get("enabled", "yes").lower() in ("yes", "true"):
                for uri in stanza.get("uris", "").split():
                    yield (
                        uri,
                        stanza.get("suites", "").split(),
                        stanza.get("components", "").split(),
                    )


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if not line.lstrip().startswith("#")]


def _deb822(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    stanza: dict[str, str] = {}
    key = ""
    for line in [*lines, ""]:
        if not line.strip():
            if stanza:
                yield stanza
            stanza = {}
        elif line[0].isspace() and key:
            stanza[key] += " " + line.strip()
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.strip().lower()
            stanza[key] = value.strip()


def _in_sources(lines: Iterable[str], wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (sha256, place below the archive's root) of the wanted files out of a Sources index."""
    folder = ""
    hits: list[tuple[str, str]] = []
    for line in chain(lines, ("\n",)):
        if line == "\n":
            yield from ((sha256, f"{folder}/{file}") for sha256, file in hits)
            hits, folder = [], ""
        elif line.startswith("Directory:"):
            folder = line[10:].strip()
        elif line.startswith(" ") and line[65:66] == " " and line[66:].split()[1:] != []:
            sha256, _, file = line.split()[:3]
            if file in wanted:
                hits.append((sha256, file))


def _in_packages(lines: Iterable[str], wanted: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the same out of a Packages index."""
    place = ""
    for line in lines:
        if line.startswith("Filename:"):
            place = line[9:].strip()
        elif line.startswith("SHA256:") and place.rpartition("/")[2] in wanted:
            yield line[7:].strip(), place  # Filename comes before it in every stanza


def _folder(source: str) -> str:
    """A pool's folder of a source package (Debian Developer's Reference 4.6.3: the pool)."""
    return source[: 4 if source.startswith("lib") else 1]


def _suite(form: Form) -> str:
    return str(form.origin["suite"])
