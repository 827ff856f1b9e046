"""report.html in a real headless Chromium: offline, safe, by keyboard, searched, linked, big."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.report import sample

from everylinux import report

if TYPE_CHECKING:
    from tests.report.browser import Browser

BAD = "busyboxuclibc-x86_64-3.13"
DOWN, RIGHT, ENTER, SPACE, ESCAPE, END, TAB = (
    "\ue015", "\ue014", "\ue007", " ", "\ue00c", "\ue010", "\ue004",
)  # fmt: skip


def test_one_file_without_complaints_or_requests(shown: Browser, page: Path) -> None:
    """The page fetches nothing but itself and the console stays empty."""
    assert shown.fetched() == [page.resolve().as_uri()]
    assert shown.complaints() == []
    assert shown.one("h1").text == "Fails on 3 of 24 required cells, unknown on 1"


def test_the_matrix_shows_every_cell(shown: Browser) -> None:
    """One row for each cell that ran, grouped by family, and one square for each area."""
    assert len(shown.all("tr.row")) == 27
    assert [row.text.split()[0] for row in shown.all("tr.family")] == [
        "Debian", "Red", "SUSE", "Arch", "Alpine", "Embedded",
    ]  # fmt: skip
    assert len(shown.all("tr.row .box")) == 27 * 9
    bad = shown.one(f'[data-cell="{BAD}"] .box.failed')
    assert bad.accessible_name == "BusyBox 1.38-uclibc x86_64, tls: 1 failed, 16 passed"
    assert bad.text == "✗ 1/17"
    assert len(shown.all("#not-run tbody tr")) == 38
    assert "openssl" in shown.one(".components").text


def test_a_cell_opens_by_keyboard(shown: Browser) -> None:
    """Tab reaches the matrix once, arrows move, Enter opens, Escape closes and gives focus back."""
    shown.run("document.getElementById('clear').disabled = false; arguments[0].focus()",
              shown.all("#artefact button")[-1])  # fmt: skip
    shown.press(TAB)
    assert shown.focused() == "Debian 11 x86_64: passed, open all claims"
    shown.press(DOWN, RIGHT, RIGHT)
    assert shown.focused() == "Debian 12 x86_64, launcher: 12 passed"
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert shown.run(f"return {outline}") == "solid"

    shown.press(ENTER)
    assert shown.one("#cell-title").text == "✓ Debian 12"
    assert len(shown.all("#cell-body .verdict")) == 12
    assert shown.run("return location.hash") == "#cell=debian12-x86_64-3.13&area=launcher"

    shown.press(ESCAPE)
    shown.until("!document.getElementById('cell').open")
    assert shown.focused() == "Debian 12 x86_64, launcher: 12 passed"
    assert shown.run("return location.hash") == ""

    shown.press(END, SPACE)
    assert shown.one('#cell-areas [aria-pressed="true"]').text.startswith("users")


def test_a_cell_opens_into_claims_evidence_and_remedy(shown: Browser) -> None:
    """What failed is open, and says why, what was seen and what to do."""
    shown.one(f'[data-cell="{BAD}"] .box.failed').click()
    [failed] = shown.all(".verdict[open]")

    assert failed.get_attribute("data-claim") == "TLS-007"
    for part in ("died, signal 11", "Build the module", "offenders", "libuuid.so.1", "größe"):
        assert part in failed.text
    shown.all(".verdict:not([open]) summary")[0].click()
    assert "modules\n214" in shown.all(".verdict[open]")[1].text
    assert shown.complaints() == []


def test_what_to_mend_names_where(shown: Browser) -> None:
    """A failed claim says in how many cells it fails; a chip opens its verdict there."""
    cards = shown.all(".problem")

    assert [card.find_element("css selector", "code").text for card in cards] == [
        "STA-002", "IMP-003", "TLS-007", "MEM-004",
    ]  # fmt: skip
    assert "2 of 27 cells" in cards[0].text
    shown.one(".problem .chip").click()
    shown.until("document.querySelector('.verdict.at')")
    assert shown.one("#cell-title").text == "✗ CentOS 6"


def test_deep_links_open_a_claim(shown: Browser, page: Path) -> None:
    """An address names a cell and a claim; the link in a verdict is that address."""
    address = f"#cell={BAD}&claim=TLS-009"
    shown.open(page, address)
    shown.until("document.querySelector('.verdict.at')")
    [wanted] = shown.all(".verdict[open]")

    assert wanted.get_attribute("data-claim") == "TLS-009"
    link = shown.one(".verdict[open] a").get_attribute("href") or ""
    assert link.endswith(address)
    shown.open(page, "#cell=nowhere&claim=%00")
    assert shown.all("dialog[open]") == []
    assert shown.complaints() == []


def test_search_covers_claims_and_evidence(shown: Browser) -> None:
    """A word of the evidence leaves only the cells where it stands; Clear shows all again."""
    shown.one("#query").send_keys("libuuid.so.1 busybox")
    shown.until("document.querySelectorAll('tr.row').length === 1")
    assert shown.one("#matching").text == "1 verdict of 1 claim in 1 cell"
    assert [row.get_attribute("data-claim") for row in shown.all(".claim")] == ["TLS-007"]

    shown.one("#clear").click()
    assert len(shown.all("tr.row")) == 27
    assert shown.run("return document.activeElement.id") == "query"

    shown.one("#query").send_keys("no such word")
    shown.until("document.querySelectorAll('tr.row').length === 0")
    assert "No verdict is like this" in shown.one("#claim-list").text


def test_filters_combine(shown: Browser) -> None:
    """Outcome, area, support and architecture narrow matrix and claims together."""
    shown.one('.filters [data-outcome="failed"]').click()
    assert len(shown.all("tr.row")) == 4
    assert shown.one('.hero [data-outcome="failed"]').get_attribute("aria-pressed") == "true"
    shown.run("const s = document.getElementById('support'); s.value = 'best-effort';"
              "s.dispatchEvent(new Event('change'))")  # fmt: skip
    assert [row.get_attribute("data-cell") for row in shown.all("tr.row")] == [
        "alpine26-x86_64-3.13"
    ]
    shown.one("#clear").click()
    shown.run("const s = document.getElementById('arch'); s.value = 'x86';"
              "s.dispatchEvent(new Event('change'))")  # fmt: skip
    assert len(shown.all("tr.row")) == 2
    shown.run("const s = document.getElementById('area'); s.value = 'tls';"
              "s.dispatchEvent(new Event('change'))")  # fmt: skip
    assert len(shown.all("tr.row .box:not(.none)")) == 2
    assert len(shown.all(".claim")) == 17


def test_plots_have_axes_units_and_budget(shown: Browser) -> None:
    """Start-up and memory are drawn with a row per cell, a unit and the budget's line."""
    startup, memory = shown.all(".plot")

    assert len(shown.all(".plot:first-child text.name")) == 27
    assert len(shown.all(".plot:first-child .dot")) == 27 * 15
    assert "budget 20 ms" in startup.text
    assert "budget 8 MiB" in memory.text
    assert len(shown.all(".plot:first-child .over")) == 2
    label = shown.one(".plot:first-child svg").get_attribute("aria-label") or ""
    assert label.startswith("startup.warm in 27 cells: medians from ")
    assert "2 cells above it" in label
    shown.one('[data-metric="startup.reference"]').click()
    assert shown.all(".plot:first-child .limit") == []


