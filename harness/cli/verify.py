"""`harness verify`: is every stored byte the one published?"""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from harness.cli.options import Json, Spoken, Stored
from harness.errors import ExitCode, visible
from harness.terminal.output import print_json
from harness.words import counted


def verify(
    stored: Stored = Stored(),
    spoken: Spoken = Spoken(),
    repair: Annotated[bool, Parameter(help="move broken nodes to quarantine")] = False,
    as_json: Json = False,
) -> ExitCode:
    """Compare every stored byte with what was published; exit 1 when something is broken.

    What --repair has set aside runs again when an exhibit asks for it.

    For example:

    - `harness verify`
    - `harness verify --repair`
    """
    from harness.store import verify as store_verify

    voice, store = spoken.voice, stored.existing()
    found = store_verify.verify(store)
    faults = [fault for fault in found if not fault.is_information]
    if as_json:
        print_json([{"place": str(f.place), "problem": f.problem, "key": f.key} for f in found])
    else:
        for fault in found:
            if fault.is_information:
                voice.tell(str(fault))
            else:
                voice.say(str(fault), "red")
        nodes = counted(len(store.manifests()), "node")
        voice.tell(f"{nodes}, {counted(len(faults), 'fault')}")
    if repair:
        for place in store_verify.repair(store, faults):
            print(visible(f"moved to {place}"), file=sys.stderr if as_json else sys.stdout)
        return ExitCode.OK
    return ExitCode.CHECK_FAILED if faults else ExitCode.OK
