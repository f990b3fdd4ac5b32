"""Look something up by name; an unknown name is answered with the known ones."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import TypeVar

from harness.errors import HarnessError

Choice = TypeVar("Choice")


def choose(known: Mapping[str, Choice], name: str, *, where: str) -> Choice:
    """The entry called `name`; raises HarnessError that lists all names and the nearest one."""
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    listed = ", ".join(sorted(known))
    hint = f"did you mean {near[0]!r}? Known: {listed}" if near else f"known: {listed}"
    raise HarnessError(where, f"unknown name {name!r}", hint=hint)
