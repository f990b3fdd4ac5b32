"""Shared options reach a command as whole values, and the parser as single ones."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from harness.cli.flat import flat


@dataclass(frozen=True, kw_only=True)
class Below:
    place: str = "here"


@dataclass(frozen=True, kw_only=True)
class Above(Below):
    many: int = 3


def test_fields_become_parameters_and_values_come_back_whole() -> None:
    seen = []

    @flat
    def command(name: str, above: Above, loud: bool = False) -> None:
        seen.append((name, above, loud))

    shown = inspect.signature(command).parameters
    assert {one.name: one.default for one in shown.values()} == {
        "name": inspect.Parameter.empty,
        "loud": False,
        "place": "here",
        "many": 3,
    }
    assert shown["many"].annotation is int
    command(name="a", loud=True, place="there", many=4)
    assert seen == [("a", Above(place="there", many=4), True)]
