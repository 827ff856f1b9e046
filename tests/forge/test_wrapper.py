"""build/bootstrap: the wrapper in real sandboxes: other users, bad copies and mounts, shells."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.sabotage import tree as trees

from everylinux.distribution import newest
from everylinux.forge.assemble_bootstrap import LOADER, MAGIC, install_wrappers, launchers
from everylinux.forge.contract import Settings

pytestmark = [pytest.mark.built, pytest.mark.slow]

BUILD = Path(__file__).parents[2] / "build"
WRAPPER = BUILD / "bootstrap" / "python-wrapper"
SHELLS = ("dash", "bash", "busybox ash", "mksh")
PYTHON = "/mnt/tree/bin/python"
LIBC = f"/mnt/tree/{LOADER}"
SHARED = MAGIC.format(machine="x86_64")
OTHER = "setpriv --reuid 1234 --regid 1234 --clear-groups"
MALLORY = "setpriv --reuid 666 --regid 666 --clear-groups"
PATH_FILE = "echo /tmp/e >/tmp/etc/ld-musl-x86_64.path"
EXE = f"""{PYTHON} -c 'import os; print(os.readlink("/proc/self/exe"))'"""
NOEXEC = "mount -o remount,noexec /tmp"
ABOUT = """
import json, os, sys
print(json.dumps({"executable": sys.executable, "prefix": sys.prefix, "argv": sys.orig_argv[:1],
                  "loader": os.readlink("/proc/self/exe"), "env": dict(os.environ)}))
"""


def bootstrapped(source: Path, target: Path) -> Path:
    """A copy of a finished tree that starts by the wrapper."""
    shutil.copytree(source, target, symlinks=True)
    if launchers(target):
        install_wrappers(BUILD, target, Settings(start="bootstrap"))
    trees.edit_manifest(target, lambda manifest: manifest.update(start="bootstrap"))
    trees.truthful(target)
    return target


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The newest tree, with wrappers."""
    found = newest("3.13")
    if found is None or shutil.which("patchelf") is None or shutil.which("bwrap") is None:
        pytest.skip("needs a finished tree (everylinux build), patchelf and bubblewrap")
    if os.geteuid() != 0:
        pytest.skip("only root can be several users and mount")
    return bootstrapped(found, tmp_path_factory.mktemp("bootstrap") / "tree")


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tree: Path) -> Run:
    """Run a script as root in a sandbox with a /tmp of its own and the tree in /mnt/tree."""

    def go(script: str, *bwrap: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = (
            *("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"),
            *("--tmpfs", "/tmp", "--tmpfs", "/mnt", "--bind", str(tree), "/mnt/tree"),  # noqa: S108
            *("--unshare-pid", "--cap-add", "ALL", "--die-with-parent", *bwrap),
            *("sh", "-euc", f"chmod 1777 /tmp; chmod 755 /mnt; cd /\n{script}"),
        )
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=120, env=env
        )

    return go


