"""The lines of a CSV file that people write by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from harness.errors import HarnessError

LARGEST = 10_000_000  # bytes


def read_table(path: Path, shown: str) -> list[list[str]]:
    """The fields of each line, the header first.

    Raises:
        HarnessError: unreadable, too large, or no CSV in UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise HarnessError(shown, f"cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise HarnessError(shown, f"has {len(raw):,} bytes, a golden file at most {LARGEST:,}")
    try:
        return list(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise HarnessError(shown, f"is no CSV in UTF-8: {error}") from error
