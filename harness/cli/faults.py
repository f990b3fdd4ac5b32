"""A wrong command line in the same words as every other fault: what, got, fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from harness.errors import HarnessError
from harness.spec.validate import suggestion

Usage: type[Any] = typer.BadParameter.__bases__[0]
"""What the parser raises, wherever its library keeps it."""


def in_words(error: Any) -> HarnessError | None:
    """The parser's complaint as a fault; None where it has shown the help already."""
    said = error.format_message().strip().rstrip(".")
    if not said:
        return None
    command = error.ctx.command_path if error.ctx else "harness"
    option = getattr(error, "option_name", None)
    if option is not None and said.startswith("No such option"):
        hint = suggestion(option, _options(error.ctx)) or f"see {command} --help"
        return HarnessError(command, f"no such option {option}", hint=hint)
    said = re.sub(r"^Invalid value for '?([^:]*?)'?: ", _place, said)
    said, _, near = said.partition(" Did you mean ")
    hint = f"did you mean {near.rstrip('?')}?" if near else f"see {command} --help"
    return HarnessError(command, said[:1].lower() + said[1:].rstrip("."), hint=hint)


def _place(found: re.Match[str]) -> str:
    """`'--jobs' / '-j'` → `--jobs / -j: `."""
    return found[1].replace("'", "") + ": "


def _options(context: Any) -> Iterator[str]:
    """Every long option of the command that was typed."""
    for one in context.command.params if context else ():
        yield from (name for name in one.opts if name.startswith("--"))
