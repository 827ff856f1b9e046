"""What claims say of weaknesses in the design, whatever their verdict is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from everylinux.model import Verdict
from everylinux.report.model import Report


@dataclass(frozen=True, slots=True)
class Finding:
    """One weakness, what is done about it, and the verdicts of the claim that measures that."""

    claim: str
    weakness: str
    mitigation: str
    outcomes: Mapping[str, int]  # of the claim, over the cells that told of it

    @property
    def measured(self) -> str:
        """The verdicts in words: `passed in 3, failed in 1`."""
        return ", ".join(f"{outcome} in {count}" for outcome, count in self.outcomes.items())


def findings(report: Report) -> tuple[Finding, ...]:
    """The findings of all verdicts, each once, in the order of their claims."""
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for verdict in report.verdicts:
        told = _told(verdict)
        if told:
            found.setdefault((verdict.claim, *told), Counter())[verdict.outcome.value] += 1
    return tuple(Finding(*key, dict(counts)) for key, counts in sorted(found.items()))


def _told(verdict: Verdict) -> tuple[str, str] | None:
    """What `Evidence.finding` left in the evidence; a journal may hold anything."""
    found = verdict.evidence.get("finding")
    if not isinstance(found, Mapping):
        return None
    return str(found.get("weakness", "")), str(found.get("mitigation", ""))
