"""The fake engine: what was recorded comes back, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from everylinux.engines.base import Box, Engine
from everylinux.engines.bubblewrap import Bubblewrap
from everylinux.engines.fake import VARIABLE, Fake, Recording, record
from everylinux.errors import AgentError, EngineError
from everylinux.model import Arch, Cell, Distribution, Entry, Image, Result, RootFs

from .conftest import Open

IMAGE = Image("i", Arch("x86_64"), "i", "")
TREE = Distribution(Path("/nowhere"), "3.13", IMAGE.arch, "")


def result(argv: tuple[str, ...], out: bytes) -> Result:
    return Result(argv, 0, None, out, b"", 0.1, 0.0, 0.0, 1, 2, 3)


def open_(engine: Engine) -> Box:
    return engine.open(Cell(IMAGE, "3.13", "fake"), TREE, RootFs(IMAGE, Path("/"), "", ""))


def test_a_recording_comes_back() -> None:
    """Runs, files and walks survive JSON, also bytes and names that are not UTF-8."""
    entry = Entry("\udcff", "file", 0o644, 0, 0, 1, 2)
    recording = Recording(files={"/f": b"\xff"}, walks={"/d": (entry,)})
    recording.runs.append(((("a", "\udcfe"), None), result(("a", "\udcfe"), b"\xff\0")))
    assert Recording.from_json(recording.to_json()) == recording


def test_replay_is_in_order() -> None:
    """A command that was recorded twice answers twice, then repeats the last."""
    recording = Recording(files={"/f": b"x"})
    for text in (b"one", b"two"):
        recording.runs.append(((("date",), None), result(("date",), text)))
    with open_(Fake(recording=recording)) as box:
        assert [box.run(["date"]).out for _ in range(3)] == [b"one", b"two", b"two"]
        with pytest.raises(AgentError, match="nothing is recorded"):
            box.run(["date"], uid=65534)
        box.put("/g", b"new")
        assert (box.get("/f"), box.get("/g")) == (b"x", b"new")
        with pytest.raises(FileNotFoundError):
            box.get("/h")
        folder = box.run_dir
        assert folder.is_dir()
    assert not folder.exists()


def test_a_function_answers() -> None:
    """A test may say what a cell says."""
    with open_(Fake(lambda argv, uid: result(argv, f"{argv[0]} {uid}".encode()))) as box:
        assert box.run(["id"], uid=7).out == b"id 7"


def test_a_real_cell_is_recorded(bubblewrap: Bubblewrap, open_cell: Open) -> None:
    """What a cell answered once is what the fake answers from then on."""
    recording = Recording()
    with open_cell(bubblewrap) as real:
        answer = record(real, recording)
        said = answer(("sh", "-c", "echo hi; exit 3"), None)
    replayed = Recording.from_json(recording.to_json())
    with open_(Fake(recording=replayed)) as box:
        assert box.run(["sh", "-c", "echo hi; exit 3"]) == said
    assert (said.status, said.out) == (3, b"hi\n")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "runs": 5}'])
def test_what_is_no_recording_is_refused(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken recording is a reason, in one line, not a crash."""
    with pytest.raises(EngineError):
        Recording.from_json(text)
    (tmp_path / "file").write_text(text)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    reason = Fake().unavailable()
    assert reason
    assert "record again" in reason


def test_without_a_recording_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine by itself has nothing to replay."""
    monkeypatch.delenv(VARIABLE, raising=False)
    assert Fake().unavailable() == (
        "fake: there is no recording: name one in EVERYLINUX_FAKE"
    )  # fmt: skip
