"""`harness verify`: is every stored byte the one published?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from harness.cli.flat import flat
from harness.cli.options import Json, Spoken, Stored
from harness.cli.output import print_json
from harness.errors import ExitCode
from harness.store.verify import repair as set_aside
from harness.store.verify import verify as examine


@flat
def verify(
    stored: Stored,
    spoken: Spoken,
    repair: Annotated[
        bool, typer.Option("--repair", help="move broken nodes to quarantine")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare every stored byte with what was published; exit 1 when something is broken.

    What --repair has set aside runs again when an exhibit asks for it.

    Examples:

    - `harness verify`
    - `harness verify --repair`
    """
    voice = spoken.voice
    store = stored.existing()
    found = examine(store)
    faults = [fault for fault in found if not fault.is_information]
    if as_json:
        print_json([{"place": str(f.place), "problem": f.problem, "key": f.key} for f in found])
    else:
        for fault in found:
            if fault.is_information:
                voice.tell(str(fault))
            else:
                voice.say(str(fault), "red")
        told = {"node": len(store.manifests()), "fault": len(faults)}
        voice.tell(", ".join(f"{n} {noun}{'s' * (n != 1)}" for noun, n in told.items()))
    if repair:
        for place in set_aside(store, faults):
            print(f"moved to {place}", file=sys.stderr if as_json else sys.stdout)
        return
    raise typer.Exit(ExitCode.CHECK_FAILED if faults else ExitCode.OK)
