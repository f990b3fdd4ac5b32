"""`regression`: linear maps between one layer of two trained networks, there and back (lab Fig. 1).

Legend: D, K = features of the two layers.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from harness.engine.regression import (
    Pairs,
    Regressed,
    Score,
    Side,
    activation_pairs,
    feature_pairs,
    held_out,
    regress,
)
from harness.measures.regression import RegressionRun
from harness.parts.regressions import Regression
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, told, write_json
from harness.runs.trained import first, normalisation, pictures_of, trained

GIB = 1 << 30
DIRECTIONS = ("cnn-to-snn", "snn-to-cnn")


def run(spec: RegressionRun, place: Place, report: Report) -> Numbers:
    """Fit and score; `regression.json` holds for each direction and split the MSE, R² and variance
    of the targets, the way that the fit was found and, of a descent, the loss of each epoch.
    """
    with prepared(spec.x.numerics, place) as device:
        images = pictures_of(spec.x, place)
        pixels, _ = first(images, "test", spec.regression.images)
        x, y = (
            Side(trained(side, place.inputs[name], device), spec.layer, normalisation(side, images))
            for name, side in (("x", spec.x), ("y", spec.y))
        )
        fitted, scored = held_out(len(pixels), spec.regression.held_out, spec.x.seed)
        train, test = (
            _pairs(x, y, pixels[chosen].to(device), spec.regression) for chosen in (fitted, scored)
        )
        found: list[dict[str, Any]] = []
        from_x_first = DIRECTIONS[::-1] if spec.x.neuron.is_spiking else DIRECTIONS
        for name in told(from_x_first, "direction", report):
            if found:
                train, test = train.reversed(), test.reversed()
            fit = regress(train, test, spec.regression, seed=spec.x.seed)
            found.append({"direction": name, **_record(fit)})
    record = {"layer": spec.layer, "images": len(pixels), "directions": found}
    write_json(place.files / "regression.json", record)
    return {
        f"{name}_{one['direction'].replace('-', '_')}": one["held-out"][name]
        for one in found
        for name in ("mse", "r2")
    }


def _pairs(x: Side, y: Side, pixels: Tensor, fit: Regression) -> Pairs:
    """Computed anew each time, so that a closed form stays within its limit; kept for a descent,
    which sees them in each epoch, where that is at most a gibibyte.
    """
    pairs = activation_pairs(x, y, pixels, pool=fit.pool or None, time=fit.time)
    if not fit.sees_them_often:
        return pairs
    one_x, one_y = next(iter(pairs.batches(torch.zeros(1, dtype=torch.int64), 1)))
    if len(pixels) * (one_x.shape[1] + one_y.shape[1]) * 4 > GIB:
        return pairs
    sides: Any = zip(*pairs.in_order(), strict=True)
    return feature_pairs(*map(torch.cat, sides))


def _record(fit: Regressed) -> dict[str, Any]:
    scores = {"train": _score(fit.train), "held-out": _score(fit.test)}
    return {"solver": fit.fitted.solver, "losses": list(fit.fitted.losses), **scores}


def _score(score: Score) -> dict[str, Any]:
    r2 = None if math.isnan(score.r2) else score.r2
    return {"images": score.images, "mse": score.mse, "variance": score.variance, "r2": r2}
