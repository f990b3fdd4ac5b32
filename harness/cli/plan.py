"""`harness plan`: what would run, why, and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.chain import held_against_store, node_files
from harness.cli.flat import flat
from harness.cli.options import Asked, Json, Spoken
from harness.cli.output import print_json
from harness.costs import costs_record, print_costs
from harness.forecast import forecast_record, parse_machines, print_forecast
from harness.layout import reachable
from harness.listing import FEW_NODES, plan_record, print_plan
from harness.screen import Voice, console

Machines = Annotated[
    str | None,
    typer.Option(
        "--nodes",
        metavar="8x4",
        help="when it would be done on 8 machines that run 4 nodes each",
        show_default=False,
    ),
]
Costs = Annotated[
    bool,
    typer.Option("--costs", help="what each exhibit costs, the dearest first, and how fast it is"),
]
Files = Annotated[
    Path | None,
    typer.Option(
        "--write-nodes",
        metavar="FOLDER",
        help="write each node to do as a file for `harness worker`, into a new folder",
        show_default=False,
    ),
]


@flat
def plan(
    asked: Asked,
    spoken: Spoken,
    as_json: Json = False,
    costs: Costs = False,
    machines: Machines = None,
    files: Files = None,
) -> None:
    """Say what would run and why, with time, disk and downloads; nothing is run.

    Every node is listed where they are few, and with --verbose.

    Examples:

    - `harness plan table1`
    - `harness plan all --profile paper --costs`
    - `harness plan all --profile paper --nodes 8x4`
    - `harness plan table1 --profile paper --write-nodes nodes`
    - `harness plan table1 --set recipe.epochs=2 --set seed=0,1,2 --json`
    """
    voice = spoken.voice
    many = parse_machines(machines) if machines is not None else None
    opened = asked.opened()
    held = held_against_store(opened, asked.names or ())
    files = reachable(files, "--write-nodes") if files is not None else None
    written = node_files(opened, held, files) if files is not None else []
    if as_json:
        record = plan_record(opened, held)
        record |= {"costs": costs_record(held)} if costs else {}
        record |= {"schedule": forecast_record(held, many)} if many else {}
        print_json(record | ({"files": [str(path) for path in written]} if files else {}))
        return
    if costs:
        print_costs(held, console(), trainings=voice is not Voice.QUIET)
    else:
        nodes = {Voice.QUIET: 0, Voice.PLAIN: FEW_NODES, Voice.VERBOSE: len(held.todo)}[voice]
        print_plan(held, console(), nodes=nodes)
    if many is not None:
        print_forecast(held, many, console())
    for folder in dict.fromkeys(path.parent for path in written):
        voice.tell(f"written: {folder}, {sum(one.parent == folder for one in written)} nodes")