def good(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The lines of a run that went well and said nothing on stderr."""
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def refused(done: subprocess.CompletedProcess[str], status: int, *words: str) -> None:
    """A run that ended with one line that holds these words."""
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (status, 1), done.stderr
    assert [word for word in words if word not in lines[0]] == []


def shell_exists(shell: str) -> None:
    if shutil.which(shell.split(maxsplit=1)[0]) is None:
        pytest.skip(f"no {shell}")


@pytest.mark.parametrize("shell", SHELLS)
def test_starts_under_every_shell(run: Run, shell: str) -> None:
    """Cold and warm: the same names, the shared copy, nothing else written."""
    shell_exists(shell)
    script = f"for i in 1 2; do {shell} {PYTHON} -c '{ABOUT}'; done; ls -A /tmp"

    *answers, left = good(run(script))

    for answer in map(json.loads, answers):
        assert (answer["executable"], answer["prefix"]) == (PYTHON, "/mnt/tree")
        assert (answer["argv"], answer["loader"]) == ([PYTHON], SHARED)
    assert (len(answers), left) == (2, Path(SHARED).name)


@pytest.mark.parametrize("shell", SHELLS)
def test_names(run: Run, shell: str) -> None:
    """Links, chains, relative paths, PATH, strange characters: executable as called, one tree."""
    shell_exists(shell)
    place = "/mnt/x y'\"$a\n\\b*"
    script = f"""
    mkdir -p "$PLACE/l"
    cp -R /mnt/tree "$PLACE/t"; ln -s ../t/bin/python3 "$PLACE/l/a"; ln -s a "$PLACE/l/b"
    say() {{ {shell} "$@" -c 'import sys; print(ascii([sys.executable, sys.prefix]))'; }}
    say "$PLACE/l/b"; cd "$PLACE"; say ./t//bin/python; say t/bin/../bin/python3
    cd l; PATH=$PATH:. say ./b; cd ../t/bin; say python
    """

    found = [ast.literal_eval(line) for line in good(run(script, PLACE=place))]

    tree = os.path.normpath(place + "/t")
    assert {prefix for _, prefix in found} == {tree}
    assert [executable for executable, _ in found] == [
        *(f"{place}/l/b", f"{place}/t/bin/python", f"{place}/t/bin/python3"),
        *(f"{place}/l/b", f"{place}/t/bin/python"),
    ]


def test_two_users_at_once(run: Run) -> None:
    """Sixteen cold starts of two users at the same time all work; nothing is left but copies."""
    script = f"""
    for i in 1 2 3 4 5 6 7 8; do
      {OTHER} {EXE} & {MALLORY} {EXE} &
    done; wait; ls -A /tmp /tmp/*-1234 /tmp/*-666 2>/dev/null | grep -v '^$' | sort -u >/mnt/left
    grep -c '[.][0-9]' /mnt/left || true
    """

    *loaders, half = good(run(script))

    assert (len(loaders), half) == (16, "0")
    strange = {
        name for name in loaders if name != SHARED and "-1234/" not in name and "-666/" not in name
    }
    assert strange == set()


PLANTS = {
    "a script": "printf '#!/bin/sh\\ntouch /tmp/pwned\\n' >$S; chmod 755 $S",
    "the true loader": f"cp {LIBC} $S; chmod 555 $S",
    "a link to its own": f"cp {LIBC} /tmp/mine; chmod 555 /tmp/mine; ln -s /tmp/mine $S",
    "a folder": "mkdir $S",
    "a link to a folder": "mkdir /tmp/d; ln -s /tmp/d $S",
    "a fifo": "mkfifo $S",
    "a dead link": "ln -s /nowhere $S",
}


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("who", [OTHER, ""], ids=["user", "root"])
def test_what_another_user_planted_is_never_run(run: Run, plant: str, who: str) -> None:
    """Whatever lies there of another user: the loader that runs is in a folder of our own."""
    script = f'S={SHARED} {MALLORY} sh -c "{PLANTS[plant].replace("$", chr(92) + "$")}"'
    uid = "1234" if who else "0"

    loader, left = good(run(f"{script}\n{who} {EXE}; ls /tmp | grep -c pwned || true"))

    assert loader.startswith(f"/tmp/StAnDaLoNeMuSlInTeRpReTeR-{uid}/lib/ld-musl-")  # noqa: S108
    assert left == "0"


BAD = {
    "half written": f"head -c 300000 {LIBC} >{SHARED}; chmod 555 {SHARED}",
    "of another version": f"cp {LIBC} {SHARED}; printf x >>{SHARED}; chmod 555 {SHARED}",
    "empty": f": >{SHARED}; chmod 555 {SHARED}",
    "writable for others": f"cp {LIBC} {SHARED}; chmod 777 {SHARED}",
    "writable for the group": f"cp {LIBC} {SHARED}; chmod 775 {SHARED}",
    "not executable": f"cp {LIBC} {SHARED}; chmod 444 {SHARED}",
    "none, in a folder without the sticky bit": "chmod 0777 /tmp; mkdir -m 1777 /mnt/t;"
    " export TMPDIR=/mnt/t",
    "in a folder without the sticky bit": f"chmod 0777 /tmp; cp {LIBC} {SHARED};"
    f" chmod 555 {SHARED}; mkdir -m 1777 /mnt/t; export TMPDIR=/mnt/t",
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_copy_of_our_own_is_not_run(run: Run, bad: str) -> None:
    """A copy that is not the tree's own, or that others could change, is left alone."""
    loader, again = good(run(f"{BAD[bad]}\n{EXE}; {EXE}"))

    assert loader == again
    assert "/StAnDaLoNeMuSlInTeRpReTeR-0/lib/ld-musl-" in loader


def test_a_bad_private_copy_is_replaced(run: Run) -> None:
    """Half a copy in our own folder is written anew."""
    script = (
        f"{NOEXEC}; mkdir /mnt/t; export TMPDIR=/mnt/t; {EXE} >/dev/null; f=$(ls /mnt/t/*/lib/*)"
    )
    assert good(run(f"{script}; chmod 755 $f; : >$f; {EXE}; cmp $f {LIBC} && ls /mnt/t/*/lib"))[
        1:
    ] == [Path(good(run(f"{script}; echo $f"))[0]).name]


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "private"])
def test_no_search_path_of_another_user(run: Run, *, shared: bool) -> None:
    """The list of folders beside musl's loader is never one that another user wrote."""
    evil = f"cp /mnt/tree/shared_libraries/lib/libz.so.1 /tmp/e/libplanted.so; {PATH_FILE}"
    plant = f"{MALLORY} sh -c 'mkdir /tmp/e /tmp/etc /tmp/lib; {evil}; cp /tmp/e/* /tmp/lib'"
    taken = "" if shared else f"{MALLORY} mkdir {SHARED};"
    code = 'import ctypes; ctypes.CDLL("libplanted.so")'

    done = run(f"{plant}; {taken} {OTHER} {PYTHON} -c '{code}'")

    assert done.returncode == 1
    assert "OSError: Error loading shared library libplanted.so" in done.stderr


