"""The section `says`: what the artefact is said to run on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from everylinux.model import Distribution, Section
from everylinux.symbols.said import Said, by_names


@dataclass(frozen=True, slots=True)
class SaysProbe:
    """Gathers `says`: `musl` and `glibc` (the oldest release promised, "" for none), `by`, `names`.

    The names of archive and folder count (`...musllinux_1_2_x86_64.whl`); where they say nothing,
    the musl among the components of manifest.json, which a Standalone Python brings with it.
    """

    name: str = "says"
    sections: tuple[str, ...] = ("says",)
    schema: int = 1

    def gather(self, distribution: Distribution) -> Mapping[str, Section]:
        """Read names and manifest; nothing is parsed."""
        said = by_names(distribution.names)
        if not said.by and (musl := _shipped(distribution)):
            said = replace(Said(), musl=musl, by="manifest.json: musl")
        return {"says": Section(value={**asdict(said), "names": list(distribution.names)})}


def _shipped(distribution: Distribution) -> str:
    rows = distribution.manifest.get("components")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and row.get("name") == "musl":
            return str(row.get("version", ""))
    return ""
