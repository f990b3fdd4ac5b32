"""What no spec has a use for and what only harms: refused before any of it is interpreted.

Control and bidirectional characters make a terminal or a reader show something else than what is
there (CVE-2021-42574), and keys of thousands of parts cost TOML readers the square of their number.
HTML is not refused: a report shows it as text.
"""

from __future__ import annotations

import codecs
import datetime
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from harness.canonical import LARGEST, walk
from harness.errors import HARMFUL, HarnessError
from harness.spec.lines import Path as KeyPath

DEEPEST = 32  # levels of tables and lists; a spec has about six

# Each part is read once, from its beginning and without a way back: this must be fast on any text.
_PART = r"""(?:[A-Za-z0-9_-]++|"(?:[^"\\\n]|\\.){0,99}+"|'[^'\n]{0,99}+')"""
_LONG_KEY = re.compile(
    rf"(?<![A-Za-z0-9_-]){_PART}(?:[ \t]{{0,9}}+\.[ \t]{{0,9}}+{_PART}){{{DEEPEST}}}+"
)


_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # UTF-32 LE begins as 16


def decoded(raw: bytes, shown: str) -> str:
    """The text of a file that people edit, as editors save it: UTF-8 with or without a mark.

    Raises:
        HarnessError: another encoding; with the line where UTF-8 ends, if it is not UTF-16 or 32.
    """
    hint = "save it as UTF-8"
    if raw.startswith(_WIDE) or b"\0" in raw[:2]:
        raise HarnessError(shown, "is UTF-16 or UTF-32 text", hint=hint)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise HarnessError(f"{shown}:{line}", "is not UTF-8 text", hint=hint) from error


def harmful(text: str) -> tuple[int, str] | None:
    """Place of the first character that is refused, and its name; None where there is none."""
    found = HARMFUL.search(text)
    if found is None:
        return None
    letter = found[0]
    name = unicodedata.name(letter, "a control character")
    return found.start(), f"U+{ord(letter):04X} ({name.lower()})"


def deep_key(text: str) -> int | None:
    """Where a key of more than `DEEPEST` parts begins in a TOML text, if one does."""
    found = _LONG_KEY.search(text)
    return found.start() if found else None


def unusual(data: Any) -> Iterator[tuple[KeyPath, str]]:
    """Place and problem of what may stand in TOML, but not in a spec: TOML knows dates, inf and
    nan, and integers of any size.
    """
    for path, value in walk(data, DEEPEST):
        if len(path) > DEEPEST:
            yield path[:3], f"is nested more than {DEEPEST} levels deep"
        elif isinstance(value, dict):
            for bad in filter(None, map(harmful, value)):
                yield path, f"a name in it holds {bad[1]}, which no spec needs"
        elif isinstance(value, str) and (found := harmful(value)) is not None:
            yield path, f"holds {found[1]}, which no spec needs"
        elif isinstance(value, int) and abs(value) > LARGEST:
            yield path, "is an integer that does not fit into 64 bits"
        elif isinstance(value, datetime.date | datetime.time):
            yield path, f"must not be a date or time (got {value})"
        elif isinstance(value, float) and not math.isfinite(value):
            yield path, f"must be a finite number (got {value})"
