"""Where archives come from: providers behind one protocol, and one store by content."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import filelock

from everylinux.errors import HashMismatchError, SourceError, UsageError
from everylinux.forge.debian import Debian
from everylinux.forge.lock import Entry, Form
from everylinux.forge.store import is_local, local_trouble
from everylinux.forge.upstream import Upstream


class Provider(Protocol):
    """A place that has archives."""

    @property
    def name(self) -> str:
        """As `--sources` takes it and messages say it."""
        ...

    def offers(self, form: Form) -> bool:
        """Whether it can have this form; asks nobody."""
        ...

    def unavailable(self, forms: Sequence[Form]) -> str | None:
        """Why it cannot give any of `forms`, found out in a few seconds; None if it can."""
        ...

    def fetch(self, form: Form, part: Path) -> None:
        """Write the archive to `part` (which may have its beginning); SourceError."""
        ...


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder of archives, for machines without a network."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def offers(self, form: Form) -> bool:
        """Whether a file of that name is there."""
        return (self.folder / form.file).is_file()

    def unavailable(self, forms: Sequence[Form]) -> str | None:
        """A folder that is there is available."""
        del forms
        return None if self.folder.is_dir() else "there is no such folder"

    def fetch(self, form: Form, part: Path) -> None:
        """Copy the file."""
        try:
            shutil.copyfile(self.folder / form.file, part)
        except OSError as error:
            if is_local(error):
                raise
            raise SourceError(f"{form.file} cannot be read ({error.strerror})") from None


PROVIDERS: Mapping[str, Callable[[Path], Provider]] = {
    "upstream": lambda _cache: Upstream(),
    "debian": lambda cache: Debian(cache / "apt"),
}
DEFAULT = ("upstream", "debian")


def providers(names: Sequence[str], cache: Path) -> tuple[Provider, ...]:
    """The providers by name or folder, in the order given; UsageError."""
    return tuple(_provider(name, cache) for name in names or DEFAULT)


def _provider(name: str, cache: Path) -> Provider:
    if name in PROVIDERS:
        return PROVIDERS[name](cache)
    folder = Path(name).absolute()
    if not folder.is_dir():
        known = ", ".join(PROVIDERS)
        raise UsageError(f"--sources {name}: no such folder", move=f"give {known} or a folder")
    return Directory(folder)


@dataclass(slots=True)
class Sources:
    """The archives of a lock: those in the cache, and the means to get the others."""

    folder: Path  # of the cache: sources/
    providers: Sequence[Provider]
    offline: bool = False
    say: Callable[[str], None] = lambda _line: None
    left: dict[str, str] = field(default_factory=dict)  # provider -> why
    verified: set[str] = field(default_factory=set)  # sha256 of archives read in this run

    def path(self, form: Form) -> Path:
        """Where an archive is, or will be, in the cache."""
        return self.folder / form.sha256

    def chosen(self, entry: Entry) -> Form:
        """The form to build from: one that is here, else the first that a provider may have."""
        pairs = [(p, form) for p in self.providers for form in entry.forms if p.offers(form)]
        here = [form for _, form in pairs if self.path(form).exists()]
        there = [form for provider, form in pairs if provider.name not in self.left]
        rest = [form for form in entry.forms if self.path(form).exists()]
        if found := here or there or rest:
            return found[0]
        names = " or ".join(form.file for form in entry.forms)
        tried = ", ".join(provider.name for provider in self.providers)
        cause = f"{names} cannot be had from {tried}{self._why()}"
        raise SourceError(cause, move="give --sources a folder that has it")

    def _why(self) -> str:
        why = "; ".join(f"{name}: {reason}" for name, reason in self.left.items())
        return f" ({why})" if why else ""

    def leave(self, entries: Iterable[Entry]) -> None:
        """Ask each provider once whether it is there; say in a line why one is left."""
        forms = [form for entry in entries if not self.has(entry) for form in entry.forms]
        for provider in self.providers:
            offered = [form for form in forms if provider.offers(form)]
            if not offered:
                continue
            why = "--offline" if self.offline else provider.unavailable(offered)
            if why and not (self.offline and isinstance(provider, Directory)):
                self.left[provider.name] = why
                self.say(f"sources: {provider.name} is left: {why}")

    def has(self, entry: Entry) -> bool:
        """Whether a form that may be used is in the cache, whole; a damaged one is removed."""
        form = self.chosen(entry)
        path = self.path(form)
        if form.sha256 in self.verified or not path.exists():
            return form.sha256 in self.verified
        if sha256(path) == form.sha256:
            self.verified.add(form.sha256)
            return True
        self.say(f"sources: {form.file} in the cache is damaged, it is fetched anew")
        path.unlink()
        return False

    def obtain(self, entry: Entry) -> Form:
        """Make sure that an archive of the entry is in the cache, and say which."""
        with local_trouble(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.folder / f"{entry.name}.lock"):
                return self.chosen(entry) if self.has(entry) else self._fetch(entry)

    def _fetch(self, entry: Entry) -> Form:
        causes: list[str] = []
        for provider in self.providers:
            for form in entry.forms:
                if provider.name in self.left or not provider.offers(form):
                    continue
                try:
                    return self._from(provider, form)
                except HashMismatchError:
                    raise
                except SourceError as error:
                    causes.append(f"{provider.name}: {error}")
        cause = f"{entry.name} cannot be had: {'; '.join(causes)}"
        raise SourceError(cause, move="give --sources a folder that has it")

    def _from(self, provider: Provider, form: Form) -> Form:
        part = self.folder / f"{form.sha256}.part"
        provider.fetch(form, part)
        found = sha256(part)
        if found != form.sha256:
            part.unlink()
            cause = f"{form.file} from {provider.name} has sha256 {found}, not {form.sha256}"
            raise HashMismatchError(cause, move="it was not kept; ask why before you pin it anew")
        part.chmod(0o444)
        part.replace(self.path(form))
        self.verified.add(form.sha256)
        return form


def sha256(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
