"""How report.html looks, in a real headless Chromium: on a phone, in the dark, on paper."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.report.browser import Browser

BAD = "busyboxuclibc-x86_64-3.13"


@pytest.mark.parametrize("width", [320, 390, 768])
def test_no_page_is_wider_than_a_phone(shown: Browser, page: Path, width: int) -> None:
    """Nothing scrolls sideways, neither the page nor an opened cell, with its details open."""
    shown.size(width, 800)
    shown.open(page)
    shown.run("for (const d of document.querySelectorAll('details')) d.open = true")
    shown.until("document.querySelector('.claim[open], .area[open] .claim')")
    assert shown.run("return window.innerWidth") == width
    assert shown.run("return document.documentElement.scrollWidth") <= width

    shown.open(page, "#cell=tinycore6-x86_64-3.13&claim=IMP-003")
    shown.until("document.querySelector('.verdict.at')")
    body = "const b = document.getElementById('cell-body'); return b.scrollWidth - b.clientWidth"
    assert shown.run(body) == 0


COLOURS = """
    const seen = (e) => { while (e && getComputedStyle(e).backgroundColor === 'rgba(0, 0, 0, 0)')
        e = e.parentElement; return getComputedStyle(e ?? document.body).backgroundColor; };
    return [...document.querySelectorAll(arguments[0])].filter(e => e.offsetParent && e.innerText)
        .slice(0, 400).map(e => [getComputedStyle(e).color, seen(e), e.innerText.slice(0, 30)]);
"""
TEXTS = (
    "h1, .why, .exit, .caveats li, .count, .when, .chip, .box:not(.none), .where b, .where small,"
    " .badge, .family small, th, dt, dd, .tab, summary, label span, .hint, .quiet:enabled, .saw"
)


def luminance(colour: str) -> float:
    """WCAG 2: relative luminance of `rgb(r, g, b)`."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough(shown: Browser, page: Path, scheme: str) -> None:
    """Every kind of text has WCAG's AA contrast of 4.5 in both modes."""
    shown.prefer(scheme)
    shown.open(page, f"#cell={BAD}&claim=TLS-007")
    shown.until("document.querySelector('.verdict.at')")
    found = shown.run(COLOURS, TEXTS)
    weak = []
    for text, ground, words in found:
        low, high = sorted((luminance(text), luminance(ground)))
        if (high + 0.05) / (low + 0.05) < 4.5:
            weak.append((words, text, ground))

    assert len(found) > 300
    assert weak == []


def test_dark_and_light(shown: Browser, page: Path) -> None:
    """The system's scheme is followed, and the switch overrides it in both directions."""
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = shown.run(ground)
    shown.prefer("dark")
    shown.open(page)
    dark = shown.run(ground)
    assert luminance(dark) < 0.05
    assert luminance(light) > 0.8

    switch = shown.one("#theme")
    switch.click()
    assert (switch.text, shown.run(ground)) == ("Theme: light", light)
    switch.click()
    assert (switch.text, shown.run(ground)) == ("Theme: dark", dark)
    shown.prefer("light")
    assert shown.run(ground) == dark


def test_headings_and_landmarks(shown: Browser) -> None:
    """The outline has no hole, one main, and everything to press has a name."""
    levels = [
        int(tag.tag_name[1]) for tag in shown.all("main h1, main h2, main h3") if tag.is_displayed()
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(shown.all("main")) == 1
    nameless = """
        const named = (e) => e.ariaLabel || e.textContent.trim() || e.labels?.length;
        const pressed = [...document.querySelectorAll("button, input, select, a")];
        return pressed.filter((e) => !named(e)).length;
    """
    assert shown.run(nameless) == 0


def test_printing_keeps_the_verdict_and_drops_the_switches(shown: Browser) -> None:
    """On paper: light, the verdict, the matrix within the sheet, no filters."""
    shown.size(740, 1000)
    shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert shown.one("h1").is_displayed()
        assert not shown.one("#filters").is_displayed()
        wide = "const m = document.querySelector('.matrix'); return m.offsetWidth <= innerWidth"
        assert shown.run(wide)
    finally:
        shown.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
