"""A real headless Chromium that keeps a record of errors and of what it fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
DRIVER = shutil.which("chromedriver") or ""
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or ""
MISSING = "" if DRIVER and BROWSER else "needs chromium and chromedriver (Debian: chromium-driver)"


class Browser:
    """One page of a Chromium."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        """Wrap a started driver."""
        self.driver = driver

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """What was recorded since it was last asked for."""
        rows: list[dict[str, Any]] = self.driver.get_log(kind)  # type: ignore[no-untyped-call]
        return rows

    def size(self, width: int, height: int) -> None:
        """Be a screen of that size, with one pixel per pixel."""
        about = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", about)

    def prefer(self, scheme: str) -> None:
        """Prefer a colour scheme, `light` or `dark`, and no motion: clicks need no waiting."""
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def open(self, path: Path, fragment: str = "") -> None:
        """Load a file anew, with an empty record and no remembered theme."""
        self.driver.get("about:blank")
        self._log("performance")
        self._log("browser")
        self.driver.get(f"{path.resolve().as_uri()}{fragment}")
        self.run("localStorage.clear()")

    def run(self, script: str, *arguments: object) -> Any:  # noqa: ANN401 - any JSON
        """Run a script as the developer tools would."""
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        """The first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        """All elements of a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def press(self, *keys: str) -> None:
        """Press keys on what has the focus, one after the other."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def focused(self) -> str:
        """The accessible name of what has the focus."""
        name: str = self.driver.switch_to.active_element.accessible_name
        return name

    def until(self, script: str, seconds: float = 5) -> None:
        """Wait until a script gives something true."""
        WebDriverWait(self.driver, seconds, 0.02).until(lambda _: self.run(f"return {script}"))

    def complaints(self) -> list[str]:
        """What the console has: errors, warnings, refusals of the page's policy."""
        return [entry["message"] for entry in self._log("browser")]

    def fetched(self) -> list[str]:
        """The addresses of all requests since `open`."""
        messages = [json.loads(row["message"])["message"] for row in self._log("performance")]
        return [
            message["params"]["request"]["url"]
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