@pytest.mark.parametrize("link", ["folder", "file"])
def test_nothing_is_written_through_a_planted_private_folder(run: Run, link: str) -> None:
    """A planted private folder, or a link to one of ours, is not written into."""
    private = f"{SHARED.partition('-')[0]}-1234"
    mine = "mkdir -p /mnt/mine/etc /mnt/mine/lib; echo precious >/mnt/mine/etc/ld-musl-x86_64.path"
    own = f"{mine}; chown -R 1234 /mnt/mine"
    inside = f"mkdir -m 777 {private} {private}/etc; ln -s /mnt/mine/etc/* {private}/etc"
    plant = f"ln -s /mnt/mine {private}" if link == "folder" else inside
    taken = f"{MALLORY} sh -c 'mkdir {SHARED}; {plant}'"

    done = run(f"{own}; {taken}; {OTHER} {EXE} || true; cat /mnt/mine/etc/*; ls /mnt/mine/lib")

    assert (done.returncode, done.stdout) == (0, "precious\n")


def test_all_names_taken(run: Run) -> None:
    """Who plants every name can keep others from starting, not more; TMPDIR is the way out."""
    plant = f"{MALLORY} mkdir {SHARED} /tmp/StAnDaLoNeMuSlInTeRpReTeR-1234"

    refused(run(f"{plant}; {OTHER} {EXE}"), 126, SHARED, "another user", "TMPDIR")
    way_out = f"mkdir -m 700 /mnt/t; chown 1234 /mnt/t; TMPDIR=/mnt/t {OTHER} {EXE}"
    (loader,) = good(run(f"{plant}; {way_out}"))
    assert loader.startswith("/mnt/t/")


def test_a_cleaned_tmp(run: Run) -> None:
    """A process lives on, its children start, and a virtual environment works afterwards."""
    code = f"""import os, subprocess, sys; os.unlink("{SHARED}");
subprocess.run([sys.executable, "-c", "import ssl"], check=True); print("lives")"""
    script = f"{PYTHON} -m venv --without-pip /mnt/v; rm -rf /tmp/*; /mnt/v/bin/python -c '{code}'"
    prefix = "/mnt/c/bin/python -c 'import sys; print(sys.prefix)'"
    copies = f"{PYTHON} -m venv --without-pip --copies /mnt/c; rm -rf /tmp/*; {prefix}"

    assert good(run(script)) == ["lives"]
    assert good(run(copies)) == ["/mnt/c"]


@pytest.mark.parametrize("shell", SHELLS)
def test_noexec(run: Run, shell: str) -> None:
    """One line names the mount and the move; both moves help; /tmp stays empty."""
    shell_exists(shell)
    start = f"{shell} {EXE}"

    refused(run(f"{NOEXEC}; {start}"), 126, SHARED, " is mounted noexec", "TMPDIR", LIBC)
    assert good(run(f"{NOEXEC}; mkdir /mnt/t; TMPDIR=/mnt/t {start}; ls -A /tmp"))[0].startswith(
        "/mnt/t/"
    )
    moved = f"cp -R /mnt/tree /mnt/new; chmod a+x /mnt/new/{LOADER}"
    assert good(
        run(f"{NOEXEC}; {moved}; {start.replace('/mnt/tree', '/mnt/new')}; ls -A /tmp")
    ) == [f"/mnt/new/{LOADER}"]


@pytest.mark.parametrize("shell", SHELLS)
def test_noexec_after_the_copy(run: Run, shell: str) -> None:
    """A /tmp that became noexec after the copy was made: our line is the last, the status 126."""
    shell_exists(shell)
    done = run(f"{EXE} >/dev/null; {NOEXEC}; {shell} {EXE}")

    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (126, 2 if "busybox" in shell else 1), lines
    assert [word for word in ("noexec", "TMPDIR") if word not in lines[-1]] == []


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("mount -o remount,ro /tmp", " cannot be written"),
        ("mount -t tmpfs -o size=64k,mode=1777 t /tmp", "no room"),
    ],
    ids=["read-only", "full"],
)
def test_no_place_in_tmp(run: Run, how: str, words: str) -> None:
    """A read-only or a full /tmp ends in one line; with TMPDIR it starts; nothing is left."""
    refused(run(f"{how}; {OTHER} {EXE}"), 126, words, "TMPDIR")
    (loader,) = good(run(f"{how}; mkdir -m 1777 /mnt/t; TMPDIR=/mnt/t {OTHER} {EXE}; ls -A /tmp"))
    assert loader.startswith("/mnt/t/")


