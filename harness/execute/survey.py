"""A plan held against the store: what is stored, why the rest would run, what it would take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.execute.job import GPU_MEMORY
from harness.plan.cost import Estimate, Past, disk_bytes, estimate
from harness.plan.expand import Plan
from harness.plan.footprint import Footprint, footprints
from harness.plan.node import Node
from harness.runs.data_folder import downloads
from harness.store.manifest import Manifest
from harness.store.store import Store
from harness.store.why import Precedents, Reason


@dataclass(frozen=True)
class Survey:
    """What of a plan is stored, why the rest would run, and what it would take."""

    plan: Plan
    stored: Mapping[str, Manifest]
    reasons: Mapping[str, Reason]
    estimates: Mapping[str, Estimate]
    memory: Mapping[str, Footprint]
    disk: Mapping[str, int]
    downloads: Mapping[str, int]  # data set → bytes

    @property
    def todo(self) -> tuple[Node, ...]:
        return tuple(node for key, node in self.plan.nodes.items() if key not in self.stored)


def survey(plan: Plan, store: Store, data: Path) -> Survey:
    """Hold the plan against the store. IO: manifests only, and whether data sets are there.

    Raises:
        HarnessError: the store cannot be read, or `data` is no folder that holds data sets.
    """
    manifests = store.manifests()
    by_key = {manifest.key: manifest for manifest in manifests}
    precedents = Precedents(manifests)
    stored = {key: by_key[key] for key in plan.nodes if key in by_key}
    todo = [node for key, node in plan.nodes.items() if key not in stored]
    past = [_past(one) for one in manifests]
    return Survey(
        plan,
        stored,
        {node.key: precedents.why(node) for node in todo},
        estimate(plan.nodes.values(), past),
        footprints(todo, past),
        {node.key: disk_bytes(node) for node in todo},
        downloads((node.full for node in todo), data),
    )


def _past(run: Manifest) -> Past:
    def number(name: str) -> float | None:
        found = run.numbers.get(name)
        return float(found) if isinstance(found, int | float) else None

    gpu_mb, rate = number(GPU_MEMORY), number("images_per_second")
    return Past(run.kind, run.spec, run.wall_s, run.peak_memory_mb, gpu_mb, rate, run.revision)
