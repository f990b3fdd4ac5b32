"""The page as values → one HTML file: inline style, inline pictures, no script, no request."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.report.view import Page

TEMPLATES = Path(__file__).parent / "templates"


def environment(folder: Path = TEMPLATES) -> Environment:
    """Templates that escape everything and fail on a name that nobody gave them."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(page: Page) -> bytes:
    """The report. The policy in its head allows its own style sheet and data images, nothing else.

    Raises:
        jinja2.UndefinedError: a template uses what the view does not have.
    """
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'"
    template = environment().get_template("page.html.j2")
    # The style sheet is a file of this package; everything else goes through autoescape.
    html = template.render(page=page, style=Markup(style), policy=policy)  # noqa: S704
    return html.encode()
