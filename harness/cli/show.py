"""`harness show`: one stored run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from harness.canonical import flatten, short
from harness.cli.options import Json, Stored
from harness.terminal.output import console, print_json, say, size, table
from harness.words import duration

if TYPE_CHECKING:
    from harness.results.asked import Asked
    from harness.store.manifest import Manifest

Key = Annotated[str, Parameter(name="KEY", help="the key of a stored run, or how it begins")]


def show(key: Key, /, *, stored: Stored = Stored(), as_json: Json = False) -> None:
    """Show a stored run: what it computes, what it gave, how it was made, its files, what it was
    made of, and what rests on it.

    For example:

    - `harness show 3f2a91c0`
    - `harness show 3f2a91c0 --json | jq .spec`
    """
    from harness.cli.runs import when
    from harness.results.asked import asked_for, called, key_of, rests_on

    store = stored.existing()
    all_of = {one.key: one for one in store.manifests()}
    run = all_of[key_of(key, all_of)]
    asked = asked_for(stored.layout())
    above = rests_on(run.key, all_of.values())
    if as_json:
        more = {
            "label": called(run, asked),
            "folder": str(store.folder(run.key)),
            "exhibits": asked[run.key].exhibits if run.key in asked else {},
            "rests_on_it": [one.key for one in above],
        }
        print_json(run.model_dump(mode="json") | more)
        return
    out = console()
    say(f"{run.key}  {called(run, asked)}", "bold")
    say(f"{store.folder(run.key)}")
    made = [
        ("asked for by", asked[run.key].by if run.key in asked else "no exhibit"),
        ("kind", f"{run.kind}, revision {run.revision}"),
        ("began", f"{when(run)} UTC, took {duration(run.wall_s)}, resumed {run.resumed} times"),
        ("typed", str(run.requested.get("command", ""))),
    ]
    made += [(f"made of {name}", _named(one, all_of, asked)) for name, one in run.inputs.items()]
    made += [("rests on it", _named(one.key, all_of, asked)) for one in above]
    made += [("file", f"{name}, {size(one.bytes)}") for name, one in run.files.items()]
    sections: dict[str, list[tuple[str, Any]]] = {
        "": [*made],
        "numbers": [*run.numbers.items()],
        "spec": [*flatten(run.spec)],
        "made with": [*flatten(run.environment)],
    }
    for heading, pairs in sections.items():
        rows = [(name, one if isinstance(one, str) else json.dumps(one)) for name, one in pairs]
        out.print(table((heading, ""), [row for row in rows if row[1]]))


def _named(key: str, all_of: Mapping[str, Manifest], asked: Mapping[str, Asked]) -> str:
    from harness.results.asked import called

    return f"{short(key)} {called(all_of[key], asked) if key in all_of else 'not stored'}"
