"""The papers of a build: bill of materials, provenance, checksums, notes of a release."""

from __future__ import annotations

from everylinux.forge.papers.provenance import write_statement
from everylinux.forge.papers.sbom import write_sbom

__all__ = ["write_sbom", "write_statement"]
