"""`harness list`: the exhibits and profiles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from harness.cli.options import Here, Json, Spoken
from harness.terminal.output import Voice, console, print_json, table

if TYPE_CHECKING:
    from rich.console import Console

    from harness.spec.library import Library


def list_(here: Here = Here(), spoken: Spoken = Spoken(), as_json: Json = False) -> None:
    """List the exhibits and profiles.

    With --verbose each with its place in its document, its measures and how much it claims.

    For example:

    - `harness list`
    - `harness list --json | jq -r '.exhibits[].id'`
    """
    from harness.spec.library import read

    library = read(here.layout())
    if as_json:
        profiles = [
            {
                "id": one.id,
                "title": one.title,
                "golden": one.golden,
                "device": one.numerics.device,
                "seeds": list(one.seeds),
            }
            for one in library.profiles.values()
        ]
        print_json({"exhibits": list_rows(library), "profiles": profiles})
    else:
        print_list(library, console(), whole=spoken.voice is Voice.VERBOSE)
    library.require_whole()  # what is whole has been listed all the same


def list_rows(library: Library) -> list[dict[str, Any]]:
    """One record per exhibit, numbers in their names as numbers: figA2 before figA10."""
    return [
        {
            "id": one.id,
            "title": one.title,
            "source": f"{one.source.document}: {one.source.place}",
            "measure": ", ".join(dict.fromkeys(measure.kind for measure in one.measure)),
            "claims": len(one.claim),
        }
        for one in sorted(library.exhibits.values(), key=lambda one: _in_order(one.id))
    ]


def _in_order(name: str) -> list[tuple[str, int]]:
    return [(word, int(part or 0)) for word, part in re.findall(r"(\D*)(\d*)", name)]


def print_list(library: Library, console: Console, *, whole: bool) -> None:
    """The exhibits and profiles of a project: a line each, or all that is known of them."""
    names = ("exhibit", "where", "measure", "claims", "title") if whole else ("exhibit", "title")
    fields = {"exhibit": "id", "where": "source"}
    rows = [[str(row[fields.get(name, name)]) for name in names] for row in list_rows(library)]
    console.print(table(names, rows, ("claims",) if whole else ()))
    console.print()
    scales = [(one.id, one.title) for one in library.profiles.values()]
    console.print(table(("profile", "what it is for"), scales))
