"""build/fortify over the host's headers: what goes beyond its object is trapped, what fits not.

The host's C library checks by itself; it is told nothing of _FORTIFY_SOURCE, so only ours do.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

HEADERS = Path(__file__).parents[2] / "build/fortify"
# name: a statement with `n` things in a room for eight; more than eight must trap
CASES = {
    "memcpy": "memcpy(text, big, n)",
    "memmove": "memmove(text, big, n)",
    "memset": "memset(text, 1, n)",
    "mempcpy": "mempcpy(text, big, n)",
    "strcpy": "strcpy(text, word)",
    "stpcpy": "stpcpy(text, word)",
    "strcat": "text[0] = 0; strcat(text, word)",
    "strncpy": "strncpy(text, big, n)",
    "stpncpy": "stpncpy(text, big, n)",
    "strncat": "text[0] = 0; strncat(text, word, n)",
    "snprintf": 'snprintf(text, n, "%s", "x")',
    "sprintf": 'sprintf(text, "%s", word)',
    "fgets": "(void)!fgets(text, (int)n, nothing)",
    "fread": "(void)!fread(text, 1, n, nothing)",
    "read": "(void)!read(-1, text, n)",
    "pread": "(void)!pread(-1, text, n, 0)",
    "write": "(void)!write(-1, text, n)",
    "readlink": '(void)!readlink("/", text, n)',
    "getcwd": "(void)!getcwd(text, n)",
    "gethostname": "gethostname(text, n)",
    "confstr": "confstr(_CS_PATH, text, n)",
    "recv": "recv(-1, text, n, 0)",
    "recvfrom": "recvfrom(-1, text, n, 0, 0, 0)",
    "send": "send(-1, text, n, 0)",
    "wcstombs": 'wcstombs(text, L"x", n)',
    "mbstowcs": 'mbstowcs(wide, "x", n)',
    "wmemset": "wmemset(wide, 1, n)",
    "wcscpy": "wcscpy(wide, wide_word)",
    "swprintf": 'swprintf(wide, n, L"x")',
    "poll": "poll(files, n, 0)",
    "FD_SET": "FD_SET((int)(n > 8 ? FD_SETSIZE : 5), &set)",
    "FD_ISSET": "FD_ISSET((int)(n > 8 ? -1 : 5), &set)",
    "member": "strcpy(pair.first, word)",
}
BEFORE = """#define _GNU_SOURCE
#include <features.h>
#define _FORTIFY_SOURCE {level}
"""
PROGRAM = """
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wchar.h>
int main(int count, char **words)
{{
    volatile size_t room = (size_t)atoi(words[2]);
    size_t n = room;
    char text[8] = "", big[64] = "", word[64] = "";
    struct {{ char first[8], second[64]; }} pair;
    wchar_t wide[8] = L"", wide_word[64] = L"";
    struct pollfd files[8];
    fd_set set;
    FILE *nothing = fopen("/dev/null", "r");
    (void)count; (void)big; (void)wide_word; (void)wide; (void)pair;
    for (size_t i = 0; i < 8; i++) files[i] = (struct pollfd){{-1, 0, 0}};
    FD_ZERO(&set);
    for (size_t i = 0; i + 1 < n; i++) word[i] = 'x', wide_word[i] = L'x';
    {cases}
    printf("%d", text[0] + (int)wide[0] + pair.second[0]);
    return 0;
}}
"""


@pytest.fixture(scope="module", params=[2, 3])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One program with every case, chosen by its name; skipped without gcc."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc on this machine")
    folder = tmp_path_factory.mktemp("fortify")
    lines = [f'if (!strcmp(words[1], "{name}")) {{ {what}; }}' for name, what in CASES.items()]
    text = BEFORE.format(level=request.param) + PROGRAM.format(cases="\n    ".join(lines))
    (folder / "cases.c").write_text(text)
    flags = ["-O2", "-U_FORTIFY_SOURCE", "-w", "-fno-stack-protector", f"-I{HEADERS}"]
    target = folder / "cases"
    command = ["gcc", *flags, str(folder / "cases.c"), "-o", str(target)]
    subprocess.run(command, check=True, timeout=60)
    return target


def _ended(program: Path, name: str, things: int) -> int:
    command = [str(program), name, str(things)]
    return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode


@pytest.mark.parametrize("name", CASES)
def test_what_fits_passes(program: Path, name: str) -> None:
    """Eight things go into a room for eight."""
    assert _ended(program, name, 8) == 0


@pytest.mark.parametrize("name", CASES)
def test_what_goes_beyond_is_trapped(program: Path, name: str) -> None:
    """A ninth thing ends the process at once."""
    assert _ended(program, name, 9) == -signal.SIGILL


def test_a_note_is_left(program: Path) -> None:
    """The level can be read from the binary: owner, type 1, four bytes."""
    content = program.read_bytes()
    at = content.index(b"everylinux\0")

    assert content[at - 12 : at] == b"\x0b\0\0\0\x04\0\0\0\x01\0\0\0"
    assert int.from_bytes(content[at + 12 : at + 16], "little") in {2, 3}


@pytest.mark.parametrize("flags", [["-O0", "-D_FORTIFY_SOURCE=2"], ["-O2"]])
def test_nothing_without_being_asked(flags: list[str], tmp_path: Path) -> None:
    """Without optimisation or without the macro nothing is checked, and no note claims it."""
    if not shutil.which("gcc"):
        pytest.skip("no gcc on this machine")
    source, target = tmp_path / "a.c", tmp_path / "a.o"
    source.write_text("#include <string.h>\nvoid f(char *a) { memset(a, 0, 8); }\n")
    command = ["gcc", "-U_FORTIFY_SOURCE", *flags, "-w", f"-I{HEADERS}", "-c"]
    subprocess.run([*command, str(source), "-o", str(target)], check=True, timeout=60)

    assert b"everylinux\0" not in target.read_bytes()