def test_hostile_output_is_text(shown: Browser, page: Path) -> None:
    """Script tags, comments, bidi and control characters are shown and never run."""
    shown.open(page, "#cell=tinycore6-x86_64-3.13&claim=IMP-003")
    shown.until("document.querySelector('.verdict.at')")
    visible = "</script><script>window.pwned=1</script><!--<img src=x onerror=window.pwned=2>"

    assert shown.run("return window.pwned ?? null") is None
    assert shown.all("img") == []
    assert len(shown.all("script")) == 2
    for selector in ("#problems", ".verdict.at summary", ".verdict.at .evidence + h4 + pre"):
        assert visible in shown.run("return document.querySelector(arguments[0]).textContent",
                                    selector)  # fmt: skip
    assert "\\u202egnp.exe\\x1b[31mred\\x07" in shown.one(".verdict.at").text
    assert shown.complaints() == []


def test_the_policy_refuses_what_escaping_might_let_through(shown: Browser) -> None:
    """Even if data became markup, the page's policy would stop it: the second line of defence."""
    refused = """
        const found = [];
        try { document.body.innerHTML = "<b>"; } catch (e) { found.push(e.name); }
        const script = document.createElement("script");
        try { script.text = "window.pwned = 3"; document.body.append(script); }
        catch (e) { found.push(e.name); }
        try { document.body.setAttribute("onclick", "window.pwned = 4"); } catch { }
        document.body.click();
        return [found, window.pwned ?? null];
    """
    assert shown.run(refused) == [["TypeError", "TypeError"], None]
    fetched = "return fetch('data:text/plain,x').then(() => 'fetched', () => 'refused')"
    assert shown.run(fetched) == "refused"


