"""sbom.cdx.json: the bill of materials as CycloneDX 1.6, made from manifest.json.

It is made after the manifest and then listed in it. Its serial number is of the manifest as it was
before, its time that of the sources: the same build gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import (
    Component,
    ComponentType,
    Diff,
    Patch,
    PatchClassification,
    Pedigree,
)
from cyclonedx.model.issue import IssueClassification, IssueType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from everylinux.errors import BuildError
from everylinux.forge.manifest import NAME as MANIFEST
from everylinux.forge.manifest import entry
from everylinux.forge.papers.identity import cpe, purl

NAME = "sbom.cdx.json"
CVE = re.compile(r"CVE-\d{4}-\d{4,}")
METADATA = re.compile(r"lib/python[\d.]+/site-packages/[^/]+\.dist-info/METADATA")


def write_sbom(tree: Path) -> Path:
    """Write the bill into a tree and list it in its manifest; BuildError if it is not valid."""
    path, manifest = tree / MANIFEST, json.loads((tree / MANIFEST).read_text("utf-8"))
    others = [row for row in manifest["files"] if row["path"] != NAME]
    manifest = {**manifest, "files": others}
    target = tree / NAME
    target.write_text(rendered(bill(manifest, packages(tree, manifest))), "utf-8")
    target.chmod(0o644)
    rows = sorted([*others, entry(tree, target)], key=lambda row: str(row["path"]))
    path.write_text(_text({**manifest, "files": rows}), "utf-8")
    return target


def _text(manifest: Mapping[str, Any]) -> str:
    """As `write_manifest` writes it."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def packages(tree: Path, manifest: Mapping[str, Any]) -> list[Component]:
    """The Python packages that the tree carries beside the standard library: pip."""
    paths = [row["path"] for row in manifest["files"] if METADATA.fullmatch(row["path"])]
    return [_package((tree / path).read_text("utf-8")) for path in paths]


def _package(text: str) -> Component:
    said = HeaderParser().parsestr(text)
    name, version = said["Name"], said["Version"]
    licence = said["License-Expression"] or said["License"]
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        purl=PackageURL(type="pypi", name=name.lower(), version=version),
        licenses=[LicenseExpression(licence)] if licence else None,
    )


def bill(manifest: Mapping[str, Any], bundled: Iterable[Component] = ()) -> Bom:
    """The bill of a manifest; `bundled` are Python packages, part of the component cpython."""
    product = _product(manifest)
    made = [component(row) for row in manifest["components"]]
    for one in made:
        if one.name == "cpython":
            one.components.update(bundled)
    bom = Bom(
        components=made,
        serial_number=serial(manifest),
        metadata=BomMetaData(
            component=product,
            timestamp=datetime.fromtimestamp(manifest["source_date_epoch"], UTC),
        ),
    )
    bom.register_dependency(product, made)
    return bom


def serial(manifest: Mapping[str, Any]) -> uuid.UUID:
    """A UUID of version 8 (RFC 9562: what its maker likes) of the manifest's digest."""
    digest = hashlib.sha256(_text(manifest).encode()).digest()
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def _product(manifest: Mapping[str, Any]) -> Component:
    name, version = manifest["name"], python_version(manifest)
    told = {key: str(manifest[key]) for key in ("arch", "libc", "profile", "start", "python")}
    told["edition"] = manifest["edition"]["name"]
    return Component(
        type=ComponentType.APPLICATION,
        name=name,
        version=version,
        bom_ref=name,
        properties=_properties(told),
    )


def python_version(manifest: Mapping[str, Any]) -> str:
    """The release of CPython that a manifest's tree is; else what it calls itself: 3.13."""
    found = [row["version"] for row in manifest["components"] if row["name"] == "cpython"]
    return str(found[0] if found else manifest["python"])


def _properties(told: Mapping[str, str]) -> list[Property]:
    return [Property(name=f"everylinux:{key}", value=value) for key, value in told.items()]


def component(row: Mapping[str, Any]) -> Component:
    """A row of the manifest's `components` as CycloneDX says it."""
    return Component(
        type=ComponentType.LIBRARY,
        name=row["name"],
        version=row["version"],
        bom_ref=f"{row['name']}@{row['version']}",
        purl=purl(row),
        cpe=cpe(row),
        hashes=[_hash(row["sha256"])],
        licenses=[LicenseExpression(row["licence"])] if row["licence"] else None,
        external_references=[
            reference for source in row["sources"] for reference in _references(source)
        ],
        pedigree=_pedigree(row["patches"]),
        properties=_properties(_told(row)),
    )


def _told(row: Mapping[str, Any]) -> dict[str, str]:
    """Debian's own version of an archive, and the digest of each patch."""
    told = {f"patch:{patch['file']}": patch["sha256"] for patch in row["patches"]}
    for source in row["sources"]:
        form = source["origin"]
        if form.get("kind") == "debian":
            name = form.get("source") or form.get("binary")
            told[f"debian:{source['name']}"] = f"{name} {form['version']} ({form['suite']})"
    return told


def _hash(sha256: str) -> HashType:
    return HashType(alg=HashAlgorithm.SHA_256, content=sha256)


def _references(source: Mapping[str, Any]) -> list[ExternalReference]:
    """Where the archive can be had; of one that only Debian has, its name in the pool."""
    places = source["origin"].get("urls") or [source["file"]]
    return [
        ExternalReference(
            type=ExternalReferenceType.SOURCE_DISTRIBUTION,
            url=XsUri(place),
            hashes=[_hash(source["sha256"])],
            comment=f"{source['name']} {source['version']}",
        )
        for place in places
    ]


def _pedigree(patches: Iterable[Mapping[str, str]]) -> Pedigree | None:
    made = [_patch(patch["file"]) for patch in patches]
    return Pedigree(patches=made, notes="patched before it was built") if made else None


def _patch(file: str) -> Patch:
    """Ours are numbered from 0001, upstream's that we carry from 0101 (docs/build.md)."""
    ours = file.startswith("00")
    return Patch(
        type=PatchClassification.UNOFFICIAL if ours else PatchClassification.BACKPORT,
        diff=Diff(url=XsUri(file)),
        resolves=[
            IssueType(type=IssueClassification.SECURITY, id=name) for name in CVE.findall(file)
        ],
    )


def rendered(bom: Bom) -> str:
    """The bill as JSON, valid by CycloneDX's own schema; BuildError says where it is not."""
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong is not None:
        raise BuildError(f"{NAME} is not valid: {str(wrong)[:300]}", move="mend the manifest's row")
    return text
