"""A store in memory with something for every exhibit, its maps as large as those of the paper.

Cells are a smooth ground with noise, which packs about as well as what networks give.

Legend: L = layers, T = time steps.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.measures.base import Training
from harness.measures.cka import CONTROLS
from harness.plan.expand import Plan, Point
from tests.frames.stored import Stored, layer
from tests.synthetic import architecture, metrics, vgg_architecture

POSITIONS = {"relu1": "act1", "conv1": "conv1", "bn1": "bn1", "relu2": "act2", "conv2": "conv2"}
POSITIONS |= {"bn2": "bn2"}
OTHERS = ("s2.pool", "s2.ds", "s2.bn", "s3.pool", "s3.ds", "s3.bn", "relu", "pool")


def whole(made: Plan) -> Stored:
    """Everything that the exhibits of a plan read; measures that are not listed stay unmeasured."""
    store = Stored(made)
    for exhibit in made.exhibits:
        for point in exhibit.points:
            make = _MAKERS.get(point.measure.kind)
            if make is not None:
                make(store, point)
    return store


def layers(run: Training) -> list[dict[str, str]]:
    """As many layers as the paper has on its axes: 7 per residual block and 10 (Fig. 2)."""
    blocks = getattr(run.network, "depth", 20) // 6
    found = [layer("conv1"), layer("bn1")]
    for stage in ("s1", "s2", "s3"):
        for number in range(blocks):
            block = f"{stage}.b{number}"
            found += [layer(f"{block}.{n}", stage, block, p) for n, p in POSITIONS.items()]
            found.append(layer(block, stage, block, "output"))
    return [*found, *map(layer, OTHERS)]


def _cells(rows: int, columns: int, seed: str) -> NDArray[np.float64]:
    draw = np.random.default_rng(zlib.crc32(seed.encode()))
    up, across = np.linspace(0, 5, rows), np.linspace(0, 4, columns)
    ground = 0.5 + 0.3 * np.sin(up)[:, None] * np.cos(across)
    return np.clip(ground + 0.01 * draw.standard_normal((rows, columns)), 0, 1)


def errors(values: NDArray[np.float64], seed: str) -> NDArray[np.float64]:
    """Standard errors over images of such cells, by 5 % rough."""
    draw = np.random.default_rng(zlib.crc32(seed.encode()))
    return 0.04 * (1 - values**2) * np.exp(0.05 * draw.standard_normal(values.shape))


def percent(key: str) -> float:
    """An accuracy that no other run has."""
    return 60.0 + zlib.crc32(key.encode()) % 30_000 / 1000


def _accuracy(store: Stored, point: Point) -> None:
    store.keep(point, "metrics.json", metrics(percent(point.key)))


def _architecture(store: Stored, point: Point) -> None:
    network = point.run.network
    make = vgg_architecture if network.kind == "vgg" else architecture
    store.keep(point, "architecture.json", make(getattr(network, "depth", 20)))


def _cka(store: Stored, point: Point) -> None:
    rows = layers(point.run)
    values = _cells(len(rows), len(rows), point.key)
    values[5, 5] = np.nan
    undefined = [{"y": [5], "x": [5], "why": "a layer is silent"}]
    content: dict[str, Any] = {"y": rows, "x": rows, "undefined": undefined}
    names = CONTROLS if getattr(point.measure, "also", ()) else ()  # one run has all of them
    others = {name: _cells(len(rows), len(rows), point.key + name) for name in names}
    content |= {"also": {name: {"undefined": []} for name in others}} if others else {}
    store.keep(point, "cka.json", content, values=values, se=errors(values, point.key), **others)


def _time_cka(store: Stored, point: Point) -> None:
    steps = getattr(point.run.neuron, "time_steps", 1)
    positions = {"blocks": "output", "convolutions": "conv1", "activations": "act1"}
    asked = [positions.get(one, "") for one in getattr(point.measure, "layers", ())]
    names = [row["name"] for row in layers(point.run) if row["position"] in asked]
    if point.run.network.kind == "vgg":
        names = [f"features.{number}" for number in (0, 3, 7, 10)]
    arrays = {name: _cells(steps, steps, point.key + name) for name in names}
    arrays |= {f"se/{name}": errors(one, point.key) for name, one in arrays.items()}
    store.keep(point, "cka.json", {"layers": names}, **arrays)


def _attack(store: Stored, point: Point) -> None:
    rows = layers(point.run)
    epsilon = list(getattr(point.measure, "epsilon", ()))
    of = percent(point.key)
    accuracy = [{"epsilon": e, "accuracy": of - 100 * e} for e in (0.0, *epsilon)]
    content: dict[str, Any] = {"accuracy": accuracy, "epsilon": epsilon, "layers": rows}
    values = _cells(len(epsilon), len(rows), point.key)
    content["undefined"] = []
    store.keep(point, "attack.json", content, values=values, se=errors(values, point.key))


def _probe(store: Stored, point: Point) -> None:
    blocks = [row["name"] for row in layers(point.run) if row["position"] == "output"]
    of = percent(point.key)
    rows = [
        {"name": name, "accuracy": of - place, "train_accuracy": 90.0}
        for place, name in enumerate(blocks)
    ]
    store.keep(point, "probe.json", {"layers": rows})


def _workflow(store: Stored, point: Point) -> None:
    gram = _cells(8, 8, point.key)
    content = {"cka": 0.7, "why": "", "layer": "s1.b0", "images": 8}
    arrays = {"gram_x": gram, "gram_y": gram.T, "images": np.full((4, 3, 8, 8), 0.5)}
    store.keep(point, "workflow.json", content, **arrays)


_MAKERS: Mapping[str, Callable[[Stored, Point], None]] = {
    "accuracy": _accuracy,
    "architecture": _architecture,
    "cka": _cka,
    "time_cka": _time_cka,
    "attack": _attack,
    "probe": _probe,
    "workflow": _workflow,
}
