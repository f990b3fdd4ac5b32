"""A Chromium, and the report of every exhibit opened in it from a file.

Run by `nox -s browser`; the test session has neither playwright nor a browser. A Chromium of the
system is taken where there is one (or CHROMIUM says which), else that of `playwright install`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.whole import whole
from tests.report.conftest import writer
from tests.synthetic import library, plan

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDE, NARROW = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of all exhibits under the profile smoke, with maps of up to 577 layers."""
    folder = tmp_path_factory.mktemp("whole")
    exhibits = tuple(name for name, one in library().exhibits.items())
    writer(folder)(whole(plan(*exhibits, profile="smoke")), "smoke")
    return folder / "out/smoke/report.html"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests. Without its own sandbox: containers have no rights for it, and it
    opens nothing but the file made here."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    from playwright.sync_api import sync_playwright  # the test session does without

    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


class Opened:
    """A page, and what it asked for and complained of since it was opened."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def opened(browser: Any, report: Path, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """The report in a fresh window; parametrise it with what the window is like."""
    usual: dict[str, Any] = {"viewport": WIDE, "color_scheme": "light"}
    context = browser.new_context(**usual | getattr(request, "param", {}))
    made = Opened(context.new_page())
    made.page.goto(report.as_uri())
    yield made
    context.close()
    ours = (report.as_uri(), report.with_name("claims.html").as_uri(), "data:")
    outside = [url for url in made.requests if not url.startswith(ours)]
    assert outside == []
    assert made.complaints == []
