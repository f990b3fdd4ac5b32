"""`ladder`: accuracy of one trained network under several attacks, and under the worst of them for
each image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from harness.engine.attacks import Trace, attack_trace, zero_gradients
from harness.engine.networks import Network
from harness.errors import HarnessError
from harness.measures.ladder import LadderRun
from harness.parts.attacks import Attack
from harness.runs.machine import prepared
from harness.runs.place import Numbers, Place, Report, told, write_json
from harness.runs.trained import first, normalisation, pictures_of, trained


def run(spec: LadderRun, place: Place, report: Report) -> Numbers:
    """Attack; `ladder.json` holds, for each ε, the accuracy under the worst case, by rung the
    accuracy and the mean loss after each pass, and the accuracy under transfer. All attacks get as
    many images as the one that asks for the fewest.
    """
    with prepared(spec.x.numerics, place) as device:
        network = trained(spec.x, place.inputs["x"], device)
        other = None if spec.y is None else trained(spec.y, place.inputs["y"], device)
        images = pictures_of(spec.x, place)
        normal = normalisation(spec.x, images)
        if spec.y is not None and normalisation(spec.y, images) != normal:
            raise HarnessError("ladder", "the two networks take images normalised otherwise")
        split = first(images, "test", min(one.images for one in spec.attack))

        def attacked(by: Attack, of: Network, epsilon: float) -> Trace:
            how: dict[str, Any] = {"epsilon": epsilon, "seed": spec.x.seed, "batch": by.batch}
            return attack_trace(of, *split, normal, by, judge=network, **how)

        zeros = [
            zero_gradients(network, *split, normal, one, batch=one.batch) for one in spec.attack
        ]
        clean_M = attacked(spec.attack[0], network, 0.0).right_M
        rungs: list[list[Trace]] = []
        transfer: list[Tensor] = []
        for epsilon in told(spec.epsilon, "ε", report):
            rungs.append([attacked(one, network, epsilon) for one in spec.attack])
            if other is not None:
                transfer.append(attacked(spec.attack[0], other, epsilon).right_M)
    worst = worst_cases(clean_M, rungs, transfer)
    record = {
        "epsilon": list(spec.epsilon),
        "clean": _percent(clean_M),
        "worst": [_percent(one) for one in worst],
        "rungs": [
            {
                "accuracy": [_percent(at[place].right_M) for at in rungs],
                "loss": [list(at[place].loss_S) for at in rungs],
                "zero_gradients": zeros[place],
            }
            for place in range(len(spec.attack))
        ],
        "transfer": [{"accuracy": [_percent(one) for one in transfer]}] if transfer else [],
        "images": len(clean_M),
    }
    write_json(place.files / "ladder.json", record)
    return {
        "clean_accuracy": _percent(clean_M),
        "least_accuracy": _percent(worst[-1]),
        "zero_gradients": max(zeros),
    }


def worst_cases(
    clean_M: Tensor, rungs: Sequence[Sequence[Trace]], transfer: Sequence[Tensor]
) -> list[Tensor]:
    """By ε the images [M] whose answer is right when clean, on each rung, and under transfer."""
    right = [[clean_M, *(one.right_M for one in at)] for at in rungs]
    for at, transferred_M in zip(right, transfer, strict=False):  # of no y there is none
        at.append(transferred_M)
    return [torch.stack(at).all(0) for at in right]


def _percent(right_M: Tensor) -> float:
    return 100.0 * float(right_M.double().mean())
