"""`cka`: all layers of two trained networks against each other, or of one against itself;
`time_cka`: the time steps of each of some layers of one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch

from harness.engine.cka import Batches, CkaCurve, CkaMap, Pairs, cka_heatmap, time_cka
from harness.engine.networks import Network
from harness.errors import HarnessError
from harness.measures.base import Training
from harness.measures.cka import CONTROLS, CkaRun
from harness.measures.time_cka import TimeCkaRun
from harness.parts.measurement import Cka
from harness.runs.layers import chosen, described
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, write_json, write_tensors
from harness.runs.trained import first, images_of, minibatches, normalisation, trained


def run(spec: CkaRun, place: Place, report: Report) -> Numbers:
    """Compare; `cka.safetensors` holds the map [layers of y, layers of x] as `values`, and as `se`
    the standard errors over images where the estimator has them; `cka.json` the names of the
    layers, where they stand, and why cells are undefined. With `controls` both hold the other
    estimates by their names, too.
    """
    if spec.y is not None and spec.y.dataset != spec.x.dataset:
        raise HarnessError("cka", "the two networks were trained on different data sets")
    with prepared(spec.x.numerics, place) as device:
        x = trained(spec.x, place.inputs["x"], device)
        y = x if spec.y is None else trained(spec.y, place.inputs["y"], device)
        batches = shown(spec.cka, (spec.y, spec.x), place, device, report)
        also = CONTROLS if spec.controls else ()
        found = cka_heatmap(y, x, batches, estimator=spec.cka.estimator, also=also)
    others = {name: one.values for name, one in found.also.items()}
    arrays = {"values": found.values, **errors({"se": found}), **others}
    write_tensors(place.files / "cka.safetensors", arrays)
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


def errors(found: Mapping[str, CkaMap | CkaCurve]) -> dict[str, torch.Tensor]:
    """Standard errors over images by name, of those that have any."""
    return {name: one.se for name, one in found.items() if one.se is not None}


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
    """Compare; `cka.safetensors` holds a map [T, T] for each layer under its name, and under `se/`
    and its name the standard errors; `cka.json` the layers in execution order and why cells are
    undefined.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        layers = chosen(network, spec.layers, type(spec.x.neuron.layer()))
        batches = _minibatches(spec.cka, place, device, spec.x, report)
        found = time_cka(network, batches, layers, estimator=spec.cka.estimator)
    maps = {name: one.values for name, one in found.items()}
    of_maps = errors({f"se/{name}": one for name, one in found.items()})
    write_tensors(place.files / "cka.safetensors", {**maps, **of_maps})
    record = {
        "layers": list(found),
        "undefined": {name: undefined(one.reasons) for name, one in found.items() if one.reasons},
        "images": spec.cka.images,
        "minibatches": spec.cka.images // spec.cka.batch,
        "estimator": spec.cka.estimator,
    }
    write_json(place.files / "cka.json", record)
    return {"mean": defined_mean(maps.values()), "layers": len(layers)}
