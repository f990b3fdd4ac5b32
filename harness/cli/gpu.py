"""`harness gpu`: what the card gives, and whether it computes what it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from harness.cli.options import Places, Spoken
from harness.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import RenderableType

    from harness.layout import Layout
    from harness.plan.node import Node
    from harness.terminal.output import Voice

FEWER = ("attack.images=64", "attack.iterations=5", "cka.images=128", "cka.batch=64")
"""Of the short runs, which are two trainings of `smoke`, their map, and an attack."""
ROUNDS = 3  # of which a ceiling is the median
NUMBERS = ("error", "limit", "batch", "images/s", "share", "launches", "seconds")


def gpu(
    device: Annotated[
        Literal["cuda", "cpu"],
        Parameter(help="a CPU does the same with smaller batches", show_default=True),
    ] = "cuda",
    places: Places = Places(),
    spoken: Spoken = Spoken(),
) -> ExitCode:
    """Say what the card is and gives: kernels beside float64, ceilings of copies and matrix
    products, the paper's networks beside a roofline, and two epochs, a CKA map and an attack.

    It takes minutes, trains nothing that is kept, and leaves `gpu.json` and `gpu.txt` in the
    results folder, to be sent along with a report of a fault. Exit code 1 when a kernel is off by
    more than it may be.

    For example:

    - `harness gpu`
    - `harness gpu --device cpu --out FOLDER`
    """
    import json

    from harness.files import write_durably
    from harness.layout import refuse_unwritable
    from harness.terminal.output import Output, say

    layout = places.layout()
    folder = layout.out / "gpu"
    refuse_unwritable(folder, "--out")
    record = _measured(layout, device, spoken.voice)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "gpu.txt").open("w", encoding="utf-8") as text:
        for console in (Output(width=120), Output(file=text, width=120)):
            for part in _tables(record):
                console.print(part)
    write_durably(folder / "gpu.json", json.dumps(record, indent=1).encode())
    say(f"written: {folder / 'gpu.json'}, {folder / 'gpu.txt'}")
    whole = all(row["holds"] for row in record["kernels"])
    return ExitCode.OK if whole else ExitCode.CHECK_FAILED


def _measured(layout: Layout, device: str, voice: Voice) -> dict[str, Any]:
    import tempfile

    from harness.execute.environment import environment
    from harness.runs import card as on

    on.require(device)
    extent = on.EXTENTS[device]

    def told(what: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        found = []
        for row in rows:
            if "why" not in row:
                voice.tell(f"{what}: {next(iter(row.values()))}")
            found.append(row)
        return found

    limits = on.ceilings(device, extent, ROUNDS)
    trainings = [one for one in _nodes(layout, "paper") if one.kind == "train"]
    with tempfile.TemporaryDirectory() as folder:
        runs = on.short_runs(_short(layout, device), Path(folder), layout.data)
        return {
            "environment": environment(layout.project),
            "facts": on.facts(device),
            "ceilings": limits,
            "kernels": told("kernel", on.errors(device, extent)),
            "networks": told("network", on.roofline(trainings, device, extent, limits)),
            "runs": told("run", runs),
        }


def _nodes(layout: Layout, profile: str, *exhibits: str, changes: Sequence[str] = ()) -> list[Node]:
    from harness.app import make_plan, open_project
    from harness.spec.overrides import parse_override

    overrides = tuple(map(parse_override, changes))
    project = open_project(layout, profile=profile, overrides=overrides)
    return list(make_plan(project, exhibits).nodes.values())


def _short(layout: Layout, device: str) -> list[Node]:
    """Trainings of an ANN and an SNN, their map, and an attack on one, each after its inputs."""
    changes = (f"numerics.device={device}", "recipe.epochs=2", *FEWER)
    nodes = {one.key: one for one in _nodes(layout, "smoke", "fig2", "fig8", changes=changes)}
    map_ = next(one for one in nodes.values() if one.kind == "cka" and len(one.inputs) == 2)
    sides = [nodes[key] for key in map_.inputs.values()]
    attack = next(
        one
        for one in nodes.values()
        if one.kind == "attack" and one.inputs["x"] in map_.inputs.values()
    )
    return [*sides, map_, attack]


def _tables(record: Mapping[str, Any]) -> Iterator[RenderableType]:
    from harness.terminal.output import table

    for name in ("environment", "facts", "ceilings"):
        yield table((name, "value"), [(key, _cell(one)) for key, one in record[name].items()])
    for name in ("kernels", "networks", "runs"):
        done = [row for row in record[name] if "why" not in row]
        columns = list(dict.fromkeys(column for row in done for column in row))
        rows = [[_cell(row.get(column, "")) for column in columns] for row in done]
        yield table(columns, rows, [one for one in columns if one in NUMBERS])
        left = Counter(row["why"] for row in record[name] if "why" in row)
        yield from (f"{count} more: {why}" for why, count in left.items())


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_cell(one)}" for name, one in value.items())
    return str(value)
