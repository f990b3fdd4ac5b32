"""Throughput and cost of every exhibit, as a user reads it and as JSON for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from statistics import median
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.execute.survey import Survey
from harness.plan.device import Device
from harness.plan.estimate import Basis, Estimate, device_of, disk_bytes
from harness.plan.node import Node
from harness.terminal.output import size, table
from harness.words import duration

Record = dict[str, Any]
SHOWN = {Basis.MEASURED: "measured", Basis.SCALED: "scaled", Basis.STATED: "roofline"}
WIDE = 120  # columns of a terminal that hold all of the table of exhibits
SPARED = {"nodes", "fastest", *SHOWN.values()}  # what it leaves out where there are less


def costs_record(held: Survey) -> Record:
    """What each exhibit and each kind of training costs, and what that rests on, as JSON values;
    whether a node is stored changes nothing.
    """
    disk = {  # of its files where it is stored, else by formula
        key: sum(file.bytes for file in held.stored[key].files.values())
        if key in held.stored
        else disk_bytes(node)
        for key, node in held.plan.nodes.items()
    }
    seconds, stated = (dict.fromkeys(held.devices, 0.0) for _ in range(2))
    for key, node in held.plan.nodes.items():
        one, device = held.estimates[key], device_of(node.spec)
        seconds[device] += one.seconds
        stated[device] += one.seconds * (one.basis is Basis.STATED)
    scaled = (one for one in held.estimates.values() if one.basis is Basis.SCALED)
    used = {name: asdict(held.devices[name]) for name, part in stated.items() if part}
    return {
        "exhibits": _exhibits(held, disk),
        "trainings": _trainings(held),
        "seconds": round(sum(seconds.values()), 1),
        "gpu_hours": round(seconds["cuda"] / 3600, 3),
        "core_hours": round(seconds["cpu"] / 3600, 3),
        "seconds_by_basis": _by_basis(held.estimates.values()),
        "stated_seconds": {name: round(stated[name], 1) for name in used},
        "corrected_by": max((one.runs for one in scaled), default=0),
        "devices": used,
        "disk_bytes": sum(disk.values()),
    }


def _exhibits(held: Survey, disk: Mapping[str, int]) -> list[Record]:
    """The dearest alone first. What an exhibit above has already is shared, and adds nothing, so
    that what they add sums to the whole plan. Seconds are those of one worker.
    """
    plan, estimates, counted, found = held.plan, held.estimates, set[str](), list[Record]()

    def alone(planned: Any) -> float:
        return sum(estimates[key].seconds for key in planned.nodes)

    for planned in sorted(plan.exhibits, key=alone, reverse=True):
        shared = counted.intersection(planned.nodes)
        trainings = [key for key in planned.nodes if plan.nodes[key].kind == "train"]
        rates = sorted((estimates[key] for key in trainings), key=_images_per_second)
        added = sum(estimates[key].seconds for key in planned.nodes if key not in shared)
        found.append(
            {
                "id": planned.exhibit.id,
                "nodes": len(planned.nodes),
                "nodes_shared": len(shared),
                "trainings": len(trainings),
                "trainings_shared": len(shared.intersection(trainings)),
                "alone_seconds": round(alone(planned), 1),
                "added_seconds": round(added, 1),
                "slowest": _rate_record(rates[0]) if rates else None,
                "fastest": _rate_record(rates[-1]) if rates else None,
                "seconds_by_basis": _by_basis(estimates[key] for key in planned.nodes),
                "disk_bytes": sum(disk[key] for key in planned.nodes),
            }
        )
        counted |= set(planned.nodes)
    return found


def _trainings(held: Survey) -> list[Record]:
    """Each kind of training, the longest first: medians over those with the best basis."""
    groups: dict[str, tuple[Record, list[Estimate]]] = {}
    for key, node in held.plan.nodes.items():
        if node.kind == "train":
            kind = _kind(node)
            groups.setdefault(str(kind), (kind, []))[1].append(held.estimates[key])
    found = []
    for kind, members in groups.values():
        basis = min((one.basis for one in members), key=list(Basis).index)
        chosen = [one for one in members if one.basis is basis]
        medians = {
            "rests_on": len(chosen),  # trainings of the plan that the medians are of
            "images_per_second": round(median(map(_images_per_second, chosen)), 1),
            "seconds": round(median(one.seconds for one in chosen), 1),
        }
        found.append(kind | {"trainings": len(members), "basis": basis} | medians)
    return sorted(found, key=lambda one: -one["seconds"])


def _kind(training: Node) -> Record:
    """What sets the speed of a training. Shortcuts are left out: they hardly change it."""
    spec, network, neuron = training.spec, training.spec["network"], training.spec["neuron"]
    return {
        "network": network["kind"],
        "depth": network.get("depth"),  # None where the network has one only
        "width": network.get("width", 1),
        "neuron": neuron["kind"],
        "time_steps": neuron.get("time_steps", 1),
        "one_step_stages": list(map(str, network.get("one_step_stages", ()))),
        "dataset": spec["dataset"]["name"],
        "precision": spec["recipe"]["precision"],
        "device": device_of(spec),
    }


def _images_per_second(one: Estimate) -> float:
    return one.images_per_second or 0.0


def _rate_record(one: Estimate) -> Record:
    return {"images_per_second": round(_images_per_second(one), 1), "basis": one.basis}


def _by_basis(estimates: Iterable[Estimate]) -> dict[str, float]:
    """Seconds by what they rest on, each basis named."""
    seconds = {basis.value: 0.0 for basis in Basis}
    for one in estimates:
        seconds[one.basis.value] += one.seconds
    return {basis: round(part, 1) for basis, part in seconds.items()}


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
        "alone": _hours(one["alone_seconds"]),
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
    shares = zip(_shares(parts), names, strict=True)
    rests = ", ".join(f"{share} {name}" for share, name in shares if share)
    return [
        "alone, adds: hours of one worker, from an empty store and after the rows above; "
        "slowest, fastest: images/s of a training, ~ where not measured",
        f"together {' and '.join(together) or 'no hours'}, each node once; {_hours(alone)} if each "
        f"exhibit were reproduced alone; {size(record['disk_bytes'])} of disk",
        f"rests on: {rests or 'nothing, there is no node'}",
        *(f"roofline, {one}" for one in used),
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
                SHOWN[one["basis"]] + ("" if is_whole else some),
            )
        )
    numbers = ("runs", "images/s", "hours")
    columns = ("network", "neuron", "data", "precision", *numbers, "rests on")
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


def to_do(held: Survey, slots: int | None = None) -> str:
    """`to do: 6 train (~35 min on 2 workers, from 10 stored runs; 3 MB of disk)`, on so many
    workers or as many as there are by default.
    """
    if not held.todo:
        return "to do: nothing, every node is stored"
    kinds = Counter(node.kind for node in held.todo)
    what = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    estimates = [held.estimates[node.key] for node in held.todo]
    runs = max(one.runs for one in estimates)
    bare = [node for node, one in zip(held.todo, estimates, strict=True) if not one.runs]
    labels = " and ".join(sorted({held.devices[device_of(node.spec)].label for node in bare}))
    basis = [f"from {runs} stored runs"] if runs else []
    basis += [f"{len(bare)} nodes {labels}" if runs else labels] if bare else []
    workers = min(slots or held.slots, len(held.todo))
    spent = duration(sum(one.seconds for one in estimates) / workers)
    said = f"to do: {what} (~{spent} on {workers} worker{'s' if workers > 1 else ''}, "
    said += f"{', '.join(basis)}; {size(sum(held.disk.values()))} of disk)"
    for name, count in held.downloads.items():
        said += f"; {name} to download first, {size(count)}"
    return said
