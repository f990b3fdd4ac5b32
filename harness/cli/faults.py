"""A wrong command line in the same words as every other fault: what, got, fix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer

from harness.errors import HarnessError
from harness.parts.base import suggestion

Usage: type[Any] = typer.BadParameter.__bases__[0]
"""What the parser raises, wherever its library keeps it."""

Options = dict[str, tuple[str, ...]]  # command → its options


def in_words(error: Any, typed: Sequence[str], known: Options) -> HarnessError | None:
    """The parser's complaint as a fault; None where it has shown the help already."""
    said = error.format_message().strip().rstrip(".")
    if not said:
        return None
    command = next((word for word in typed if word in known), "")
    place = f"harness {command}".rstrip()
    option = getattr(error, "option_name", None)
    if option is not None and said.startswith("No such option"):
        hint = _elsewhere(option, command, known) or f"{place} --help lists them"
        return HarnessError(place, f"no such option {option}", hint=hint)
    said, _, near = said.partition(" Did you mean ")
    hint = f"did you mean {near.rstrip('?')}?" if near else f"see {place} --help"
    return HarnessError(place, _plainly(said.rstrip("."), typed), hint=hint)


def _elsewhere(option: str, command: str, known: Options) -> str:
    """The commands that have this option, or what is spelt alike here."""
    having = [name for name, options in known.items() if option in options]
    if having and not command:
        return f"it follows the command, as in harness {having[0]} {option}"
    if having:
        return f"harness {', '.join(having)} {'has' if len(having) == 1 else 'have'} it"
    return suggestion(option, known.get(command, ()))


def _plainly(said: str, typed: Sequence[str]) -> str:
    """`Invalid value for '--jobs' / '-j': Input should be …` → `--jobs must be … (got 0)`."""
    found = re.match(r"Invalid value for (.+?): (?:Input should be )?(.*)", said)
    if not found:
        said = re.sub(r"^Missing argument '(.+)'", r"needs \1", said)
        said = re.sub(r"^Option '(.+)' requires an argument", r"\1 needs a value", said)
        return re.sub(r"^Got (.*)\(s\)", r"\1", said).replace("No such", "no such")
    names = re.findall(r"[\w-]+", found[1])
    if denied := re.match(r"[Pp]ath '(.+)' is not (\w+)", found[2]):
        return f"{names[0]} {denied[1]} is not {denied[2]} for this user"
    must = found[2].partition(", unable to")[0]
    got = next((value for name in names if (value := _value(name, typed)) is not None), None)
    return f"{names[0]} must be {must}" + (f" (got {got!r})" if got is not None else "")


def _value(option: str, typed: Sequence[str]) -> str | None:
    """What was typed for an option: `--jobs 0`, `--jobs=0` or `-j0`."""
    for word, after in zip(typed, (*typed[1:], ""), strict=True):
        if word == option:
            return after
        for start in (f"{option}=", option if option[1:2] != "-" else ""):
            if start and word.startswith(start):
                return word.removeprefix(start)
    return None
