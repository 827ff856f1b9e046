"""Tables and plots of reports/performance.json, and their place in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

BEGIN, END = "<!-- figures -->", "<!-- /figures -->"
MIB = 1 << 20
REFERENCE = "debian-3.13"
"""What ratios are against, if it was measured; else the second subject."""

Document = Mapping[str, Any]
Row = tuple[str, dict[str, float]]  # a measure's name, its value by subject


def rows(document: Document) -> dict[str, tuple[str, list[Row]]]:
    """Section -> unit and rows: start-up (ms), page faults, memory (MiB), benchmarks (ms)."""
    starts, suite = document["starts"], document["pyperformance"]
    found = {
        "Start, median": ("ms", _medians(starts.get("seconds", {}), 1000)),
        "Minor page faults, median": ("", _medians(starts.get("faults", {}), 1)),
        "Peak of resident memory (VmHWM)": ("MiB", _memory(starts, "VmHWM")),
        "Proportional set (PSS) at the end": ("MiB", _memory(starts, "Pss")),
        "pyperformance, median": ("ms", _suite(suite)),
    }
    return {name: table for name, table in found.items() if table[1]}


def _medians(series: Mapping[str, Mapping[str, Sequence[float]]], factor: float) -> list[Row]:
    return [
        (case, {name: median(values) * factor for name, values in by_name.items()})
        for case, by_name in series.items()
    ]


def _memory(starts: Document, key: str) -> list[Row]:
    return [
        (case, {name: median(one[key] for one in seen) / MIB for name, seen in by_name.items()})
        for case, by_name in starts.get("memory", {}).items()
    ]


def _suite(suite: Document) -> list[Row]:
    return [
        (
            name,
            {who: median(median(values) for values in turns) * 1000 for who, turns in by.items()},
        )
        for name, by in sorted(suite.get("seconds", {}).items())
    ]


def reference(document: Document) -> str:
    """The subject that ratios are against; "" if there is only one."""
    names = list(document["subjects"])
    if REFERENCE in names:
        return REFERENCE
    return names[1] if len(names) > 1 else ""


def means(document: Document) -> dict[str, tuple[float, int]]:
    """Subject -> geometric mean of time over the reference's, and of how many benchmarks.

    Only benchmarks that both ran count; below 1 is faster than the reference.
    """
    base = reference(document)
    found = {}
    for name in document["subjects"]:
        pairs = [by for _, by in _suite(document["pyperformance"]) if name in by and base in by]
        if pairs:
            found[name] = (geometric_mean([by[name] / by[base] for by in pairs]), len(pairs))
    return found


def text(document: Document) -> str:
    """All tables in Markdown."""
    return "\n".join(_lines(document))


def _lines(document: Document) -> Iterator[str]:
    names, base = list(document["subjects"]), reference(document)
    machine, options = document["machine"], document["options"]
    suite = f"{options['suite']}{', --fast' if options['fast'] else ''}"
    yield f"Measured {document['when']} on {machine['cpu']}, {machine['cores']} cores, Linux "
    yield f"{machine['kernel']}, load {machine['load']:.1f} at the start; {options['rounds']} "
    yield f"rounds of starts, pyperformance {suite}."
    yield f"Ratios in brackets are against {base}: below 1 is less, and better."
    yield ""
    for name in names:
        yield f"- **{name}**: {document['subjects'][name]['says']}"
    for title, (unit, table) in rows(document).items():
        yield from ("", f"### {title}{f' ({unit})' if unit else ''}", "")
        yield f"| | {' | '.join(names)} |"
        yield f"|---|{'---:|' * len(names)}"
        for case, values in table:
            yield f"| `{case}` | {' | '.join(_cell(values, name, base) for name in names)} |"
    if average := means(document):
        cells = [
            f"{average[name][0]:.3f} ({average[name][1]})" if name in average else "-"
            for name in names
        ]
        yield f"| **geometric mean (of so many)** | {' | '.join(cells)} |"
    failed = document["pyperformance"].get("failed", {})
    for bench, by_name in failed.items():
        for name, why in by_name.items():
            yield f"\nnot measured: {bench} with {name}: {why}"


def _cell(values: Mapping[str, float], name: str, base: str) -> str:
    if name not in values:
        return "-"
    ratio = f" ({values[name] / values[base]:.2f})" if base in values and name != base else ""
    return f"{values[name]:.4g}{ratio}"


def draw(document: Document, folder: Path) -> list[Path]:
    """Write one SVG for each section; the same bytes from the same document."""
    import matplotlib as mpl  # noqa: PLC0415 - the extra `bench`

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "everylinux"
    return [
        _plot(title, unit, table, list(document["subjects"]), folder)
        for title, (unit, table) in rows(document).items()
    ]


def _plot(title: str, unit: str, table: list[Row], names: list[str], folder: Path) -> Path:
    """Bars by subject in groups by measure; those of benchmarks relative to the reference."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - see draw

    relative = title.startswith("pyperformance")
    base = REFERENCE if REFERENCE in names else names[0]
    shown = [(c, v) for c, v in table if not relative or base in v]
    figure, axes = plt.subplots(figsize=(7, 1.2 + len(shown) * (0.1 + 0.14 * len(names))))
    for index, name in enumerate(names):
        places = [row + 0.8 * index / len(names) for row in range(len(shown))]
        values = [v.get(name, 0) / (v[base] if relative else 1) for _, v in shown]
        axes.barh(places, values, height=0.75 / len(names), label=name)
    axes.set_yticks([row + 0.35 for row in range(len(shown))], [case for case, _ in shown])
    axes.invert_yaxis()
    axes.set_xlabel(f"time over that of {base}" if relative else unit or "count")
    axes.set_title(title)
    axes.legend(fontsize="small")
    if relative:
        axes.axvline(1, color="black", linewidth=0.8)
    target = folder / f"performance-{_slug(title)}.svg"
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    return target


def _slug(title: str) -> str:
    """The words before the first comma or bracket, as a file's name has them."""
    return re.split(r"[,(]", title)[0].strip().lower().replace(" ", "-")


def publish(document: Document, docs: Path) -> None:
    """Renew what stands between the markers of docs/performance.md, adding them if need be."""
    page = docs / "performance.md"
    old = page.read_text() if page.exists() else "# Performance\n"
    before, marked, rest = old.partition(BEGIN)
    after = rest.partition(END)[2] if marked else ""
    pictures = [f"![{path.stem}]({path.name})" for path in draw(document, docs)]
    middle = "\n".join([BEGIN, "", text(document), "", *pictures, "", END])
    page.write_text(f"{before.rstrip()}\n\n{middle}{after or chr(10)}")
