"""Throughput and cost of every exhibit, as JSON values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from statistics import median
from typing import Any

from harness.execute.survey import Survey
from harness.plan.estimate import Basis, Estimate, bound_of, device_of, disk_bytes
from harness.plan.node import Node

Record = dict[str, Any]


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
        "unknown_nodes": sum(not one.seconds for one in held.estimates.values()),
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
                "unknown_nodes": sum(not estimates[key].seconds for key in planned.nodes),
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
            kind = _kind(node) | {"bound": bound_of("train", node.spec, held.devices)}
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
