"""Where the agent's program is: named, built by the forge, or compiled here once."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from everylinux.errors import EngineError, UsageError
from everylinux.places import cache_root, project_root

VARIABLE = "EVERYLINUX_AGENT"
COMPILERS = ("musl-gcc", "gcc", "cc")
FLAGS = ("-std=gnu99", "-Os", "-static", "-Wall", "-Wextra", "-Werror", "-s")
MOVE = "run `everylinux build`, or install musl-tools, or name an agent in EVERYLINUX_AGENT"


def agent_path() -> Path:
    """The agent: $EVERYLINUX_AGENT, else the forge's for this source, else one compiled here.

    EngineError if there is none. The forge publishes `agents/<arch>/agent` in the cache, with
    the digest of the source beside it in `agent.source`; a stale one is not taken.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return _usable(Path(named))
    built = cache_root() / "agents" / platform.machine() / "agent"
    sources = _sources()
    if built.is_file() and (not sources or _matches(built, sources)):
        return built
    return _compiled(sources)


def source_digest(sources: tuple[Path, ...]) -> str:
    """Digest of the names and contents of the agent's source files."""
    total = hashlib.sha256()
    for path in sources:
        total.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _usable(path: Path) -> Path:
    if not os.access(path, os.X_OK) or not path.is_file():
        raise EngineError(f"{VARIABLE} names no program: {path}", move="unset it, or mend it")
    return path.absolute()


def _sources() -> tuple[Path, ...]:
    """The C files and headers, sorted; none where there is no checkout."""
    try:
        folder = project_root() / "build" / "agent"
    except UsageError:
        return ()
    return tuple(sorted([*folder.glob("*.c"), *folder.glob("*.h")]))


def _matches(built: Path, sources: tuple[Path, ...]) -> bool:
    try:
        return built.with_suffix(".source").read_text().strip() == source_digest(sources)
    except OSError:
        return False


def _compiled(sources: tuple[Path, ...]) -> Path:
    """By the first compiler that can; each keeps its own, so that a better one that comes is used.

    glibc's static programs want Linux 3.2 and later, musl's run on 2.6.32.
    """
    if not sources:
        raise EngineError("there is no agent, and no source of one", move=MOVE)
    kept = cache_root() / "agents"
    name = f"local-{source_digest(sources)[:16]}"
    said = "no C compiler"
    for compiler in COMPILERS:
        target = kept / f"{name}-{compiler}" / "agent"
        try:
            if not target.is_file() and shutil.which(compiler):
                said = _compile(compiler, sources, target) or said
        except OSError as error:
            raise EngineError(f"no agent can be kept: {error}", move=MOVE) from None
        if target.is_file():
            return target
    raise EngineError(f"cannot compile the agent: {said}", move=MOVE)


def _compile(compiler: str, sources: tuple[Path, ...], target: Path) -> str | None:
    """Compile beside the target and move it there: two at once do not harm each other.

    None, or the first line of what was wrong.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    files = [str(path) for path in sources if path.suffix == ".c"]
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        output = Path(folder) / "agent"
        argv = [compiler, *FLAGS, *files, "-o", str(output)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["the compiler said nothing"])[0]
        output.chmod(0o755)
        output.replace(target)
    return None
