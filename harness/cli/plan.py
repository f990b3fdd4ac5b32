"""`harness plan`: what would run, why, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.text import Text

from harness.cli.options import Asked, Exhibits, Json, Spoken
from harness.errors import HarnessError, visible
from harness.terminal.output import Voice, console, print_json, size, table

if TYPE_CHECKING:
    from rich.console import Console

    from harness.app import Project
    from harness.execute.survey import Survey
    from harness.plan.expand import PlannedExhibit

FEW = 3  # exhibits that a line can name
FEW_NODES = 24  # nodes that a screen can list


def plan(
    *exhibits: Exhibits,
    costs: Annotated[
        bool, Parameter(help="what each exhibit costs, the dearest first, and how fast it is")
    ] = False,
    machines: Annotated[
        str | None,
        Parameter(
            "--nodes",
            metavar="8x4",
            help="when it would be done on 8 machines that run 4 nodes each",
        ),
    ] = None,
    files: Annotated[
        Path | None,
        Parameter(
            "--write-nodes",
            metavar="FOLDER",
            help="write each node to do as a file for `harness worker`, into a new folder",
        ),
    ] = None,
    resting_on: Annotated[
        tuple[str, ...],
        Parameter(
            metavar="KEY|LABEL",
            help="write only this training and what needs no others; may be repeated",
        ),
    ] = (),
    asked: Asked = Asked(),
    spoken: Spoken = Spoken(),
    as_json: Json = False,
) -> None:
    """Say what would run and why, with time, disk and downloads; nothing is run.

    Every node is listed where they are few, and with --verbose.

    For example:

    - `harness plan table1`
    - `harness plan all --profile paper --costs`
    - `harness plan all --profile paper --nodes 8x4`
    - `harness plan table1 --profile paper --write-nodes nodes`
    - `harness plan fig1 fig8 --write-nodes nodes --resting-on 'resnet-20 lif T=4 *'`
    - `harness plan table1 --set recipe.epochs=2 --set seed=0,1,2 --json`
    """
    from harness.app import surveyed, warn_broken
    from harness.execute.costs import costs_record
    from harness.execute.forecast import forecast_record, parse_machines
    from harness.terminal.costs import print_costs, print_forecast

    voice = spoken.voice
    many = parse_machines(machines) if machines is not None else None
    project = asked.opened()
    held = surveyed(project, exhibits)
    warn_broken(held.broken, "and would run anew")
    if resting_on and files is None:
        raise HarnessError("--resting-on", "is for the files of nodes", hint="add --write-nodes")
    written = write_files(files, project, held, resting_on) if files is not None else []
    if as_json:
        record = {"profile": project.profile.id} | plan_record(held)
        record |= {"costs": costs_record(held)} if costs else {}
        record |= {"schedule": forecast_record(held, many)} if many else {}
        print_json(record | ({"files": [str(path) for path in written]} if files else {}))
        return
    if costs:
        print_costs(held, console(), trainings=voice is not Voice.QUIET)
    else:
        nodes = {Voice.QUIET: 0, Voice.PLAIN: FEW_NODES, Voice.VERBOSE: len(held.todo)}[voice]
        print_plan(held, console(), nodes=nodes)
    if held.otherwise:
        voice.say(f"{held.otherwise.sentence}; reproduce --fresh runs them anew", "yellow")
    if many is not None:
        print_forecast(held, many, console())
    for folder in dict.fromkeys(path.parent for path in written):
        voice.tell(f"written: {folder}, {sum(one.parent == folder for one in written)} nodes")


def write_files(
    folder: Path, project: Project, held: Survey, trainings: Sequence[str]
) -> list[Path]:
    """A file for each node to do, those that wait for others in a later wave; with `trainings` only
    for these and what rests on them alone.
    """
    from harness.app import job_maker, refuse_broken
    from harness.execute.node_file import write_nodes
    from harness.layout import reachable
    from harness.plan.schedule import resting_on, waves

    folder = reachable(folder, "--write-nodes")
    refuse_broken(project, held)
    make_job = job_maker(project, threads=1)
    wanted = resting_on(held.plan.nodes, trainings) if trainings else held.plan.nodes.keys()
    todo = [node for node in held.todo if node.key in wanted]
    groups = waves(todo, {key: one.seconds for key, one in held.estimates.items()})
    return write_nodes(folder, [[make_job(node) for node in group] for group in groups])


def plan_record(held: Survey) -> dict[str, Any]:
    """The plan as JSON values."""
    return {
        "exhibits": [_exhibit_record(one, held) for one in held.plan.exhibits],
        "nodes": [
            {
                "key": key,
                "kind": node.kind,
                "label": node.label,
                "stored": key in held.stored,
                "why": None if key in held.stored else str(held.reasons[key]),
                "seconds": round(held.estimates[key].seconds, 1),
                "from_runs": held.estimates[key].runs,
                "basis": held.estimates[key].basis,
                "disk_bytes": held.disk.get(key, 0),
                "inputs": dict(node.inputs),
                "spec": dict(node.spec),
            }
            for key, node in held.plan.nodes.items()
        ],
        "asked": sum(len(planned.nodes) for planned in held.plan.exhibits),
        "downloads": dict(held.downloads),
        "made_otherwise": asdict(held.otherwise),
    }


def _exhibit_record(planned: PlannedExhibit, held: Survey) -> dict[str, Any]:
    stored = [key for key in planned.nodes if key in held.stored]
    todo = [key for key in planned.nodes if key not in held.stored]
    return {
        "id": planned.exhibit.id,
        "nodes": len(planned.nodes),
        "stored": len(stored),
        "todo": len(todo),
        "seconds": round(sum(held.estimates[key].seconds for key in todo), 1),
        "shared": _shared(planned, held),
        "set": [override.typed for override in planned.overridden],
        "only": [one.typed for one in planned.only],
        "asked": planned.asked or None,
    }


def _shared(planned: PlannedExhibit, held: Survey) -> dict[str, int]:
    """Exhibit → how many nodes this one has in common with it."""
    mine = set(planned.nodes)
    counts = {
        other.exhibit.id: len(mine & set(other.nodes))
        for other in held.plan.exhibits
        if other is not planned
    }
    return {name: count for name, count in counts.items() if count}


def print_plan(held: Survey, console: Console, *, nodes: int = FEW_NODES) -> None:
    """Per exhibit what is stored and why the rest would run; the nodes, if at most `nodes` are to
    do; then the cost.
    """
    from harness.app import NONE_ASKED
    from harness.terminal.costs import about, to_do

    rows = []
    for planned in held.plan.exhibits:
        row = _exhibit_record(planned, held)
        counts = (str(row[name]) for name in ("nodes", "stored", "todo"))
        todo = [held.estimates[key].seconds for key in planned.nodes if key not in held.stored]
        took = about(todo) if todo else ""
        why = "; ".join(filter(None, (planned.asked, _why(planned, held))))
        rows.append((row["id"], *counts, took, why))
    columns = ("exhibit", "nodes", "stored", "to do", "time", "why")
    console.print(table(columns, rows, columns[1:-1]))
    if held.plan.passed_over:
        console.print(Text(f"{', '.join(held.plan.passed_over)}: {NONE_ASKED}"))
    if (count := len(held.plan.exhibits)) > 1:
        asked = sum(len(planned.nodes) for planned in held.plan.exhibits)
        said = f"{asked} asked for by {count} exhibits, each run once"
        console.print(Text(f"{len(held.plan.nodes)} nodes: {said}"))
    if 0 < len(held.todo) <= nodes:
        console.print()
        _print_nodes(held, console)
        console.print()
    console.print(Text(to_do(held)))
    if len(held.todo) > nodes > 0:
        console.print(Text("--verbose lists these nodes, --json every node", style="dim"))


def _why(planned: PlannedExhibit, held: Survey) -> str:
    """The reason that all of an exhibit's nodes have in common, and with which other exhibits it
    shares nodes: only with how many, where they are many.
    """
    reasons = [held.reasons[key] for key in planned.nodes if key in held.reasons]
    is_one = len({(reason.cause, reason.changes) for reason in reasons}) == 1
    parts = [str(reasons[0]) if is_one else "for several reasons"] if reasons else []
    shared = _shared(planned, held)
    if len(shared) <= FEW:
        return "; ".join(parts + [f"shares {count} with {name}" for name, count in shared.items()])
    others = (set(one.nodes) for one in held.plan.exhibits if one is not planned)
    common = set(planned.nodes) & set().union(*others)
    return "; ".join([*parts, f"shares {len(common)} with {len(shared)} others"])


def _print_nodes(held: Survey, console: Console) -> None:
    """The nodes to do, those together that have one reason, which would not fit into a column."""
    from harness.terminal.costs import about

    columns = ("to do", "node", "time", "disk")
    for reason in dict.fromkeys(str(held.reasons[node.key]) for node in held.todo):
        console.print(Text(visible(reason)))
        rows = [
            (
                node.key[:8],
                node.label,
                about([held.estimates[node.key].seconds]),
                size(held.disk[node.key]),
            )
            for node in held.todo
            if str(held.reasons[node.key]) == reason
        ]
        console.print(table(columns, rows, columns[2:]))