def test_a_big_report_is_quick(chromium: Browser, tmp_path: Path) -> None:
    """More than 40 cells x 400 claims with 1 MB of evidence open and search within 5 seconds."""
    made = sample.Sample(per_area=4.1, copies=2)
    rows = made.rows()
    for number, row in enumerate(rows):
        if row["kind"] == "verdict":
            row["evidence"] = {"out": f"line {number} of output\n" * 8}
    first = next(row for row in rows if row["kind"] == "verdict")
    first["evidence"] = {"out": "x" * (1 << 20)}
    path = report.write(sample.write(tmp_path, rows))["html"]
    assert len(made.cells) * len(made.claims_of(artefact=False)) > 16_000

    started = time.monotonic()
    chromium.open(path)
    chromium.until("document.querySelectorAll('tr.row').length === 54", 20)
    opened = time.monotonic()
    chromium.one("#query").send_keys("16001")
    chromium.until("document.querySelectorAll('tr.row').length === 1", 20)

    assert opened - started < 5
    assert time.monotonic() - opened < 5
    assert chromium.complaints() == []


def test_an_incomplete_report_says_so(chromium: Browser, tmp_path: Path) -> None:
    """After a kill the page shows what was judged, and that it is not all."""
    rows = [*sample.head(), sample.cell(claims_expected=5), sample.claim(), sample.verdict()]
    chromium.open(report.write(sample.write(tmp_path, rows))["html"])

    assert chromium.one("h1").text == "Runs on 0 of 1 required cells, unknown on 1"
    assert "4 of 5 verdicts are missing" in chromium.one(".caveats").text
    assert "it was killed" in chromium.one(".caveats").text
    assert "4 missing" in chromium.one("tr.row").text
    assert chromium.complaints() == []


def test_a_report_of_nothing(chromium: Browser, tmp_path: Path) -> None:
    """A run that judged nothing makes a page too, and one that says that."""
    chromium.open(report.write(sample.write(tmp_path, [*sample.head(), sample.end()]))["html"])

    assert chromium.one("h1").text == "Nothing was judged"
    assert chromium.complaints() == []


def test_data_cannot_leave_its_element(tmp_path: Path) -> None:
    """Whatever a probe says, in the page's JSON stands no `<` and nothing beyond ASCII."""
    rows = sample.small(sample.verdict("failed", evidence={sample.HOSTILE: sample.HOSTILE}))
    text = report.write(sample.write(tmp_path, rows))["html"].read_text()
    [data] = re.findall(r'id="data">(.*?)</script>', text, re.DOTALL)

    assert data.isascii()
    assert not set(data) & set("<>&")
    assert json.loads(data)["evidence"][1][0][0].startswith("</script>")
