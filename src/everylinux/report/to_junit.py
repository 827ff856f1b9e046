"""junit.xml: one suite for each cell, one case for each claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from everylinux.model import Claim, Outcome, Verdict
from everylinux.report.model import CellRow, Report
from everylinux.report.summary import Summary
from everylinux.report.text import pretty, visible

TAGS: Mapping[Outcome, str] = {
    Outcome.FAILED: "failure",
    Outcome.UNKNOWN: "error",
    Outcome.SKIPPED: "skipped",
    Outcome.WAIVED: "skipped",
}
COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}
MAX_EVIDENCE = 16 << 10  # characters of evidence below a failure: CI servers keep all of it


def to_junit(report: Report, summary: Summary) -> str:
    """The text of junit.xml; unseen characters, which XML 1.0 forbids, are written as escapes."""
    root = ET.Element("testsuites", name="everylinux", time=_time(report.verdicts))
    by_cell = report.verdicts_by_cell()
    claims = {claim.id: claim for claim in report.claims}
    for row in summary.cells:
        root.append(_suite(report, row.cell, by_cell[row.cell.id], claims, row.missing))
    totals = Counter[str]()
    for suite in root:
        totals.update({name: int(suite.attrib[name]) for name in ("tests", *COUNTED.values())})
    root.attrib.update({name: str(totals[name]) for name in ("tests", *COUNTED.values())})
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _time(verdicts: tuple[Verdict, ...]) -> str:
    return f"{sum(verdict.seconds for verdict in verdicts):.3f}"


def _suite(
    report: Report,
    cell: CellRow,
    verdicts: tuple[Verdict, ...],
    claims: Mapping[str, Claim],
    missing: int,
) -> ET.Element:
    """One cell; a cell that did not run is one skipped case, missing verdicts are one error."""
    suite = ET.Element("testsuite", name=visible(cell.id), time=_time(verdicts))
    suite.set("timestamp", visible(report.run.started))
    for verdict in verdicts:
        suite.append(_case(claims[verdict.claim], verdict))
    if not cell.has_run:
        _lacking(suite, cell, "skipped", f"not run: {cell.reason}")
    elif missing:
        _lacking(suite, cell, "error", f"{missing} verdicts are missing")
    found = Counter(child.tag for case in suite for child in case)
    suite.attrib.update({name: str(found[tag]) for tag, name in COUNTED.items()})
    suite.set("tests", str(len(suite)))
    return suite


def _lacking(suite: ET.Element, cell: CellRow, tag: str, why: str) -> None:
    case = ET.SubElement(suite, "testcase", classname=visible(cell.id), name="cell", time="0")
    ET.SubElement(case, tag, message=visible(why))


def _case(claim: Claim, verdict: Verdict) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=visible(f"{verdict.cell}.{claim.area}"),
        name=visible(f"{claim.id} {claim.says}"),
        time=f"{verdict.seconds:.3f}",
    )
    tag = TAGS.get(verdict.outcome)
    if tag:
        why = f"{verdict.outcome}: {verdict.reason}" if tag == "skipped" else verdict.reason
        found = ET.SubElement(case, tag, message=visible(why))
        if tag != "skipped":
            found.set("type", verdict.outcome)
            seen = pretty(dict(verdict.evidence))[:MAX_EVIDENCE]
            found.text = f"remedy: {visible(claim.remedy)}\n{seen}\n"
    return case
