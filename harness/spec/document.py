"""A TOML file, read once: its values, and the line of each."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import Faults, HarnessError
from harness.spec.lines import Path as KeyPath
from harness.spec.lines import line_map, line_of
from harness.spec.safe_text import DEEPEST, decoded, deep_key, harmful, unusual

LARGEST = 1_000_000  # bytes; a spec is written by hand, so more is a mistake or an attack


@dataclass(frozen=True)
class Document:
    """`shown` is the file as the user would type it, `data` its values, `lines` their places,
    `text` what was read.
    """

    path: Path
    shown: str
    data: dict[str, Any]
    lines: dict[KeyPath, int]
    text: str = ""

    def fault(self, path: KeyPath, problem: str, hint: str = "") -> HarnessError:
        """The error for what stands at `path`: `file:line: key: problem – hint`."""
        place = f"{self.shown}:{line_of(path, self.lines)}"
        dotted = ".".join(str(part) for part in path)
        return HarnessError(place, f"{dotted}: {problem}" if dotted else problem, hint=hint)


def read_document(path: Path, shown: str) -> Document:
    """Read one TOML file.

    Raises:
        HarnessError: unreadable, too large, not UTF-8 or not TOML; with the line if there is one.
        Faults: everything in it that may stand in TOML, but not in a spec.
    """
    return parse_document(path, shown, decoded(_content(path, shown), shown))


def parse_document(path: Path, shown: str, text: str) -> Document:
    """The document of a text that was read from `path`; raises as `read_document`."""
    if (found := harmful(text)) is not None:
        line = text.count("\n", 0, found[0]) + 1
        raise HarnessError(f"{shown}:{line}", f"holds {found[1]}, which no spec needs")
    if (place := deep_key(text)) is not None:
        line = text.count("\n", 0, place) + 1
        raise HarnessError(f"{shown}:{line}", f"a key has more than {DEEPEST} parts")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found_at = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        said = re.sub(r"\s*\(at .*\)$", "", str(error))
        where = f"{shown}:{found_at[1]}" if found_at else shown
        raise HarnessError(where, f"not TOML: {said[:1].lower()}{said[1:]}") from error
    except ValueError as error:  # an integer of thousands of digits
        raise HarnessError(shown, f"not TOML: {error}") from error
    except RecursionError as error:
        raise HarnessError(shown, "is nested too deeply") from error
    faults = list(unusual(data))
    document = Document(path=path, shown=shown, data=data, lines=line_map(text), text=text)
    if faults:
        raise Faults([document.fault(at, problem) for at, problem in faults])
    return document


def _content(path: Path, shown: str) -> bytes:
    """The bytes of a file; a pipe would not end, and a huge file would not fit."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise HarnessError(shown, "is no file")
            if state.st_size > LARGEST:
                raise HarnessError(
                    shown, f"has {state.st_size:,} bytes, a spec at most {LARGEST:,}"
                )
            return file.read(LARGEST)
    except OSError as error:
        raise HarnessError(shown, f"cannot be read: {error.strerror}") from error
