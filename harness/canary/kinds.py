"""One run of the canary, in a process of its own: float64, then the same in the arithmetic of real
runs.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from harness.canary.states import STATES, Before, Row, Watcher, forced, in_float64
from harness.canary.task import Done, Room, Series, projections, series_of, shortened
from harness.check.bits import LATER
from harness.engine.networks.neurons import Lif
from harness.engine.training.checkpoint import Checkpoint
from harness.engine.training.ranks import ALONE
from harness.measures.base import Training
from harness.parts.networks import Small
from harness.parts.neurons import Spiking
from harness.plan.node import Node
from harness.runs.place import Place, Progress
from harness.runs.train import trained_in
from harness.runs.trained import images_of, normalisation

WEIGHTS = "network.safetensors"
PRECISIONS = {"train": ("f32",), "late": ("f32", "bf16"), "last": ("f32",)}
_BATCHES = {"late": 32, "last": 13}  # what an epoch leaves is no multiple of anything
_DRAWING = ("maximisation", "kernels", "architecture")
"""Kinds that draw numbers, which are others in float32, or have no float32 of their own."""


def carried_out(node: Node, room: Room) -> Done:
    """Run a node; an error of the run is its problem, and no error of the canary."""
    began = time.process_time()
    torch.set_num_threads(1)
    run = _RUNS.get(node.kind, _measured)
    try:
        exact, real = run(node, room)
        problem = ""
    except Exception as error:  # whatever a broken engine raises is what the canary is for
        exact, real, problem = {}, {}, f"{type(error).__name__}: {error}"
    return Done(node.kind, node.label, exact, real, time.process_time() - began, problem)


def _place(room: Room, name: str, inputs: Mapping[str, Path]) -> Place:
    files, checkpoints = room.folder / name, room.folder / f"{name}.checkpoints"
    for folder in (files, checkpoints):
        folder.mkdir(parents=True)
    own = room.folder / f"data-{os.getpid()}"
    return Place(files, checkpoints, own, inputs, 1, own)


def _quiet(progress: Progress) -> None:
    """Nobody is told."""


Found = tuple[Series, dict[str, Series]]


class _StoppedHalfWay(Exception):
    """As if somebody had pressed Ctrl-C after the first epoch."""


def _stop_after_one(progress: Progress) -> None:
    if progress.done < progress.of:
        raise _StoppedHalfWay


def _trained(node: Node, room: Room) -> Found:
    spec: Training = node.full
    place, watcher = _place(room, node.key, {}), Watcher()
    with in_float64():
        with suppress(_StoppedHalfWay):
            trained_in(spec, place, _stop_after_one, ALONE, "cpu", watcher)
        if spec.recipe.epochs > 1:  # and goes on from its checkpoint
            trained_in(spec, place, _quiet, ALONE, "cpu", watcher)
    _narrowed(load_file(place.files / WEIGHTS), node, room)
    metrics = json.loads((place.files / "metrics.json").read_text(encoding="utf-8"))
    exact = _by_step(watcher.rows) | series_of(metrics)
    return exact, _real(node, spec, watcher.before, room)


def _narrowed(weights: Mapping[str, Tensor], node: Node, room: Room) -> None:
    """Leave the weights for measures in float32, too."""
    folder = room.folder / f"{node.key}.f32"
    folder.mkdir()
    save_file({name: one.float() for name, one in weights.items()}, folder / WEIGHTS)


def trained_late(node: Node, room: Room) -> tuple[str, bytes]:
    """Train a network to the end in float32: the file of weights that `late` starts from."""
    torch.set_num_threads(1)
    spec: Training = node.full
    place = _place(room, f"{node.key}.whole", {})
    spec.run(place, _quiet)
    return _late_name(spec), (place.files / WEIGHTS).read_bytes()


def _late_name(spec: Training) -> str:
    return f"{spec.neuron.kind}.safetensors"


def _late(node: Node, room: Room) -> Found:
    """Steps from stored weights, each with a batch of its own; of `last` smaller ones, as the last
    of an epoch may be.
    """
    spec: Training = node.full
    place = _place(room, node.key, {})
    weights = load_file(room.late / _late_name(spec))
    save_file(weights, place.files / WEIGHTS)
    _narrowed(weights, node, room)
    images = images_of(spec, place)
    with in_float64():
        numbers = normalisation(spec, images)
        batch = _BATCHES[node.kind]
        given = range(0, STATES * batch, batch)
        before = [
            Before(
                Checkpoint("", weights, {}, (), {}),
                numbers(images.train_images[start : start + batch]),
                images.train_labels[start : start + batch],
                spec.recipe.lr / 100,
            )
            for start in given
        ]
        rows = [forced(spec, one) for one in before]
    return _by_step(rows), _real(node, spec, before, room)


def _real(node: Node, spec: Training, before: Sequence[Before], room: Room) -> dict[str, Series]:
    return {
        room.arithmetic(precision): _by_step(
            [forced(spec, one, device=room.device, precision=precision) for one in before]
        )
        for precision in PRECISIONS[node.kind]
    }


def _by_step(rows: Sequence[Row]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _measured(node: Node, room: Room) -> Found:
    with in_float64():
        exact = _run(node, room, "", "cpu")
    if node.kind in _DRAWING or '"random_start":true' in node.full.model_dump_json():
        return exact, {}
    return exact, {room.arithmetic("f32"): _run(node, room, ".f32", room.device)}


def _run(node: Node, room: Room, suffix: str, device: str) -> Series:
    spec = _on(node.full, device)
    inputs = {side: room.folder / f"{key}{suffix}" for side, key in node.inputs.items()}
    place = _place(room, f"{node.key}{suffix}", inputs)
    spec.run(place, _quiet)
    return _files(place.files)


def _on(spec: Any, device: str) -> Any:
    """A spec whose trainings are looked at on another device."""
    there = {"device": device}
    sides = {name: side for name, side in spec if hasattr(side, "numerics")}
    return spec.model_copy(
        update={
            name: side.model_copy(update={"numerics": side.numerics.model_copy(update=there)})
            for name, side in sides.items()
        }
    )


def _files(folder: Path) -> Series:
    """Every number that a run left, but for its clock and what kept runs do not have."""
    found: dict[str, Any] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json" and path.name != "timing.json":
            found |= series_of(json.loads(path.read_text(encoding="utf-8")), path.stem)
        elif path.suffix == ".safetensors" and path.name not in LATER:
            for name, tensor in load_file(path).items():
                values = tensor.double().reshape(-1).tolist()
                found[f"{path.stem}.{name}"] = shortened([v if v == v else None for v in values])
                found[f"{path.stem}.{name} shape"] = [float(n) for n in tensor.shape]
    return found


def _neuron(node: Node, room: Room) -> Found:
    """A layer of neurons on currents that meet every edge: threshold, support, reset."""
    spec = node.full
    with in_float64():
        exact = _through(spec, "auto", "cpu") | _through(spec, "reference", "cpu")
    return exact, {room.arithmetic("f32"): _through(spec, "auto", room.device)}


def _through(spec: Spiking, backend: str, device: str) -> dict[str, list[float]]:
    detached = spec.model_copy(update={"detach_reset": not spec.detach_reset})
    prefix = "" if backend == "auto" else f"{backend} "
    return {
        f"{prefix}{name}{said}": values
        for said, one in (("", spec), (", reset detached otherwise", detached))
        for name, values in _layer(one, backend, device).items()
    }


def _layer(spec: Spiking, backend: str, device: str) -> dict[str, list[float]]:
    shape = Small(kind="small", stages=1, channels=1)
    net = shape.build(spec, classes=2, channels=1, seed=0)
    layer = next(one for one in net.modules() if isinstance(one, Lif)).to(device)
    layer.backend = backend
    steps = spec.time_steps
    place = torch.arange(512 * steps, device=device).view(-1, 1, 1, 1)
    folded = ((place * 37 % 65 - 20) / 8).to(torch.get_default_dtype()).requires_grad_()
    spikes: Tensor = layer(folded, steps)
    weighted = (spikes * (place * 29 % 31 - 15) / 16).sum()
    learning = tuple(layer.parameters())
    gradient, *learned = torch.autograd.grad(weighted, (folded, *learning))
    found = {
        "spikes": projections(spikes.detach().double().cpu().numpy()),
        "gradient": projections(gradient.double().cpu().numpy()),
    }
    return found | ({"decay": [float(one) for one in learned]} if learned else {})


_RUNS: Mapping[str, Callable[[Node, Room], Found]] = {
    "train": _trained,
    "late": _late,
    "last": _late,
    "neuron": _neuron,
}
