"""`harness plan`: what would run, why, and what it costs."""

from __future__ import annotations

from harness.chain import held_against_store
from harness.cli.flat import flat
from harness.cli.options import Asked, Json, Spoken
from harness.cli.output import print_json
from harness.listing import FEW_NODES, plan_record, print_plan
from harness.screen import Voice, console


@flat
def plan(asked: Asked, spoken: Spoken, as_json: Json = False) -> None:
    """Say what would run and why, with time, disk and downloads; nothing is run.

    Every node is listed where they are few, and with --verbose.

    Examples:

    - `harness plan table1`
    - `harness plan all --profile paper`
    - `harness plan table1 --set recipe.epochs=2 --set seed=0,1,2 --json`
    """
    voice = spoken.voice
    opened = asked.opened()
    held = held_against_store(opened, asked.names or ())
    if as_json:
        print_json(plan_record(opened, held))
        return
    nodes = {Voice.QUIET: 0, Voice.PLAIN: FEW_NODES, Voice.VERBOSE: len(held.todo)}[voice]
    print_plan(held, console(), nodes=nodes)
