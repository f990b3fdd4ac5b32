"""What leaves this machine names no folder of it: paths are told relative to the project, the store
and the like, and what a user typed from elsewhere by its name alone.
"""

from __future__ import annotations

import html
import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import harness
from harness.layout import Layout

ELSEWHERE = "…"
_TEXT = (".csv", ".json", ".html", ".xml")


class Places:
    """The folders of this machine, each with what it is called in a file that leaves it."""

    def __init__(self, layout: Layout, *typed: str) -> None:
        """`typed` are paths or commands of the user, which may name further places."""
        own = {
            layout.store: "store",
            layout.out: "out",
            layout.data: "data",
            layout.project: "",
            layout.builtin: "",
            Path(harness.__file__).parents[1]: "",
            Path(sys.prefix): "python",
            Path(os.path.expanduser("~")): "~",  # noqa: PTH111 - there may be no home
        }
        self._words = _spelt(own)
        paths = [path for said in typed for word in _words(said) if (path := _path(word))]
        others = [path.parent for path in paths if self(str(path)) == str(path)]
        self._words |= _spelt(dict.fromkeys(others, ELSEWHERE))

    def __call__(self, text: str) -> str:
        """The text with these folders told by their words, in whatever way they are escaped."""
        if not any(path in text for path in self._words):
            return text
        every = "|".join(map(re.escape, sorted(self._words, key=len, reverse=True)))

        def told(found: re.Match[str]) -> str:
            word, rest = self._words[found[1]], found[2]
            return word + rest if word else "" if rest else "."

        return re.sub(rf"(?<![\w.~+-])({every})(?![\w-])(/?)", told, text)

    def command(self, typed: str) -> str:
        """A command as typed, with its paths told so; one from elsewhere by its name alone."""
        return " ".join(map(self._word, _words(typed)))

    def _word(self, word: str) -> str:
        path = _path(word)
        if path is None:
            return shlex.quote(word)
        option = word[: word.find("=") + 1] if word.startswith("-") else ""
        said = self(str(path))
        said = f"{ELSEWHERE}/{path.name}" if said == str(path) else said
        plain = said[:2] if said[:2] in ("~/", f"{ELSEWHERE}/") else ""  # a shell reads ~ unquoted
        return option + plain + shlex.quote(said[len(plain) :])

    def of_file(self, name: str, content: bytes) -> bytes:
        """The content of a file; one that holds no text of ours is left as it is."""
        if not name.endswith(_TEXT):
            return content
        return self(content.decode()).encode()


def _words(typed: str) -> list[str]:
    try:
        return shlex.split(typed)
    except ValueError:  # a quotation that does not end
        return typed.split()


def _path(word: str) -> Path | None:
    """The path that a word of a command is, or sets; None where it is none."""
    value = word.partition("=")[2] if word.startswith("-") else word
    is_relative = not value.startswith(("/", "~", ".."))
    if is_relative and ("/" not in value or "=" in value):
        return None
    return Path(os.path.abspath(os.path.expanduser(value)))  # noqa: PTH100, PTH111 - no link is asked


def _spelt(folders: Mapping[Path, str]) -> dict[str, str]:
    """Each folder as it is written: with and without links, as text, in HTML and in JSON."""
    found: dict[str, str] = {}
    ways: tuple[Callable[[str], str], ...] = (
        str,
        html.escape,
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    )
    for folder, word in folders.items():
        for path in (folder, folder.resolve()):
            if path.is_absolute() and path != Path(path.anchor):
                for way in ways:
                    found.setdefault(way(str(path)), word)
    return found
