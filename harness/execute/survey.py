"""A plan held against the store: what is stored, why the rest would run, what it would take, and
who runs it.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import HarnessError
from harness.execute.cores import default_slots, usable_cores
from harness.execute.environment import gpu_megabytes, gpus, making, processor, sees_gpu
from harness.execute.executor import Crew, Executor, Where
from harness.execute.job import GPU_MEMORY
from harness.execute.local import IdleCard, Local, always
from harness.layout import Layout
from harness.plan.device import Device, device_at, read_measured
from harness.plan.estimate import Estimate, Past, device_of, disk_bytes, estimate
from harness.plan.expand import Plan
from harness.plan.footprint import Footprint, footprints, side_by_side
from harness.plan.node import Node
from harness.runs.data_folder import downloads
from harness.store.faults import Fault, FaultKind
from harness.store.made import Otherwise, made_otherwise
from harness.store.manifest import Manifest
from harness.store.store import Store
from harness.store.verify import stored_or_fault
from harness.store.why import Cause, Precedents, Reason


@dataclass(frozen=True)
class Survey:
    """What of a plan is stored, why the rest would run, and what it would take."""

    plan: Plan
    stored: Mapping[str, Manifest]
    reasons: Mapping[str, Reason]
    estimates: Mapping[str, Estimate]
    devices: Mapping[str, Device]  # cpu, cuda → what its estimates rest on
    memory: Mapping[str, Footprint]
    disk: Mapping[str, int]
    downloads: Mapping[str, int]  # data set → bytes
    otherwise: Otherwise = field(default_factory=Otherwise)  # of what is stored
    broken: Mapping[str, Fault] = field(default_factory=dict)  # what is, and so runs anew

    @property
    def todo(self) -> tuple[Node, ...]:
        return tuple(node for key, node in self.plan.nodes.items() if key not in self.stored)

    @property
    def slots(self) -> int:
        """Nodes that run side by side on this machine where no option says otherwise."""
        on_gpu = [node for node in self.todo if _wants_gpu(node)]
        slots = default_slots(usable_cores(), bool(on_gpu))
        processes = (node.spec.get("numerics", {}).get("world_size", 1) for node in on_gpu)
        if max(processes, default=2) > 1:
            return slots
        peaks = [self.memory.get(node.key, Footprint()).gpu_mb for node in on_gpu]
        return min(usable_cores(), side_by_side(peaks, min(gpu_megabytes(), default=0.0)))


def survey(
    plan: Plan, layout: Layout, anew: Collection[str] = (), *, bytewise: bool = False
) -> Survey:
    """Hold the plan against the store, nodes that are to be run `anew` as if they were not stored,
    and those that are broken there. IO: manifests, if `bytewise` all files of the plan's nodes, the
    code's own files, and whether data sets are there.

    Raises:
        HarnessError: the store cannot be read, or the data folder is that of a set itself.
    """
    store = Store(layout.store)
    broken = broken_runs(store, plan, bytewise=bytewise)
    manifests = [one for one in store.manifests() if one.key not in broken]
    by_key = {manifest.key: manifest for manifest in manifests}
    precedents = Precedents(manifests)
    stored = {key: by_key[key] for key in plan.nodes if key in by_key and key not in anew}
    todo = [node for key, node in plan.nodes.items() if key not in stored]
    past = [_past(one) for one in manifests]
    devices = devices_here(layout, with_gpu=any(map(_wants_gpu, plan.nodes.values())))
    return Survey(
        plan,
        stored,
        {
            node.key: Reason(Cause.BROKEN, node.kind)
            if node.key in broken
            else precedents.why(node)
            for node in todo
        },
        estimate(plan.nodes.values(), past, devices),
        devices,
        footprints(todo, past),
        {node.key: disk_bytes(node) for node in todo},
        downloads((node.full for node in todo), layout.data),
        made_otherwise(stored.values(), making()),
        broken,
    )


def broken_runs(store: Store, plan: Plan, *, bytewise: bool) -> dict[str, Fault]:
    """What is wrong with the nodes of a plan that stand in the store and cannot be used; one of
    another version is whole, and its run says so.
    """
    there = [key for key in plan.nodes if os.path.lexists(store.folder(key))]
    found = {key: stored_or_fault(store.tree, key, bytewise=bytewise) for key in there}
    return {
        key: one
        for key, one in found.items()
        if isinstance(one, Fault) and one.kind is not FaultKind.MANIFEST_VERSION
    }


@contextmanager
def executor_for(held: Survey, store: Path, crew: Crew) -> Iterator[Executor]:
    """What runs the nodes to do: worker processes here, or the machines of a Ray cluster.

    Raises:
        HarnessError: there is no such GPU, no such cluster, or a machine of it lacks something.
    """
    if crew.where is Where.LOCAL or not held.todo:
        wanting = sum(map(_wants_gpu, held.todo))
        if wanting and not sees_gpu():
            problem = f"{wanting} runs want a GPU, and torch finds none here"
            raise HarnessError("--device cuda", problem, hint="--device cpu, or --profile smoke")
        careful = wanting and crew.jobs is None
        yield Local(crew.jobs or held.slots, IdleCard() if careful else always)
        return
    from harness.execute.ray_cluster import connected  # an extra that may not be installed
    from harness.execute.ray_driver import on_ray

    with connected(crew.address, store) as cluster:
        yield on_ray(cluster, held.todo, held.memory, crew)


def measured_devices(layout: Layout) -> Path:
    """The file of what `doctor --measure` measured, of each device under its name."""
    return Store(layout.store).tree.room("cache") / "devices.json"


def devices_here(layout: Layout, *, with_gpu: bool) -> dict[str, Device]:
    """What estimates rest on: this processor, and the first GPU if it is asked for and there."""
    measured = read_measured(measured_devices(layout))
    gpu = next(iter(gpus()), "") if with_gpu else ""
    names = {"cpu": processor(), "cuda": gpu}
    return {kind: device_at(kind, name, measured) for kind, name in names.items()}


def _wants_gpu(node: Node) -> bool:
    return device_of(node.spec) == "cuda"


def _past(run: Manifest) -> Past:
    def number(name: str) -> float | None:
        found = run.numbers.get(name)
        return float(found) if isinstance(found, int | float) else None

    gpu_mb, rate = number(GPU_MEMORY), number("images_per_second")
    return Past(run.kind, run.spec, run.wall_s, run.peak_memory_mb, gpu_mb, rate, run.revision)
