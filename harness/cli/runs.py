"""`harness runs`: what is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.canonical import short
from harness.cli.options import Exhibits, Json, Stored
from harness.terminal.output import console, print_json, say, size, table
from harness.words import counted, duration

if TYPE_CHECKING:
    from harness.store.manifest import Manifest


def runs(*exhibits: Exhibits, stored: Stored = Stored(), as_json: Json = False) -> None:
    """List the stored runs: key, label, when each began, how long it took, how large it is, and the
    exhibits that ask for it with their profile. Runs of `--set` are asked for by none.

    With exhibits only what these ask for, under any profile.

    For example:

    - `harness runs`
    - `harness runs table1 --json | jq -r '.[].key'`
    """
    from harness.results.asked import asked_for, called

    store = stored.existing()
    asked = asked_for(stored.layout())
    wanted = asked_for(stored.layout(), exhibits) if exhibits else None
    found = [one for one in store.manifests() if wanted is None or one.key in wanted]
    found.sort(key=lambda one: (one.started, one.key))
    if as_json:
        print_json(
            [
                {
                    "key": one.key,
                    "kind": one.kind,
                    "label": called(one, asked),
                    "started": one.started,
                    "seconds": one.wall_s,
                    "bytes": bytes_of(one),
                    "exhibits": asked[one.key].exhibits if one.key in asked else {},
                    "numbers": dict(one.numbers),
                }
                for one in found
            ]
        )
        return
    rows = [
        (
            short(one.key),
            called(one, asked),
            when(one),
            duration(one.wall_s),
            size(bytes_of(one)),
            asked[one.key].by if one.key in asked else "none",
        )
        for one in found
    ]
    columns = ("run", "what it is", "began", "took", "size", "asked for by")
    console().print(table(columns, rows, ("took", "size")))
    total = size(sum(map(bytes_of, found)))
    say(f"{counted(len(found), 'run')}, {total}, in {store.root}")


def when(run: Manifest) -> str:
    """`2026-11-27 19:34`, in UTC."""
    return run.started[:16].replace("T", " ")


def bytes_of(run: Manifest) -> int:
    """Of its files."""
    return sum(one.bytes for one in run.files.values())
