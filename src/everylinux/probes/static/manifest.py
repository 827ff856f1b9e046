"""The section `manifest`: what the artefact says of itself, as it stands in manifest.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from everylinux.model import Distribution, Section


@dataclass(frozen=True, slots=True)
class ManifestProbe:
    """Gathers `manifest`: the content of manifest.json, an error where there is none."""

    name: str = "manifest"
    sections: tuple[str, ...] = ("manifest",)
    schema: int = 1

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Return what was read when the distribution was opened."""
        if not distribution.manifest:
            return {"manifest": Section(error="no manifest.json, or none that is a JSON object")}
        return {"manifest": Section(value=dict(distribution.manifest))}
