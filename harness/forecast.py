"""When a plan would be done on so many machines, as a user reads it and as JSON for programs."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from harness.execute.survey import Survey
from harness.plan.cost import device_of
from harness.plan.schedule import Machines, Schedule, simulate
from harness.terminal.output import duration, size

NAMED = 6  # nodes of the critical path that a line shows


def forecast(held: Survey, machines: Machines) -> Schedule:
    """The schedule of what is to do."""
    seconds = {key: one.seconds for key, one in held.estimates.items()}
    return simulate(held.todo, seconds, machines.slots)


def forecast_record(held: Survey, machines: Machines) -> dict[str, Any]:
    """The schedule and what it rests on, as JSON values."""
    made = forecast(held, machines)
    return {
        "machines": machines.count,
        "slots_each": machines.slots_each,
        "makespan_seconds": round(made.makespan_s, 1),
        "lower_bound_seconds": round(made.bound_s, 1),
        "utilisation": round(made.utilisation, 4),
        "gpu_hours": round(_gpu_hours(held), 3),
        "gpu_hours_held": round(_held_hours(held, made), 3),
        "critical_path_seconds": round(made.critical_s, 1),
        "critical_path": [_named(held, key) for key in made.critical],
        "disk_bytes": sum(held.disk.values()),
        "measured_costs": _measured(held),
        "stated_costs": len(held.todo) - _measured(held),
        "order": [
            {
                "key": one.key,
                "machine": one.slot // machines.slots_each,
                "slot": one.slot % machines.slots_each,
                "start_seconds": round(one.start_s, 1),
                "end_seconds": round(one.end_s, 1),
            }
            for one in made.placed
        ],
    }


def print_forecast(held: Survey, machines: Machines, console: Console) -> None:
    """The schedule in a few lines."""
    made = forecast(held, machines)
    for line in _lines(held, machines, made):
        console.print(Text(line), soft_wrap=True)


def _lines(held: Survey, machines: Machines, made: Schedule) -> list[str]:
    took = duration(made.makespan_s)
    if not held.todo:
        return [f"on {machines}: nothing to do"]
    chain = [held.plan.nodes[key] for key in made.critical]
    shown = " → ".join(
        f"{node.label} ({duration(held.estimates[node.key].seconds)})" for node in chain[:NAMED]
    )
    more = f" → {len(chain) - NAMED} more" if len(chain) > NAMED else ""
    worked, reserved = _gpu_hours(held), _held_hours(held, made)
    hours = f"; {worked:,.1f} GPU-hours worked, {reserved:,.1f} held" if worked else ""
    return [
        f"on {machines}: ~{took}, {made.utilisation:.0%} of {made.slots} slots busy"
        + hours
        + f"; {size(sum(held.disk.values()))} of disk",
        f"no order is faster than {duration(made.bound_s)}: {_binding(made)}",
        f"critical path, {duration(made.critical_s)}: {shown}{more}",
        _basis(held),
    ]


def _binding(made: Schedule) -> str:
    if made.critical_s >= made.work_s / made.slots:
        return "the critical path, which more machines do not shorten"
    return "the work of all nodes, shared by all slots"


def _basis(held: Survey) -> str:
    measured, count = _measured(held), len(held.todo)
    stated = f"{count - measured} of {count} costs are stated constants"
    if not measured:
        return f"all {count} costs are stated constants: run one of each kind to have them measured"
    return f"costs of {measured} nodes rest on earlier runs; {stated}"


def _measured(held: Survey) -> int:
    return sum(held.estimates[node.key].runs > 0 for node in held.todo)


def _gpu_hours(held: Survey) -> float:
    """Hours that GPUs compute, one for each node on a GPU."""
    on_gpu = [node.key for node in held.todo if device_of(node.spec) == "cuda"]
    return sum(held.estimates[key].seconds for key in on_gpu) / 3600


def _held_hours(held: Survey, made: Schedule) -> float:
    """Hours that GPUs are reserved, if the machines are until the last node is done."""
    return made.makespan_s * made.slots / 3600 if _gpu_hours(held) else 0.0


def _named(held: Survey, key: str) -> dict[str, Any]:
    node = held.plan.nodes[key]
    seconds = round(held.estimates[key].seconds, 1)
    return {"key": key, "label": node.label, "seconds": seconds}
