"""Standard output and error as they may be found: in any encoding, closed, full, or left."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
import unicodedata
from pathlib import Path
from typing import NoReturn

from harness.errors import ExitCode

_PLAIN = {
    **dict.fromkeys("–—‑−─━═╌", "-"),
    **dict.fromkeys("│┃║", "|"),
    **dict.fromkeys("•·○◐∅", "*"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("‘’", "'"),
    "×": "x",
    "÷": "/",
    "⁄": "/",
    "…": "...",
    "→": "->",
    "←": "<-",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "≈": "~",
    "±": "+-",
    "∞": "inf",
    "✓": "yes",
    "✕": "no",
}


def _in_plain(error: UnicodeError) -> tuple[str, int]:
    """For characters that an encoding lacks, the nearest in ASCII; what has none is spelt out."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(map(_nearest, lacking)), error.end


def _nearest(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        return "+"
    if name.startswith("GREEK"):
        return name.rpartition(" LETTER ")[2].partition(" ")[0].lower()
    parts = unicodedata.normalize("NFKD", character).replace("\u2044", "/")
    bare = "".join(part for part in parts if part.isascii())
    return bare or character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error("harness-plain", _in_plain)


def show_anything() -> None:
    """Make the standard streams take any text: they have one, and its encoding never refuses."""
    for number in range(3):  # a file that gets the number of a closed stream would be printed into
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="harness-plain")


def takes_unicode() -> bool:
    """Whether standard output can hold any character as it is."""
    with contextlib.suppress(LookupError, AttributeError):
        return codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf")
    return True


def reader_left() -> NoReturn:
    """End as a program whose pipe nobody reads, `harness list | head -1`: that is no failure of a
    check, whose code is 1.
    """
    _to_nowhere()
    raise SystemExit(ExitCode.READER_LEFT)


def flushed(code: int) -> int:
    """Bring what was printed to its place; the exit code, which a full disk makes a failure."""
    try:
        sys.stdout.flush()
    except OSError as error:
        _to_nowhere()
        if error.errno == errno.EPIPE:
            return ExitCode.READER_LEFT
        sys.stderr.write(f"standard output: {error.strerror}\n")
        return code or ExitCode.RUN_FAILED
    return code


def _to_nowhere() -> None:
    """The interpreter flushes once more at its end, and would complain."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