def test_runtime_folder(run: Run) -> None:
    """XDG_RUNTIME_DIR is the first private place."""
    script = f"{NOEXEC}; mkdir -m 700 /mnt/r; XDG_RUNTIME_DIR=/mnt/r {EXE}"
    assert good(run(script))[0].startswith("/mnt/r/")


@pytest.mark.parametrize("umask", ["000", "022", "077", "777"])
def test_umask(run: Run, umask: str) -> None:
    """The copy's mode is the same under every umask, and the interpreter has the user's."""
    script = f"umask {umask}; {PYTHON} -c 'import os; print(oct(os.umask(0)))'; stat -c %a /tmp/*"

    assert good(run(script)) == [oct(int(umask, 8)), "555"]


@pytest.mark.parametrize("shell", SHELLS)
def test_environment(run: Run, shell: str) -> None:
    """The interpreter and its children have the user's variables, set, empty or absent."""
    shell_exists(shell)
    given = {"PYTHONPATH": "/mnt/p", "LC_ALL": "C.UTF-8", "EMPTY": "", "LINE": "a\nb"}
    own = {"PWD", "OLDPWD", "SHLVL", "_"}  # which shells set by themselves
    for variables in (given, {"PYTHONPATH": "/mnt/p"}):
        code = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
        script = f"{shell} {PYTHON} -c \"{code}\" '{ABOUT}'"

        found = json.loads("\n".join(good(run(script, **variables))))["env"]

        wanted = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **variables}
        different = {
            name: (wanted.get(name), found.get(name))
            for name in (set(wanted) | set(found)) - own - {"LC_CTYPE"}
            if wanted.get(name) != found.get(name)
        }
        assert different == {}


def test_no_variable_at_all(run: Run) -> None:
    """Nothing is needed, and the commands of the wrapper are found without PATH."""
    script = (
        f'env -i {PYTHON} -c \'import os; print(os.environ.get("PATH"), os.environ.get("LC_ALL"))\''
    )
    assert good(run(script)) == ["None None"]


@pytest.mark.parametrize("program", ["readlink", "cmp", "stat", "realpath", "mktemp"])
def test_programs_that_are_not_everywhere(run: Run, program: str) -> None:
    """Without readlink, cmp and others it starts all the same, and still tells a bad copy."""
    mask = ("--ro-bind", "/dev/null", f"/usr/bin/{program}")
    link = "ln -s tree/bin /mnt/bin; ln -s bin/python3 /mnt/p; /mnt/p -c pass"

    assert good(run(f"{link}; {EXE}", *mask)) == [SHARED]
    (loader,) = good(run(f"{BAD['of another version']}; {EXE}", *mask))
    assert loader != SHARED


@pytest.mark.parametrize("part", [LOADER, "bin/python3.13-real"])
def test_a_missing_part_is_named(run: Run, part: str) -> None:
    """Status 127 and one line with the part."""
    copy = f"cp -R /mnt/tree /mnt/new; rm /mnt/new/{part}"
    refused(run(f"{copy}; /mnt/new/bin/python -c pass"), 127, Path(part).name)


def test_tools(run: Run) -> None:
    """The programs pip, pydoc and config run what lies beside them, also through links."""
    script = (
        "ln -s /mnt/tree/bin/pip3 /mnt/p; /mnt/p --version; /mnt/tree/bin/python3-config --prefix"
    )
    version, prefix = good(run(script))
    assert (version.split()[0], prefix) == ("pip", "/mnt/tree")


def test_a_warm_start_runs_two_programs(run: Run) -> None:
    """Besides the shell and the interpreter only ls and cmp."""
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    trace = f"strace -f -qq -e trace=execve -e signal=none {PYTHON} -c pass"
    done = run(f"{PYTHON} -c pass; {trace}")
    started = [
        Path(line.partition('execve("')[2].partition('"')[0]).name
        for line in done.stderr.splitlines()
        if line.endswith("= 0")
    ]
    assert started == ["python", "ls", "cmp", Path(SHARED).name]


def test_interpreter_is_the_specifications(tree: Path) -> None:
    """PT_INTERP of the real interpreter is the place in /tmp."""
    command = ("patchelf", "--print-interpreter", str(tree / "bin/python3.13-real"))
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == SHARED


def test_shellcheck() -> None:
    """The text is clean."""
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck")
    done = subprocess.run(("shellcheck", str(WRAPPER)), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
