"""Options that commands share, as frozen dataclasses: each field is one option or argument."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any, get_type_hints


def flat(command: Callable[..., None]) -> Callable[..., None]:
    """`command` with the fields of its dataclass parameters as parameters of its own.

    Typer reads the signature and sees every field as an option; the command gets whole values.
    """
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    groups = {name: hints[name] for name in signature.parameters if is_dataclass(hints[name])}

    @functools.wraps(command)
    def called(**typed: Any) -> None:
        for name, group in groups.items():
            typed[name] = group(**{one.name: typed.pop(one.name) for one in fields(group)})
        command(**typed)

    shown = [*_shown(signature, hints, groups)]
    arguments = [one for one in shown if one.default is inspect.Parameter.empty]
    options = [one for one in shown if one.default is not inspect.Parameter.empty]
    called.__signature__ = inspect.Signature([*arguments, *options])  # type: ignore[attr-defined]
    called.__annotations__ = {one.name: one.annotation for one in shown}
    return called


def _shown(
    signature: inspect.Signature, hints: dict[str, Any], groups: dict[str, Any]
) -> Iterator[inspect.Parameter]:
    """The parameters that a user meets: a command's own first, then those of its groups."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    for name, own in signature.parameters.items():
        if name not in groups:
            yield inspect.Parameter(name, keyword, default=own.default, annotation=hints[name])
    for group in groups.values():
        types = get_type_hints(group, include_extras=True)
        for one in fields(group):
            yield inspect.Parameter(
                one.name, keyword, default=one.default, annotation=types[one.name]
            )
