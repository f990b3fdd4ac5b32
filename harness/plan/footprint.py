"""What memory a node will need, from what earlier ones needed: a bound, never a guess.

A node is given what the smallest measured run at least as large as itself needed; where none is,
nothing is said. Size is what a run holds at once, which only orders runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.measures.work import EVALUATED, size_of_training
from harness.plan.estimate import Past, counted, device_of
from harness.plan.node import Node

MARGIN = 1.25  # on every measured peak: other seeds, other versions, a fragmented heap
CONTEXT_MB = 800.0  # of a GPU, for each process, beside what torch reserves


@dataclass(frozen=True)
class Footprint:
    """Peak memory in MB, of the process and on one GPU; None where nothing comparable has run."""

    memory_mb: float | None = None
    gpu_mb: float | None = None


def footprints(nodes: Iterable[Node], past: Iterable[Past]) -> dict[str, Footprint]:
    """The footprint of each node by key."""
    measured = defaultdict[object, list[tuple[float, Past]]](list)
    for run, _ in counted(past):
        measured[run.kind, _arithmetic(run.spec)].append((alive(run.spec), run))

    def bound(node: Node, peak: Callable[[Past], float | None]) -> float | None:
        """The largest peak among the runs of the least size that is not below that of the node."""
        runs = measured[node.kind, _arithmetic(node.spec)]
        known = [(size, found) for size, run in runs if (found := peak(run)) is not None]
        least = min((size for size, _ in known if size >= alive(node.spec)), default=None)
        return max((found for size, found in known if size == least), default=None)

    return {
        node.key: Footprint(
            bound(node, lambda run: run.memory_mb), bound(node, lambda run: run.gpu_mb)
        )
        for node in nodes
    }


def side_by_side(peaks_mb: Collection[float | None], card_mb: float) -> int:
    """How many nodes a GPU holds at once, whichever of them these are: by the largest peak on it;
    1 where nobody knows one of them.
    """
    known = [peak for peak in peaks_mb if peak is not None]
    if not known or len(known) < len(peaks_mb):
        return 1
    return max(1, int(card_mb // (MARGIN * max(known) + CONTEXT_MB)))


def _arithmetic(spec: Mapping[str, Any]) -> tuple[object, ...]:
    """What changes memory beside size: runs are compared only where all of it is equal."""
    training = spec.get("x", spec)
    recipe, numerics = training.get("recipe", {}), training.get("numerics", {})
    changes = ("precision", "checkpoint_activations", "optimizer")
    return device_of(spec), numerics.get("compile", False), *map(recipe.get, changes)


def alive(spec: Mapping[str, Any]) -> float:
    """Features, entries of Gram matrices and weights that a run holds at once, up to factors that
    all runs of its kind share; 0 where no network with a data set is in it.
    """
    sides = [spec] if "recipe" in spec else [spec.get(name) or {} for name in ("x", "y")]
    parts = (spec.get(name) for name in ("recipe", "cka", "attack", "probe", "regression"))
    named = [part for part in parts if part and "batch" in part]
    batches = [part.get("micro_batch") or part["batch"] for part in named]
    batch, total = max(batches, default=EVALUATED), 0.0
    for size in (size_of_training(side) for side in sides if "dataset" in side):
        grams = size.compared * batch**2 if "cka" in spec else 0
        total += batch * size.features + grams + 3 * size.weights
    return total
