"""What of the recorded facts is the machine's doing and not the tree's.

The machine of the recording was not idle all the time. Nothing of the tree is mended: the recorded
cell is judged as it is.
"""

from __future__ import annotations

from typing import Any


def mend(sections: dict[str, Any]) -> None:
    """Let wall time be what processor time would have been on an idle machine."""
    for row in sections["startup"].values():
        row["wall"] = list(row["cpu"])
