"""What a plan costs, as a user reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.execute.costs import Record, costs_record
from harness.execute.forecast import Machines, forecast_record
from harness.execute.survey import Survey
from harness.plan.device import Device
from harness.plan.estimate import Basis, device_of
from harness.terminal.output import size, table
from harness.words import counted, duration

SHOWN = {Basis.MEASURED: "measured", Basis.SCALED: "scaled", Basis.STATED: "roofline"}
WIDE = 120  # columns of a terminal that hold all of the table of exhibits
SPARED = {"nodes", "fastest", *SHOWN.values()}  # what it leaves out where there are less
NAMED = 6  # nodes of the critical path that a line shows


def to_do(held: Survey, slots: int | None = None) -> str:
    """`to do: 6 train (~35 min on 2 workers, from 10 stored runs; 3 MB of disk)`, on so many
    workers or as many as there are by default.
    """
    if not held.todo:
        return "to do: nothing, every node is stored"
    kinds = Counter(node.kind.rpartition(":")[2] for node in held.todo)
    what = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    estimates = [held.estimates[node.key] for node in held.todo]
    runs = max(one.runs for one in estimates)
    bare = [node for node, one in zip(held.todo, estimates, strict=True) if not one.runs]
    labels = " and ".join(sorted({held.devices[device_of(node.spec)].label for node in bare}))
    basis = [f"from {runs} stored runs"] if runs else []
    basis += [f"{len(bare)} nodes {labels}" if runs else labels] if bare else []
    workers = min(slots or held.slots, len(held.todo))
    spent = about((one.seconds for one in estimates), workers)
    said = f"to do: {what} ({spent} on {workers} worker{'s' if workers > 1 else ''}, "
    said += f"{', '.join(basis)}; {size(sum(held.disk.values()))} of disk)"
    for name, count in held.downloads.items():
        said += f"; {name} to download first, {size(count)}"
    return said


def about(seconds: Iterable[float], workers: int = 1) -> str:
    """`~35 min`, of what can be estimated; how many nodes cannot before they have run."""
    every = list(seconds)
    unknown = every.count(0)
    if unknown == len(every):
        return "time unknown until run"
    said = f"~{duration(sum(every) / workers)}"
    return f"{said} and {unknown} unknown until run" if unknown else said


def print_costs(held: Survey, console: Console, *, trainings: bool) -> None:
    """The dearest exhibit first, then the sums; each kind of training, if that is wanted."""
    record = costs_record(held)
    rows = [_exhibit_row(one) for one in record["exhibits"]]
    names = [name for name in rows[0] if console.width >= WIDE or name not in SPARED]
    console.print(table(names, [[row[name] for name in names] for row in rows], names[1:]))
    for line in _sums(record, held.devices):
        console.print(Text(line), soft_wrap=True)
    if trainings and record["trainings"]:
        console.print()
        _print_trainings(record["trainings"], console)


def _exhibit_row(one: Record) -> dict[str, str]:
    return {
        "exhibit": one["id"],
        "trainings": str(one["trainings"]),
        "shared": str(one["trainings_shared"]),
        "nodes": str(one["nodes"]),
        "alone": _hours(one["alone_seconds"]) + (" + ?" if one["unknown_nodes"] else ""),
        "adds": _hours(one["added_seconds"]),
        "slowest": _rate(one["slowest"]),
        "fastest": _rate(one["fastest"]),
        **dict(zip(SHOWN.values(), _shares(one["seconds_by_basis"].values()), strict=True)),
        "disk": size(one["disk_bytes"]),
    }


def _sums(record: Record, devices: Mapping[str, Device]) -> list[str]:
    hours = {"GPU-hours": record["gpu_hours"], "core-hours": record["core_hours"]}
    together = [f"{_hours(3600 * count)} {unit}" for unit, count in hours.items() if count]
    alone = sum(one["alone_seconds"] for one in record["exhibits"])
    used = [devices[name] for name in record["devices"]]
    seconds, names = record["seconds_by_basis"], [one.label for one in used]
    parts = [seconds[Basis.MEASURED], seconds[Basis.SCALED], *record["stated_seconds"].values()]
    names[:0] = "measured by stored runs", f"corrected by {record['corrected_by']} stored runs"
    unknown = counted(record["unknown_nodes"], "node")
    shares = zip(_shares(parts), names, strict=True)
    rests = ", ".join(f"{share} {name}" for share, name in shares if share)
    return [
        "alone, adds: hours of one worker, from an empty store and after the rows above; "
        "slowest, fastest: images/s of a training, ~ where not measured",
        f"together {' and '.join(together) or 'no hours'}, each node once; {_hours(alone)} if each "
        f"exhibit were reproduced alone; {size(record['disk_bytes'])} of disk",
        f"rests on: {rests or 'nothing, there is no node'}",
        *(f"roofline, {one}" for one in used),
        *([f"?: {unknown}, unknown until one like it has run"] if record["unknown_nodes"] else []),
    ]


def _print_trainings(kinds: Iterable[Record], console: Console) -> None:
    rows = []
    for one in kinds:
        stages = f", s{'+'.join(one['one_step_stages'])} at 1" if one["one_step_stages"] else ""
        depth = "" if one["depth"] is None else f"-{one['depth']}"
        some = f", {one['rests_on']} of {one['trainings']}"
        is_whole = one["basis"] is not Basis.MEASURED or one["rests_on"] == one["trainings"]
        rows.append(
            (
                f"{one['network']}{depth}" + (f" x{one['width']}" if one["width"] > 1 else ""),
                f"{one['neuron']} T={one['time_steps']}{stages}",
                one["dataset"],
                f"{one['precision']} {one['device']}",
                str(one["trainings"]),
                _rate(one),
                _hours(one["seconds"]),
                one["bound"],
                SHOWN[one["basis"]] + ("" if is_whole else some),
            )
        )
    numbers = ("runs", "images/s", "hours")
    columns = ("network", "neuron", "data", "precision", *numbers, "bound by", "rests on")
    console.print(table(columns, rows, numbers))


def _rate(one: Record | None) -> str:
    """`310`, `4.2`, `~310` where it is not measured."""
    if one is None or not one["images_per_second"]:
        return ""
    rate = one["images_per_second"]
    digits = 0 if rate >= 10 else 1 if rate >= 1 else 2
    return f"{'' if one['basis'] is Basis.MEASURED else '~'}{rate:,.{digits}f}"


def _hours(seconds: float) -> str:
    """Hours in about three digits: `0.041`, `3.20`, `1,628.2`; 0 only where there are none."""
    hours = seconds / 3600
    if hours < 0.001:
        return "<0.001" if hours else "0"
    return f"{hours:,.{3 if hours < 1 else 2 if hours < 10 else 1}f}"


def _shares(seconds: Iterable[float]) -> list[str]:
    """Each part in percent; nothing where there is none of it, 100 % only where it is all."""
    parts = list(seconds)
    total = sum(parts)

    def share(part: float) -> str:
        if part in (0, total):
            return "100%" if part else ""
        percent = round(100 * part / total)
        return "<1%" if percent < 1 else ">99%" if percent > 99 else f"{percent}%"

    return [share(part) for part in parts]


def print_forecast(held: Survey, machines: Machines, console: Console) -> None:
    """The schedule in a few lines."""
    lines = _lines(forecast_record(held, machines), machines) if held.todo else None
    for line in lines or [f"on {machines}: nothing to do"]:
        console.print(Text(line), soft_wrap=True)


def _lines(made: Mapping[str, Any], machines: Machines) -> list[str]:
    chain, critical = made["critical_path"], made["critical_path_seconds"]
    shown = " → ".join(f"{one['label']} ({duration(one['seconds'])})" for one in chain[:NAMED])
    more = f" → {len(chain) - NAMED} more" if len(chain) > NAMED else ""
    worked, reserved = made["gpu_hours"], made["gpu_hours_held"]
    hours = f"; {worked:,.1f} GPU-hours worked, {reserved:,.1f} held" if worked else ""
    binding = "the work of all nodes, shared by all slots"
    if critical >= made["lower_bound_seconds"]:
        binding = "the critical path, which more machines do not shorten"
    measured, count = made["measured_costs"], len(made["order"])
    rests = f"costs of {measured} nodes rest on earlier runs, {count - measured} on the roofline"
    return [
        f"on {machines}: ~{duration(made['makespan_seconds'])}, {made['utilisation']:.0%} of "
        f"{machines.slots} slots busy{hours}; {size(made['disk_bytes'])} of disk",
        f"no order is faster than {duration(made['lower_bound_seconds'])}: {binding}",
        f"critical path, {duration(critical)}: {shown}{more}",
        f"{rests} alone" if measured < count else f"all {count} costs rest on earlier runs",
    ]
