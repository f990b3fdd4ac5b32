"""`harness gc`: remove what nothing asks for."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Spoken, Stored, number
from harness.terminal.output import size


def gc(
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    older_than_days: Annotated[float, number(0, help="spare what is newer")] = 0,
    dry_run: Annotated[bool, Parameter(help="only say what would go")] = False,
) -> None:
    """Remove what no exhibit asks for under any profile: old runs, leftovers, quarantine, caches.

    Runs made with --set are asked for by no exhibit; spare recent ones with --older-than-days.

    For example:

    - `harness gc --dry-run`
    - `harness gc --older-than-days 30`
    """
    from harness.app import wanted_keys
    from harness.store.gc import collect

    voice = spoken.voice
    store = stored.existing()
    age = older_than_days * 86_400 if older_than_days else None
    keep = wanted_keys(stored.layout())
    gone = collect(store, keep, older_than_s=age, dry_run=dry_run)
    for one in gone:
        voice.tell(f"{one.path}: {one.why.value}, {size(one.bytes)}")
    verb = "would be freed" if dry_run else "freed"
    voice.say(f"{len(gone)} things, {size(sum(one.bytes for one in gone))} {verb}")
