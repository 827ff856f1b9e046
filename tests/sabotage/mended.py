"""What of the recorded facts is the machine's doing and not the tree's.

The machine of the recording was not idle all the time. Of the tree only what `_building` says is
mended: the recorded cell is judged as it is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

REASONS = Path(__file__).parents[2] / "build/flags/deviations.yaml"
BUILD = "--build=x86_64-linux-musl"


def mend(sections: dict[str, Any]) -> None:
    """Let wall time be what processor time would have been on an idle machine."""
    for row in sections["startup"].values():
        row["wall"] = list(row["cpu"])
    _building(sections)


def _building(sections: dict[str, Any]) -> None:
    """What the tree of area building's recording lacked: it was built before FORTIFY was wired.

    To be taken out when facts are recorded of a tree that has it.
    """
    levels = sections["fortified"]["answer"]["levels"]
    levels.update((path, 2) for path in levels if not path.endswith(("libc.so", "libpython3.so")))
    sections["fortified"]["answer"]["traps"] = dict.fromkeys(levels, 2)
    answer = sections["manifest_flags"]["answer"]
    rows = yaml.safe_load(REASONS.read_text())["deviations"]
    answer["deviations"] = [row for row in rows if row.get("profile", "quick") == "quick"]
    answer["python"]["configure"].insert(0, BUILD)
    own = sections["sysconfig_variables"]["answer"]
    own["CONFIG_ARGS"] = f"'{BUILD}' {own['CONFIG_ARGS']}"
