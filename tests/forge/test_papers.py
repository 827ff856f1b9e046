"""Bill, statement and notes: what they say, that they are the same twice, and what is refused."""

from __future__ import annotations

import base64
import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from packaging.licenses import canonicalize_license_expression
from tests.sabotage import papers_tree

from everylinux.cli import main
from everylinux.errors import BuildError, UsageError
from everylinux.forge.manifest import NAME as MANIFEST
from everylinux.forge.papers import provenance, write_sbom
from everylinux.forge.papers.identity import cpe
from everylinux.forge.papers.notes import notes
from everylinux.forge.papers.sbom import NAME as BILL
from everylinux.forge.papers.sbom import bill, rendered, serial

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return papers_tree.build(tmp_path)


def manifest_of(tree: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree / MANIFEST).read_text())
    return found


def test_a_bill_is_the_same_twice_and_listed(tree: Path) -> None:
    """Written again it has the same bytes, and the manifest still lists it once, truly."""
    before, manifest = (tree / BILL).read_bytes(), (tree / MANIFEST).read_bytes()
    write_sbom(tree)

    assert (tree / BILL).read_bytes() == before
    assert (tree / MANIFEST).read_bytes() == manifest
    rows = [row for row in manifest_of(tree)["files"] if row["path"] == BILL]
    assert [row["size"] for row in rows] == [len(before)]


def test_serial_numbers_tell_builds_apart(tree: Path) -> None:
    """A UUID by RFC 9562, another one for another manifest."""
    manifest = manifest_of(tree)
    one, other = serial(manifest), serial({**manifest, "profile": "release"})

    assert one != other
    assert one.version == 8
    assert str(one)[19] in "89ab"


def test_a_bill_that_is_not_valid_is_refused(tree: Path) -> None:
    """The schema is asked before anything is written."""
    manifest = manifest_of(tree)
    manifest["components"][0]["sha256"] = "no digest"
    with pytest.raises(BuildError, match="not valid"):
        rendered(bill(manifest))


def test_patches_have_their_advisories(tree: Path) -> None:
    """A patch that is named for a CVE resolves it."""
    manifest = manifest_of(tree)
    row = {"file": "0101-CVE-2025-1_CVE-2026-11822_CVE-2026-11824.patch", "sha256": "e" * 64}
    manifest["components"][0]["patches"] = [row]
    said = json.loads(rendered(bill(manifest)))
    found = next(one for one in said["components"] if one["name"] == "musl")
    patch = found["pedigree"]["patches"][0]

    assert patch["type"] == "backport"
    assert [one["id"] for one in patch["resolves"]] == ["CVE-2026-11822", "CVE-2026-11824"]


def test_cpe_quotes_what_it_must() -> None:
    """NIST IR 7695: anything but letters, digits, _ . - is quoted."""
    assert cpe({"name": "zlib", "version": "1.3+x"}) == "cpe:2.3:a:zlib:zlib:1.3\\+x" + ":*" * 7
    assert cpe({"name": "nobody", "version": "1"}) is None


KEYS = [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())]


def pem(key: Any, secret: bytes = b"") -> bytes:  # noqa: ANN401 - any private key
    form, coding = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    lock = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
    content: bytes = key.private_bytes(coding, form, lock)
    return content


@pytest.mark.parametrize("key", KEYS, ids=["ed25519", "p256"])
def test_a_signature_holds_for_its_key_alone(tree: Path, key: Any, tmp_path: Path) -> None:  # noqa: ANN401
    """The command signs; one changed byte, or another key, and nothing is opened."""
    statement = tree.parent / f"{papers_tree.NAME}.provenance.json"
    (tmp_path / "key.pem").write_bytes(pem(key))
    result = CliRunner().invoke(main, ["sign", str(statement), "--key", str(tmp_path / "key.pem")])
    signed = json.loads(Path(result.output.strip()).read_text())
    changed = {**signed, "payload": base64.b64encode(b"{}").decode()}

    assert provenance.opened(signed, key.public_key()) == statement.read_bytes()
    assert provenance.opened(changed, key.public_key()) is None
    stranger = ed25519.Ed25519PrivateKey.generate().public_key()
    if isinstance(key, ed25519.Ed25519PrivateKey):
        assert provenance.opened(signed, stranger) is None


def test_the_encoding_is_that_of_the_protocol() -> None:
    """DSSE's own example of its pre-authentication encoding, with in-toto's type."""
    assert provenance.encoded(b"hello") == b"DSSEv1 28 application/vnd.in-toto+json 5 hello"


