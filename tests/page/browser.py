# SPDX-License-Identifier: Apache-2.0
# Copyright The gomapd Authors
"""A headless Chromium, and what tests ask of it."""

import os
import pathlib
import shutil
import time
import unittest

try:
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = None

SCREENSHOTS = pathlib.Path(os.environ.get("GOMAPD_SCREENSHOTS", "build/screenshots")).resolve()
PATIENCE_S = 15


def need_browser():
    if webdriver is None:
        raise unittest.SkipTest("python3-selenium is not installed")
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            raise unittest.SkipTest(f"{program} is not installed")


class Browser:
    """`errors()`: what the console complained about since the last call."""

    def __init__(self, width=1440, height=900):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                         "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                         "--disable-component-update", "--disable-extensions", "--force-device-scale-factor=1",
                         "--lang=en", f"--window-size={width},{height}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = webdriver.chrome.service.Service(shutil.which("chromedriver"))
        self.driver = webdriver.Chrome(service=service, options=options)
        self.resize(width, height)

    def close(self):
        self.driver.quit()

    def resize(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def prefer(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, url):
        self.driver.get("about:blank")
        self.driver.get(url)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector):
        self.until(lambda: self.script(
            "const found = document.querySelector(arguments[0]); if (found) found.click(); return found !== null;",
            selector), f"something to click on: {selector}")

    def keys(self, *keys):
        webdriver.ActionChains(self.driver).send_keys(*keys).perform()

    def text(self, selector):
        return self.script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def texts(self, selector):
        """Of what is to be seen, from the top to the bottom."""
        return self.script("""return [...document.querySelectorAll(arguments[0])].filter((one) => one.checkVisibility())
            .map((one) => [one.getBoundingClientRect().top, one.innerText])
            .sort((a, b) => a[0] - b[0]).map((one) => one[1])""", selector)

    def rows(self, cell=".cell:first-child .first"):
        return self.texts(f"#view .row {cell}")

    def sees(self, selector):
        return bool(self.script("return document.querySelector(arguments[0])?.checkVisibility()", selector))

    def until(self, holds, what):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            result = holds()
            if result:
                return result
            time.sleep(0.03)
        self.keep("failed")
        raise AssertionError(f"not within {PATIENCE_S} s: {what}")

    def keep(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def errors(self, but=()):
        """Without those that hold one of `but`."""
        found = [entry["message"] for entry in self.driver.get_log("browser")]
        return [message for message in found if not any(word in message for word in but)]
