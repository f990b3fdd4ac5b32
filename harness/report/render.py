"""The page as values → one HTML file: inline style, script and pictures, and no request."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from markupsafe import Markup

from harness.errors import visible
from harness.report import table, wording
from harness.report.claims import MARKS, Index
from harness.report.page import Page
from harness.spec.profile import Profile

TEMPLATES = Path(__file__).parent / "templates"
STYLES = ("page.css", "tables.css", "exhibit.css", "plots.css", "print.css")
START = "start.js"  # runs what the others define


class Compact(Extension):
    """Line ends between tags help who reads a template; in the page each would be a node."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """The template without them; those inside of text stay."""
        return re.sub(r">\s*\n\s*(?=<|\{%)", ">", source)


def environment(folder: Path = TEMPLATES) -> Environment:
    """Templates that escape everything and fail on a name that nobody gave them."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=[Compact],
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    made.policies["json.dumps_function"] = _data
    made.globals |= {"say": wording, "table": table}  # how numbers and statuses are written
    return made


def style() -> str:
    """The style sheets, one after the other."""
    return "".join(_read(f"css/{name}") for name in STYLES)


def script() -> str:
    """The scripts in one scope: nothing of theirs is global, and none may be sloppy."""
    names = sorted(path.name for path in (TEMPLATES / "js").glob("*.js"))
    parts = (_read(f"js/{name}") for name in sorted(names, key=START.__eq__))
    return '"use strict";\n{\n' + "".join(parts) + "}\n"


def render(page: Page) -> bytes:
    """The report. The policy in its head allows its own style sheet and script, by their hashes,
    and data images; nothing else, no request.

    Raises:
        jinja2.UndefinedError: a template uses what the view does not have.
    """
    return _rendered("page.html.j2", script(), page=page)


def render_claims(claims: Index, profile: Profile) -> bytes:
    """The index of claims as a page beside the report; it has no script.

    Raises:
        jinja2.UndefinedError: a template uses what the index does not have.
    """
    return _rendered("claims.html.j2", "", claims=claims, marks=MARKS, profile=profile)


def _rendered(template: str, behaviour: str, **values: object) -> bytes:
    look = style()
    policy = "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src '{_digest(look)}'",
            f"script-src '{_digest(behaviour)}'" if behaviour else "script-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    # Style and script are files of this package; everything else goes through autoescape.
    inline = {"style": Markup(look), "script": Markup(behaviour)}  # noqa: S704
    made = environment().get_template(template)
    return made.render(policy=policy, **inline, **values).encode()


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _shown(value: object) -> object:
    """A value as the page shows it: what hides in a text, or turns it, is spelt out."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value)
    return value


def _data(value: object, **options: Any) -> str:
    """The same of what the script of the page reads."""

    def told(one: object) -> object:
        if isinstance(one, Mapping):
            return {_shown(name): told(inner) for name, inner in one.items()}
        return [told(inner) for inner in one] if isinstance(one, list | tuple) else _shown(one)

    return json.dumps(told(value), **options)


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")
