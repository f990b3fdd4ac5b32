"""Templates print what they are given and fail on what they are not."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from harness.report.render import TEMPLATES, environment


def test_a_missing_variable_raises(tmp_path: Path) -> None:
    (tmp_path / "t.html.j2").write_text("{{ page.nothing }}", encoding="utf-8")
    with pytest.raises(UndefinedError):
        environment(tmp_path).get_template("t.html.j2").render(page=object())


def test_everything_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "t.txt.j2").write_text('<p title="{{ x }}">{{ x }}</p>', encoding="utf-8")
    said = environment(tmp_path).get_template("t.txt.j2").render(x='<b>"&')
    assert said == '<p title="&lt;b&gt;&#34;&amp;">&lt;b&gt;&#34;&amp;</p>'


def test_no_template_switches_escaping_off() -> None:
    for path in TEMPLATES.glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert "safe" not in text
        assert "autoescape" not in text
