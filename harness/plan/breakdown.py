"""What each exhibit of a plan costs, alone and beside the others, and each kind of training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from harness.plan.cost import Basis, Estimate, device_of
from harness.plan.expand import Plan
from harness.plan.node import Node


@dataclass(frozen=True)
class ExhibitCost:
    """One exhibit, in the order of `exhibit_costs`.

    `shared_` counts what an exhibit above it has already; `added_s` leaves that out, so that the
    column sums to the whole plan. Times are seconds of one worker, disk is in bytes.
    """

    exhibit: str
    nodes: int
    trainings: int
    shared_nodes: int
    shared_trainings: int
    alone_s: float
    added_s: float
    slowest: Estimate | None  # of its trainings, by images per second; None where it has none
    fastest: Estimate | None
    by_basis: Mapping[Basis, float]  # seconds alone, by what they rest on
    disk_bytes: int  # alone


def exhibit_costs(
    plan: Plan, estimates: Mapping[str, Estimate], disk: Mapping[str, int]
) -> tuple[ExhibitCost, ...]:
    """The exhibits of a plan, the dearest alone first; whether a node is stored changes nothing."""
    alone = {
        one.exhibit.id: sum(estimates[key].seconds for key in one.nodes) for one in plan.exhibits
    }
    counted: set[str] = set()
    found = []
    for one in sorted(plan.exhibits, key=lambda one: -alone[one.exhibit.id]):
        shared = counted.intersection(one.nodes)
        trainings = [key for key in one.nodes if plan.nodes[key].kind == "train"]
        rates = sorted((estimates[key] for key in trainings), key=_images_per_second)
        found.append(
            ExhibitCost(
                exhibit=one.exhibit.id,
                nodes=len(one.nodes),
                trainings=len(trainings),
                shared_nodes=len(shared),
                shared_trainings=len(shared.intersection(trainings)),
                alone_s=alone[one.exhibit.id],
                added_s=sum(estimates[key].seconds for key in one.nodes if key not in shared),
                slowest=rates[0] if rates else None,
                fastest=rates[-1] if rates else None,
                by_basis=by_basis(estimates[key] for key in one.nodes),
                disk_bytes=sum(disk[key] for key in one.nodes),
            )
        )
        counted |= set(one.nodes)
    return tuple(found)


def by_basis(estimates: Iterable[Estimate]) -> dict[Basis, float]:
    """Seconds by what they rest on, each basis named."""
    seconds = dict.fromkeys(Basis, 0.0)
    for one in estimates:
        seconds[one.basis] += one.seconds
    return seconds


@dataclass(frozen=True)
class Kind:
    """What sets the speed of a training. Shortcuts are left out: they hardly change it."""

    network: str
    depth: int | None  # None where the network has one only
    width: int
    neuron: str
    time_steps: int
    single_step: tuple[str, ...]  # stages that run one step however many there are
    dataset: str
    precision: str
    device: str


@dataclass(frozen=True)
class Throughput:
    """The trainings of one kind: medians over those with the best basis that any has."""

    kind: Kind
    trainings: int
    basis: Basis
    rests_on: int  # trainings of the plan that the medians are of
    images_per_second: float
    seconds: float  # of one training


def throughputs(plan: Plan, estimates: Mapping[str, Estimate]) -> tuple[Throughput, ...]:
    """Each kind of training in a plan, the longest first."""
    groups: dict[Kind, list[Estimate]] = defaultdict(list)
    for node in plan.nodes.values():
        if node.kind == "train":
            groups[kind_of(node)].append(estimates[node.key])
    found = [_throughput(kind, members) for kind, members in groups.items()]
    return tuple(sorted(found, key=lambda one: -one.seconds))


def _throughput(kind: Kind, members: Sequence[Estimate]) -> Throughput:
    basis = next(one for one in Basis if any(member.basis is one for member in members))
    chosen = [member for member in members if member.basis is basis]
    rate = median(map(_images_per_second, chosen))
    seconds = median(one.seconds for one in chosen)
    return Throughput(kind, len(members), basis, len(chosen), rate, seconds)


def kind_of(training: Node) -> Kind:
    """The kind of a training, from its spec."""
    spec: Mapping[str, Any] = training.spec
    network, neuron = spec["network"], spec["neuron"]
    return Kind(
        network=network["kind"],
        depth=network.get("depth"),
        width=network.get("width", 1),
        neuron=neuron["kind"],
        time_steps=neuron.get("time_steps", 1),
        single_step=tuple(map(str, network.get("single_step", ()))),
        dataset=spec["dataset"]["name"],
        precision=spec["recipe"]["precision"],
        device=device_of(spec),
    )


def _images_per_second(one: Estimate) -> float:
    return one.images_per_second or 0.0
