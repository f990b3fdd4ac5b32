"""A TOML file, read once: its values, and the line of each."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.spec.lines import Path as KeyPath
from harness.spec.lines import line_map, line_of

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
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise HarnessError(shown, f"cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise HarnessError(shown, f"has {len(raw):,} bytes, a spec at most {LARGEST:,}")
    try:
        text = raw.decode("utf-8")
        data = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise HarnessError(f"{shown}:{line}", "is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise _syntax_fault(shown, str(error)) from error
    except RecursionError as error:
        raise HarnessError(shown, "is nested too deeply") from error
    return Document(path=path, shown=shown, data=data, lines=line_map(text), text=text)


def _syntax_fault(shown: str, message: str) -> HarnessError:
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    said = re.sub(r"\s*\(at .*\)$", "", message)
    said = said[:1].lower() + said[1:]
    return HarnessError(f"{shown}:{place[1]}" if place else shown, f"not TOML: {said}")
