"""What is printed for programs, the same for every command."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from harness.screen import reader_left


def print_json(value: Any) -> None:
    """Print a value as JSON and nothing else."""
    print_lines(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def print_lines(text: str) -> None:
    """Print text as it is."""
    try:
        typer.echo(text)
        sys.stdout.flush()
    except BrokenPipeError:
        reader_left()
