"""A hostile file is a fact about that file, never the end of the probe."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from everylinux.model import Arch, Distribution
from everylinux.probes.static import child
from everylinux.probes.static.child import Child
from everylinux.probes.static.elf import ElfProbe
from everylinux.probes.static.text import TextProbe


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for a made-up reader program, used in place of the real one."""
    path = tmp_path / "reader.py"
    monkeypatch.setattr(child, "READER", path)
    return path


def subject(root: Path) -> Distribution:
    """A distribution at `root`."""
    return Distribution(root, "3.13", Arch("x86_64"), "")


def test_a_parser_that_crashes_is_an_error_of_its_file_and_the_next_is_read(reader: Path) -> None:
    """A signal in the parser names itself; the child is started anew."""
    reader.write_text(
        "import os, sys\n"
        "for line in sys.stdin:\n"
        "    if 'bad' in line: os.kill(os.getpid(), 11)\n"
        "    print('{\"facts\": {}}', flush=True)\n"
    )
    asked = Child()

    answers = [asked.ask("elf", Path(name)) for name in ("good", "bad", "good")]
    asked.close()

    assert answers == [{"facts": {}}, {"error": "died, signal 11"}, {"facts": {}}]


def test_a_parser_that_hangs_is_stopped(reader: Path) -> None:
    """The bound of one answer holds, and the process is gone after it."""
    reader.write_text("import time\ntime.sleep(60)\n")
    asked, started = Child(seconds=0.3), time.monotonic()

    answer = asked.ask("elf", Path("any"))

    assert answer == {"error": "no answer within 0.3 s"}
    assert time.monotonic() - started < 5


def test_a_parser_that_talks_too_much_is_stopped(
    reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endless answer is bounded in memory."""
    monkeypatch.setattr(child, "ANSWER_BYTES", 1 << 16)
    reader.write_text("import sys\nwhile True: sys.stdout.write('x' * 4096)\n")

    assert Child().ask("elf", Path("any")) == {"error": "more than 65536 bytes of facts"}


@pytest.mark.parametrize("said", ["nonsense", "[1]"])
def test_an_answer_that_is_no_object_is_an_error(reader: Path, said: str) -> None:
    """What the child says is not trusted either."""
    reader.write_text(f"import sys\nfor line in sys.stdin: print({said!r}, flush=True)\n")
    asked = Child()

    answer = asked.ask("elf", Path("any"))
    asked.close()

    assert set(answer) == {"error"}


def test_the_reader_has_limits() -> None:
    """The real child bounds its memory, its files and what it writes."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import reader, resource as r; reader._limit();"
        "print([r.getrlimit(x)[1] for x in (r.RLIMIT_AS, r.RLIMIT_NOFILE, r.RLIMIT_FSIZE)])"
    )
    command = [sys.executable, "-I", "-c", program, str(child.READER.parent)]

    found = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)

    assert found.stdout.split() == [f"[{3 << 30},", "64,", "0]"]


def test_damaged_objects_are_errors_or_facts_but_never_the_end(tmp_path: Path) -> None:
    """Two hundred damaged ELF files: each has facts or an error, and a good one still has facts."""
    random.seed(2)
    good = Path(sys.executable).resolve().read_bytes()[: 1 << 16]
    (tmp_path / "lib").mkdir()
    for number in range(200):
        content = bytearray(good)
        for _ in range(20):
            content[random.randrange(4, 4096)] = random.randrange(256)  # noqa: S311 - a fuzzer
        (tmp_path / f"lib/{number}.so").write_bytes(bytes(content))
    (tmp_path / "lib/good.so").write_bytes(Path("/bin/true").read_bytes())

    value = ElfProbe().gather(subject(tmp_path))["elf"].value

    assert len(value["objects"]) + len(value["errors"]) == 201
    assert value["objects"]["lib/good.so"]["class"] == "ELF64"


def test_hostile_texts_are_errors_of_their_files(tmp_path: Path) -> None:
    """Endless nesting in JSON and in sysconfig data does not end the probe."""
    folder = tmp_path / "lib/python3.13"
    folder.mkdir(parents=True)
    (folder / "deep.json").write_text("[" * 500_000)
    (folder / "_sysconfigdata_x.py").write_text("build_time_vars = " + "[" * 100_000)
    (folder / "ok.json").write_text('{"a": ["/opt/x", "b"]}')

    value = TextProbe().gather(subject(tmp_path))["text"].value

    broken = {"lib/python3.13/deep.json", "lib/python3.13/_sysconfigdata_x.py"}
    assert set(value["errors"]) == broken
    assert value["json"]["lib/python3.13/ok.json"]["absolute"] == {"a.0": "/opt/x"}


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    """A sparse file of a terabyte costs nothing and is an error."""
    path = tmp_path / "huge.so"
    path.touch()
    os.truncate(path, 1 << 40)

    value = ElfProbe().gather(subject(tmp_path))["elf"].value

    assert "not read" in value["errors"]["huge.so"]
