"""What memory a node will need, from what earlier ones needed: a bound, never a guess.

The model only orders runs by size: numbers that are alive at once. A node is given what the
smallest measured run at least as large as itself needed; where none is, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.measures.base import Run
from harness.plan.cost import Past, device_of
from harness.plan.node import Node
from harness.plan.size import SIZES

BATCH = 256  # images at once of a measurement whose spec leaves it to the run


@dataclass(frozen=True)
class Footprint:
    """Peak memory in MB, of the process and on one GPU; None where nothing comparable has run."""

    memory_mb: float | None = None
    gpu_mb: float | None = None


def footprints(nodes: Iterable[Node], past: Iterable[Past]) -> dict[str, Footprint]:
    """The footprint of each node by key."""
    measured: dict[object, list[tuple[float, Past]]] = {}
    for run in past:
        if run.kind in Run.kinds:  # a store may hold kinds that are made no more
            group = measured.setdefault((run.kind, *_arithmetic(run.spec)), [])
            group.append((alive(run.spec), run))
    found = {}
    for node in nodes:
        runs = measured.get((node.kind, *_arithmetic(node.spec)), [])
        mine = alive(node.spec)
        found[node.key] = Footprint(
            _bound(mine, ((size, run.memory_mb) for size, run in runs)),
            _bound(mine, ((size, run.gpu_mb) for size, run in runs)),
        )
    return found


def _bound(mine: float, runs: Iterable[tuple[float, float | None]]) -> float | None:
    """The largest peak among the runs of the least size that is not below `mine`."""
    larger = [(size, peak) for size, peak in runs if size >= mine and peak is not None]
    if not larger:
        return None
    least = min(size for size, _ in larger)
    return max(peak for size, peak in larger if size == least)


def _arithmetic(spec: Mapping[str, Any]) -> tuple[object, ...]:
    """What changes memory beside size: runs are compared only where all of it is equal."""
    training = spec.get("x", spec)
    recipe, numerics = training.get("recipe", {}), training.get("numerics", {})
    changes = ("precision", "checkpoint_activations")
    return device_of(spec), numerics.get("compile", False), *map(recipe.get, changes)


def alive(spec: Mapping[str, Any]) -> float:
    """Features, entries of Gram matrices and weights that a run holds at once, up to factors that
    all runs of its kind share; 0 where no network with a data set is in it.
    """
    sides = [spec] if "recipe" in spec else [spec.get(name) or {} for name in ("x", "y")]
    return sum(_network(side, spec) for side in sides if "dataset" in side)


def _network(training: Mapping[str, Any], spec: Mapping[str, Any]) -> float:
    network = training["network"]
    size = SIZES[network["kind"]](network, training["dataset"]["size"])
    steps = training["neuron"].get("time_steps", 1)
    batch = max(_batches(spec), default=BATCH)
    grams = size.layers * batch**2 if "cka" in spec else 0
    return float(batch * steps * size.features + grams + 3 * size.parameters)


def _batches(spec: Mapping[str, Any]) -> list[int]:
    parts = (spec.get(name) for name in ("recipe", "cka", "attack", "probe", "regression"))
    named = [part for part in parts if part and "batch" in part]
    return [part.get("micro_batch") or part["batch"] for part in named]
