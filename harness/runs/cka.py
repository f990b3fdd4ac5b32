"""`cka`: all layers of two trained networks against each other, or of one against itself;
`time_cka`: the time steps of each of some layers of one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import torch

from harness.engine.cka import Batches, CkaMap, Pairs, cka_heatmap, time_cka
from harness.engine.networks import Network
from harness.engine.networks.shuffle import shuffled_in_time
from harness.errors import HarnessError
from harness.measures.base import Training
from harness.measures.cka import CONTROLS, ERRORS, CkaRun
from harness.measures.time_cka import TimeCkaRun
from harness.parts.measurement import Cka
from harness.runs.layers import chosen, described, firing
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json, write_tensors
from harness.runs.trained import first, images_of, minibatches, normalisation, trained


def run(spec: CkaRun, place: Place, report: Report) -> Numbers:
    """Compare; `cka.safetensors` holds the map [layers of y, layers of x] as `values`, `cka.json`
    their names, where they stand, and why cells are undefined. With `controls` both hold the other
    estimates by their names, too. `errors.safetensors` has the standard errors over images as `se`,
    where the estimator has them.
    """
    if spec.y is not None and spec.y.dataset != spec.x.dataset:
        raise HarnessError("cka", "the two networks were trained on different data sets")
    with prepared(spec.x.numerics, place) as device, ExitStack() as shuffling:
        x = trained(spec.x, place.inputs["x"], device)
        y = x if spec.y is None else trained(spec.y, place.inputs["y"], device)
        for network, side, seen in ((x, spec.x, spec.seen_x), (y, spec.y, spec.seen_y)):
            if side is not None and seen.shuffled:
                neurons = firing(network, side.neuron)
                shuffling.enter_context(shuffled_in_time(network, neurons, side.seed))
        batches = shown(spec.cka, (spec.y, spec.x), place, device, report)
        also = CONTROLS if spec.controls else ()
        seen_y = spec.seen_x if spec.y is None else spec.seen_y
        how, time_x = spec.cka.estimator, spec.seen_x.time
        found = cka_heatmap(
            y, x, batches, estimator=how, also=also, time=seen_y.time, time_x=time_x
        )
    others = {name: one.values for name, one in found.also.items()}
    write_tensors(place.files / "cka.safetensors", {"values": found.values, **others})
    write_errors(place, {"se": found.se})
    write_json(place.files / "cka.json", recorded(found, y, x))
    return {"mean": defined_mean((found.values,)), "undefined": len(found.reasons)}


def recorded(found: CkaMap, y: Network, x: Network) -> dict[str, Any]:
    """What cka.json says of a map and of those beside it: layers, and why cells are undefined."""
    record: dict[str, Any] = {
        "x": described(x, found.names_x),
        "y": described(y, found.names_y),
        "undefined": undefined(found.reasons),
        "images": found.images,
        "minibatches": found.minibatches,
        "estimator": found.estimator,
    }
    if found.also:
        reasons = {name: undefined(one.reasons) for name, one in found.also.items()}
        record["also"] = {name: {"undefined": whys} for name, whys in reasons.items()}
    return record


def shown(
    cka: Cka,
    sides: tuple[Training | None, Training],
    place: Place,
    device: torch.device,
    report: Report,
) -> Batches | Pairs:
    """What y and x are shown: the same, or to each its own; without y there is only x."""
    y, x = sides
    shown_x = _minibatches(cka, place, device, x, report)
    if y is None or not _differ(x, y):
        return shown_x
    return zip(_minibatches(cka, place, device, y, lambda progress: None), shown_x, strict=True)


def _differ(x: Training, y: Training) -> bool:
    """Whether two networks are shown the same images otherwise: in frames, of which each has as
    many as it has steps, or normalised otherwise.
    """
    wanted = [getattr(one.network, "normalisation", "dataset") for one in (x, y)]
    return x.dataset.is_framed or wanted[0] != wanted[1]


def _minibatches(
    cka: Cka, place: Place, device: torch.device, side: Training, report: Report
) -> Iterator[torch.Tensor]:
    images = images_of(side, place)
    pixels, _ = first(images, "test", cka.images)
    return minibatches(pixels, cka.batch, normalisation(side, images), device, report)


def write_errors(place: Place, found: Mapping[str, torch.Tensor | None]) -> None:
    """Standard errors over images by name, of those that have any. They have a file of their own,
    since the bytes of the others are held against golden ones.
    """
    if known := {name: one for name, one in found.items() if one is not None}:
        write_tensors(place.files / ERRORS, known)


def undefined(reasons: Mapping[tuple[int, int], str]) -> list[dict[str, Any]]:
    """Why cells are undefined: each reason once, with the rows and columns of its cells."""
    grouped: dict[str, list[tuple[int, int]]] = {}
    for at, why in reasons.items():
        grouped.setdefault(why, []).append(at)
    return [
        {"why": why, "y": [y for y, _ in cells], "x": [x for _, x in cells]}
        for why, cells in grouped.items()
    ]


def defined_mean(maps: Iterable[torch.Tensor]) -> float | None:
    """Mean of the numbers of these tensors that are numbers; None where none is."""
    cells = torch.cat([values.flatten() for values in maps])
    defined = cells[~cells.isnan()]
    return float(defined.mean()) if len(defined) else None


def over_time(spec: TimeCkaRun, place: Place, report: Report) -> Numbers:
    """Compare; `cka.safetensors` holds a map [T, T] for each layer under its name, `cka.json` the
    layers in execution order and why cells are undefined; `errors.safetensors` the standard errors
    of each map under `se/` and its name.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        layers = chosen(network, spec.layers, type(spec.x.neuron.layer()))
        batches = _minibatches(spec.cka, place, device, spec.x, report)
        found = time_cka(network, batches, layers, estimator=spec.cka.estimator)
    maps = {name: one.values for name, one in found.items()}
    write_tensors(place.files / "cka.safetensors", maps)
    write_errors(place, {f"se/{name}": one.se for name, one in found.items()})
    record = {
        "layers": list(found),
        "undefined": {name: undefined(one.reasons) for name, one in found.items() if one.reasons},
        "images": spec.cka.images,
        "minibatches": spec.cka.images // spec.cka.batch,
        "estimator": spec.cka.estimator,
    }
    write_json(place.files / "cka.json", record)
    return {"mean": defined_mean(maps.values()), "layers": len(layers)}
