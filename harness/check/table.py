"""The lines of a CSV file that people write by hand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from harness.errors import HarnessError
from harness.spec.safe_text import decoded

LARGEST = 10_000_000  # bytes

Lines = list[tuple[int, list[str]]]


def read_table(path: Path, shown: str) -> Lines:
    """Line number and fields of each row that has any, the header first.

    Rows of empty fields are what spreadsheet programs leave at the end.

    Raises:
        HarnessError: unreadable, empty, too large, or no CSV with commas in UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise HarnessError(shown, f"cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise HarnessError(shown, f"has {len(raw):,} bytes, a golden file at most {LARGEST:,}")
    try:
        found = [(number, row) for number, row in _rows(decoded(raw, shown)) if any(row)]
    except csv.Error as error:
        raise HarnessError(shown, f"is no CSV: {error}") from error
    if not found:
        raise HarnessError(f"{shown}:1", "holds no values")
    header = found[0][1]
    if len(header) == 1 and (mark := next((one for one in ";\t" if one in header[0]), "")):
        problem = f"its fields are separated by {mark!r}"
        raise HarnessError(f"{shown}:1", problem, hint="save it with commas")
    return found


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows, each with the line that it begins on: a quoted field may go over several."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    for row in reader:
        yield begins, row
        begins = reader.line_num + 1
