"""`harness list`: the exhibits and profiles, and what a spec may say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.cli.options import Here, Json, Spoken
from harness.errors import Faults
from harness.terminal.output import Voice, console, json_text, print_json, table

if TYPE_CHECKING:
    from rich.console import Console

    from harness.spec.library import Library


def nouns(_: object = None) -> list[str]:
    """What can be listed, for the shell."""
    from harness.spec.kinds import NOUNS

    return list(NOUNS)


def list_(
    what: Annotated[
        str | None,
        Parameter(name="KINDS", help="neurons, networks, measures, axes, …", completer=nouns),
    ] = None,
    /,
    *,
    here: Here = Here(),
    spoken: Spoken = Spoken(),
    as_json: Json = False,
) -> None:
    """List the exhibits and profiles, or what a spec may say.

    With --verbose each exhibit with its place in its document, its measures and how much it claims.
    Of neurons, surrogates, networks, datasets, measures, attacks, probes, regressions and
    predicates each kind is shown with its fields, those of the study and of installed packages
    included: their Python is imported.

    For example:

    - `harness list`
    - `harness list neurons`
    - `harness list quantities`
    - `harness list --json | jq -r '.exhibits[].id'`
    """
    from harness.spec.library import read

    library = read(here.layout())
    if what is not None:
        _list_kinds(what, as_json)
    elif as_json:
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


def _list_kinds(what: str, as_json: bool) -> None:
    from harness.spec.kinds import FAMILIES, records

    found, faults = records(what)
    if as_json:
        print_json(found)
    elif what in FAMILIES:
        rows = [row for one in found for row in _kind_rows(one)]
        console().print(table(("kind", "field", "values", "default", "what it is"), rows))
    else:
        console().print(table(tuple(found[0]), [list(map(_cell, one.values())) for one in found]))
    if faults:
        raise Faults(faults)


def _kind_rows(kind: dict[str, Any]) -> Iterator[Sequence[str]]:
    yield kind["kind"], "", "", "", kind["description"]
    for field in kind["fields"]:
        default = "required" if field["required"] else _cell(field.get("default", ""))
        yield "", field["name"], field["values"], default, field["description"]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json_text(value)


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
