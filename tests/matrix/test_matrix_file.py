"""The project's own matrix.yaml."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest
import yaml

from everylinux.matrix import SCHEMA_NAME, Matrix, load
from everylinux.model import Support
from everylinux.pins import matrix_path


@pytest.fixture(scope="module")
def matrix() -> Matrix:
    """The project's matrix."""
    return load()


PROMISED = {
    "Ubuntu": ("ubuntu1404", "ubuntu1604", "ubuntu1804", "ubuntu2004", "ubuntu2204", "ubuntu2404"),
    "Debian": ("debian8", "debian9", "debian10", "debian11", "debian12", "debian13", "debiansid"),
    "RHEL": ("centos6", "centos7", "alma8", "rocky8", "alma9", "rocky9", "alma10", "rocky10"),
    "Alpine": ("alpine31", "alpine36", "alpine310", "alpine315", "alpine320", "alpine322"),
    "Arch": ("arch",),
    "openSUSE": ("opensuse132", "leap155", "leap156", "tumbleweed"),
    "Fedora": ("fedora20", "fedora25", "fedora30", "fedora35", "fedora40", "fedora44"),
    "Amazon Linux": ("amazon1", "amazon2", "amazon2023"),
    "Embedded": ("busyboxmusl", "busyboxglibc", "busyboxuclibc", "openwrt", "cirros04"),
    "Tiny Core": ("tinycore6", "tinycore10"),
}


@pytest.mark.parametrize("family", PROMISED)
def test_every_promise_of_the_specification_is_a_required_row(matrix: Matrix, family: str) -> None:
    """Each distribution that the specification supports is there and required."""
    support = {image.id: image.support for image in matrix.images}

    assert {id_: support.get(id_) for id_ in PROMISED[family]} == dict.fromkeys(
        PROMISED[family], Support.REQUIRED
    )


def test_every_version_between_the_ends_is_a_row(matrix: Matrix) -> None:
    """Alpine from 3.1, Fedora from 20 and Debian from 8 on have no gaps."""
    ids = {image.id for image in matrix.images}
    wanted = {f"alpine3{minor}" for minor in range(1, 24)}
    wanted |= {f"fedora{number}" for number in range(20, 46)}
    wanted |= {f"debian{number}" for number in range(8, 14)}

    assert wanted - ids == set()


def test_a_32_bit_userland_is_an_image_of_its_own(matrix: Matrix) -> None:
    """debian12 is two images, and each has its own digest and recipe."""
    wide, narrow = matrix.select(["debian12-x86_64"])[0], matrix.select(["debian12-x86"])[0]

    assert (wide.id, wide.arch, narrow.arch) == ("debian12", "x86_64", "x86")
    assert wide.digest != narrow.digest
    assert narrow.recipe["suite"] == "bookworm"


def test_every_fact_has_a_source(matrix: Matrix) -> None:
    """A row that states a kernel, a libc or an end of life says where it was read."""
    rows = yaml.safe_load(matrix.path.read_text("utf-8"))["distros"]

    assert [id_ for id_, row in rows.items() if not row.get("source", {}).get("facts")] == []


def test_the_schema_itself_is_valid_and_accepts_the_file_as_an_editor_reads_it() -> None:
    """The schema beside the file serves editors, which read plain YAML with its own types."""
    schema = json.loads(matrix_path().with_name(SCHEMA_NAME).read_text("utf-8"))
    document = yaml.safe_load(matrix_path().read_text("utf-8"))

    jsonschema.Draft202012Validator.check_schema(schema)
    assert [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(document)] == []


def test_images_are_sorted_and_unique(matrix: Matrix) -> None:
    """The order of images is the same on every machine, and no image stands twice."""
    names = [(image.id, image.arch) for image in matrix.images]

    assert names == sorted(set(names))


def test_nothing_of_a_machine_is_in_the_file() -> None:
    """No path, mirror or address of one machine is written into the contract."""
    text = matrix_path().read_text("utf-8")

    assert re.findall(r"https?://|/wor[k]/|/home/|\b\d+\.\d+\.\d+\.\d+:\d+", text) == []
