"""Texts that show something else than they hold, and keys that cost more than they say: refused,
with their line; HTML is not, since a report shows it as text.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import Faults, HarnessError
from harness.spec.document import Document, parse_document
from harness.spec.safe_text import DEEPEST


def parsed(text: str) -> Document:
    return parse_document(Path("it.toml"), "it.toml", text)


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("\u202e", "U+202E (right-to-left override)"),
        ("\u2066", "U+2066 (left-to-right isolate)"),
        ("\u200b", "U+200B (zero width space)"),
        ("\u2028", "U+2028 (line separator)"),
        ("\ufeff", "U+FEFF (zero width no-break space)"),
        ("\x7f", "U+007F (a control character)"),
        ("\x9b", "U+009B (a control character)"),
    ],
)
@pytest.mark.parametrize("text", ['a = 1\nb = "x{}y"\n', "a = 1\n# x{}y\n", 'a = 1\n"x{}" = 2\n'])
def test_what_hides_or_turns_text_is_refused_with_its_line(
    text: str, letter: str, name: str
) -> None:
    with pytest.raises(HarnessError) as caught:
        parsed(text.format(letter))
    assert str(caught.value) == f"it.toml:2: holds {name}, which no spec needs"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('a = 1\nb = "\\u001b[2J"\n', "it.toml:2: b: holds U+001B (a control character)"),
        ('a = 1\nb = ["x", "\\u202e"]\n', "it.toml:2: b.1: holds U+202E (right-to-left override)"),
        ('[t]\n"\\u0007" = 1\n', "it.toml:1: t: a name in it holds U+0007 (a control character)"),
    ],
)
def test_so_is_what_an_escape_would_make(text: str, fault: str) -> None:
    with pytest.raises(Faults) as caught:
        parsed(text)
    assert str(caught.value) == f"{fault}, which no spec needs"


def test_all_of_them_are_named_at_once() -> None:
    with pytest.raises(Faults) as caught:
        parsed('a = "\\u0000"\nb = 0x8000000000000000\nc = 1\n')
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "&lt;", "数 ü 🙂", "a\\tb\\nc"])
def test_html_and_every_script_are_text(title: str) -> None:
    assert "title" in parsed(f'title = "{title}"\n').data


@pytest.mark.parametrize(("levels", "is_refused"), [(DEEPEST, False), (DEEPEST + 1, True)])
def test_levels_are_counted(levels: int, is_refused: bool) -> None:
    text = f"a = {'[' * (levels - 1)}1{']' * (levels - 1)}\n"
    if is_refused:
        with pytest.raises(HarnessError, match=r"it\.toml:1: a\.0\.0: is nested more than 32"):
            parsed(text)
    else:
        parsed(text)
