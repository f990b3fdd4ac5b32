"""What is printed for programs, the same for every command."""

from __future__ import annotations

import json
from typing import Any

from harness.terminal import reader_left, takes_unicode


def print_json(value: Any) -> None:
    """Print a value as JSON and nothing else."""
    print_lines(json_text(value, indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON that standard output can hold: a reader gets back every character."""
    return json.dumps(value, indent=indent, ensure_ascii=not takes_unicode(), allow_nan=False)


def print_lines(text: str) -> None:
    """Print text as it is."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        reader_left()
