"""Templates print what they are given and fail on what they are not."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import matplotlib
import pytest
from jinja2 import UndefinedError

from harness.report.claims import Index
from harness.report.page import Page
from harness.report.render import START, STYLES, TEMPLATES, environment, render, script, style
from harness.spec.study import Source
from paper_figures.heatmap import COLOURS
from tests.synthetic import library


def test_a_missing_variable_raises(tmp_path: Path) -> None:
    (tmp_path / "t.html.j2").write_text("{{ page.nothing }}", encoding="utf-8")
    with pytest.raises(UndefinedError):
        environment(tmp_path).get_template("t.html.j2").render(page=object())


def test_everything_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "t.txt.j2").write_text('<p title="{{ x }}">{{ x }}</p>', encoding="utf-8")
    said = environment(tmp_path).get_template("t.txt.j2").render(x='<b>"&')
    assert said == '<p title="&lt;b&gt;&#34;&amp;">&lt;b&gt;&#34;&amp;</p>'


def test_what_hides_in_a_text_or_turns_it_is_spelt_out(tmp_path: Path) -> None:
    (tmp_path / "t.txt.j2").write_text("{{ x }} {{ {'x': [x]} | tojson }}", encoding="utf-8")
    planted = "a\u202eb\x1b[32m\ud800"
    said = environment(tmp_path).get_template("t.txt.j2").render(x=planted)
    spelt = r"a\u202eb\u001b[32m\ud800"
    shown, data = said.split(" ", 1)
    assert shown == spelt
    assert json.loads(data) == {"x": [spelt]}


def test_what_stands_between_backticks_is_code_and_text_stays_text() -> None:
    show = environment().get_template("macros.html.j2").module
    assert show.prose("`--weights FILE` <b> is `x`") == (  # type: ignore[attr-defined]
        "<code>--weights FILE</code> &lt;b&gt; is <code>x</code>"
    )


def test_no_template_switches_escaping_off() -> None:
    for path in TEMPLATES.glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        assert "safe" not in text
        assert "autoescape" not in text


def test_style_and_script_are_all_files_of_their_folders() -> None:
    assert sorted(path.name for path in (TEMPLATES / "css").iterdir()) == sorted(STYLES)
    parts = {path.name: path.read_text(encoding="utf-8") for path in (TEMPLATES / "js").iterdir()}
    assert all(text in script() for text in parts.values())
    assert script().endswith(parts[START] + "}\n")


def test_the_policy_allows_this_style_and_this_script_and_no_other() -> None:
    html = render(EMPTY).decode()
    for kind, text in (("style", style()), ("script", script())):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src &#39;sha256-{digest}&#39;" in html
        assert f"<{kind}>{text}</{kind}>" in html


@pytest.mark.parametrize(
    "means", ["fetch", "XMLHttpRequest", "innerHTML", "eval(", "import(", "http", "</", "<!--"]
)
def test_the_script_has_no_means_to_ask_for_anything_or_to_run_text(means: str) -> None:
    assert means not in script()


def test_the_colours_are_those_of_the_figures() -> None:
    code = (TEMPLATES / "js/colours.js").read_text(encoding="utf-8")
    scale = matplotlib.colormaps[COLOURS]
    anchors = re.findall(r"\b[0-9a-f]{6}\b", code)
    assert anchors == [matplotlib.colors.to_hex(scale(place / 32))[1:] for place in range(33)]


EMPTY = Page(
    title="",
    headline="",
    profile=library().profile("smoke"),
    command="",
    banners=(),
    tallies=(),
    problems=(),
    errata={},
    deviations={},
    exhibits=(),
    sources=(),
    scale=(),
    made_with="",
    study="",
    packed={},
    claims=Index((), {}),
)


def test_line_ends_between_tags_go_and_those_in_text_stay(tmp_path: Path) -> None:
    source = "<ul>\n{% for x in (1, 2) %}\n<li>{{ x }}</li>\n{% endfor %}\n</ul>\n<pre>a\nb</pre>"
    (tmp_path / "t.html.j2").write_text(source, encoding="utf-8")
    said = environment(tmp_path).get_template("t.html.j2").render()
    assert said == "<ul><li>1</li><li>2</li></ul><pre>a\nb</pre>"


def test_the_page_cites_the_documents_that_its_exhibits_are_from() -> None:
    known = library().study.documents
    ours = Source(title="On <b>", citation="A. Author", url='https://example.org/?a="b&c')
    html = render(replace(EMPTY, sources=(known["paper"], ours))).decode()
    title = known["paper"].title
    assert f'<p class="small">The paper: {title}. Yuhang Li, Youngeun Kim' in html
    assert f"TMLR 04/2023. {known['paper'].url}</p>" in html
    assert "On &lt;b&gt;: A. Author. https://example.org/?a=&#34;b&amp;c</p>" in html
