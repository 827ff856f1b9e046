"""commands/build_root.py: the pinned root of a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from everylinux.commands import build_root
from everylinux.errors import BuildError, RecipeError
from everylinux.model import Image, NotRun, RootFs

STATUS = """Package: zlib1g
Status: install ok installed
Version: 1:1.3
Description: compression
 Version: 9

Package: gcc
Version: 4:14.2.0-1
"""
VERSIONS = {"gcc": "4:14.2.0-1", "zlib1g": "1:1.3"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a pin, and a root with two packages."""
    (tmp_path / "build").mkdir()
    status = tmp_path / "root/var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text(STATUS)
    pin(tmp_path, packages=build_root.digest_of(VERSIONS))
    monkeypatch.setattr("everylinux.places.project_root", lambda: tmp_path)
    monkeypatch.setattr(build_root, "providers", lambda *_, **__: ())

    def found(image: Image, *_: object, **__: object) -> RootFs:
        return RootFs(image, tmp_path / "root", "sha256:0", "mmdebstrap trixie")

    monkeypatch.setattr(build_root, "fetch", found)
    return tmp_path


def pin(project: Path, **changes: Any) -> None:  # noqa: ANN401 - YAML
    """Write build/root.yaml."""
    content = {"suite": "trixie", "variant": "minbase", "include": ["gcc"], **changes}
    (project / "build/root.yaml").write_text(yaml.safe_dump(content))


def test_the_pinned_root(project: Path) -> None:
    """It is found with its path and the versions that the manifest shows."""
    root = build_root.build_root(lambda _: None, offline=True)

    assert root.path == project / "root"
    assert root.programs["gcc"] == "4:14.2.0-1"
    assert root.programs["root"].startswith("Debian trixie, 2 packages, sha256:")


def test_packages_are_read_from_the_database(project: Path) -> None:
    """Fields of a stanza, not of its description."""
    assert build_root.packages(project / "root") == VERSIONS


def test_another_root_is_refused(project: Path) -> None:
    """A mirror that has moved on makes other bytes: it is said with the new digest."""
    pin(project, packages="0" * 64)

    with pytest.raises(BuildError, match="has moved on") as error:
        build_root.build_root(lambda _: None, offline=True)
    assert build_root.digest_of(VERSIONS) in str(error.value)


def test_no_root(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be had, the reason and the quick profile are named."""
    pin(project, packages="0" * 64)
    monkeypatch.setattr(build_root, "fetch", lambda image, *_, **__: NotRun(image, "no mirror"))

    with pytest.raises(BuildError, match=r"cannot be had: no mirror.*--profile quick"):
        build_root.build_root(lambda _: None, offline=False)


def test_a_pin_with_a_mistake(project: Path) -> None:
    """A missing key is named."""
    (project / "build/root.yaml").write_text("suite: trixie\n")

    with pytest.raises(RecipeError, match=r"root\.yaml: variant: is missing"):
        build_root.build_root(lambda _: None, offline=True)
