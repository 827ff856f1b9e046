"""Whom the distribution trusts by default, in each Linux's own layout (bug museum 2)."""

from __future__ import annotations

import pytest

from everylinux.checks import Evidence, check
from everylinux.facts import Facts
from everylinux.model import SUBJECT

HASHED = "/etc/ssl/certs"  # the folder that the probe counts in
SOURCE = "docs/build.md: CA certificates"
FOUND = "Look in every place of docs/build.md, first found first used."


@check("TLS-033", source=f"{SOURCE}; bug museum 2", remedy=FOUND)
def test_own_place(facts: Facts, evidence: Evidence) -> None:
    """An authority in the place where this Linux keeps them is trusted by default."""
    found = facts["placed"]
    evidence.update(found)
    if not found["place"]:
        pytest.skip("the matrix names no place for certificates of this Linux")
    assert (found["subject"] or {}).get("echo") is True


@check("TLS-034", source=f"{SOURCE}; bug museum 2", remedy=FOUND)
def test_bundle_is_loaded(facts: Facts, evidence: Evidence) -> None:
    """Where this Linux has a bundle, the default context trusts its authorities."""
    evidence["bundles"] = facts["trust.bundles"]
    evidence["trusted"] = len(facts["trust.subjects"])
    # OpenSSL reads a hashed folder when a name is asked for, and counts nothing before
    by_name = facts["trust.folder"] if facts["trust.paths.openssl_capath"] == HASHED else 0
    evidence["offered by name"] = by_name
    if not any(evidence["bundles"].values()):
        pytest.skip("this Linux has no bundle of certificates")
    assert evidence["trusted"] or by_name


@check(
    "TLS-035",
    source=f"{SOURCE}: never a stale bundle silently",
    remedy="Bring no bundle that is used without being asked for.",
    profiles=("standalone",),
)
def test_no_bundle_no_trust(facts: Facts, evidence: Evidence) -> None:
    """Where this Linux has no bundle, the default context trusts nobody."""
    evidence["bundles"] = facts["trust.bundles"]
    evidence["trusted"] = facts["trust.subjects"][:5]
    if any(evidence["bundles"].values()) or facts["trust.folder"]:
        pytest.skip("this Linux has a bundle of certificates")
    assert evidence["trusted"] == []


def _named(facts: Facts, evidence: Evidence, variable: str) -> None:
    evidence.update(facts["named"][variable])
    assert (evidence["subject"] or {}).get("echo") is True


@check("TLS-036", source="docs.python.org: ssl.get_default_verify_paths", remedy=FOUND)
def test_cert_file_wins(facts: Facts, evidence: Evidence) -> None:
    """An authority in the file that SSL_CERT_FILE names is trusted by default."""
    _named(facts, evidence, "SSL_CERT_FILE")


@check("TLS-037", source="docs.python.org: ssl.get_default_verify_paths", remedy=FOUND)
def test_cert_dir_wins(facts: Facts, evidence: Evidence) -> None:
    """An authority in the folder that SSL_CERT_DIR names is trusted by default."""
    _named(facts, evidence, "SSL_CERT_DIR")


@check("TLS-038", source="RFC 5280, 6.1", remedy="Trust only what the host or the user names.")
def test_stranger_is_not_trusted(facts: Facts, evidence: Evidence) -> None:
    """A server of an authority that nobody named is refused by the default context."""
    evidence.update(facts["named"][""])
    assert (evidence["subject"] or {}).get("verify_code") in {19, 20}


@check("TLS-039", source="spec: File Layout Reference", remedy="Compile no build path in.")
def test_no_build_path(facts: Facts, evidence: Evidence) -> None:
    """The default places are of the host's or in the tree, never where it was built."""
    paths = facts["trust.paths"]
    places = [paths["openssl_cafile"], paths["openssl_capath"]]
    roots = ("/etc/", "/usr/", "/var/", f"{SUBJECT}/")
    evidence["strays"] = [place for place in places if not place.startswith(roots)]
    assert evidence["strays"] == []
