"""Throughput and cost of every exhibit, as a user reads it and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.text import Text

from harness.execute.survey import Survey
from harness.plan.breakdown import (
    ExhibitCost,
    Kind,
    Throughput,
    by_basis,
    exhibit_costs,
    throughputs,
)
from harness.plan.cost import GPU_SPEEDUP, Basis, Estimate, device_of, disk_bytes
from harness.terminal.output import size, table

RESTS_ON = {
    Basis.MEASURED: "measured here",
    Basis.SCALED: "scaled by runs of the same kind and device",
    Basis.STATED: "stated constants",
}


def costs_record(held: Survey) -> dict[str, Any]:
    """What each exhibit and each kind of training costs, and what that rests on, as JSON values."""
    disk = _disk(held)
    return {
        "exhibits": [
            _exhibit_record(one) for one in exhibit_costs(held.plan, held.estimates, disk)
        ],
        "trainings": [_throughput_record(one) for one in throughputs(held.plan, held.estimates)],
        "seconds": round(_seconds(held), 1),
        "gpu_hours": round(_seconds(held, "cuda") / 3600, 3),
        "core_hours": round(_seconds(held, "cpu") / 3600, 3),
        "seconds_by_basis": _rounded(by_basis(held.estimates.values())),
        "disk_bytes": sum(disk.values()),
    }


def print_costs(held: Survey, console: Console, *, trainings: bool) -> None:
    """The dearest exhibit first, then the sums; each kind of training, if that is wanted."""
    disk = _disk(held)
    exhibits = exhibit_costs(held.plan, held.estimates, disk)
    _print_exhibits(exhibits, console)
    for line in _sums(held, exhibits, sum(disk.values())):
        console.print(Text(line), soft_wrap=True)
    if trainings and (kinds := throughputs(held.plan, held.estimates)):
        console.print()
        _print_trainings(kinds, console)


def _print_exhibits(exhibits: Iterable[ExhibitCost], console: Console) -> None:
    counts, rates = ("trainings", "shared", "nodes", "alone", "adds"), ("slowest", "fastest")
    columns = ("exhibit", *counts, *rates, *Basis, "disk")
    rows = [
        (
            one.exhibit,
            *map(str, (one.trainings, one.shared_trainings, one.nodes)),
            _hours(one.alone_s),
            _hours(one.added_s),
            *map(_rate, (one.slowest, one.fastest)),
            *_shares(one.by_basis),
            size(one.disk_bytes),
        )
        for one in exhibits
    ]
    console.print(table(columns, rows, columns[1:]))


def _sums(held: Survey, exhibits: Iterable[ExhibitCost], disk: int) -> list[str]:
    alone = sum(one.alone_s for one in exhibits)
    seconds = by_basis(held.estimates.values())
    parts = zip(_shares(seconds), RESTS_ON.values(), strict=True)
    rests = ", ".join(f"{share} {basis}" for share, basis in parts if share)
    lines = [
        "alone, adds: hours of one worker, from an empty store and after the rows above; "
        "slowest, fastest: images/s of a training, ~ where not measured",
        f"together {_total(held)}, each node once; {_hours(alone)} if each exhibit were "
        f"reproduced alone; {size(disk)} of disk",
        f"rests on: {rests or 'nothing, there is no node'}",
    ]
    stated_on = {
        device_of(node.spec)
        for key, node in held.plan.nodes.items()
        if held.estimates[key].basis is Basis.STATED
    }
    if "cuda" in stated_on:
        lines.append(
            f"a GPU is stated as {GPU_SPEEDUP:.0f} times one CPU thread, which was never measured: "
            "run one training to have it corrected"
        )
    return lines


def _print_trainings(kinds: Iterable[Throughput], console: Console) -> None:
    numbers = ("depth", "width", "runs", "images/s", "hours each")
    named = ("network", "depth", "width", "neuron", "T", "data", "precision", "device")
    columns = (*named, "runs", "images/s", "hours each", "rests on")
    rows = [
        (
            *_named(one.kind),
            str(one.trainings),
            _images(one.images_per_second, one.basis),
            _hours(one.seconds),
            _rests_on(one),
        )
        for one in kinds
    ]
    console.print(table(columns, rows, numbers))


def _named(kind: Kind) -> tuple[str, ...]:
    stages = "+".join(kind.single_step)
    steps = f"{kind.time_steps}, s{stages} at 1" if stages else str(kind.time_steps)
    depth = "" if kind.depth is None else str(kind.depth)
    width = f"x{kind.width}"
    return (
        *(kind.network, depth, width, kind.neuron, steps),
        *(kind.dataset, kind.precision, kind.device),
    )


def _rests_on(one: Throughput) -> str:
    some = one.basis is Basis.MEASURED and one.rests_on < one.trainings
    return f"{one.basis}, {one.rests_on} of {one.trainings}" if some else one.basis


def _rate(one: Estimate | None) -> str:
    if one is None or one.images_per_second is None:
        return ""
    return _images(one.images_per_second, one.basis)


def _images(per_second: float, basis: Basis) -> str:
    """`310`, `4.2`, `~310` where it is not measured."""
    digits = 0 if per_second >= 10 else 1 if per_second >= 1 else 2
    return f"{'' if basis is Basis.MEASURED else '~'}{per_second:,.{digits}f}"


def _hours(seconds: float) -> str:
    """Hours in about three digits: `0.041`, `3.20`, `1,628.2`; 0 only where there are none."""
    hours = seconds / 3600
    if hours < 0.001:
        return "<0.001" if hours else "0"
    return f"{hours:,.{3 if hours < 1 else 2 if hours < 10 else 1}f}"


def _shares(seconds: Mapping[Basis, float]) -> tuple[str, ...]:
    """The part of each basis; nothing where there is none of it, 100 % only where it is all."""
    total = sum(seconds.values())

    def share(part: float) -> str:
        if part in (0, total):
            return "100%" if part else ""
        percent = round(100 * part / total)
        return "<1%" if percent < 1 else ">99%" if percent > 99 else f"{percent}%"

    return tuple(share(seconds[one]) for one in Basis)


def _total(held: Survey) -> str:
    """`2,211.2 GPU-hours and 0.001 core-hours`."""
    units = {"GPU-hours": "cuda", "core-hours": "cpu"}
    parts = [
        f"{_hours(seconds)} {unit}"
        for unit, device in units.items()
        if (seconds := _seconds(held, device))
    ]
    return " and ".join(parts) or "no hours"


def _seconds(held: Survey, device: str | None = None) -> float:
    """Of every node once, stored or not; those of one device, if it is named."""
    return sum(
        held.estimates[key].seconds
        for key, node in held.plan.nodes.items()
        if device in (None, device_of(node.spec))
    )


def _disk(held: Survey) -> dict[str, int]:
    """Bytes of each node: of its files where it is stored, else by formula."""
    return {
        key: sum(file.bytes for file in held.stored[key].files.values())
        if key in held.stored
        else disk_bytes(node)
        for key, node in held.plan.nodes.items()
    }


def _exhibit_record(one: ExhibitCost) -> dict[str, Any]:
    return {
        "id": one.exhibit,
        "nodes": one.nodes,
        "nodes_shared": one.shared_nodes,
        "trainings": one.trainings,
        "trainings_shared": one.shared_trainings,
        "alone_seconds": round(one.alone_s, 1),
        "added_seconds": round(one.added_s, 1),
        "slowest": _rate_record(one.slowest),
        "fastest": _rate_record(one.fastest),
        "seconds_by_basis": _rounded(one.by_basis),
        "disk_bytes": one.disk_bytes,
    }


def _throughput_record(one: Throughput) -> dict[str, Any]:
    return asdict(one.kind) | {
        "trainings": one.trainings,
        "basis": one.basis,
        "rests_on": one.rests_on,
        "images_per_second": round(one.images_per_second, 1),
        "seconds": round(one.seconds, 1),
    }


def _rate_record(one: Estimate | None) -> dict[str, Any] | None:
    if one is None or one.images_per_second is None:
        return None
    return {"images_per_second": round(one.images_per_second, 1), "basis": one.basis}


def _rounded(seconds: Mapping[Basis, float]) -> dict[str, float]:
    return {basis.value: round(part, 1) for basis, part in seconds.items()}
