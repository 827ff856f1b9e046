"""Flights of bytes, asked of the Python that runs the tests, and of an interpreter that is dead."""

from __future__ import annotations

import importlib.util
import json
import ssl
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from everylinux.model import Arch, Cell, Distribution, Image, Result, Section
from everylinux.probes.base import INSIDE, Inside
from everylinux.probes.peers import flights, hellos, minted, talks
from everylinux.probes.peers.chains import verdicts, write
from everylinux.probes.peers.flights import Flights
from everylinux.probes.peers.talks import Talks


@pytest.fixture(scope="module")
def inside() -> ModuleType:
    """The subject's end, as this Python's."""
    spec = importlib.util.spec_from_file_location("inside_flights", INSIDE / "flights.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def asked(inside: ModuleType, folder: Path, names: set[str]) -> dict[str, Any]:
    """What the running Python says of some of the minted chains."""
    chains = [chain for chain in minted.chains() if chain.name in names]
    (folder / "chains.json").write_text(json.dumps(write(chains, folder)))
    for name, content in flights._serving().items():
        (folder / name).write_bytes(content)
    return verdicts(inside.chains([str(folder)]))


def test_a_chain_is_judged_without_its_key(inside: ModuleType, tmp_path: Path) -> None:
    """Sound chains pass to the nonsense of a signature, others are refused by their code."""
    wanted = {"the name itself": 0, "another name": 62, "an old leaf": 10, "a client": 0}
    wanted |= {"a client for servers": 26, "revoked": 23, "RSA of 2048 bits": 0}
    assert asked(inside, tmp_path, set(wanted)) == wanted


def test_greetings_get_alerts(inside: ModuleType, tmp_path: Path) -> None:
    """A sound greeting is answered, data in its place gets unexpected_message (10)."""
    for name, content in flights._serving().items():
        (tmp_path / name).write_bytes(content)
    context = inside._serving(str(tmp_path))
    # the host's own floor stands in an openssl.cnf, which a bare machine lacks
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    sent = hellos.hellos()
    wanted = {"TLS 1.2": "a greeting", "data before a greeting": 10, "TLS 1.1": 70}
    for name, answer in wanted.items():
        assert flights._answered(inside._fed(context, [sent[name]], None)) == answer


def test_half_a_greeting_is_waited_for(inside: ModuleType, tmp_path: Path) -> None:
    """What is no error and no answer is told as such."""
    for name, content in flights._serving().items():
        (tmp_path / name).write_bytes(content)
    row = inside._fed(inside._serving(str(tmp_path)), [hellos.OLD.sent()[:20]], None)
    assert row == {"failed": "", "waits": True, "sent": []}
    assert flights._answered(row) == "nothing"


def test_weakened_verification_is_seen(
    inside: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that lets everything pass accepts what is to be refused."""
    careful = ssl.SSLContext.wrap_bio

    def careless(self: ssl.SSLContext, *words: Any, **options: Any) -> ssl.SSLObject:  # noqa: ANN401
        self.check_hostname = False
        self.verify_mode = ssl.CERT_NONE
        return careful(self, *words, **options)

    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", careless)
    found = asked(inside, tmp_path, {"another name", "an old leaf"})
    assert found == {"another name": 0, "an old leaf": 0}


class Dead:
    """A cell in which every command ends in the same way; see Box for its methods."""

    def __init__(self, folder: Path, signal: int | None) -> None:
        image = Image("debian12", Arch("x86_64"), "Debian", "12")
        self.cell = Cell(image, "3.13", "fake")
        self.distribution = Distribution(folder, "3.13", Arch("x86_64"), "digest")
        self.run_dir = folder / "run"
        self.run_dir.mkdir()
        self.slowness = 1.0
        status = None if signal else 0
        self._result = Result((), status, signal, b"", b"", 0.1, 0.0, 0.0, 0, 0, 0)

    def run(self, argv: object, **_: object) -> Result:
        assert argv
        return self._result

    def get(self, path: str, limit: int = 0) -> bytes:
        raise FileNotFoundError(path, limit)


@pytest.mark.parametrize("signal", [11, None], ids=["dead", "mute"])
def test_a_dead_interpreter_has_no_facts(
    signal: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made up, no program is left and no file."""
    monkeypatch.setattr(talks, "talks", lambda: (talks.Talk("one", "server"),))
    box: Any = Dead(tmp_path, signal)
    found: dict[str, Section] = {**Flights().gather(box), **Talks().gather(box)}
    assert set(found) == {*Flights.sections, *Talks.sections}
    for section in found.values():
        assert section.error or "lacks" in section.value["answer"]
    assert list(box.run_dir.iterdir()) == []


def test_a_subject_that_dies_of_a_question_has_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the subject in its section is its own, and is judged."""
    died = Section(error="died, signal 11")
    monkeypatch.setattr(Inside, "gather", lambda self, _box: {self.sections[0]: died})
    found = Flights().gather(Dead(tmp_path, None))  # type: ignore[arg-type]
    assert found["peer_hellos"].value == {"failed": "the subject died, signal 11"}


def test_a_missing_tool_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The claim is skipped with the package that has the tool."""
    monkeypatch.setattr("shutil.which", lambda _name: None)
    box: Any = Dead(tmp_path, None)
    found = Talks().gather(box)["peer_gnutls"]
    assert found.value == {
        "answer": {"lacks": "gnutls-cli on the host: apt-get install gnutls-bin"}
    }
