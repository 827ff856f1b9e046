"""NAME.provenance.json: an in-toto statement of how the archives beside the tree were made.

Unsigned, so that the same build gives the same bytes; `envelope` signs it with a key of the user's.
https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

import everylinux
from everylinux.errors import UsageError
from everylinux.forge.manifest import NAME as MANIFEST
from everylinux.forge.manifest import sha256
from everylinux.forge.papers.sbom import NAME as SBOM

SUFFIX = ".provenance.json"
SUMS = "SHA256SUMS"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
PAYLOAD = "application/vnd.in-toto+json"
BUILD = "urn:everylinux:build:v1"
BUILDER = "urn:everylinux:forge"

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


def write_statement(tree: Path, name: str, archives: Iterable[Path]) -> Path:
    """Write NAME.provenance.json beside the tree, and its line into SHA256SUMS if that is there."""
    manifest = json.loads((tree / MANIFEST).read_text("utf-8"))
    subjects = {path.name: sha256(path) for path in archives}
    papers = {path: sha256(tree / path) for path in (MANIFEST, SBOM) if (tree / path).exists()}
    target = tree.parent / f"{name}{SUFFIX}"
    target.write_text(rendered(statement(manifest, subjects, papers)), "utf-8")
    target.chmod(0o644)
    sums = tree.parent / SUMS
    if sums.exists():
        sums.write_text(f"{sums.read_text()}{sha256(target)}  {target.name}\n")
    return target


def rendered(value: Mapping[str, Any]) -> str:
    """JSON as all papers have it."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def statement(
    manifest: Mapping[str, Any], subjects: Mapping[str, str], papers: Mapping[str, str]
) -> dict[str, Any]:
    """The statement; `subjects` (archives) and `papers` (files of the tree) are name -> sha256."""
    return {
        "_type": STATEMENT,
        "subject": [_resource(name, digest) for name, digest in sorted(subjects.items())],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": _definition(manifest),
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"everylinux": everylinux.__version__}},
                "byproducts": [_resource(name, digest) for name, digest in sorted(papers.items())],
            },
        },
    }


def _resource(name: str, digest: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest}}


def _definition(manifest: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: manifest[key] for key in ("python", "arch", "profile", "start")}
    edition = manifest["edition"]
    return {
        "buildType": BUILD,
        "externalParameters": {
            **given,
            "edition": edition["name"],
            "nearest": edition["nearest"],
        },
        "internalParameters": {
            "source_date_epoch": manifest["source_date_epoch"],
            "toolchain": manifest["toolchain"],
        },
        "resolvedDependencies": materials(manifest),
    }


def materials(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every archive and every patch: `name`, `digest`, and `uri` where one is known."""
    found = []
    for row in manifest["components"]:
        for source in row["sources"]:
            material = _resource(source["file"], source["sha256"])
            urls = source["origin"].get("urls", ())
            found.append({**material, "uri": urls[0]} if urls else material)
        found += [_resource(f"{row['name']}/{p['file']}", p["sha256"]) for p in row["patches"]]
    return sorted(found, key=lambda one: (one["name"], one["digest"]["sha256"]))


def private_key(path: Path) -> PrivateKey:
    """The user's key, PEM without a password; UsageError for what cannot sign."""
    move = "name a PEM file: openssl genpkey -algorithm ed25519"
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}", move=move) from None
    except (ValueError, TypeError):  # no key; or one with a password
        raise UsageError(f"{path} is no private key without a password", move=move) from None
    if not isinstance(key, PrivateKey):
        raise UsageError(f"{path} is neither an Ed25519 nor an elliptic curve key", move=move)
    return key


def envelope(payload: bytes, key: PrivateKey) -> dict[str, Any]:
    """A statement in a DSSE envelope: https://github.com/secure-systems-lab/dsse (protocol.md)."""
    signature = _sign(key, encoded(payload))
    return {
        "payloadType": PAYLOAD,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": key_id(key.public_key()), "sig": base64.b64encode(signature).decode()}
        ],
    }


def encoded(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of type and payload."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)


def _sign(key: PrivateKey, message: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ECDSA(hashes.SHA256()))


def key_id(key: PublicKey) -> str:
    """The sha256 of a public key as DER (SubjectPublicKeyInfo)."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def opened(signed: Mapping[str, Any], key: PublicKey) -> bytes | None:
    """The payload of an envelope if `key` signed it, else None."""
    payload = base64.b64decode(signed["payload"])
    for one in signed["signatures"]:
        try:
            _verify(key, base64.b64decode(one["sig"]), encoded(payload))
        except InvalidSignature:
            continue
        return payload
    return None


def _verify(key: PublicKey, signature: bytes, message: bytes) -> None:
    if isinstance(key, Ed25519PublicKey):
        key.verify(signature, message)
    else:
        key.verify(signature, message, ECDSA(hashes.SHA256()))
