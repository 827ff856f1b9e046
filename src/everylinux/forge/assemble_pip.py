"""pip, out of the wheel that CPython's ensurepip carries, installed as pip itself would do it."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

from everylinux.errors import BuildError

SCRIPT = """# What pip runs; the program beside, without "-real", is the launcher.
import sys

from pip._internal.cli.main import main

if __name__ == "__main__":
    sys.argv[0] = sys.argv[0].removesuffix("-real")
    sys.exit(main())
"""


def install_pip(tree: Path, version: str) -> None:
    """Unpack the bundled wheel; bin/pip is the launcher, bin/pipX.Y-real the script it runs."""
    library = tree / "lib" / f"python{version}"
    wheels = sorted((library / "ensurepip" / "_bundled").glob("pip-*.whl"))
    if len(wheels) != 1:
        raise BuildError(f"ensurepip has {len(wheels)} wheels of pip, not one")
    site = library / "site-packages"
    site.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheels[0]) as wheel:
        wheel.extractall(site)
    script = tree / "bin" / f"pip{version}-real"
    script.write_text(SCRIPT)
    info = next(site.glob("pip-*.dist-info"))
    (info / "INSTALLER").write_text("pip\n")
    (info / "REQUESTED").write_text("")
    _record(
        site, info, [tree / "bin" / name for name in ("pip", "pip3", f"pip{version}", script.name)]
    )


def _record(site: Path, info: Path, programs: list[Path]) -> None:
    """RECORD names what `pip uninstall` may remove: the files, and our programs in bin/."""
    files = [path for path in sorted(info.parent.rglob("*")) if path.is_file()]
    ours = [path for path in files if path.relative_to(site).parts[0] in {"pip", info.name}]
    record = info / "RECORD"
    lines = [_line(path, str(path.relative_to(site))) for path in ours if path != record]
    lines += [_line(path, f"../../../bin/{path.name}") for path in programs]
    record.write_text("".join([*lines, f"{info.name}/RECORD,,\n"]))


def _line(path: Path, name: str) -> str:
    content = path.read_bytes()
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"