@pytest.mark.parametrize(
    "content",
    [b"", b"no key", pem(KEYS[0], b"secret"), pem(rsa.generate_private_key(65537, 2048))],
    ids=["empty", "text", "with a password", "rsa"],
)
def test_a_key_that_cannot_sign_is_refused(tmp_path: Path, content: bytes) -> None:
    """One line with a way out."""
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UsageError, match="openssl genpkey"):
        provenance.private_key(tmp_path / "key")


def test_a_statement_is_one_of_in_toto(tree: Path) -> None:
    """The shape that in-toto's own library asks for; no digest is left out."""
    said = json.loads((tree.parent / f"{papers_tree.NAME}.provenance.json").read_text())
    dependencies = said["predicate"]["buildDefinition"]["resolvedDependencies"]

    assert {one["name"] for one in said["subject"]} == {
        f"{papers_tree.NAME}.tar.gz",
        f"{papers_tree.NAME}.tar.zst",
    }
    assert all(re.fullmatch("[0-9a-f]{64}", one["digest"]["sha256"]) for one in dependencies)
    assert len(dependencies) == len(papers_tree.COMPONENTS) + sum(
        map(len, papers_tree.PATCHES.values())
    )


def test_notes_tell_each_difference(tree: Path) -> None:
    """Versions, patches, flags, modules, sizes and files; nothing where nothing differs."""
    old = manifest_of(tree)
    old["flags"] = {"musl": {"CFLAGS": "-O2 -g0", "configure": ["--a"], "commands": []}}
    new = copy.deepcopy(old)
    module = "lib/python3.13/lib-dynload/_lzma.cpython-313-x86_64-linux-musl.so"
    new["files"].append({"path": module, "kind": "file", "size": 7, "sha256": "f" * 64})
    new["components"][0] |= {"version": "1.2.7", "patches": []}
    new["flags"]["musl"]["CFLAGS"] = "-O3 -g0"
    text = notes(old, new)

    assert "| musl | 1.2.6 (MIT; 000000000000) | 1.2.7 (MIT; 000000000000) |" in text
    assert "- gone: `musl/0004-qsort-heap.patch`" in text
    assert "- new: `_lzma`" in text
    assert "- musl: + `CFLAGS -O3`, - `CFLAGS -O2`" in text
    assert "1 new, 0 gone, 0 changed." in text
    assert "Nothing differs." in notes(old, old)


def test_notes_of_two_pythons_compare_file_by_file(tree: Path) -> None:
    """The version in a path is not a difference."""
    old = manifest_of(tree)
    text = json.dumps(old).replace("python3.13", "python3.14")

    assert "Files" not in notes(old, json.loads(text))


def test_the_command_prints_notes(tree: Path) -> None:
    """Trees and manifests are taken alike."""
    result = CliRunner().invoke(main, ["notes", str(tree), str(tree / MANIFEST)])

    assert result.exit_code == 0
    assert result.output.startswith("# Standalone Python 3.14.10 x86_64 (current, quick, launcher)")


@pytest.mark.parametrize("content", ["", "[]", "{}", "{" * 100_000])
def test_notes_of_no_manifest_are_refused(tmp_path: Path, tree: Path, content: str) -> None:
    """One line, and the status of a wrong use."""
    (tmp_path / "other.json").write_text(content)
    result = CliRunner().invoke(main, ["notes", str(tmp_path / "other.json"), str(tree)])

    assert result.exit_code == 2
    assert result.output.startswith("everylinux: ")
    assert len(result.output.splitlines()) == 1


def _table() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((PROJECT / "build/advisories.yaml").read_text())
    return found


def test_the_table_of_advisories_is_well_formed() -> None:
    """By its schema, and no advisory of a component twice."""
    schema = json.loads((PROJECT / "build/advisories.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(_table())
    pairs = [(row["component"], row["id"]) for row in _table()["advisories"]]

    assert sorted(set(pairs)) == sorted(pairs)


def test_patches_of_the_table_are_there() -> None:
    """A patch that the table counts on is in build/patches of that component."""
    missing = [
        f"{row['component']}/{name}"
        for row in _table()["advisories"]
        for name in row.get("patches", ())
        if not list((PROJECT / "build/patches").glob(f"{row['component']}*/{name}"))
    ]

    assert missing == []


def test_every_recipe_with_sources_has_a_licence_of_the_list() -> None:
    """No component of any edition is without: an SPDX expression, and the file of its text."""
    for path in sorted((PROJECT / "build/recipes").glob("*.yaml")):
        recipe = yaml.safe_load(path.read_text())
        if recipe.get("sources", [recipe["name"]]):
            licence = recipe["licence"]
            assert canonicalize_license_expression(licence["spdx"]) == licence["spdx"], path.name
            assert licence["file"], path.name
