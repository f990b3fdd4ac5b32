"""`harness gc`: remove what nothing asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.cli.options import Spoken, Stored, number
from harness.errors import HarnessError
from harness.terminal.output import asked, size
from harness.words import counted

if TYPE_CHECKING:
    from harness.store.gc import Removal


def gc(
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    older_than_days: Annotated[float, number(0, help="spare what is newer")] = 0,
    dry_run: Annotated[bool, Parameter(help="only say what would go")] = False,
    yes: Annotated[bool, Parameter(help="remove it without asking")] = False,
) -> None:
    """Remove what no exhibit asks for under any profile: old runs, leftovers, quarantine, caches.

    It says what would go and asks; where nobody can answer, only --yes removes. Runs made with
    --set, and those of another study of the same store, are asked for by no exhibit here; spare
    recent ones with --older-than-days.

    For example:

    - `harness gc --dry-run`
    - `harness gc --older-than-days 30 --yes`
    """
    from harness.app import wanted_keys
    from harness.store.gc import collect

    voice, store = spoken.voice, stored.existing()
    age = older_than_days * 86_400 if older_than_days else None
    keep = wanted_keys(stored.layout())
    found = collect(store, keep, older_than_s=age, dry_run=True)
    for one in found:
        typed = f", made by {one.made_by}" if one.made_by else ""
        voice.tell(f"{one.path}: {one.why.value}, {size(one.bytes)}{typed}")
    if dry_run:
        voice.say(f"{_counted(found)} would be freed")
        return
    if found and not (yes or asked(f"remove {_counted(found)}?")):
        problem = f"removes {_counted(found)} only when that is wanted: nothing is gone"
        raise HarnessError("harness gc", problem, hint="look with --dry-run, then add --yes")
    shown = {one.path for one in found}
    gone = collect(store, keep, older_than_s=age, only=shown) if found else []
    voice.say(f"{_counted(gone)} freed")


def _counted(found: Sequence[Removal]) -> str:
    return f"{counted(len(found), 'thing')}, {size(sum(one.bytes for one in found))}"
